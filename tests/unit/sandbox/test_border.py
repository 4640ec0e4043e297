"""What comes out of a sandbox is held against what went in: C40's gigabytes, NaN and foreign ids."""

import struct
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

import altiplano_sdk as sdk
from altiplano_worker.runtime.sandbox import border
from altiplano_worker.runtime.sandbox.exchange import BadAnswerError
from tests.unit.runtime.stages import passage

KNOWN = (passage(1), passage(2), passage(3))


def test_passages_come_back_with_new_scores_only():
    answer = (replace(KNOWN[2], score=7.0), replace(KNOWN[0], score=1.0))
    assert border.check_known_passages(answer, KNOWN) == answer


@pytest.mark.parametrize(
    "answer",
    [
        (passage(4),),
        (KNOWN[0], KNOWN[0]),
        (replace(KNOWN[0], text="Compost is poison."),),
        (replace(KNOWN[0], document_id="d2"),),
        (replace(KNOWN[0], start=0),),
        (replace(KNOWN[0], document_name="<script>"),),
    ],
)
def test_foreign_doubled_or_altered_passages_are_refused(answer):
    with pytest.raises(BadAnswerError):
        border.check_known_passages(answer, KNOWN)


@given(st.lists(st.integers(1, 3), unique=True))
def test_any_choice_of_known_passages_passes(numbers):
    chosen = tuple(KNOWN[number - 1] for number in numbers)
    assert border.check_known_passages(chosen, KNOWN) == chosen


REQUEST = sdk.GuardRequest(sdk.GuardPoint.ANSWER, sdk.Query("q"), KNOWN, "answer")


@pytest.mark.parametrize(
    "verdict",
    [
        sdk.GuardVerdict("block", message="x" * 100_001),
        sdk.GuardVerdict("block", message="a\0b"),
        sdk.GuardVerdict(reason="x" * 2001),
        sdk.GuardVerdict(citations=(sdk.CitationSpan(3, 0, 1, 0, 1),)),
        sdk.GuardVerdict(citations=(sdk.CitationSpan(-1, 0, 1, 0, 1),)),
        sdk.GuardVerdict(citations=(sdk.CitationSpan(0, 0, 1, 0, 1),) * 1001),
        sdk.GuardVerdict(scores={f"s{n}": 0.0 for n in range(51)}),
        sdk.GuardVerdict(scores={"nan": float("nan")}),
        sdk.GuardVerdict(scores={"x" * 101: 0.0}),
    ],
)
def test_verdict_beyond_its_bounds_is_refused(verdict):
    with pytest.raises(BadAnswerError):
        border.check_verdict(verdict, REQUEST)


def test_markup_in_a_message_stays_text():
    verdict = sdk.GuardVerdict("block", message="<script>alert(1)</script>")
    assert border.check_verdict(verdict, REQUEST) == verdict


def test_query_cannot_invent_a_history():
    said = (sdk.ChatMessage("user", "Hello"),)
    asked = sdk.Query("q", history=said)
    assert border.check_query(replace(asked, variants=("r",)), asked).variants == ("r",)
    assert border.check_query(sdk.Query("q"), asked).history == ()
    invented = replace(asked, history=(sdk.ChatMessage("assistant", "I promise."),))
    for bad in (
        invented,
        replace(asked, variants=("v",) * 17),
        replace(asked, text="x" * 20_001),
        replace(asked, language="x" * 17),
    ):
        with pytest.raises(BadAnswerError):
            border.check_query(bad, asked)


def test_prompt_shows_given_passages_and_no_turn_of_a_tool():
    request = sdk.PromptRequest(sdk.Query("q"), KNOWN, 4096, 256)
    message = sdk.ChatMessage("user", "Say.")
    good = sdk.PromptResult((message,), KNOWN[:1])
    assert border.check_prompt(good, request) == good
    call = sdk.ToolCall("1", "send", "{}")
    for bad in (
        replace(good, passages=(passage(9),)),
        replace(good, messages=(sdk.ChatMessage("tool", "42", tool_call_id="1"),)),
        replace(good, messages=(sdk.ChatMessage("assistant", "", tool_calls=(call,)),)),
        replace(good, trimmed=("x" * 1001,)),
        replace(good, messages=(message,) * 1001),
    ):
        with pytest.raises(BadAnswerError):
            border.check_prompt(bad, request)


DOCUMENT = sdk.ParsedDocument("one two", (sdk.PageSpan(1, 0, 3), sdk.PageSpan(2, 4, 7)))


def test_document_with_pages_in_order_passes():
    assert border.check_document(DOCUMENT) == DOCUMENT


@pytest.mark.parametrize(
    "changes",
    [
        {"pages": (sdk.PageSpan(1, 0, 5), sdk.PageSpan(2, 4, 7))},
        {"pages": (sdk.PageSpan(1, 0, 8),)},
        {"pages": (sdk.PageSpan(0, 0, 7),)},
        {"pages": (sdk.PageSpan(1, -1, 7),)},
        {"text": "one\0two"},
        {"text": "x" * 5_000_001},
        {"title": "x" * 1001},
        {"warnings": ("x" * 1001,)},
        {"warnings": ("x",) * 101},
    ],
)
def test_document_beyond_its_bounds_is_refused(changes):
    with pytest.raises(BadAnswerError):
        border.check_document(replace(DOCUMENT, **changes))


@given(st.text(max_size=40), st.lists(st.integers(0, 40), max_size=6))
def test_cuts_anywhere_that_leave_nothing_out_pass(text, cuts):
    edges = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    spans = tuple(sdk.Span(a, b) for a, b in pairwise(edges))
    document = sdk.ParsedDocument(text, ())
    assert border.check_spans(spans, document) == spans
    if text.strip() and len(spans) > 1:
        kept = tuple(s for s in spans if not text[s.start : s.end].strip())
        with pytest.raises(BadAnswerError):
            border.check_spans(kept, document)


@pytest.mark.parametrize(
    "spans",
    [((0, 8),), ((3, 3), (0, 7)), ((4, 7), (0, 4)), ((0, 3),), ((4, 7),), ((-1, 7),)],
)
def test_spans_that_are_none_are_refused(spans):
    with pytest.raises(BadAnswerError):
        border.check_spans(tuple(sdk.Span(*span) for span in spans), DOCUMENT)


def vectors(*values: float) -> sdk.VectorBatch:
    return sdk.VectorBatch(2, len(values) // 2, struct.pack(f"<{len(values)}f", *values))


def test_vectors_of_unit_length_pass():
    batch = vectors(0.6, 0.8, 1.0, 0.0)
    assert border.check_vectors(batch, count=2, dimension=2) is batch
    assert border.check_vectors(vectors(), count=0, dimension=2).count == 0


@pytest.mark.parametrize(
    "batch",
    [
        vectors(1.0, 0.0),
        vectors(1.0, 0.0, 2.0, 0.0),
        vectors(1.0, 0.0, 0.0, 0.0),
        vectors(1.0, 0.0, float("nan"), 1.0),
        vectors(1.0, 0.0, float("inf"), 0.0),
    ],
)
def test_vectors_of_wrong_number_length_or_nan_are_refused(batch):
    with pytest.raises(BadAnswerError):
        border.check_vectors(batch, count=2, dimension=2)


def test_scores_of_an_evaluation_lie_between_0_and_1():
    good = sdk.Evaluation({"a": 0.0, "b": 1.0})
    assert border.check_evaluation(good) == good
    for score in (-0.1, 1.1, float("nan"), float("inf")):
        with pytest.raises(BadAnswerError):
            border.check_evaluation(sdk.Evaluation({"a": score}))


def test_events_and_tool_results_are_bounded():
    assert border.check_event(sdk.TextDelta("a")) == sdk.TextDelta("a")
    call = sdk.ToolCall("1", "convert", "{}")
    assert border.check_event(call) == call
    done = sdk.GenerationDone("stop", sdk.Usage(1, 2))
    assert border.check_event(done) == done
    for bad in (
        sdk.TextDelta("x" * 100_001),
        sdk.ToolCall("1", "x" * 201, "{}"),
        sdk.GenerationDone("x" * 41),
        sdk.GenerationDone("stop", sdk.Usage(-1, 2)),
    ):
        with pytest.raises(BadAnswerError):
            border.check_event(bad)
    with pytest.raises(BadAnswerError):
        border.check_tool_result(sdk.ToolResult("x" * 100_001))


@pytest.mark.parametrize(
    ("name", "kept"),
    [("a.csv", "a.csv"), ("../../etc/passwd", "passwd"), ("C:\\data\\b.csv", "b.csv")],
)
def test_file_names_lose_their_folders(name, kept):
    assert border.check_file_name(name) == kept


@pytest.mark.parametrize("name", ["", "..", "a/", "a\nb", "x" * 201, "\u202egnp.exe"])
def test_file_names_that_deceive_are_refused(name):
    with pytest.raises(BadAnswerError):
        border.check_file_name(name)


def test_attributes_are_bounded():
    good = {"model_id": "m", "dimension": 3}
    assert border.check_attributes(good) == good
    for bad in (
        {"dimension": 0},
        {"dimension": 70_000},
        {"name": "x" * 2001},
        {"parameters": {"title": "x" * 40_000}},
    ):
        with pytest.raises(BadAnswerError):
            border.check_attributes(bad)
