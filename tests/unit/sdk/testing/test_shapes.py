import pytest
from hypothesis import given
from hypothesis import strategies as st

from altiplano_sdk import Evaluation, GuardVerdict, Passage, Query, Span, ToolResult
from altiplano_sdk.testing.reference import make_passage
from altiplano_sdk.testing.shapes import assert_shape


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (GuardVerdict(), GuardVerdict),
        (GuardVerdict("block", "No.", scores={"chance": 1}), GuardVerdict),
        ((make_passage(1, "text"),), tuple[Passage, ...]),
        ((), tuple[Span, ...]),
        (Query("?", variants=("a", "b")), Query),
        (None, str | None),
        (1, float),
    ],
)
def test_what_the_contract_says_passes(value, expected):
    assert_shape(value, expected)


@pytest.mark.parametrize(
    ("value", "expected", "said"),
    [
        (GuardVerdict("stop"), GuardVerdict, "the result.action is str"),  # type: ignore[arg-type]
        (GuardVerdict(scores={"a": "b"}), GuardVerdict, "the result.scores"),  # type: ignore[dict-item]
        ([], tuple[Span, ...], "the result is list, not tuple"),
        ((Span(0, 1), None), tuple[Span, ...], r"the result\[1\] is NoneType, not Span"),
        (Span(0, True), Span, "the result.end is bool, not int"),
        (ToolResult("\ud800"), ToolResult, "the result.content holds half of a character"),
        (Evaluation({"a": float("inf")}), Evaluation, r"scores\['a'\] is inf, not a finite number"),
        (Evaluation({"a": True}), Evaluation, r"scores\['a'\] is bool, not float"),
        (Query("?", variants=["a"]), Query, "the result.variants is list, not tuple"),  # type: ignore[arg-type]
        (ToolResult(b"x"), ToolResult, "the result.content is bytes, not str"),  # type: ignore[arg-type]
        ((1, 2, 3), tuple[int, int], "the result has 3 items, not 2"),
    ],
)
def test_what_it_does_not_say_is_named_by_its_place(value, expected, said):
    with pytest.raises(AssertionError, match=said):
        assert_shape(value, expected)


@given(
    st.text(alphabet=st.characters(codec="utf-8")), st.floats(allow_nan=True, allow_infinity=True)
)
def test_any_text_and_only_finite_numbers_have_the_shape(text, number):
    finite = number == number and abs(number) != float("inf")  # noqa: PLR0124 - NaN differs from itself
    evaluation = Evaluation({text: number}, text)
    if finite:
        assert_shape(evaluation, Evaluation)
    else:
        with pytest.raises(AssertionError, match="not a finite number"):
            assert_shape(evaluation, Evaluation)
