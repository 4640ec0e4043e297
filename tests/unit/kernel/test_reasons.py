"""Every reason a worker may store is recognized, and has French."""

import ast
import re
from collections.abc import Iterator

import pytest
from django.utils import translation

from altiplano.kernel.reason_templates import PHRASES, TEMPLATES
from altiplano.kernel.reasons import UNCHANGED_MARKS, in_my_language, read_reason
from altiplano.knowledge.sniffing import sniff_media_type
from altiplano_plugins.parser_pdf.extraction import _page_warning
from tests.messages import ROOT, SENTENCE_PLACES, raised_sentences

MARK = re.compile(r"%\((\w+)\)s")
MADE_FROM_PARTS = {"{} {}: {}{}."}
"""``parser_pdf`` puts its warnings together from words; ``PAGE_WARNINGS`` below are all of them."""
STORING = [place for place in SENTENCE_PLACES if not place.startswith("platform")] + [
    "platform/altiplano/catalog/domain/running.py",
    "platform/altiplano/knowledge/sniffing.py",
    "platform/altiplano/knowledge/rules.py",
    "platform/altiplano/ops/health.py",
]


def sources() -> Iterator[str]:
    """The code of everything that writes reasons and warnings."""
    for root in ("platform", "plugins/builtin", "plugins/sdk/src", "worker"):
        for path in sorted((ROOT / root).rglob("*.py")):
            if path.relative_to(ROOT).as_posix().startswith(tuple(STORING)):
                yield path.read_text(encoding="utf-8")


def skeleton(node: ast.JoinedStr) -> str:
    return "".join(str(v.value) if isinstance(v, ast.Constant) else "{}" for v in node.values)


def written_sentences() -> set[str]:
    """The f-strings that are sentences, each expression as ``{}``."""
    found = {
        skeleton(node)
        for source in sources()
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.JoinedStr)
    }
    return {
        text for text in found if re.match(r"[A-Z{]", text) and re.search(r"[a-z}] .*\.$", text)
    }


def filled(template: str, value: str = "Ω7") -> str:
    return MARK.sub(value, template)


PAGE_WARNINGS = [
    warning
    for what in ("could not be read", "without text (empty, or only pictures)")
    for count in (1, 3, 25)
    for warning in _page_warning(what, list(range(1, count + 1)))
]


def test_templates_are_the_sentences_that_workers_write():
    written = written_sentences() - MADE_FROM_PARTS
    known = {MARK.sub("{}", template) for template in TEMPLATES}
    pages = {template for template in known if template.startswith(("Page ", "Pages "))}
    assert written - known == set()
    assert known - pages - written == set()


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_sentence_is_recognized_as_its_own_template_only(template):
    reason = read_reason(filled(template))
    assert reason.template == template
    assert dict(reason.params) == dict.fromkeys(MARK.findall(template), "Ω7")


@pytest.mark.parametrize("template", TEMPLATES)
def test_template_has_french_and_english_comes_back_unchanged(template):
    sentence = filled(template, "12")
    assert in_my_language(sentence) == sentence
    with translation.override("fr"):
        assert in_my_language(sentence) != sentence
        assert "%" not in in_my_language(sentence)


def test_reasons_without_marks_have_french():
    reasons = {
        message.singular
        for source in sources()
        for message in raised_sentences(source)
        if not message.singular.startswith("Give it")
    }
    assert len(reasons) > 100
    with translation.override("fr"):
        assert [reason for reason in reasons if in_my_language(reason) == reason] == []


@pytest.mark.parametrize("phrase", PHRASES)
def test_phrase_has_french(phrase):
    assert MARK.search(phrase) is None
    sentence = f"The file seems to be {phrase}. PDF."
    with translation.override("fr"):
        assert f" {phrase}." not in in_my_language(sentence)


@pytest.mark.parametrize("warning", PAGE_WARNINGS)
def test_every_warning_about_pages_has_french(warning):
    with translation.override("fr"):
        said = in_my_language(warning)
    assert said.startswith(("Page illisible", "Page sans", "Pages illisibles", "Pages sans"))
    assert "more" not in said


def test_refused_file_is_named_in_french():
    reason = sniff_media_type(b"PK\x05\x06" + bytes(30), b"", "a.zip").reason
    with translation.override("fr"):
        assert in_my_language(str(reason)) == (
            "Le fichier semble être une archive ZIP vide. Les fichiers PDF, Word (.docx), HTML, "
            "Markdown, texte et CSV sont acceptés."
        )


@pytest.mark.parametrize(
    ("english", "french"),
    [
        (
            "The file holds more than 2,000,000 characters of text. Split it into smaller files.",
            "plus de 2\xa0000\xa0000 caractères",
        ),
        ("The file is larger than 1.5 GB, which is the most one document may have.", "1,5 Go"),
        ("The file took longer than 1 second to read.", "dépassé 1 seconde."),
        ("The address answered with error 1503.", "erreur 1503."),
    ],
)
def test_numbers_and_units_are_written_as_in_french(english, french):
    assert in_my_language(english) == english
    with translation.override("fr"):
        assert french in in_my_language(english)


@pytest.mark.parametrize("sentence", ["", "Ein fremdes Plugin sagt 100 %.", "%(name)s", "100%"])
def test_unknown_sentence_stays_as_it_is(sentence):
    with translation.override("fr"):
        assert in_my_language(sentence) == sentence


def test_marks_that_stay_are_used():
    used = {name for template in TEMPLATES for name in MARK.findall(template)}
    assert used >= UNCHANGED_MARKS
