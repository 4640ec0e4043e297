"""Apps and their drafts. Whatever is stored here, a worker can run."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, Literal

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from altiplano.accounts.domain.audit import record_event
from altiplano.accounts.principal import Principal
from altiplano.kernel.errors import (
    ConflictError,
    InvalidInputError,
    LimitReachedError,
    NotFoundError,
)
from altiplano.kernel.naming import free_slug, read_name
from altiplano.knowledge.models import Collection
from altiplano.serving.models import ModelEndpoint
from altiplano.serving.queries import endpoint_usable_by
from altiplano.studio.models import App, DraftRevision
from altiplano.studio.pipeline_templates import DEFAULT_TEMPLATE, TEMPLATES
from altiplano.studio.pipelines import Stage, check_pipeline, from_stored, to_stored
from altiplano.studio.plugins import Releases, releases_for_draft, releases_for_versions
from altiplano.studio.queries import collections_by_id
from altiplano.studio.rules import MAX_APPS, check_collections

SLUG_ATTEMPTS = 5
KEPT_REVISIONS = 50


class Unchanged(Enum):
    """Tells a field that stays as it is from one that is emptied."""

    UNCHANGED = "unchanged"


UNCHANGED: Final = Unchanged.UNCHANGED


@dataclass(frozen=True, slots=True)
class AppChanges:
    """What to change of an app; None leaves a field as it is.

    ``revision`` is the draft's revision that the editor saw. ``endpoint`` None means the
    platform's default model.
    """

    name: str | None = None
    collections: Sequence[str] | None = None
    stages: Sequence[Stage] | None = None
    endpoint: str | Literal[Unchanged.UNCHANGED] | None = UNCHANGED
    revision: int | None = None

    @property
    def touches_draft(self) -> bool:
        return (
            self.collections is not None
            or self.stages is not None
            or self.endpoint is not UNCHANGED
        )


def create_app(
    *,
    principal: Principal,
    name: str,
    collections: Sequence[str] = (),
    template: str | None = None,
    stages: Sequence[Stage] | None = None,
    endpoint: str | None = None,
) -> App:
    """A new app with a draft from the template, or from ``stages`` where they are given.

    Nothing is published yet. Raises InvalidInputError, NotFoundError for a collection that is not
    the organization's, LimitReachedError.
    """
    principal.require("write")
    name = read_name(name, maximum=200)
    chosen = _stages_of(template, stages)
    found = collections_by_id(principal.organization_id, collections)
    _check_draft(chosen, found, releases_for_versions(principal.organization_id))
    model = _endpoint(principal.organization_id, endpoint)
    if App.objects.within(principal.organization_id).count() >= MAX_APPS:
        raise LimitReachedError(
            _("An organization has at most %(limit)s apps."), params={"limit": MAX_APPS}
        )
    for _attempt in range(SLUG_ATTEMPTS):
        slug = _free_slug(principal.organization_id, name)
        try:
            with transaction.atomic():
                app = App.unscoped.create(
                    organization_id=principal.organization_id,
                    name=name,
                    slug=slug,
                    draft_pipeline=to_stored(chosen),
                    endpoint=model,
                )
                app.collections.set(found)
                keep_revision(principal, app, found)
                _record(principal, "app.created", app, {"name": name})
        except IntegrityError:  # someone took the slug between the look and the insert
            continue
        return app
    raise ConflictError(_("Too many apps of this name are being made; try again."))


def _stages_of(template: str | None, stages: Sequence[Stage] | None) -> Sequence[Stage]:
    if stages is not None:
        if template is not None:
            raise InvalidInputError(
                _("Name a template or give a pipeline, not both."),
                fields={"template": _("not both")},
            )
        return stages
    chosen = TEMPLATES.get(template or DEFAULT_TEMPLATE)
    if chosen is None:
        raise InvalidInputError(
            _("The template is one of: %(values)s."),
            params={"values": ", ".join(TEMPLATES)},
            fields={"template": _("unknown template")},
        )
    return chosen.stages


def _free_slug(organization_id: uuid.UUID, name: str) -> str:
    apps = App.objects.within(organization_id)
    return free_slug(name, fallback="app", is_taken=lambda slug: apps.filter(slug=slug).exists())


def _check_draft(
    stages: Sequence[Stage], collections: Sequence[Collection], releases: Releases | None
) -> None:
    check_pipeline(stages, releases=releases)
    check_collections(stages, collections)


def change_app(*, principal: Principal, app_id: object, changes: AppChanges) -> App:
    """The app with these changes; what is published answers as before.

    A change of the draft raises its revision. Raises ConflictError when the draft is no longer the
    one that the editor saw, and what :func:`create_app` raises.
    """
    principal.require("write")
    name = None if changes.name is None else read_name(changes.name, maximum=200)
    with transaction.atomic():
        app = lock_app(principal.organization_id, app_id)
        check_revision(app, changes.revision)
        if name is not None and name != app.name:
            _record(principal, "app.renamed", app, {"from": app.name, "name": name})
            app.name = name
        if changes.touches_draft:
            _change_draft(principal, app, changes)
        app.save()
    return app


def check_revision(app: App, seen: int | None) -> None:
    """Raises ConflictError (``draft_changed``) when the draft is not the one that was seen."""
    if seen is not None and seen != app.draft_revision:
        raise ConflictError(
            _("Someone else has changed this draft since you opened it; load it again."),
            code="draft_changed",
        )


def _change_draft(principal: Principal, app: App, changes: AppChanges) -> None:
    collections = (
        list(app.collections.all())
        if changes.collections is None
        else collections_by_id(principal.organization_id, changes.collections)
    )
    stages = from_stored(app.draft_pipeline) if changes.stages is None else changes.stages
    _check_draft(stages, collections, releases_for_draft(app))
    if changes.endpoint is not UNCHANGED:
        app.endpoint = _endpoint(principal.organization_id, changes.endpoint)
    app.collections.set(collections)
    app.draft_pipeline = to_stored(stages)
    app.draft_revision += 1
    keep_revision(principal, app, collections)


def keep_revision(principal: Principal, app: App, collections: Sequence[Collection]) -> None:
    """The draft as it is now can be compared with later ones; the oldest revision is forgotten."""
    DraftRevision.unscoped.create(
        organization_id=app.organization_id,
        app=app,
        number=app.draft_revision,
        pipeline=app.draft_pipeline,
        collection_ids=[str(collection.id) for collection in collections],
        endpoint_id=app.endpoint_id,
        changed_by_id=principal.user_id,
    )
    oldest = app.draft_revision - KEPT_REVISIONS
    DraftRevision.objects.within(app.organization_id).filter(app=app, number__lte=oldest).delete()


def _endpoint(organization_id: uuid.UUID, raw: str | None) -> ModelEndpoint | None:
    if raw is None:
        return None
    try:
        endpoint = endpoint_usable_by(organization_id, uuid.UUID(raw))
    except ValueError:
        endpoint = None
    if endpoint is None:
        raise NotFoundError(
            _("There is no such model endpoint."), fields={"endpoint": _("unknown endpoint")}
        )
    return endpoint


def duplicate_app(*, principal: Principal, app_id: object, name: str) -> App:
    """A new app whose draft is a copy of this one's. Its versions and what is public stay behind.

    Raises what :func:`create_app` raises.
    """
    principal.require("write")
    app = App.objects.get_within(principal.organization_id, app_id)
    return create_app(
        principal=principal,
        name=name,
        collections=[str(pk) for pk in app.collections.values_list("pk", flat=True)],
        stages=from_stored(app.draft_pipeline),
        endpoint=None if app.endpoint_id is None else str(app.endpoint_id),
    )


def delete_app(*, principal: Principal, app_id: object) -> None:
    """The app is gone with its versions, its runs and what was thought of them."""
    principal.require("write")
    with transaction.atomic():
        app = lock_app(principal.organization_id, app_id)
        _record(principal, "app.deleted", app, {"name": app.name, "slug": app.slug})
        app.delete()


def lock_app(organization_id: uuid.UUID, app_id: object) -> App:
    """The app, unchangeable by others until the transaction ends. Raises NotFoundError."""
    app = App.objects.get_within(organization_id, app_id)
    locked = App.objects.within(organization_id).select_for_update().filter(pk=app.pk).first()
    if locked is None:
        raise NotFoundError(_("There is no such app in your organization."))
    return locked


def _record(principal: Principal, action: str, app: App, data: dict[str, object]) -> None:
    record_event(
        principal=principal,
        organization_id=app.organization_id,
        action=action,
        object_type="app",
        object_id=app.id,
        data=data,
    )
