"""Schemas from anywhere: what is checked, what is left to the tool, and that none holds us up."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altiplano_worker.runtime.tool_schema import (
    ArgumentsError,
    ToolSchemaError,
    read_schema,
)


def schema(**properties):
    return {"type": "object", "properties": properties}


def nested(depth):
    inner = {"type": "integer"}
    for _ in range(depth):
        inner = {"type": "array", "items": inner}
    return schema(a=inner)


def doubling(levels):
    """Each level names the next one twice: read naively it is 2 ** levels long."""
    defs = {f"L{n}": {"anyOf": [{"$ref": f"#/$defs/L{n + 1}"}] * 2} for n in range(levels)}
    return {**schema(a={"$ref": "#/$defs/L0"}), "$defs": {**defs, f"L{levels}": {"type": "null"}}}


@pytest.mark.parametrize(
    "parameters",
    [
        None,
        [],
        {"type": "array"},
        {},
        {"type": "object", "properties": {"a": {"type": "no such type"}}},
        {"type": "object", "x": object()},
        {"type": "object", "x": float("nan")},
        {"type": "object", "title": "x" * 40_000},
        schema(a={"$ref": "https://example.org/schema.json"}),
        schema(a={"$ref": "#/$defs/Missing"}),
        schema(a={"$ref": "#"}),
        {**schema(a={"$ref": "#/$defs/A"}), "$defs": {"A": {"items": {"$ref": "#/$defs/A"}}}},
        {"type": "object", "patternProperties": {"(a+)+$": {}}},
        schema(a={"$dynamicRef": "#meta"}),
        schema(a={"type": "object", "propertyNames": {"pattern": "(a+)+$"}}),
        nested(60),
        doubling(24),
    ],
    ids=range(17),
)
def test_schema_that_could_hold_us_up_or_is_none_is_refused(parameters):
    """Where one could hold us up, going on would take longer than any test run waits."""
    with pytest.raises(ToolSchemaError):
        read_schema(parameters)


def test_references_inside_the_schema_are_followed():
    place = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    read = read_schema({**schema(of={"$ref": "#/$defs/Place"}), "$defs": {"Place": place}})
    read.check({"of": {"city": "Lyon"}})
    with pytest.raises(ArgumentsError, match="“of” must have “city”"):
        read.check({"of": {}})
    assert "$defs" in read.told, "the model reads what the author wrote"


def test_fields_may_have_the_names_of_keywords():
    read = read_schema(schema(**{"pattern": {"type": "integer"}, "$ref": {"type": "integer"}}))
    read.check({"pattern": 1, "$ref": 2})
    with pytest.raises(ArgumentsError):
        read.check({"pattern": "x"})


def test_pattern_is_the_tools_own_business():
    """This one takes longer than the universe has for the text below."""
    read = read_schema(schema(a={"type": "string", "pattern": "^(a+)+$"}))
    read.check({"a": "a" * 60 + "!"})


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"a": [{}] * 2000}),
        json.dumps({"a": list(range(1500))}),
        '{"a":' + "[" * 3000 + "]" * 3000 + "}",
    ],
    ids=lambda each: each[:20],
)
def test_arguments_of_too_many_values_are_refused_at_once(text):
    read = read_schema(schema(a={"type": "array", "uniqueItems": True}))
    with pytest.raises(ArgumentsError):
        read.read(text, limit=8_000)


def test_refusal_does_not_repeat_what_was_sent():
    read = read_schema(schema(a={"type": "integer"}))
    with pytest.raises(ArgumentsError) as caught:
        read.check({"a": "the secret of the passage"})
    assert "secret" not in str(caught.value)


def test_no_arguments_are_an_empty_object():
    assert read_schema({"type": "object"}).read("", limit=10) == {}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "properties", "items", "anyOf", "$ref", "enum", "required", "a"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON, JSON)
def test_any_json_is_a_schema_or_refused_and_checks_anything(parameters, arguments):
    try:
        read = read_schema({"type": "object", "properties": {"a": parameters}})
    except ToolSchemaError:
        return
    with suppress(ArgumentsError):
        read.check({"a": arguments})
