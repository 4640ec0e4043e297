# ruff: noqa: RUF001 - text in several scripts

import asyncio
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from altiplano_plugins.splitter_sentence import SentenceSplitter
from altiplano_plugins.splitter_sentence.boundaries import is_heading
from altiplano_plugins.splitter_sentence.sentences import find_sentences
from altiplano_plugins.splitter_sentence.weight import weigh
from altiplano_sdk import Context, PageSpan, ParsedDocument, Span
from altiplano_sdk.testing.base import SilentLog


def split(text: str, pages: tuple[PageSpan, ...] = (), **config: int) -> tuple[Span, ...]:
    splitter = SentenceSplitter(SentenceSplitter.Config(**config))
    document = ParsedDocument(text=text, pages=pages or (PageSpan(1, 0, len(text)),))
    return asyncio.run(splitter.split(document, Context(log=SilentLog())))


def passages(text: str, **config: int) -> list[str]:
    return [text[span.start : span.end] for span in split(text, **config)]


def sentences(text: str) -> list[str]:
    found = find_sentences(text, page_starts=(0,), max_characters=2000)
    return [text[sentence.start : sentence.end] for sentence in found]


ANY_TEXT = st.text(
    alphabet=st.one_of(
        st.characters(exclude_categories=["Cs"]),
        st.sampled_from("abc AB. .\n\n!?…,;:|«»()123-—漢。é\u0301\u200d\t"),
    ),
    max_size=400,
)


@st.composite
def paged_texts(draw):
    """A text and pages that lie in it in order, not always touching."""
    text = draw(ANY_TEXT)
    borders = sorted(draw(st.lists(st.integers(0, len(text)), max_size=6)))
    pairs = zip(borders[::2], borders[1::2], strict=False)
    return text, tuple(PageSpan(n, start, end) for n, (start, end) in enumerate(pairs, start=1))


@settings(max_examples=300)
@given(paged_texts(), st.integers(10, 60), st.integers(100, 300))
def test_spans_hold_the_whole_text_in_order(paged, target, limit):
    text, pages = paged
    spans = split(text, pages, target_words=target, overlap_words=5, max_characters=limit)
    covered = 0
    previous = Span(-1, -1)
    for span in spans:
        assert previous.start < span.start < span.end <= len(text)
        assert previous.end < span.end
        assert span.end - span.start <= limit
        assert text[covered : span.start].strip() == ""
        assert text[span.start : span.end] == text[span.start : span.end].strip()
        covered, previous = span.end, span
    assert text[covered:].strip() == ""


@settings(max_examples=300)
@given(ANY_TEXT, st.integers(10, 50))
def test_sentences_rebuild_the_text(text, limit):
    found = list(find_sentences(text, page_starts=(0,), max_characters=limit))
    rebuilt = "".join(text[sentence.start : sentence.end] for sentence in found)
    assert "".join(rebuilt.split()) == "".join(text.split())
    assert all(0 < sentence.end - sentence.start <= limit for sentence in found)
    assert all(sentence.words >= 1 for sentence in found)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Water it. Then wait.", 2),
        ("Dr. Smith and Mrs. Jones met on Jan. 5 at 9 a.m. in Paris.", 1),
        ("It costs 3.50 euros. Or 4.5 dollars.", 2),
        ("See e.g. the annex, i.e. the last page.", 1),
        ("J. R. Smith wrote it. He left.", 2),
        ("It is over... Really? Yes! Good.", 4),
        ("It goes on... and on.", 1),
        ('He said "Stop." She did.', 2),
        ("See fig. 3 and p. 12 of vol. 2.", 1),
        ("The answer is no. Ask again.", 2),
        ("Selon M. Dupont et Mme. Durand, l’art. 5 suffit. Voilà.", 2),
        ("« Vraiment ? » demanda-t-il. « Oui ! »", 2),
        ("« Vraiment ? » Il se tut.", 2),
        ("Environ 3,5 kg, etc. Puis on attend… Six mois.", 3),
        ("Das kostet z.B. 5 Euro. Nicht mehr.", 2),
        ("春です。夏です！秋ですか？", 3),
        ("「春です。」と言った。", 2),
        ("यह एक वाक्य है। यह दूसरा है।", 2),
        ("هل هذا سؤال؟ نعم.", 2),
        ("1. Dig the bed", 1),
        ("www.example.org is a site", 1),
    ],
)
def test_sentences_end_where_a_reader_says_so(text, count):
    assert len(sentences(text)) == count


def test_wrapped_lines_are_one_sentence_and_items_are_not():
    wrapped = "The heap needs air and\nwater, so turn it\nevery two weeks."
    assert sentences(wrapped) == [wrapped]
    items = "You need:\n- a fork\n- a bucket\n1. dig\n2. sow"
    assert sentences(items) == ["You need:", "- a fork", "- a bucket", "1. dig", "2. sow"]


def test_rows_of_a_table_are_not_joined():
    assert sentences("Crop | Month\nPeas | May\nLeeks | June") == [
        "Crop | Month",
        "Peas | May",
        "Leeks | June",
    ]


def test_short_document_is_one_passage():
    text = "Title\n\nOne sentence. Another one.\n\nA second paragraph."
    assert passages(text) == [text]


def test_passages_are_about_as_long_as_asked():
    text = " ".join(f"This is sentence number {n} of a long text." for n in range(400))
    sizes = [len(passage.split()) for passage in passages(text, target_words=100)]
    assert all(90 <= size <= 125 for size in sizes[:-1])


def test_passage_starts_with_the_last_sentence_of_the_one_before():
    text = " ".join(f"This is sentence number {n}." for n in range(40))
    found = passages(text, target_words=30, overlap_words=10)
    for first, second in pairwise(found):
        assert second.startswith(sentences(first)[-1])
    apart = passages(text, target_words=30, overlap_words=0)
    assert " ".join(apart) == text


def test_heading_goes_with_the_text_it_names():
    paragraph = "Some words that fill the paragraph to its end. " * 4
    text = "\n\n".join(f"Chapter {n}\n\n{paragraph.strip()}" for n in range(6))
    for passage in passages(text, target_words=50, overlap_words=0):
        assert passage.startswith("Chapter")
        assert not sentences(passage)[-1].startswith("Chapter")


def test_paragraph_that_does_not_fit_starts_a_new_passage():
    paragraphs = ["Words in a row, as many as fit. " * 3] * 4
    text = "\n\n".join(paragraph.strip() for paragraph in paragraphs)
    assert passages(text, target_words=30, overlap_words=0) == [p.strip() for p in paragraphs]


def test_passages_stay_on_their_page():
    first = "One page is full of sentences like this one. " * 8
    second = "The next page goes on with other sentences. " * 8
    text = first.strip() + "\n\n" + second.strip()
    border = text.index("The next")
    pages = (PageSpan(1, 0, border - 2), PageSpan(2, border, len(text)))
    for span in split(text, pages, target_words=40, overlap_words=10):
        assert span.end <= border or span.start >= border


def test_little_text_at_the_end_of_a_page_stays_with_that_page():
    text = "One page is full of sentences like this one. " * 9 + "Page 1.\n\nThe next page."
    border = text.index("The next")
    pages = (PageSpan(1, 0, border - 2), PageSpan(2, border, len(text)))
    spans = split(text, pages, target_words=40, overlap_words=0)
    assert text[spans[-2].start : spans[-2].end].endswith("Page 1.")
    assert text[spans[-1].start : spans[-1].end] == "The next page."


def test_page_with_next_to_no_text_is_read_with_the_next():
    text = "Cover\n\nThe garden opens at nine."
    pages = (PageSpan(1, 0, 5), PageSpan(2, 7, len(text)))
    assert split(text, pages) == (Span(0, len(text)),)


def test_scripts_without_spaces_weigh_what_they_cost():
    assert weigh("one two three") == 3
    assert weigh("漢" * 100) == 50
    assert weigh("ไทย" * 70) == 30
    assert weigh("https://example.org/" + "x" * 200) > 20
    assert weigh("") == 1


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Chapter 3", True), ("Comment composter ?", True), ("2.1 Cadre général", True),
        ("A full sentence ends with a dot.", False), ("- an item", False), ("12", False),
        ("Peas | May", False), ("word " * 20, False), ("", False),
    ],
)  # fmt: skip
def test_headings_are_told_from_sentences(line, expected):
    assert is_heading(line) is expected


@pytest.mark.parametrize(
    "text",
    [
        "x" * 1_000_000,
        "." * 1_000_000 + "x",
        '."' * 500_000,
        "a" + " " * 1_000_000 + "b",
        "\n " * 500_000 + "x",
        "。" * 1_000_000,
        "a," * 500_000,
        "\u0301" * 300_000,
        "- x\n" * 50_000,
        "Heading\n\n" * 30_000,
    ],
    ids=lambda text: repr(text[:6]),
)
def test_hostile_megabyte_is_split_in_linear_time(text):
    """Quadratic behaviour anywhere would take hours here, not seconds."""
    spans = split(text)
    assert spans[0].start == len(text) - len(text.lstrip())
    assert max(span.end - span.start for span in spans) <= 2000


def test_overlap_of_more_than_half_is_refused():
    with pytest.raises(ValidationError, match="at most half"):
        SentenceSplitter.Config(target_words=20, overlap_words=15)
