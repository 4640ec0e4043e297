"""Bodies are read strictly: every text gives one value or one sentence, and never a surprise."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altiplano.config.json_body import MAX_DEPTH, parse_json
from altiplano.kernel.errors import DomainError

storable = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]))
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | storable,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(storable, inner, max_size=4),
    max_leaves=12,
)


@given(values, st.booleans())
def test_storable_values_come_through_unchanged(value, ascii_only):
    assert parse_json(json.dumps(value, ensure_ascii=ascii_only).encode()) == value


@given(st.binary(max_size=60))
def test_any_bytes_give_a_value_or_a_domain_error(body):
    refusal = None
    try:
        parse_json(body)
    except DomainError as error:
        refusal = error
    assert refusal is None or (refusal.message.endswith(".") and refusal.status < 500)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "malformed_json"),
        (b"{", "malformed_json"),
        (b"\xff", "malformed_json"),
        (b'{"a": 1, "a": 2}', "malformed_json"),
        (b'[{"x": {"a": 1, "a": 1}}]', "malformed_json"),
        (b"NaN", "malformed_json"),
        (b"-Infinity", "malformed_json"),
        (b"1e999", "invalid"),
        (b"9223372036854775808", "invalid"),
        (b"-9223372036854775809", "invalid"),
        (b"9" * 1_000_000, "invalid"),
        (b'"\\u0000"', "invalid"),
        (b'{"\\u0000": 1}', "invalid"),
        (b'"\\ud800"', "invalid"),
        (b'{"a": ["\\udc00"]}', "invalid"),
        (b"[" * 100_000, "invalid"),
        (b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), "invalid"),
        (b'"tab\there"', "malformed_json"),
    ],
    ids=lambda value: repr(value[:24]),
)
def test_body_that_readers_could_understand_differently_is_refused(body, code):
    with pytest.raises(DomainError) as caught:
        parse_json(body)
    assert caught.value.code == code


def test_text_that_cannot_be_stored_is_named():
    with pytest.raises(DomainError) as caught:
        parse_json(b'{"name": {"first": ["fine", "\\u0000"]}}')
    assert list(caught.value.fields) == ["first"]


def test_surrogate_pair_is_one_character():
    assert parse_json(b'"\\ud83c\\udf31"') == "🌱"


def test_depth_at_the_limit_is_read():
    body = b"[" * (MAX_DEPTH - 1) + b"]" * (MAX_DEPTH - 1)
    assert parse_json(body) is not None
