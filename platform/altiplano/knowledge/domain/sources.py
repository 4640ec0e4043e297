"""What an owner does with the sources of a collection: add, change, load, stop, remove.

Locks are taken in this order: the job of the load, the source, and then what documents need.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from altiplano.accounts.domain.audit import record_event
from altiplano.accounts.principal import Principal
from altiplano.catalog.config_problems import config_problems
from altiplano.catalog.pins import pin_of
from altiplano.catalog.queries import UsableRelease, usable_releases
from altiplano.kernel.errors import ConflictError, InvalidInputError
from altiplano.kernel.jobs import cancel_jobs, create_job
from altiplano.kernel.naming import read_name
from altiplano.knowledge.domain.deletion import discard_documents
from altiplano.knowledge.models import Collection
from altiplano.knowledge.source_models import (
    UNDER_WAY,
    LoadedDocument,
    Repeat,
    Source,
    SourceState,
)
from altiplano.knowledge.specs import LoadSource

PERIODS: Final[Mapping[str, timedelta]] = {
    Repeat.DAILY: timedelta(days=1),
    Repeat.WEEKLY: timedelta(days=7),
}
MAX_SOURCES: Final = 50
"""Of one collection."""

MAX_NAME_CHARS: Final = 200
MAX_REFERENCE_CHARS: Final = 10_000


@dataclass(frozen=True, slots=True)
class SourceWish:
    """A loader with its settings, and what it is to bring: ``reference``, as the loader asks."""

    name: str
    plugin: str
    reference: Mapping[str, Any]
    config: Mapping[str, Any] = field(default_factory=dict)
    repeat: str = Repeat.NEVER


def add_source(*, principal: Principal, collection_id: object, wish: SourceWish) -> Source:
    """A source that has brought nothing yet, held to the release that is installed now.

    Raises InvalidInputError with fields like ``config.most_days``, ConflictError when the name is
    taken, the collection has :data:`MAX_SOURCES`, or no worker has told which plugins there are.
    """
    principal.require("write")
    collection = Collection.objects.get_within(principal.organization_id, collection_id)
    fields = _checked(principal, wish)
    with _told_when_name_is_taken(fields["name"]), transaction.atomic():
        others = Source.objects.within(collection.organization_id).filter(collection=collection)
        if others.count() >= MAX_SOURCES:
            raise ConflictError(
                _("A collection has at most %(limit)s sources."),
                params={"limit": MAX_SOURCES},
                code="too_many_sources",
            )
        source = Source.unscoped.create(
            organization_id=collection.organization_id, collection=collection, **fields
        )
        _record(principal, source, "source.added")
    return source


def change_source(*, principal: Principal, source_id: object, wish: SourceWish) -> Source:
    """The next load goes by ``wish``, with the release that is installed now. Raises as adding does."""
    principal.require("write")
    fields = _checked(principal, wish)
    with _told_when_name_is_taken(fields["name"]), transaction.atomic():
        source = _locked(principal, source_id)
        if fields["repeat"] == source.repeat:
            fields["next_at"] = source.next_at
        for name, value in fields.items():
            setattr(source, name, value)
        source.save(update_fields=list(fields))
        _record(principal, source, "source.changed")
    return source


def load_source(*, principal: Principal, source_id: object) -> Source:
    """A worker will bring what the source has. Asking while it is under way changes nothing."""
    principal.require("write")
    with transaction.atomic():
        source = Source.objects.get_within(principal.organization_id, source_id)
        if not source.is_under_way:
            _record(principal, source, "source.loaded")
        queue_load(source)
    source.refresh_from_db()
    return source


def stop_source(*, principal: Principal, source_id: object) -> Source:
    """Nothing more is brought; what has come stays. Raises ConflictError when nothing is under way."""
    principal.require("write")
    with transaction.atomic():
        source = Source.objects.get_within(principal.organization_id, source_id)
        cancel_jobs(subject_id=source.id)
        source = _locked(principal, source_id)
        if not source.is_under_way:
            raise ConflictError(_("Nothing is being loaded."), code="not_loading")
        source.state, source.finished_at = SourceState.CANCELLED, timezone.now()
        source.save(update_fields=["state", "finished_at"])
    return source


def delete_source(*, principal: Principal, source_id: object, with_documents: bool) -> int:
    """The source is gone, and ``with_documents`` what it brought; answers with how many those were.

    Without, the documents stay as if somebody had uploaded them.
    """
    principal.require("write")
    with transaction.atomic():
        source = Source.objects.get_within(principal.organization_id, source_id)
        cancel_jobs(subject_id=source.id)
        source = _locked(principal, source_id)
        brought = LoadedDocument.objects.within(source.organization_id).filter(
            source=source, document__deleted_at__isnull=True
        )
        found = [str(pk) for pk in brought.values_list("document_id", flat=True)]
        if with_documents and found:
            discard_documents(
                principal=principal, collection_id=source.collection_id, document_ids=found
            )
        _record(principal, source, "source.deleted")
        source.delete()
    return len(found) if with_documents else 0


def queue_load(source: Source) -> None:
    """The source waits to be loaded, unless it is under way. In the caller's transaction."""
    create_job(LoadSource(source.id), organization_id=source.organization_id)
    Source.unscoped.filter(pk=source.pk).exclude(state__in=UNDER_WAY).update(
        state=SourceState.QUEUED, reason="", finished_at=None
    )


def _checked(principal: Principal, wish: SourceWish) -> dict[str, Any]:
    """The fields of a source. Raises InvalidInputError, ConflictError."""
    release = _release(principal, wish.plugin)
    problems = {
        ".".join(filter(None, ("config", name))): reason
        for name, reason in config_problems(release.config_schema, wish.config).items()
    }
    if problems:
        raise InvalidInputError(
            _("Some settings do not fit the plugin."), code="source_invalid", fields=problems
        )
    if wish.repeat not in Repeat.values:
        message = _("A source is repeated daily, weekly or not at all.")
        raise InvalidInputError(message, code="source_invalid", fields={"repeat": message})
    _check_reference(wish.reference)
    period = PERIODS.get(wish.repeat)
    return {
        "name": read_name(wish.name, maximum=MAX_NAME_CHARS),
        "plugin": wish.plugin,
        "config": dict(wish.config),
        "pin": pin_of(release, wish.config),
        "reference": dict(wish.reference),
        "repeat": wish.repeat,
        "next_at": None if period is None else timezone.now() + period,
    }


def _release(principal: Principal, plugin: str) -> UsableRelease:
    releases = usable_releases(principal.organization_id)
    if releases is None:
        raise ConflictError(
            _("No worker has told yet which plugins it has. Try again in a moment."),
            code="no_plugins",
        )
    release = releases.get(("loader", plugin))
    if release is None or release.package_release is None:
        raise InvalidInputError(
            _("There is no installed loader called “%(plugin)s”."),
            params={"plugin": plugin[:64]},
            code="source_invalid",
            fields={"plugin": _("unknown plugin")},
        )
    return release


def _check_reference(reference: Mapping[str, Any]) -> None:
    text = json.dumps(reference, ensure_ascii=False)
    # Neither database nor plugin could hold half a character; PostgreSQL holds no zero either.
    is_text = not any("\ud800" <= letter <= "\udfff" for letter in text)
    if len(text) <= MAX_REFERENCE_CHARS and is_text and "\\u0000" not in text:
        return
    message = _("What to bring is at most %(limit)s characters of plain text.")
    raise InvalidInputError(
        message,
        params={"limit": MAX_REFERENCE_CHARS},
        code="source_invalid",
        fields={"reference": message},
    )


def _locked(principal: Principal, source_id: object) -> Source:
    rows = Source.objects.within(principal.organization_id).select_for_update(no_key=True)
    rows.filter(pk=Source.objects.get_within(principal.organization_id, source_id).pk).first()
    return Source.objects.get_within(principal.organization_id, source_id)


def _record(principal: Principal, source: Source, action: str) -> None:
    record_event(
        principal=principal,
        organization_id=source.organization_id,
        action=action,
        object_type="source",
        object_id=source.id,
        data={"name": source.name, "plugin": f"{source.plugin} {source.pin['version']}"},
    )


@contextmanager
def _told_when_name_is_taken(name: str) -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        message = _("This collection has a source called “%(name)s” already.")
        raise ConflictError(
            message, params={"name": name}, code="name_taken", fields={"name": message}
        ) from error
