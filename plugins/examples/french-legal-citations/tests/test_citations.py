import asyncio
from pathlib import Path

import pytest
from french_legal_citations import LegalTextConfig, LegalTextParser, mend_citations

from altiplano_sdk import Context, SourceFile
from altiplano_sdk.testing.capabilities import StubLog


@pytest.mark.parametrize(
    "written",
    [
        "art. L121-1",
        "article L.121-1",
        "article L 121-1",
        "article\nL.\n121-1",
        "art.\u00a0l. 121-1",
    ],
)
def test_an_article_has_one_form(written: str):
    assert mend_citations(f"Selon {written} du code.") == ("Selon article L. 121-1 du code.", 1)


def test_what_is_right_stays_as_it_is():
    text = "Article L. 121-1 et articles R. 4127-35-2 du code ; pourvoi n° 19-25.678."
    assert mend_citations(text) == (text, 0)


def test_numbers_of_cases_have_one_form_unless_the_owner_says_no():
    assert mend_citations("pourvoi N°\n19-25.678")[0] == "pourvoi n° 19-25.678"
    assert mend_citations("pourvoi N°\n19-25.678", numbers=False)[1] == 0


@pytest.mark.parametrize("text", ["le quart L 12", "un article de presse", "n° 12", "party R 3-4"])
def test_other_words_are_left_alone(text: str):
    assert mend_citations(text) == (text, 0)


def test_document_has_its_title_and_tells_what_changed(tmp_path: Path):
    path = tmp_path / "stored"
    path.write_text("Cour de cassation\n\nVu l'art. L121-1 ;", encoding="utf-8")
    source = SourceFile("arret.txt", "text/plain", path, path.stat().st_size)
    parser = LegalTextParser(LegalTextConfig())
    document = asyncio.run(parser.parse(source, Context(log=StubLog())))
    assert document.title == "Cour de cassation"
    assert document.text.endswith("Vu l'article L. 121-1 ;")
    assert document.warnings == ("1 citations were written in one form.",)
