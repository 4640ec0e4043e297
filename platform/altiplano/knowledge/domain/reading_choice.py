"""Choosing the plugins that read a collection's documents, and the one that embeds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from altiplano.accounts.domain.audit import record_event
from altiplano.accounts.principal import Principal
from altiplano.catalog.config_problems import config_problems
from altiplano.catalog.pins import pin_of
from altiplano.catalog.queries import ReleaseKey, UsableRelease, usable_releases
from altiplano.kernel.errors import ConflictError, InvalidInputError
from altiplano.kernel.ids import new_id
from altiplano.kernel.jobs import create_job
from altiplano.knowledge.models import Chunk, Collection
from altiplano.knowledge.reading import (
    Step,
    embedder_step,
    index_step,
    next_embedder_step,
    way_of,
)
from altiplano.knowledge.specs import IndexCollection

PARTS: Final = ("parser", "splitter", "embedder", "index")

OPTIONAL_PARTS: Final = frozenset({"parser", "index"})
"""Where naming no plugin leaves the work to what is built in; a built-in one cannot be named."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A plugin with its settings; an empty ``plugin`` leaves the work to what is built in, see
    :data:`OPTIONAL_PARTS`.
    """

    plugin: str
    config: Mapping[str, Any] = field(default_factory=dict)


def change_reading(
    *, principal: Principal, collection_id: object, choices: Mapping[str, Choice]
) -> Collection:
    """Documents that come from now on are read as chosen; ``choices`` are keyed by :data:`PARTS`.

    A parser or splitter changes nothing that was read before, until documents are read again. An
    embedder takes over once it has embedded every passage; until then the former one answers. An
    index from a package answers once it is filled, and until then the built-in one. Each is held to the release that the organization has installed now.

    Raises InvalidInputError with fields like ``splitter.config.size``, ConflictError while no
    worker has told which plugins there are.
    """
    principal.require("write")
    releases = usable_releases(principal.organization_id)
    if releases is None:
        raise ConflictError(
            gettext_lazy("No worker has told yet which plugins it has. Try again in a moment."),
            code="no_plugins",
        )
    steps = {part: _checked(part, choice, releases) for part, choice in choices.items()}
    with transaction.atomic():
        collection = Collection.objects.get_within(principal.organization_id, collection_id)
        if "embedder" in steps:
            # First, as everywhere: index jobs are locked before collections.
            create_job(IndexCollection(collection.id), organization_id=collection.organization_id)
        collection = _locked(collection)
        changed = [part for part, step in steps.items() if _change(collection, part, step)]
        if changed:
            collection.save()
            record_event(
                principal=principal,
                organization_id=collection.organization_id,
                action="collection.reading_changed",
                object_type="collection",
                object_id=collection.id,
                data={
                    "name": collection.name,
                    "plugins": {part: _told(steps[part]) for part in changed},
                },
            )
    return collection


def keep_embedder(*, principal: Principal, collection_id: object) -> Collection:
    """The embedder that answers stays; what the next one has made is gone."""
    principal.require("write")
    with transaction.atomic():
        collection = _locked(
            Collection.objects.get_within(principal.organization_id, collection_id)
        )
        if collection.next_embedder:
            _forget_next(collection)
            collection.save(update_fields=["next_embedder"])
            record_event(
                principal=principal,
                organization_id=collection.organization_id,
                action="collection.embedder_kept",
                object_type="collection",
                object_id=collection.id,
                data={"name": collection.name},
            )
    return collection


def _locked(collection: Collection) -> Collection:
    rows = Collection.objects.within(collection.organization_id).filter(pk=collection.pk)
    rows.select_for_update(no_key=True).first()
    return Collection.objects.get_within(collection.organization_id, collection.pk)


def _checked(part: str, choice: Choice, releases: Mapping[ReleaseKey, UsableRelease]) -> Step:
    """The step that the choice means. Raises InvalidInputError."""
    if part not in PARTS:
        raise InvalidInputError(
            _("Choose what is to be changed."),
            code="reading_invalid",
            fields={"part": _("one of %(values)s") % {"values": ", ".join(PARTS)}},
        )
    if part in OPTIONAL_PARTS and not choice.plugin:
        return Step(part, "")
    release = releases.get((part, choice.plugin))
    if release is None:
        raise InvalidInputError(
            _("There is no %(kind)s plugin called “%(plugin)s”."),
            params={"kind": part, "plugin": choice.plugin[:64]},
            code="reading_invalid",
            fields={f"{part}.plugin": _("unknown plugin")},
        )
    if part == "parser" and release.package_release is None:
        raise InvalidInputError(
            _("A built-in parser reads its own kinds of files in any case."),
            code="reading_invalid",
            fields={"parser.plugin": _("built in")},
        )
    if part == "index" and release.package_release is None:
        raise InvalidInputError(
            _("The built-in indexes answer wherever no other one is named."),
            code="reading_invalid",
            fields={"index.plugin": _("built in")},
        )
    problems = config_problems(release.config_schema, choice.config)
    if problems:
        raise InvalidInputError(
            _("Some settings do not fit the plugin."),
            code="reading_invalid",
            fields={
                ".".join(filter(None, (part, "config", name))): reason
                for name, reason in problems.items()
            },
        )
    pin = pin_of(release, choice.config) if release.package_release else None
    return Step(part, choice.plugin, dict(choice.config), pin)


def _change(collection: Collection, part: str, step: Step) -> bool:
    """False when the collection has this step already, or is on its way to it."""
    if part == "embedder":
        return _change_embedder(collection, step)
    way = way_of(collection)
    present = {"parser": way.parser, "splitter": way.splitter, "index": index_step(collection)}[
        part
    ]
    if (present or Step(part, "")) == step:
        return False
    setattr(collection, part, step.plugin)
    setattr(collection, f"{part}_config", dict(step.config))
    _set_pin(collection, step)
    return True


def _change_embedder(collection: Collection, step: Step) -> bool:
    if step == embedder_step(collection):
        if not collection.next_embedder:
            return False
        _forget_next(collection)
        return True
    is_under_way = bool(collection.next_embedder) and not collection.next_embedder.get("problem")
    if is_under_way and step == next_embedder_step(collection):
        return False
    _forget_next(collection)
    if not Chunk.unscoped.filter(collection=collection, vector__isnull=False).exists():
        collection.embedder, collection.embedder_config = step.plugin, dict(step.config)
        _set_pin(collection, step)
        return True
    collection.next_embedder = {
        "id": new_id().hex,
        "embedder": step.plugin,
        "config": dict(step.config),
        "plugins": [] if step.pin is None else [dict(step.pin)],
        "model": "",
        "dimension": None,
        "problem": "",
    }
    return True


def _forget_next(collection: Collection) -> None:
    collection.next_embedder = {}
    made = Chunk.unscoped.filter(collection=collection, next_vector__isnull=False)
    made.update(next_vector=None)


def _set_pin(collection: Collection, step: Step) -> None:
    others = [pin for pin in collection.plugins if pin["kind"] != step.kind]
    collection.plugins = others if step.pin is None else [*others, dict(step.pin)]


def _told(step: Step) -> str:
    """What the history keeps: the name, with the version of what comes from outside."""
    return f"{step.plugin} {step.pin['version']}" if step.pin else step.plugin or "built in"
