"""Forms drawn from schemas, and what was typed into them."""

import json
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

from altiplano.catalog.config_fields import (
    PREFIX,
    Widget,
    draw_fields,
    settings_of,
)
from altiplano.catalog.typed_config import read_config, with_default


class Limits(BaseModel):
    model_config = ConfigDict(extra="forbid")

    seconds: float = Field(default=2.5, ge=0.5, le=60)
    retries: int = 1


class Config(BaseModel):
    """One of each kind of setting that a plugin may have."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(default="", max_length=80, title="Name of it")
    prompt: str = Field(default="Be brief.", json_schema_extra={"format": "textarea"})
    k: int = Field(default=6, ge=1, le=1000, title="Passages", description="How many.")
    weight: float = Field(default=0.5, ge=0, le=1)
    is_on: bool = True
    mode: Literal["a", "b"] = Field(default="a", json_schema_extra={"enum_titles": {"a": "First"}})
    seed: int | None = Field(default=None, ge=0)
    stop: tuple[str, ...] = ()
    limits: Limits = Limits()
    matrix: list[list[int]] = []


SCHEMA = Config.model_json_schema()


def typed_of(config: dict) -> dict[str, str]:
    """What a browser sends for a form that shows ``config``: switches that are off say nothing."""
    typed = {}
    for field in draw_fields(SCHEMA, config):
        for each in (field, *field.children):
            if each.widget == "switch":
                if each.is_on:
                    typed[each.name] = "on"
            elif each.widget != "group":
                typed[each.name] = each.value.replace("\n", "\r\n")
    return typed


def test_each_setting_gets_the_widget_that_fits():
    assert {each.name: each.widget for each in settings_of(SCHEMA)} == {
        "name": Widget.TEXT,
        "prompt": Widget.AREA,
        "k": Widget.NUMBER,
        "weight": Widget.NUMBER,
        "is_on": Widget.SWITCH,
        "mode": Widget.CHOICE,
        "seed": Widget.NUMBER,
        "stop": Widget.LINES,
        "limits": Widget.GROUP,
        "matrix": Widget.JSON,
    }


texts = st.text(st.characters(blacklist_categories=("Cs", "Cc", "Zl", "Zp")), max_size=20).map(
    str.strip
)
configs = st.builds(
    Config,
    name=texts,
    prompt=texts,
    k=st.integers(1, 1000),
    weight=st.floats(0, 1),
    is_on=st.booleans(),
    mode=st.sampled_from("ab"),
    seed=st.none() | st.integers(0, 10**6),
    stop=st.lists(texts.filter(bool), max_size=3).map(tuple),
    limits=st.builds(Limits, seconds=st.floats(0.5, 60), retries=st.integers(0, 9)),
    matrix=st.lists(st.lists(st.integers(), max_size=2), max_size=2),
)


@given(configs)
def test_shown_and_sent_back_a_configuration_means_the_same(config):
    stored = json.loads(config.model_dump_json())
    said = read_config(SCHEMA, typed_of(stored))
    assert said.problems == {}
    assert Config.model_validate(said.config) == config


def test_what_holds_its_default_is_not_stored():
    assert read_config(SCHEMA, typed_of({})).config == {}
    assert read_config(SCHEMA, typed_of({}) | {"config.k": "8"}).config == {"k": 8}


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("k", "many", "must be a number"),
        ("k", "0", "must be at least 1"),
        ("k", "2.5", "must be of type integer"),
        ("weight", "1e999", "must be a number"),
        ("weight", "nan", "must be a number"),
        ("mode", '"c"', "must be one of ['a', 'b']"),
        ("name", "x" * 81, "must have at most 80 characters"),
        ("limits.seconds", "100", "must be at most 60"),
        ("matrix", "[[1], 2]", "must be of type array"),
        ("matrix", "[[1", "must be JSON"),
        ("matrix", "[1e999]", "must be JSON"),
    ],
)
def test_problem_is_said_beside_its_field_and_the_text_stays(name, text, reason):
    typed = typed_of({}) | {PREFIX + name: text}
    said = read_config(SCHEMA, typed)
    assert said.problems == {name: reason}
    drawn = draw_fields(SCHEMA, {}, typed=typed, problems=said.problems)
    every = {each.setting.name: each for field in drawn for each in (field, *field.children)}
    assert (every[name].value, every[name].error) == (text, reason)


def test_all_problems_are_said_at_once():
    typed = typed_of({}) | {"config.k": "x", "config.weight": "3", "config.limits.seconds": "0"}
    assert read_config(SCHEMA, typed).problems.keys() == {"k", "weight", "limits.seconds"}


def test_numbers_may_be_typed_as_in_french():
    typed = typed_of({}) | {"config.weight": "0,25", "config.k": "1 000"}
    assert read_config(SCHEMA, typed).config == {"weight": 0.25, "k": 1000}


@pytest.mark.parametrize("text", ["{{7*7}}", "{% include 'x' %}", "{0.__class__}", "%s", "${HOME}"])
def test_code_in_a_setting_is_text(text):
    typed = typed_of({}) | {"config.prompt": text, "config.stop": text}
    assert read_config(SCHEMA, typed).config == {"prompt": text, "stop": [text]}
    (field,) = [
        each for each in draw_fields(SCHEMA, {"prompt": text}) if each.setting.name == "prompt"
    ]
    assert field.value == text


def test_reset_puts_the_default_back_and_leaves_the_rest():
    typed = with_default(
        SCHEMA, {"config.k": "x", "config.weight": "0.75", "config.is_on": "on"}, "k"
    )
    assert typed == {"config.k": "6", "config.weight": "0.75", "config.is_on": "on"}
    assert with_default(SCHEMA, {}, "is_on")["config.is_on"]


def test_required_setting_without_default_is_asked_for():
    schema = {"properties": {"url": {"type": "string"}}, "required": ["url"]}
    (field,) = draw_fields(schema, {})
    assert field.is_required
    assert read_config(schema, {}).problems == {"url": "url is a required property"}


def test_choices_are_called_as_the_plugin_calls_them():
    mode = next(each for each in draw_fields(SCHEMA, {}) if each.setting.name == "mode")
    assert [choice.label for choice in mode.choices] == ["First", "b"]


def test_schema_that_refers_to_itself_ends_as_json():
    schema = {"properties": {"a": {"$ref": "#/$defs/A"}}, "$defs": {"A": {"$ref": "#/$defs/A"}}}
    assert [each.widget for each in settings_of(schema)] == [Widget.JSON]
