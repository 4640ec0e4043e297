"""What changed between two states of an app, as a person would tell it.

A state is what a draft or a frozen version holds. Stages have no names, so those of two states are
paired by what they are: first in order, then across a move, then as an exchange of plugins.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal

from django.utils.translation import gettext as _

from altiplano.catalog.config_fields import Setting, Widget, say_value, settings_of
from altiplano.catalog.queries import ReleaseKey, UsableRelease
from altiplano.kernel.reasons import in_my_language
from altiplano.studio.pipelines import Stage
from altiplano.studio.stage_edits import KIND_NAMES

Releases = Mapping[ReleaseKey, UsableRelease]


@dataclass(frozen=True, slots=True)
class AppState:
    """``collections`` and ``endpoint`` are ids; no endpoint is the platform's own model."""

    stages: tuple[Stage, ...]
    collections: tuple[str, ...] = ()
    endpoint: str = ""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some words of a text that stayed, came or went."""

    text: str
    change: Literal["same", "inserted", "deleted"]


@dataclass(frozen=True, slots=True)
class SettingChange:
    """A setting that has another value. Of a long text ``pieces`` tell which words changed."""

    title: str
    before: str
    after: str
    pieces: tuple[Piece, ...] = ()


@dataclass(frozen=True, slots=True)
class StageChange:
    """A stage that came, went, moved, got another plugin (``was``) or other settings.

    ``place`` counts from 1 and is where the stage stands now, or stood before it was removed.
    """

    change: Literal["added", "removed", "moved", "exchanged", "changed"]
    place: int
    kind: str
    plugin: str
    was: str = ""
    settings: tuple[SettingChange, ...] = ()


@dataclass(frozen=True, slots=True)
class Differences:
    """``collections_*`` and ``endpoint`` are ids, for the page to name."""

    stages: tuple[StageChange, ...] = ()
    collections_added: tuple[str, ...] = ()
    collections_removed: tuple[str, ...] = ()
    endpoint: tuple[str, str] | None = None

    def __bool__(self) -> bool:
        return self != Differences()


def compare(before: AppState, after: AppState, releases: Releases | None = None) -> Differences:
    """What somebody did who made ``after`` of ``before``.

    ``releases`` give settings their titles and defaults; without one a setting is called as it is
    stored, and an absent one is said to be absent.
    """
    return Differences(
        stages=tuple(_stage_changes(before.stages, after.stages, releases or {})),
        collections_added=_without(after.collections, before.collections),
        collections_removed=_without(before.collections, after.collections),
        endpoint=(None if before.endpoint == after.endpoint else (before.endpoint, after.endpoint)),
    )


def _without(these: Sequence[str], those: Sequence[str]) -> tuple[str, ...]:
    return tuple(each for each in these if each not in those)


# --- Stages ---------------------------------------------------------------------------------------

Pairs = list[tuple[int, int]]


def _stage_changes(
    before: Sequence[Stage], after: Sequence[Stage], releases: Releases
) -> list[StageChange]:
    kept = _in_order(before, after)
    moved = _pair_up(before, after, kept, lambda stage: (stage.kind, stage.plugin))
    exchanged = _pair_up(before, after, kept + moved, lambda stage: (stage.kind, ""))
    paired = kept + moved + exchanged
    found: list[StageChange] = []
    for old, stage in enumerate(before):
        if old not in {first for first, _ in paired}:
            found.append(_told("removed", old, stage, releases))
    for old, new in sorted(paired, key=lambda pair: pair[1]):
        found.extend(_pair_change(before[old], after[new], new, (old, new) in moved, releases))
    for new, stage in enumerate(after):
        if new not in {second for _, second in paired}:
            found.append(
                _told("added", new, stage, releases, _settings_from_scratch(stage, releases))
            )
    return found


def _in_order(before: Sequence[Stage], after: Sequence[Stage]) -> Pairs:
    """The longest run of stages that kept their order."""
    matcher = SequenceMatcher(
        None, [(s.kind, s.plugin) for s in before], [(s.kind, s.plugin) for s in after], False
    )
    return [
        (block.a + step, block.b + step)
        for block in matcher.get_matching_blocks()
        for step in range(block.size)
    ]


def _pair_up(
    before: Sequence[Stage],
    after: Sequence[Stage],
    taken: Pairs,
    key: Callable[[Stage], tuple[str, str]],
) -> Pairs:
    """Pairs of equal keys among the stages that are not taken, each stage once."""
    left = [place for place in range(len(before)) if place not in {a for a, _ in taken}]
    pairs: Pairs = []
    for new in range(len(after)):
        if new in {b for _, b in taken}:
            continue
        old = next((place for place in left if key(before[place]) == key(after[new])), None)
        if old is not None:
            left.remove(old)
            pairs.append((old, new))
    return pairs


def _pair_change(
    before: Stage, after: Stage, place: int, is_moved: bool, releases: Releases
) -> list[StageChange]:
    if before.plugin != after.plugin:
        settings = _settings_from_scratch(after, releases)
        was = plugin_title(releases, before.kind, before.plugin)
        return [_told("exchanged", place, after, releases, settings, was=was)]
    settings = _setting_changes(before, after, releases)
    found = [_told("moved", place, after, releases)] if is_moved else []
    if settings:
        found.append(_told("changed", place, after, releases, settings))
    return found


def _told(
    change: Literal["added", "removed", "moved", "exchanged", "changed"],
    place: int,
    stage: Stage,
    releases: Releases,
    settings: tuple[SettingChange, ...] = (),
    *,
    was: str = "",
) -> StageChange:
    kind = str(KIND_NAMES.get(stage.kind, stage.kind))
    title = plugin_title(releases, stage.kind, stage.plugin)
    return StageChange(change, place + 1, kind, title, was, settings)


def plugin_title(releases: Releases, kind: str, plugin: str) -> str:
    """What the plugin calls itself, in the reader's language; its id where it is not installed."""
    release = releases.get((kind, plugin))
    return in_my_language(str(release.manifest.get("title") or plugin)) if release else plugin


# --- Settings -------------------------------------------------------------------------------------


def _setting_changes(before: Stage, after: Stage, releases: Releases) -> tuple[SettingChange, ...]:
    release = releases.get((after.kind, after.plugin))
    known = {
        each.name: each for each in _flat(settings_of(release.config_schema) if release else ())
    }
    old, new = _values(before.config, known), _values(after.config, known)
    names = [name for name in known if name in old or name in new]
    names += sorted((old.keys() | new.keys()) - known.keys())
    changes = [
        _setting_change(known.get(name), name, old.get(name), new.get(name))
        for name in names
        if old.get(name) != new.get(name)
    ]
    if before.may_send_with_passages != after.may_send_with_passages:
        changes.append(_permission_change(after))
    return tuple(changes)


def _permission_change(after: Stage) -> SettingChange:
    yes, no = _("yes"), _("no")
    old, new = (no, yes) if after.may_send_with_passages else (yes, no)
    return SettingChange(_("May send something out while passages are in the prompt"), old, new)


def _settings_from_scratch(stage: Stage, releases: Releases) -> tuple[SettingChange, ...]:
    """What of a new stage differs from its defaults."""
    return _setting_changes(Stage(stage.kind, stage.plugin, {}), stage, releases)


def _flat(settings: Sequence[Setting]) -> list[Setting]:
    return [
        each
        for setting in settings
        for each in (setting.children if setting.widget is Widget.GROUP else (setting,))
    ]


def _values(config: Mapping[str, Any], known: Mapping[str, Setting]) -> dict[str, Any]:
    """The value of each setting by its name with dots, the default where none is stored."""
    values = {name: setting.default for name, setting in known.items() if setting.has_default}
    for name, value in config.items():
        inside = [each for each in known if each.startswith(f"{name}.")]
        if inside and isinstance(value, Mapping):
            values |= {f"{name}.{key}": each for key, each in value.items()}
        else:
            values[name] = value
    return values


def _setting_change(setting: Setting | None, name: str, before: Any, after: Any) -> SettingChange:
    if setting is None:
        title, old, new = name, _raw(before), _raw(after)
    else:
        title, old, new = setting.title, say_value(setting, before), say_value(setting, after)
    is_text = isinstance(before, str | None) and isinstance(after, str | None)
    is_long = (
        is_text and max(len(old), len(new)) > 60 and not (setting and "enum" in setting.schema)
    )
    return SettingChange(
        title, old, new, compare_texts(before or "", after or "") if is_long else ()
    )


def _raw(value: Any) -> str:
    return "" if value is None else str(value)


# --- Texts ----------------------------------------------------------------------------------------

_WORDS = re.compile(r"\s+|[^\s\w]|\w+")
_LINES = re.compile(r"[^\n]*\n|[^\n]+")
_MOST_PARTS = 1500
"""Of texts with more words their lines are compared: the work grows with the square."""


def compare_texts(before: str, after: str) -> tuple[Piece, ...]:
    """The words of both, in order. Those that are not deleted make ``after``, those that are not
    inserted make ``before``."""
    old, new = _parts(before, after)
    pieces: list[Piece] = []
    for what, a, b, c, d in SequenceMatcher(None, old, new, False).get_opcodes():
        if what == "equal":
            pieces.append(Piece("".join(old[a:b]), "same"))
            continue
        if a < b:
            pieces.append(Piece("".join(old[a:b]), "deleted"))
        if c < d:
            pieces.append(Piece("".join(new[c:d]), "inserted"))
    return tuple(pieces)


def _parts(before: str, after: str) -> tuple[list[str], list[str]]:
    for pattern in (_WORDS, _LINES):
        old, new = pattern.findall(before), pattern.findall(after)
        if max(len(old), len(new)) <= _MOST_PARTS:
            return old, new
    return [before] if before else [], [after] if after else []
