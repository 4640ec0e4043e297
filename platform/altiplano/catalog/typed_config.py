"""What somebody typed into the fields of a plugin's settings, as a configuration.

A setting that holds its default is not stored, so that a draft says only what its owner decided.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from django.utils.translation import gettext as _

from altiplano.catalog.config_fields import (
    PREFIX,
    Setting,
    Widget,
    all_settings,
    settings_of,
    text_of,
)
from altiplano.catalog.config_problems import config_problems


@dataclass(frozen=True, slots=True)
class Typed:
    """What a form said: the configuration, and why each wrong setting is wrong, by its name."""

    config: dict[str, Any]
    problems: dict[str, str] = field(default_factory=dict)


def read_config(schema: Mapping[str, Any], typed: Mapping[str, str]) -> Typed:
    """What was typed, as a configuration of the plugin; without what holds its default."""
    problems: dict[str, str] = {}
    config = _read_all(settings_of(schema), typed, problems)
    for name, reason in config_problems(schema, config).items():
        if not any(name == known or known.startswith(name + ".") for known in problems):
            problems.setdefault(_owner_of(name, settings_of(schema)), reason)
    return Typed(config, problems)


def with_default(schema: Mapping[str, Any], typed: Mapping[str, str], name: str) -> dict[str, str]:
    """What was typed, but for the setting ``name``, in which its default stands again."""
    texts = dict(typed)
    for setting in all_settings(settings_of(schema)):
        if setting.name == name:
            is_off = setting.widget is Widget.SWITCH and not setting.default
            texts[PREFIX + name] = "" if is_off else text_of(setting, setting.default)
    return texts


class _Absent(Enum):
    """A setting that was left empty, so that its default holds."""

    ABSENT = "absent"


def _read_all(
    settings: tuple[Setting, ...], typed: Mapping[str, str], problems: dict[str, str]
) -> dict[str, Any]:
    config: dict[str, Any] = {}
    for setting in settings:
        try:
            value, is_default = _read_one(setting, typed, problems)
        except ValueError as error:
            problems[setting.name] = str(error)
            continue
        if value is not _Absent.ABSENT and (setting.is_required or not is_default):
            config[setting.path[-1]] = value
    return config


def _read_one(
    setting: Setting, typed: Mapping[str, str], problems: dict[str, str]
) -> tuple[Any, bool]:
    """What was typed, and whether that is the default. Raises ValueError.

    A group is stored as a whole or not at all: which defaults its parts have within a group that is
    given is the plugin's secret.
    """
    if setting.widget is not Widget.GROUP:
        value = _read(setting, typed.get(PREFIX + setting.name))
        return value, setting.has_default and value == setting.default
    inside, are_defaults = {}, True
    for child in setting.children:
        try:
            value, is_default = _read_one(child, typed, problems)
        except ValueError as error:
            problems[child.name] = str(error)
            continue
        if value is not _Absent.ABSENT:
            inside[child.path[-1]] = value
            are_defaults = are_defaults and is_default
    return inside, are_defaults


def _read(setting: Setting, text: str | None) -> Any:
    """Raises ValueError with what is wrong, in the reader's language."""
    if setting.widget is Widget.SWITCH:
        return bool(text)
    if text is None:
        return _Absent.ABSENT
    text = text.replace("\0", "").replace("\r\n", "\n")
    if setting.widget is Widget.LINES:
        return [line.strip() for line in text.splitlines() if line.strip()]
    is_text = setting.widget in (Widget.TEXT, Widget.AREA)
    if is_text and (text or (setting.has_default and not setting.is_nullable)):
        return text
    if not text.strip():
        return None if setting.is_nullable else _Absent.ABSENT
    return _read_value(setting, text)


def _read_value(setting: Setting, text: str) -> Any:
    if setting.widget is Widget.NUMBER:
        return _read_number(text, is_whole=setting.schema.get("type") == "integer")
    try:
        value = json.loads(text)
        json.dumps(value, allow_nan=False)  # numbers that no database stores
    except (ValueError, RecursionError):
        raise ValueError(_("must be JSON")) from None
    return value


def _read_number(text: str, *, is_whole: bool) -> float:
    """Numbers may be typed with a comma, and with spaces between thousands."""
    plain = "".join(text.split()).replace(",", ".")
    try:
        if is_whole and plain.lstrip("+-").isdigit() and len(plain) < 20:
            return int(plain)
        number = float(plain)
    except ValueError:
        raise ValueError(_("must be a number")) from None
    if number - number != 0:  # infinite, or not a number at all
        raise ValueError(_("must be a number"))
    return number


def _owner_of(name: str, settings: tuple[Setting, ...]) -> str:
    """The field beside which a problem is said: of ``stop.0`` the field ``stop``."""
    owners = [
        each.name for each in all_settings(settings) if f"{name}.".startswith(f"{each.name}.")
    ]
    return max(owners, key=len, default="")
