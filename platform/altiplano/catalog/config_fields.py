"""The settings of a plugin as fields of a form, drawn from its JSON Schema.

:func:`draw_fields` says what to show; what comes back is read by
:mod:`altiplano.catalog.typed_config`. What a form cannot show field by field (objects in objects,
unions) is shown as JSON: nothing is out of reach.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Final

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from altiplano.kernel.reasons import in_my_language

PREFIX: Final = "config."
LONG_TEXT: Final = 300
"""Texts that may be longer than this get several lines."""


class Widget(Enum):
    """What a setting is typed into."""

    TEXT = "text"
    AREA = "area"
    NUMBER = "number"
    SWITCH = "switch"
    CHOICE = "choice"
    LINES = "lines"
    JSON = "json"
    GROUP = "group"


@dataclass(frozen=True, slots=True)
class Choice:
    """``value`` is JSON, as a setting may be one of several numbers."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Setting:
    """One property of a schema, with references followed and “or null” taken apart."""

    path: tuple[str, ...]
    schema: Mapping[str, Any]
    widget: Widget
    is_required: bool
    is_nullable: bool
    children: tuple[Setting, ...] = ()

    @property
    def name(self) -> str:
        """The name with dots, as :func:`config_problems` says it."""
        return ".".join(self.path)

    @property
    def title(self) -> str:
        return in_my_language(str(self.schema.get("title") or self.path[-1]))

    @property
    def has_default(self) -> bool:
        return "default" in self.schema

    @property
    def default(self) -> Any:
        return self.schema.get("default")


@dataclass(frozen=True, slots=True)
class Field:
    """A setting with what stands in it, as the template shows it."""

    setting: Setting
    value: str = ""
    is_on: bool = False
    is_default: bool = True
    error: str = ""
    children: tuple[Field, ...] = ()

    @property
    def name(self) -> str:
        return PREFIX + self.setting.name

    @property
    def title(self) -> str:
        return self.setting.title

    @property
    def widget(self) -> str:
        return self.setting.widget.value

    @property
    def help(self) -> str:
        return in_my_language(str(self.setting.schema.get("description") or ""))

    @property
    def is_required(self) -> bool:
        """Whether it must be filled in. A choice and a switch always are."""
        return self.setting.is_required and self.setting.widget not in (Widget.SWITCH, Widget.GROUP)

    @property
    def default_text(self) -> str:
        """What stands in it when nobody decides; empty where that is nothing."""
        if not self.setting.has_default or self.setting.widget in (Widget.AREA, Widget.GROUP):
            return ""
        return say_value(self.setting, self.setting.default)

    @property
    def choices(self) -> tuple[Choice, ...]:
        none = (Choice("null", _("as the plugin decides")),) if self.setting.is_nullable else ()
        return none + tuple(
            Choice(to_json(value), _choice_label(self.setting, value))
            for value in self.setting.schema["enum"]
        )

    @property
    def rows(self) -> int:
        return min(16, max(4 if self.widget == "area" else 3, self.value.count("\n") + 2))

    @property
    def limits(self) -> dict[str, str]:
        """The attributes that let a browser check a number or a text before it is sent."""
        schema = self.setting.schema
        if self.setting.widget is Widget.NUMBER:
            found = {
                "min": schema.get("minimum", schema.get("exclusiveMinimum")),
                "max": schema.get("maximum", schema.get("exclusiveMaximum")),
                "step": 1 if schema.get("type") == "integer" else "any",
            }
        elif self.setting.widget in (Widget.TEXT, Widget.AREA):
            found = {"maxlength": schema.get("maxLength"), "minlength": schema.get("minLength")}
        else:
            found = {}
        return {name: str(value) for name, value in found.items() if value is not None}

    @property
    def range_text(self) -> str:
        """From where to where a number may go, in words."""
        low, high = self.limits.get("min"), self.limits.get("max")
        if self.setting.widget is not Widget.NUMBER or low is None or high is None:
            return ""
        ends = {"low": _number(json.loads(low)), "high": _number(json.loads(high))}
        return _("from %(low)s to %(high)s") % ends


def settings_of(schema: Mapping[str, Any]) -> tuple[Setting, ...]:
    """The settings of a plugin, in the order in which its author wrote them."""
    return tuple(_settings(schema, schema, ()))


def draw_fields(
    schema: Mapping[str, Any],
    config: Mapping[str, Any],
    *,
    typed: Mapping[str, str] | None = None,
    problems: Mapping[str, str] | None = None,
) -> tuple[Field, ...]:
    """The form for ``config``; with ``typed`` what somebody typed stands in it, right or wrong."""
    return tuple(_draw(setting, config, typed, problems or {}) for setting in settings_of(schema))


def say_value(setting: Setting, value: Any) -> str:
    """A value in words: a number as the reader writes it, a choice by its label."""
    if value is None:
        said = _("as the plugin decides")
    elif isinstance(value, bool):
        said = _("on") if value else _("off")
    elif setting.widget is Widget.CHOICE:
        said = _choice_label(setting, value)
    elif isinstance(value, int | float):
        said = _number(value)
    elif isinstance(value, str):
        said = value
    elif setting.widget is Widget.LINES:
        said = ", ".join(f"“{each}”" for each in value) or _("nothing")
    else:
        said = to_json(value)
    return said


# --- Reading a schema -----------------------------------------------------------------------------


def _settings(
    schema: Mapping[str, Any], root: Mapping[str, Any], path: tuple[str, ...]
) -> Iterator[Setting]:
    required = schema.get("required", ())
    for name, raw in schema.get("properties", {}).items():
        found, is_nullable = _resolve(raw, root)
        here = (*path, name)
        widget = _widget_for(found, is_nested=bool(path), is_nullable=is_nullable)
        children = tuple(_children(found, root, here)) if widget is Widget.GROUP else ()
        if widget is Widget.GROUP and not children:
            widget = Widget.JSON
        yield Setting(here, found, widget, name in required, is_nullable, children)


def _children(
    group: Mapping[str, Any], root: Mapping[str, Any], path: tuple[str, ...]
) -> Iterator[Setting]:
    """What the group's own default says of a child goes before the child's."""
    defaults = group.get("default")
    for child in _settings(group, root, path):
        if isinstance(defaults, Mapping) and child.path[-1] in defaults:
            schema = {**child.schema, "default": defaults[child.path[-1]]}
            yield replace(child, schema=schema)
        else:
            yield child


def _resolve(raw: Any, root: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """The property with what its references say; whether it may be null."""
    schema: dict[str, Any] = dict(raw) if isinstance(raw, Mapping) else {}
    is_nullable = False
    for _depth in range(8):  # a schema may refer to itself
        if "$ref" in schema:
            target = _follow(str(schema.pop("$ref")), root)
            schema = {**target, **schema}
        elif len(schema.get("allOf", ())) == 1:
            (only,) = schema.pop("allOf")
            schema = {**only, **schema}
        elif "anyOf" in schema:
            others = [each for each in schema["anyOf"] if each.get("type") != "null"]
            if len(others) != 1 or len(others) == len(schema["anyOf"]):
                break
            del schema["anyOf"]
            is_nullable = True
            schema = {**others[0], **schema}
        else:
            break
    return schema, is_nullable


def _follow(reference: str, root: Mapping[str, Any]) -> dict[str, Any]:
    found: Any = root
    for part in reference.removeprefix("#/").split("/"):
        found = found.get(part, {}) if isinstance(found, Mapping) else {}
    return dict(found)


def _widget_for(schema: Mapping[str, Any], *, is_nested: bool, is_nullable: bool) -> Widget:
    kind, items = schema.get("type"), schema.get("items", {})
    widget = Widget.JSON
    if "enum" in schema:
        widget = Widget.CHOICE
    elif kind == "boolean" and not is_nullable:
        widget = Widget.SWITCH
    elif kind in ("integer", "number"):
        widget = Widget.NUMBER
    elif kind == "string":
        is_long = schema.get("format") == "textarea" or schema.get("maxLength", 0) > LONG_TEXT
        widget = Widget.AREA if is_long else Widget.TEXT
    elif kind == "array" and items.get("type") == "string" and "enum" not in items:
        widget = Widget.LINES
    elif kind == "object" and not is_nested and not is_nullable:
        widget = Widget.GROUP
    return widget


def _choice_label(setting: Setting, value: Any) -> str:
    """What the plugin calls a choice (``enum_titles``), else the value itself."""
    titles = setting.schema.get("enum_titles", {})
    return in_my_language(str(titles.get(str(value), value)))


# --- Showing --------------------------------------------------------------------------------------


def _draw(
    setting: Setting,
    config: Mapping[str, Any],
    typed: Mapping[str, str] | None,
    problems: Mapping[str, str],
) -> Field:
    error = problems.get(setting.name, "")
    if setting.widget is Widget.GROUP:
        inside = config.get(setting.path[-1], setting.default)
        inside = inside if isinstance(inside, Mapping) else {}
        children = tuple(_draw(each, inside, typed, problems) for each in setting.children)
        return Field(
            setting,
            is_default=all(child.is_default for child in children),
            error=error,
            children=children,
        )
    is_default = setting.path[-1] not in config
    value = config.get(setting.path[-1], setting.default)
    if typed is not None:
        text = typed.get(PREFIX + setting.name, "")
        return Field(setting, text, bool(text), is_default, error)
    return Field(setting, text_of(setting, value), bool(value), is_default, error)


def text_of(setting: Setting, value: Any) -> str:
    """The text that, typed into the widget, means ``value``."""
    if setting.widget in (Widget.CHOICE, Widget.JSON):
        is_nothing = value is None and not setting.is_nullable
        return "" if is_nothing else to_json(value)
    if value is None:
        return ""
    if setting.widget is Widget.LINES and isinstance(value, list):
        return "\n".join(str(each) for each in value)
    return str(value)


def all_settings(settings: Iterable[Setting]) -> list[Setting]:
    """The settings, each group followed by its parts."""
    return [each for setting in settings for each in (setting, *setting.children)]


def to_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _number(value: Any) -> str:
    places = len(repr(value).partition(".")[2]) if isinstance(value, float) else 0
    is_whole = float(value).is_integer()
    return number_format(value, 0 if is_whole else places, force_grouping=True)
