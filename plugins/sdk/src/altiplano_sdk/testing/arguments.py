"""Arguments made from a tool's JSON Schema: some that it allows, and some that it forbids."""

from collections.abc import Iterator, Mapping
from typing import Any


def make_arguments(
    schema: Mapping[str, Any], text: str, *, number: float | None = None
) -> dict[str, Any]:
    """All properties, with ``text`` where any text may stand and ``number`` where any number may.

    Both are bent into the bounds that the schema gives.
    """
    properties: Mapping[str, Mapping[str, Any]] = schema.get("properties", {})
    return {name: _value(one, text, number) for name, one in properties.items()}


def wrong_arguments(schema: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Right arguments with one thing wrong each: missing, unknown, of another type, out of bounds."""
    right = make_arguments(schema, "water")
    for name in schema.get("required", []):
        yield {key: value for key, value in right.items() if key != name}
    yield {**right, "no_such_argument": 1}
    properties: Mapping[str, Mapping[str, Any]] = schema.get("properties", {})
    for name, one in properties.items():
        yield {**right, name: {"nested": ["in", "the", "wrong", "place"]}}
        yield {**right, name: None}
        if "enum" in one:
            yield {**right, name: "no such choice"}
        if "maximum" in one:
            yield {**right, name: one["maximum"] + 1}
        if "maxLength" in one:
            yield {**right, name: "x" * (one["maxLength"] + 1)}


def _value(schema: Mapping[str, Any], text: str, number: float | None) -> Any:
    choices = [schema["const"]] if "const" in schema else schema.get("enum")
    if choices:
        return choices[0]
    kind = schema.get("type", "string")
    if kind in {"integer", "number"}:
        return _bounded(schema, (1 if kind == "integer" else 1.5) if number is None else number)
    if kind == "array":
        return [_value(schema.get("items", {}), text, number)] * schema.get("minItems", 1)
    if kind == "object":
        return make_arguments(schema, text, number=number)
    filled = text + "x" * max(0, schema.get("minLength", 0) - len(text))
    return True if kind == "boolean" else filled[: schema.get("maxLength", len(filled))]


def _bounded(schema: Mapping[str, Any], number: float) -> float:
    low, high = schema.get("minimum", number), schema.get("maximum", number)
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    number = min(max(number, low), high)
    if above is not None and number <= above:
        number = above + 1
    if below is not None and number >= below:
        number = below - 1
    return number
