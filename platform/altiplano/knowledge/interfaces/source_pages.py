"""What the pages about a collection's sources show, and what is typed into their form."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db.models import Count, Q
from django.utils.translation import gettext as _

from altiplano.catalog.config_fields import Field, draw_fields
from altiplano.catalog.queries import UsableRelease, usable_releases
from altiplano.kernel.errors import InvalidInputError
from altiplano.kernel.reasons import in_my_language
from altiplano.knowledge.source_models import LoadedDocument, Repeat, Source, SourceState

SHOWN_GONE: Final = 100

Loaders = Mapping[str, UsableRelease]

PILLS: Final[Mapping[str, str]] = {
    SourceState.NEW: "",
    SourceState.QUEUED: "queued",
    SourceState.LOADING: "parsing",
    SourceState.DONE: "ready",
    SourceState.FAILED: "failed",
    SourceState.CANCELLED: "cancelled",
}


@dataclass(frozen=True, slots=True)
class Refused:
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class SourceCard:
    """A source as a person sees it. ``documents`` counts those here, ``gone`` those among them that
    the source has no more.
    """

    id: uuid.UUID
    name: str
    plugin: str
    version: str
    newer: str
    is_missing: bool
    state: str
    state_label: str
    pill: str
    is_under_way: bool
    reason: str
    brought: int
    new: int
    changed: int
    same: int
    refused: tuple[Refused, ...]
    documents: int
    gone: int
    repeat_label: str
    next_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """What was typed and did not fit; shown again with nothing lost."""

    name: str = ""
    reference: str = ""
    repeat: str = ""
    typed: Mapping[str, str] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class SourceForm:
    """The form of one source, with the settings of its loader."""

    plugin: str
    title: str
    summary: str
    fields: tuple[Field, ...]
    repeats: tuple[tuple[str, str], ...]
    attempt: Attempt


@dataclass(frozen=True, slots=True)
class Option:
    value: str
    title: str
    summary: str


def loaders_of(organization_id: uuid.UUID) -> Loaders:
    """What is installed and brings documents, by id."""
    found = usable_releases(organization_id) or {}
    return {
        slug: release
        for (kind, slug), release in sorted(found.items())
        if kind == "loader" and release.package_release is not None
    }


def options_of(loaders: Loaders) -> tuple[Option, ...]:
    return tuple(Option(slug, _title(slug, loaders), _summary(slug, loaders)) for slug in loaders)


def source_cards(
    organization_id: uuid.UUID, loaders: Loaders, **narrowed: object
) -> list[SourceCard]:
    """By name. One query, however many sources there are."""
    here = Q(brought__document__deleted_at__isnull=True, brought__isnull=False)
    sources = (
        Source.objects.within(organization_id)
        .filter(**narrowed)
        .annotate(
            documents=Count("brought", filter=here),
            gone=Count("brought", filter=here & Q(brought__gone_since__isnull=False)),
        )
        .order_by("name", "id")
    )
    return [_card(source, loaders) for source in sources]


def gone_documents(source: Source) -> list[LoadedDocument]:
    """Documents that the source has no more, by name; the first hundred."""
    return list(
        LoadedDocument.objects.within(source.organization_id)
        .filter(source=source, gone_since__isnull=False, document__deleted_at__isnull=True)
        .select_related("document")
        .order_by("document__name", "id")[:SHOWN_GONE]
    )


def form_of(
    plugin: str, loaders: Loaders, *, source: Source | None, attempt: Attempt | None
) -> SourceForm:
    """For a new source, or the one that is given; with what was typed where an attempt did not fit."""
    config = source.config if source is not None and source.plugin == plugin else {}
    if attempt is None:
        attempt = Attempt()
        if source is not None:
            attempt = Attempt(source.name, written_reference(source.reference), source.repeat)
    return SourceForm(
        plugin=plugin,
        title=_title(plugin, loaders),
        summary=_summary(plugin, loaders),
        fields=draw_fields(
            schema_of(plugin, loaders),
            config,
            typed=attempt.typed or None,
            problems=attempt.problems or None,
        ),
        repeats=tuple((str(value), str(label)) for value, label in Repeat.choices),
        attempt=attempt,
    )


def schema_of(plugin: str, loaders: Loaders) -> Mapping[str, Any]:
    release = loaders.get(plugin)
    return release.config_schema if release else {}


def read_reference(text: str) -> dict[str, Any]:
    """Lines like ``station = FR04143``. Every value is text; what is more than that is JSON, in braces.

    Raises InvalidInputError.
    """
    if text.strip().startswith("{"):
        try:
            found = json.loads(text)
        except ValueError:
            raise _wrong(_("What is in braces is not valid JSON.")) from None
        if not isinstance(found, dict):
            raise _wrong(_("What is in braces is not valid JSON."))
        return found
    reference: dict[str, Any] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        name, mark, value = line.partition("=")
        if not mark or not name.strip():
            raise _wrong(
                _("Write each line as a name, “=” and a value; “%(line)s” is none.")
                % {"line": line[:60]}
            )
        reference[name.strip()] = value.strip()
    return reference


def written_reference(reference: Mapping[str, Any]) -> str:
    """As :func:`read_reference` reads it: in lines where every value is a line of text."""
    is_plain = all(
        isinstance(value, str) and value == value.strip() and "=" not in name
        for name, value in reference.items()
    )
    if is_plain:
        return "\n".join(f"{name} = {value}" for name, value in reference.items())
    return json.dumps(reference, ensure_ascii=False, indent=2)


def _wrong(message: str) -> InvalidInputError:
    return InvalidInputError(message, code="source_invalid", fields={"reference": message})


def _card(source: Source, loaders: Loaders) -> SourceCard:
    release = loaders.get(source.plugin)
    pinned = str(source.pin["version"])
    counts: dict[str, int] = {
        "documents": source.documents,  # type: ignore[attr-defined]
        "gone": source.gone,  # type: ignore[attr-defined]
    }
    return SourceCard(
        id=source.id,
        name=source.name,
        plugin=_title(source.plugin, loaders),
        version=pinned,
        newer=release.version if release and release.version != pinned else "",
        is_missing=release is None,
        state=source.state,
        state_label=source.get_state_display(),
        pill=PILLS[source.state],
        is_under_way=source.is_under_way,
        reason=in_my_language(source.reason),
        brought=source.brought_count,
        new=source.new_count,
        changed=source.changed_count,
        same=source.same_count,
        refused=tuple(
            Refused(each["name"], in_my_language(each["reason"])) for each in source.refused
        ),
        repeat_label=source.get_repeat_display(),
        next_at=source.next_at,
        finished_at=source.finished_at,
        **counts,
    )


def _title(slug: str, loaders: Loaders) -> str:
    release = loaders.get(slug)
    return in_my_language(str(release.manifest.get("title") or slug)) if release else slug


def _summary(slug: str, loaders: Loaders) -> str:
    release = loaders.get(slug)
    return in_my_language(str(release.manifest.get("summary") or "")) if release else ""
