"""Two states of an app side by side, with everything named as a person names it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from altiplano.knowledge.models import Collection
from altiplano.serving.models import ModelEndpoint
from altiplano.studio.differences import AppState, Differences, StageChange
from altiplano.studio.models import App, AppVersion, DraftRevision
from altiplano.studio.pipelines import from_stored


@dataclass(frozen=True, slots=True)
class Comparison:
    """:class:`Differences` with names instead of ids; empty when there are none."""

    stages: tuple[StageChange, ...] = ()
    collections_added: tuple[str, ...] = ()
    collections_removed: tuple[str, ...] = ()
    endpoint: tuple[str, str] | None = None

    def __bool__(self) -> bool:
        return self != Comparison()


def state_of(source: App | AppVersion | DraftRevision) -> AppState:
    """What the draft, a frozen version or an earlier draft would answer with."""
    if isinstance(source, App):
        pipeline = source.draft_pipeline
        collections = [str(pk) for pk in source.collections.values_list("pk", flat=True)]
    else:
        pipeline, collections = source.pipeline, source.collection_ids
    return AppState(from_stored(pipeline), tuple(collections), str(source.endpoint_id or ""))


def name_differences(organization_id: uuid.UUID, differences: Differences) -> Comparison:
    """At most two queries, and none where neither collections nor the model changed."""
    ids = {*differences.collections_added, *differences.collections_removed}
    found = Collection.objects.within(organization_id).filter(id__in=ids) if ids else ()
    names = {str(row.id): row.name for row in found}
    return Comparison(
        stages=differences.stages,
        collections_added=_named(differences.collections_added, names),
        collections_removed=_named(differences.collections_removed, names),
        endpoint=_endpoint_names(organization_id, differences.endpoint),
    )


def _named(ids: Iterable[str], names: dict[str, str]) -> tuple[str, ...]:
    return tuple(names.get(each, _("a deleted collection")) for each in ids)


def _endpoint_names(
    organization_id: uuid.UUID, pair: tuple[str, str] | None
) -> tuple[str, str] | None:
    if pair is None:
        return None
    found = ModelEndpoint.objects.filter(id__in=[each for each in pair if each])
    names = {
        str(row.id): str(row) for row in found if row.organization_id in (None, organization_id)
    }
    names[""] = _("the platform's model")
    before, after = (names.get(each, _("a deleted model")) for each in pair)
    return before, after
