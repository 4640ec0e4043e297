"""Whether a stranger's JSON Schema may be used: to check what people enter, in the web process.

A schema can name an address that is fetched, refer to itself without end, unfold to millions of
parts, or hold a pattern that takes hours. What pydantic writes does none of this.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from altiplano_sdk.packaging.pattern_safety import pattern_problem

DEEPEST: Final = 20
MOST_PARTS: Final = 3_000
"""With every reference written out."""

_TYPES: Final = frozenset({"array", "boolean", "integer", "null", "number", "object", "string"})
_REFERENCE: Final = re.compile(r"#/\$defs/([A-Za-z0-9_.-]{1,200})")
_REFUSED: Final = frozenset(
    {
        "$anchor",
        "$dynamicAnchor",
        "$dynamicRef",
        "$id",
        "$recursiveAnchor",
        "$recursiveRef",
        "$schema",
        "$vocabulary",
        "dependencies",
        "patternProperties",
    }
)
_ONE: Final = frozenset(
    {
        "additionalProperties",
        "contains",
        "else",
        "if",
        "items",
        "not",
        "propertyNames",
        "then",
        "unevaluatedItems",
        "unevaluatedProperties",
    }
)
_MANY: Final = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_NAMED: Final = frozenset({"$defs", "dependentSchemas", "properties"})
_COUNTS: Final = frozenset(
    {
        "maxContains",
        "maxItems",
        "maxLength",
        "maxProperties",
        "minContains",
        "minItems",
        "minLength",
        "minProperties",
    }
)
_NUMBERS: Final = frozenset({"exclusiveMaximum", "exclusiveMinimum", "maximum", "minimum"})
_TEXTS: Final = frozenset({"$comment", "description", "format", "title"})


class UnsafeSchemaError(ValueError):
    """The schema may not be used; the message says why in a sentence."""


def check_schema_safety(schema: Mapping[str, Any]) -> None:
    """Returns for a schema that checks any configuration in bounded time and fetches nothing.

    Raises UnsafeSchemaError for any other, also for one that only has a part of the wrong type.
    """
    _Reader(schema.get("$defs", {})).count(schema)


class _Reader:
    """Counts the parts of a schema with every reference written out, and looks at each."""

    def __init__(self, definitions: Any) -> None:
        _require(isinstance(definitions, dict), "`$defs` is no object")
        self._definitions: dict[str, Any] = definitions
        self._sizes: dict[str, int] = {}
        self._open: list[str] = []

    def count(self, part: Any, depth: int = 0) -> int:
        if isinstance(part, bool):
            return 1
        _require(isinstance(part, dict), "a part is neither an object nor true nor false")
        _require(depth <= DEEPEST, f"it is over {DEEPEST} levels deep")
        parts = 1
        for keyword, value in part.items():
            _require(keyword not in _REFUSED, f"`{str(keyword)[:40]}` is not allowed")
            parts += self._count_keyword(keyword, value, depth)
            _require(parts <= MOST_PARTS, f"it has over {MOST_PARTS} parts")
        if "pattern" in part:
            problem = pattern_problem(part["pattern"], longest=part.get("maxLength"))
            _require(not problem, problem)
        return parts

    def _count_keyword(self, keyword: str, value: Any, depth: int) -> int:
        if keyword == "$ref":
            return self._count_reference(value, depth)
        if keyword in _ONE:
            return self.count(value, depth + 1)
        if keyword in _MANY:
            _require(isinstance(value, list) and value != [], f"`{keyword}` is no list of parts")
            return sum(self.count(each, depth + 1) for each in value)
        if keyword in _NAMED:
            _require(isinstance(value, dict), f"`{keyword}` is no object")
            return sum(self.count(each, depth + 1) for each in value.values())
        _require(_is_of_its_type(keyword, value), f"`{keyword}` is of the wrong type")
        return 0

    def _count_reference(self, value: Any, depth: int) -> int:
        match = _REFERENCE.fullmatch(value) if isinstance(value, str) else None
        name = match[1] if match else ""
        _require(name in self._definitions, "a `$ref` leads out of its own `$defs`")
        _require(name not in self._open, f"`{name}` refers to itself")
        if name not in self._sizes:
            self._open.append(name)
            self._sizes[name] = self.count(self._definitions[name], depth + 1)
            self._open.pop()
        return self._sizes[name]


def _is_of_its_type(keyword: str, value: Any) -> bool:
    if keyword == "type":
        named = [value] if isinstance(value, str) else value
        return _is_list_of_texts(named) and _TYPES.issuperset(named)
    if keyword == "required":
        return _is_list_of_texts(value)
    if keyword == "dependentRequired":
        return isinstance(value, dict) and all(map(_is_list_of_texts, value.values()))
    if keyword in _COUNTS:
        return _is_number(value) and value >= 0 and int(value) == value
    if keyword in _NUMBERS or keyword == "multipleOf":
        return _is_number(value) and (value > 0 or keyword != "multipleOf")
    wanted = list if keyword == "enum" else str if keyword in _TEXTS else object
    return isinstance(value, wanted)


def _is_list_of_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _require(holds: bool, problem: str) -> None:
    if not holds:
        raise UnsafeSchemaError(f"The schema cannot be used: {problem}.")
