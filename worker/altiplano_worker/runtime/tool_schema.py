"""The JSON Schema of a tool's arguments, made harmless, and what a model wrote checked against it.

A schema may come from anybody: a plugin, a server on the internet. Checking against it happens in
the worker, on the loop of all streams, so a schema must not be able to hold it up. References are
followed once, inside the schema only, and what they make of it has a bounded size. Patterns are not
matched here, since there are short ones that take hours; they are left to the tool itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import jsonschema

import altiplano_sdk as sdk

MAX_SCHEMA_CHARACTERS: Final = 32_000
MAX_NODES: Final = 2_000
MAX_DEPTH: Final = 32
MAX_VALUES: Final = 1_000
MAX_WORK: Final = 50_000
"""Nodes of the schema times values in the arguments: a fraction of a second."""
LEFT_TO_THE_TOOL: Final = frozenset({"pattern", "format", "$defs", "definitions", "$schema", "$id"})
NOT_FOLLOWED: Final = frozenset(
    {"patternProperties", "propertyNames", "$dynamicRef", "$recursiveRef", "$anchor"}
)
DATA: Final = frozenset({"const", "enum", "default", "examples"})
"""Keywords whose values are no schemas."""


class ToolSchemaError(sdk.PermanentError):
    """The tool describes its arguments in a way that is not accepted."""

    code = "tool_schema"


class ArgumentsError(Exception):
    """What the model wrote does not fit. The message is for the model."""


@dataclass(frozen=True, slots=True)
class ToolSchema:
    """``told`` is what the model reads; checking goes by the same without its dangers."""

    told: Mapping[str, Any]
    _validator: Any
    _nodes: int

    def read(self, text: str, *, limit: int) -> dict[str, Any]:
        """The arguments in the JSON ``text``. Raises ArgumentsError, which does not repeat them."""
        if len(text) > limit:
            raise ArgumentsError(f"The arguments are longer than {limit} characters.")
        try:
            arguments = json.loads(text or "{}", parse_constant=_refuse)
        except (ValueError, RecursionError):
            raise ArgumentsError("The arguments are not valid JSON.") from None
        if not isinstance(arguments, dict):
            raise ArgumentsError("The arguments are not a JSON object.")
        self.check(arguments)
        return arguments

    def check(self, arguments: Mapping[str, Any]) -> None:
        """Raises ArgumentsError for the first argument that does not fit."""
        try:
            values = _count(arguments)
            if values > MAX_VALUES or values * self._nodes > MAX_WORK:
                raise ArgumentsError("The arguments hold too many values.")
            problem = next(self._validator.iter_errors(arguments), None)
        except RecursionError:
            raise ArgumentsError("The arguments are nested too deep.") from None
        if problem is None:
            return
        where = ".".join(str(part) for part in problem.absolute_path)[:100]
        place = f"“{where}”" if where else "They"
        raise ArgumentsError(f"The arguments do not fit: {place} {_reason(problem)}.")


def read_schema(parameters: Any) -> ToolSchema:
    """The schema of an object's fields. Raises ToolSchemaError."""
    try:
        text = json.dumps(parameters, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        raise ToolSchemaError("The description of the tool's arguments is no JSON.") from None
    if len(text) > MAX_SCHEMA_CHARACTERS:
        raise ToolSchemaError("The description of the tool's arguments is too long.")
    told = json.loads(text)
    if not isinstance(told, dict) or told.get("type") != "object":
        raise ToolSchemaError("A tool's arguments are described as a JSON object.")
    expansion = _Expansion(told)
    safe = expansion.expand(told)
    try:
        jsonschema.Draft202012Validator.check_schema(safe)
    except (jsonschema.SchemaError, RecursionError):
        raise ToolSchemaError("The description of the tool's arguments is no schema.") from None
    return ToolSchema(told, jsonschema.Draft202012Validator(safe), expansion.nodes)


class _Expansion:
    """A copy of a schema in which every reference is replaced by what it names."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self.nodes = 0

    def expand(self, node: Any, depth: int = 0) -> Any:
        self.nodes += 1
        if self.nodes > MAX_NODES or depth > MAX_DEPTH:
            raise ToolSchemaError("The description of the tool's arguments is too intricate.")
        if isinstance(node, list):
            return [self.expand(each, depth + 1) for each in node]
        if not isinstance(node, dict):
            return node
        if unknown := NOT_FOLLOWED & node.keys():
            raise ToolSchemaError(
                f"The tool describes its arguments with “{min(unknown)}”, which is not accepted."
            )
        kept = {
            name: self._expand_keyword(name, value, depth)
            for name, value in node.items()
            if name not in LEFT_TO_THE_TOOL and name != "$ref"
        }
        if "$ref" not in node:
            return kept
        named = self.expand(self._find(node["$ref"]), depth + 1)
        return {"allOf": [named], **kept} if kept else named

    def _expand_keyword(self, name: str, value: Any, depth: int) -> Any:
        if name in DATA:
            return value
        if name in {"properties", "dependentSchemas"} and isinstance(value, dict):
            # Here the keys are names of fields, which may well be called "pattern" or "$ref".
            return {field: self.expand(each, depth + 1) for field, each in value.items()}
        return self.expand(value, depth + 1)

    def _find(self, reference: Any) -> Any:
        """What a reference such as ``#/$defs/Place`` names."""
        if not isinstance(reference, str) or not reference.startswith("#/"):
            raise ToolSchemaError("The tool's arguments are described by something elsewhere.")
        found: Any = self._root
        for part in reference[2:].split("/"):
            key = part.replace("~1", "/").replace("~0", "~")
            found = found.get(key) if isinstance(found, dict) else None
        if not isinstance(found, dict):
            raise ToolSchemaError(
                "The description of the tool's arguments names what is not there."
            )
        return found


def _count(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + sum(map(_count, inner))


def _reason(problem: jsonschema.ValidationError) -> str:
    """Why, without the value: a refusal must not carry what a passage made the model write."""
    wanted: Any = problem.validator_value
    schema: Any = problem.schema
    if problem.validator == "required" and isinstance(problem.instance, Mapping):
        return f"must have “{next(name for name in wanted if name not in problem.instance)}”"
    if problem.validator == "additionalProperties":
        known = ", ".join(sorted(schema.get("properties", {})))[:300]
        return f"may have only: {known or 'nothing'}"
    text = json.dumps(wanted, ensure_ascii=False)
    return f"must satisfy {problem.validator}: {text[:200]}"


def _refuse(_constant: str) -> Any:
    raise ValueError("not a number")
