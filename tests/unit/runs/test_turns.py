"""Chips stand where the answer rests on a source, and lead to the right characters."""

import uuid

import pytest

from altiplano.runs.interfaces.chat_routes import ChatRoutes
from altiplano.runs.interfaces.turns import render_answer as render
from altiplano.runs.models import Citation

DOCUMENT = "0192f3c4-0000-7000-8000-000000000001"
RUN = uuid.UUID("0192f3c4-0000-7000-8000-000000000002")
ROUTES = ChatRoutes(
    new="/", ask="/", run="/{run}/", events="/{run}/events", cancel="/{run}/cancel",
    source="/runs/{run}/sources/{document}/",
)  # fmt: skip


def render_answer(text: str, citations: list[Citation]) -> str:
    return render(text, citations, ROUTES.of_run(RUN))


def citation(n: int, start: int, end: int) -> Citation:
    return Citation(
        n=n, document_id=DOCUMENT, document_name="guide.pdf", page=2, start=40, end=70,
        quote="q", answer_start=start, answer_end=end,
    )  # fmt: skip


def chips_in(html: str) -> list[str]:
    return [part.partition("<")[0] for part in html.split('">')[1:] if part.startswith("[")]


def test_chip_follows_the_sentence_it_supports():
    html = render_answer("It takes a year. Turn it.", [citation(1, 0, 16)])
    before, _, after = html.partition("\u2060<a")
    assert before == "<p>It takes a year."
    assert after.endswith("</a> Turn it.</p>\n")


def test_chip_leads_to_the_passage_and_names_its_source():
    html = render_answer("It takes a year.", [citation(1, 0, 16)])
    assert f'href="/runs/{RUN}/sources/{DOCUMENT}/?start=40&amp;end=70#passage"' in html
    assert 'aria-label="Source 1: guide.pdf, page 2"' in html


@pytest.mark.parametrize("text", ["It takes a year [1].", "It takes a year. [1]"])
def test_marker_of_the_model_becomes_the_chip(text):
    html = render_answer(text, [citation(1, 0, 16)])
    assert chips_in(html) == ["[1]"]
    assert html.count("[1]") == 1


def test_marker_without_a_source_is_left_out():
    assert render_answer("It takes a year [7].", []) == "<p>It takes a year.</p>\n"


def test_two_sources_of_one_sentence_are_two_chips():
    html = render_answer("It takes a year.", [citation(1, 0, 16), citation(2, 0, 16)])
    assert chips_in(html) == ["[1]", "[2]"]


def test_document_name_cannot_break_out_of_the_page():
    evil = citation(1, 0, 16)
    evil.document_name = '"><script>alert(1)</script>'
    assert "<script" not in render_answer("It takes a year.", [evil])
