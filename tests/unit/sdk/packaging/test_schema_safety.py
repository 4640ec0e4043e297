"""Schemas and patterns of strangers: what pydantic writes passes, what could hold us up does not."""

import json
import re
import time
from enum import StrEnum
from typing import Annotated, Literal

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from altiplano_sdk import StageKind
from altiplano_sdk.packaging import PackageError
from altiplano_sdk.packaging.archive import open_archive
from altiplano_sdk.packaging.checking import check_package
from altiplano_sdk.packaging.pattern_safety import pattern_problem
from altiplano_sdk.packaging.reading import read_manifest
from altiplano_sdk.packaging.schema_safety import UnsafeSchemaError, check_schema_safety

from .samples import MANIFEST, make_archive


class Shade(StrEnum):
    LIGHT = "light"
    DARK = "dark"


class Part(BaseModel):
    name: str = Field(pattern=r"^[a-z][a-z0-9-]{0,40}$", description="Name.")


class Config(BaseModel):
    """All that authors usually write."""

    words: tuple[str, ...] = Field(default=(), max_length=20, description="Words.")
    shade: Shade = Field(default=Shade.DARK, description="Shade.")
    kind: Literal["a", "b"] | None = Field(default=None, description="Kind.")
    limit: Annotated[int, Field(ge=1, le=9, multiple_of=2)] = 2
    share: float = Field(default=0.5, gt=0, lt=1)
    parts: list[Part] = []
    names: dict[str, Part] = {}
    either: int | str | list[bool] = 1
    code: str = Field(default="", max_length=40, pattern=r"^\d+\.\d+\.\d+$")


def test_what_pydantic_writes_passes():
    check_schema_safety(Config.model_json_schema())


class Tree(BaseModel):
    branches: "list[Tree]" = []


def doubling(levels: int) -> dict:
    """Small to write, 2**levels large to check."""
    parts = {f"A{n}": {"anyOf": [{"$ref": f"#/$defs/A{n + 1}"}] * 2} for n in range(levels)}
    parts[f"A{levels}"] = {"type": "string"}
    return {"$ref": "#/$defs/A0", "$defs": parts}


def deep(levels: int) -> dict:
    schema: dict = {"type": "string"}
    for _ in range(levels):
        schema = {"items": schema}
    return schema


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "http://169.254.169.254/latest"},
        {"$ref": "file:///etc/passwd"},
        {"$ref": "#"},
        {"$ref": "#/$defs/Missing"},
        {"properties": {"a": {"$ref": 7}}},
        {"$id": "http://a.example/"},
        {"$schema": "http://a.example/"},
        {"$dynamicRef": "#a"},
        {"patternProperties": {"(a+)+$": {}}},
        {"properties": {"a": {"pattern": "(a+)+$"}}},
        {"propertyNames": {"pattern": "^(a|a)*$"}},
        Tree.model_json_schema(),
        doubling(16),
        deep(40),
        {"properties": []},
        {"properties": {"a": 1}},
        {"required": 3},
        {"required": [1]},
        {"type": "text"},
        {"type": {"a": 1}},
        {"anyOf": []},
        {"anyOf": {"type": "string"}},
        {"enum": 3},
        {"minimum": "one"},
        {"maxLength": -1},
        {"multipleOf": 0},
        {"title": {"a": 1}},
        {"$defs": []},
    ],
)
def test_schema_that_could_hold_us_up_is_refused(schema):
    with pytest.raises(UnsafeSchemaError, match="The schema cannot be used"):
        check_schema_safety(schema)
    with pytest.raises(PackageError) as caught:
        open_archive(make_archive({"schemas/guard.json": json.dumps(schema)}))
    assert [finding.rule for finding in caught.value.findings] == ["ALT501"]


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 9) | st.sampled_from(["string", "", "#/$defs/A"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "type",
                    "properties",
                    "$defs",
                    "required",
                    "anyOf",
                    "items",
                    "enum",
                    "minimum",
                    "maxLength",
                    "pattern",
                    "$ref",
                    "A",
                    "description",
                    "additionalProperties",
                    "not",
                    "multipleOf",
                    "title",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=14,
)
_SCHEMAS = st.dictionaries(
    st.sampled_from(["type", "properties", "$defs", "required", "anyOf", "items", "$ref", "enum"]),
    _VALUES,
    max_size=5,
)


@given(schema=_SCHEMAS, before=_SCHEMAS, value=_VALUES)
@settings(deadline=None, max_examples=300)
def test_any_schema_is_refused_or_works(schema, before, value):
    """Nothing that is let in makes the checks, or the portal's own validation, fail."""
    try:
        archive = open_archive(make_archive({"schemas/guard.json": json.dumps(schema)}))
    except PackageError:
        return
    previous = read_manifest(MANIFEST.replace("1.1.0", "1.0.0"))
    with archive:
        check_package(archive, previous=previous, previous_schemas={StageKind.GUARD: before})
    list(jsonschema.Draft202012Validator(schema).iter_errors(value))


@pytest.mark.parametrize(
    ("pattern", "longest"),
    [
        (r"^[a-z0-9-]{1,80}$", None),
        (r"^[A-Z][A-Z0-9_]*$", None),
        (r"^\d+\.\d+\.\d+$", 40),
        (r"^(?:en|fr|de)$", None),
        (r"^(?P<year>\d{4})-(\d{2})-(\d{2})$", None),
        (r"^https?://[a-z0-9.-]{1,100}(?:/[a-z]{1,20})?$", None),
        (r"^(red|green)$", None),
        (r"abc", None),
        (r"^a{}$", None),
        (r"^[]a]+$", None),
    ],
)
def test_ordinary_patterns_pass(pattern, longest):
    assert pattern_problem(pattern, longest=longest) == ""


@pytest.mark.parametrize(
    "pattern",
    [
        r"(a+)+$",
        r"^(a*)*$",
        r"^(a|aa)+$",
        r"^(?:a?){20}a{20}$",
        r"^(a*){3}$",
        r"^a*a*a*$",
        r"^a{,}a{,}$",
        r"a*b",
        r"^(a)\1$",
        r"^(?=a)a$",
        r"^(?i:a)$",
        r"^a|b*c*$",
        "^" + "a?" * 30 + "a" * 30,
        "(",
        "a" * 501,
        7,
    ],
)
def test_patterns_that_could_take_hours_are_refused(pattern):
    assert pattern_problem(pattern)


_PIECES = st.sampled_from(
    ["a", "b", "[ab]", ".", r"\w", "a*", "a+", "a?", "[ab]*", "a{1,9}", ".*?", "(a)", "(?:a|b)?"]
)


@given(pieces=st.lists(_PIECES, max_size=6), ends=st.sampled_from(["$", "", "c"]))
@settings(deadline=None, max_examples=60)
def test_pattern_that_passes_ends_soon(pieces, ends):
    """Tried with what makes it try every way: all signs fit, and the end does not."""
    pattern = "^" + "".join(pieces) + ends
    if pattern_problem(pattern, longest=200):
        return
    started = time.perf_counter()
    re.search(pattern, "a" * 200 + "!")
    assert time.perf_counter() - started < 5
