"""What the page “How documents are read” shows: each step, and the form of the one to change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from django.utils.translation import gettext_lazy

from altiplano.catalog.config_fields import Field, draw_fields
from altiplano.catalog.queries import ReleaseKey, UsableRelease, usable_releases
from altiplano.kernel.reasons import in_my_language
from altiplano.knowledge.domain.reading_choice import OPTIONAL_PARTS, PARTS
from altiplano.knowledge.domain.rereading import Outlook, outlook_of
from altiplano.knowledge.index_contents import NextProgress, next_progress
from altiplano.knowledge.models import Collection
from altiplano.knowledge.reading import (
    Step,
    embedder_step,
    index_step,
    next_embedder_step,
    way_of,
)

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

Releases = Mapping[ReleaseKey, UsableRelease]

PART_NAMES: Final[Mapping[str, StrPromise]] = {
    "parser": gettext_lazy("Read files"),
    "splitter": gettext_lazy("Cut into passages"),
    "embedder": gettext_lazy("Search by meaning"),
    "index": gettext_lazy("Find the nearest passages"),
}

UNNAMED: Final[Mapping[str, StrPromise]] = {
    "parser": gettext_lazy("The built-in reader of each kind of file"),
    "index": gettext_lazy("The built-in indexes"),
}
"""What stands for a part that names no plugin."""


@dataclass(frozen=True, slots=True)
class PartCard:
    """One step as it is now. ``newer`` is the version that the organization has installed, where the
    collection is held to another one; ``missing`` says that the plugin must not run any more.
    """

    part: str
    name: str
    title: str
    summary: str
    version: str = ""
    newer: str = ""
    is_missing: bool = False


@dataclass(frozen=True, slots=True)
class Option:
    value: str
    title: str
    is_chosen: bool = False


@dataclass(frozen=True, slots=True)
class PartForm:
    """The step to change, with the settings of the plugin that is chosen in it."""

    part: str
    name: str
    plugin: str
    title: str
    summary: str
    options: tuple[Option, ...]
    fields: tuple[Field, ...]
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What was typed and did not fit; shown again with nothing lost."""

    typed: Mapping[str, str] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class ReadingPage:
    parts: tuple[PartCard, ...]
    form: PartForm | None
    outlook: Outlook
    following: PartCard | None
    progress: NextProgress | None
    problem: str = ""
    knows_plugins: bool = True


def build_page(
    collection: Collection,
    *,
    part: str = "",
    plugin: str | None = None,
    attempt: Attempt | None = None,
) -> ReadingPage:
    """With ``part`` opened for change, and ``plugin`` chosen in it."""
    known = usable_releases(collection.organization_id)
    releases = known or {}
    steps = steps_of(collection)
    following = next_embedder_step(collection)
    form = None
    if part in PARTS and known is not None:
        form = _form(part, steps[part], plugin, releases, attempt)
    return ReadingPage(
        parts=tuple(_card(step, releases, is_known=known is not None) for step in steps.values()),
        form=form,
        outlook=outlook_of(collection),
        following=_card(following, releases, is_known=known is not None) if following else None,
        progress=next_progress(collection) if following else None,
        problem=in_my_language(collection.next_embedder.get("problem", "")),
        knows_plugins=known is not None,
    )


def steps_of(collection: Collection) -> dict[str, Step]:
    """What the collection names, by part. An empty plugin stands for the built-in ones."""
    way = way_of(collection)
    return {
        "parser": way.parser or Step("parser", ""),
        "splitter": way.splitter,
        "embedder": embedder_step(collection),
        "index": index_step(collection) or Step("index", ""),
    }


def schema_of(part: str, plugin: str, releases: Releases) -> Mapping[str, Any]:
    release = releases.get((part, plugin))
    return release.config_schema if release else {}


def _card(step: Step, releases: Releases, *, is_known: bool) -> PartCard:
    release = releases.get((step.kind, step.plugin))
    pinned = str(step.pin["version"]) if step.pin else ""
    return PartCard(
        part=step.kind,
        name=str(PART_NAMES[step.kind]),
        title=_title(step.kind, step.plugin, releases),
        summary=_summary(step.kind, step.plugin, releases),
        version=pinned,
        newer=release.version if release and pinned and release.version != pinned else "",
        is_missing=is_known and bool(step.plugin) and release is None,
    )


def _form(
    part: str, step: Step, plugin: str | None, releases: Releases, attempt: Attempt | None
) -> PartForm:
    chosen = step.plugin if plugin is None else plugin
    if chosen and (part, chosen) not in releases:
        chosen = step.plugin if (part, step.plugin) in releases else _first(part, releases)
    config = step.config if chosen == step.plugin else {}
    return PartForm(
        part=part,
        name=str(PART_NAMES[part]),
        plugin=chosen,
        title=_title(part, chosen, releases),
        summary=_summary(part, chosen, releases),
        options=_options(part, chosen, releases),
        fields=draw_fields(
            schema_of(part, chosen, releases),
            config,
            typed=attempt.typed if attempt else None,
            problems=attempt.problems if attempt else None,
        ),
        sentence=attempt.sentence if attempt else "",
    )


def _options(part: str, chosen: str, releases: Releases) -> tuple[Option, ...]:
    found = [
        Option(slug, _title(part, slug, releases), is_chosen=slug == chosen)
        for (kind, slug), release in sorted(releases.items())
        if kind == part and (part not in OPTIONAL_PARTS or release.package_release is not None)
    ]
    if part in OPTIONAL_PARTS:
        found.insert(0, Option("", _title(part, "", releases), is_chosen=not chosen))
    return tuple(found)


def _first(part: str, releases: Releases) -> str:
    """Something to begin with where the collection's own plugin is gone."""
    if part in OPTIONAL_PARTS:
        return ""
    return min((slug for kind, slug in releases if kind == part), default="")


def _title(part: str, plugin: str, releases: Releases) -> str:
    if not plugin and part in UNNAMED:
        return str(UNNAMED[part])
    release = releases.get((part, plugin))
    return in_my_language(str(release.manifest.get("title") or plugin)) if release else plugin


def _summary(part: str, plugin: str, releases: Releases) -> str:
    release = releases.get((part, plugin))
    return in_my_language(str(release.manifest.get("summary") or "")) if release else ""
