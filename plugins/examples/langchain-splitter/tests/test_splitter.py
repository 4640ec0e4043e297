import asyncio

from langchain_splitter import HeadingSplitter

from altiplano_sdk import Context, PageSpan, ParsedDocument
from altiplano_sdk.testing.capabilities import StubLog

SECTIONS = [f"## Bed {number}\n\n" + "Water it twice a day. " * 12 for number in range(1, 6)]
TEXT = "\n".join(SECTIONS).strip()


def split(text: str, **config: int) -> list[str]:
    splitter = HeadingSplitter(HeadingSplitter.Config.model_validate(config))
    document = ParsedDocument(text, (PageSpan(1, 0, len(text)),))
    spans = asyncio.run(splitter.split(document, Context(log=StubLog())))
    return [text[span.start : span.end] for span in spans]


def test_paragraphs_that_fit_stay_whole():
    pieces = split(TEXT, characters=400)
    paragraph = SECTIONS[0].partition("\n\n")[2].strip()
    assert sum(piece.count(paragraph) for piece in pieces) == len(SECTIONS)
    assert max(map(len, pieces)) <= 400


def test_pieces_are_the_text_itself():
    assert "".join("".join(split(TEXT, characters=150)).split()) == "".join(TEXT.split())


def test_repeated_characters_stand_in_both_pieces():
    words = " ".join(f"word{number}" for number in range(200))
    first, second, *_ = split(words, characters=200, overlap=50)
    assert second.split()[0] in first
