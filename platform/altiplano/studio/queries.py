"""Reads about apps and their versions."""

import uuid
from collections.abc import Iterable, Mapping

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from altiplano.kernel.errors import NotFoundError
from altiplano.knowledge.models import Collection
from altiplano.studio.models import App, AppVersion, DraftRevision


def apps_of(organization_id: uuid.UUID) -> QuerySet[App]:
    """The organization's apps by name, each with its published version and its collections."""
    return (
        App.objects.within(organization_id)
        .select_related("published_version")
        .prefetch_related("collections")
        .order_by("name", "id")
    )


def draft_is_ahead(app: App, installed: Mapping[str, uuid.UUID]) -> bool:
    """Whether publishing now would change what the public asks; for apps of ``apps_of``.

    ``installed`` is what ``installed_releases`` says of the app's organization.
    """
    published = app.published_version
    return published is None or not draft_equals(app, published, installed)


def draft_equals(app: App, version: AppVersion, installed: Mapping[str, uuid.UUID]) -> bool:
    """Whether freezing the draft now would make the same version again, with the same plugins."""
    draft = (app.draft_pipeline, app.endpoint_id, {str(each.id) for each in app.collections.all()})
    return draft == (
        version.pipeline,
        version.endpoint_id,
        set(version.collection_ids),
    ) and all(str(installed.get(pin["plugin"])) == pin["release"] for pin in version.plugins)


def revision_of(app: App, number: int) -> DraftRevision | None:
    """What the draft was after its change ``number``; None when that is forgotten."""
    revisions = DraftRevision.objects.within(app.organization_id).select_related("changed_by")
    return revisions.filter(app=app, number=number).first()


def versions_of(app: App) -> QuerySet[AppVersion]:
    """The app's versions, the newest first."""
    versions = AppVersion.objects.within(app.organization_id).filter(app=app)
    return versions.select_related("created_by").order_by("-number")


def version_of(app: App, number: int) -> AppVersion:
    """Raises NotFoundError."""
    version = versions_of(app).filter(number=number).first()
    if version is None:
        raise NotFoundError(
            _("This app has no such version."), fields={"version": _("unknown version")}
        )
    return version


def collections_by_id(organization_id: uuid.UUID, ids: Iterable[str]) -> list[Collection]:
    """The organization's collections with these ids, each once, in the order given.

    One query. Raises NotFoundError when one is unknown, foreign or no id at all: they look alike.
    """
    wanted: list[uuid.UUID] = []
    for raw in dict.fromkeys(ids):
        try:
            wanted.append(uuid.UUID(raw))
        except ValueError:
            raise _no_such_collection() from None
    found = {
        row.id: row for row in Collection.objects.within(organization_id).filter(id__in=wanted)
    }
    if len(found) != len(set(wanted)):
        raise _no_such_collection()
    return [found[one] for one in dict.fromkeys(wanted)]


def _no_such_collection() -> NotFoundError:
    return NotFoundError(
        _("There is no such collection in your organization."),
        fields={"collections": _("unknown collection")},
    )
