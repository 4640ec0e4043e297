"""Frozen versions of an app, and which of them the public asks."""

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from altiplano.accounts.consent_models import Purpose
from altiplano.accounts.domain.audit import record_event
from altiplano.accounts.domain.consents import require_consent
from altiplano.accounts.principal import Principal
from altiplano.catalog.queries import installed_releases
from altiplano.kernel.errors import ConflictError, DomainError
from altiplano.knowledge.models import Collection
from altiplano.serving.queries import endpoint_usable_by
from altiplano.studio.domain.apps import AppChanges, change_app, check_revision, lock_app
from altiplano.studio.models import App, AppVersion, DraftRevision
from altiplano.studio.pipelines import check_pipeline, from_stored, needs_documents
from altiplano.studio.plugins import pin_plugins, releases_for_versions, releases_of_version
from altiplano.studio.queries import draft_equals, revision_of, version_of, versions_of
from altiplano.studio.rules import check_collections


def freeze_version(
    *, principal: Principal, app_id: object, revision: int | None = None
) -> AppVersion:
    """The draft as it is now, under the app's next number, never to change again.

    Raises ConflictError when the draft cannot answer any more (a plugin or a collection is gone),
    or is not the ``revision`` that somebody looked at.
    """
    principal.require("write")
    with transaction.atomic():
        app = lock_app(principal.organization_id, app_id)
        check_revision(app, revision)
        collections = list(app.collections.order_by("created_at", "id"))
        stages = from_stored(app.draft_pipeline)
        try:
            releases = releases_for_versions(app.organization_id)
            check_pipeline(stages, releases=releases)
            check_collections(stages, collections)
        except DomainError as error:
            raise ConflictError(
                error.message, code="draft_not_ready", fields=error.fields
            ) from error
        last = AppVersion.objects.within(app.organization_id).filter(app=app)
        number = (last.aggregate(last=Max("number"))["last"] or 0) + 1
        version = AppVersion.unscoped.create(
            organization_id=app.organization_id,
            app=app,
            number=number,
            pipeline=app.draft_pipeline,
            plugins=pin_plugins(stages, releases),
            collection_ids=[str(collection.id) for collection in collections],
            endpoint_id=app.endpoint_id,
            created_by_id=principal.user_id,
        )
        _record(principal, "app.version_frozen", app, {"name": app.name, "version": number})
        return version


def publish_draft(*, principal: Principal, app_id: object, revision: int | None = None) -> App:
    """The public asks the draft as it is now, under a version of its own.

    A draft that is the newest version already gets no second number, so that publishing twice
    changes nothing. Raises what :func:`freeze_version` and :func:`publish_version` raise.
    """
    principal.require("write")
    with transaction.atomic():
        app = lock_app(principal.organization_id, app_id)
        check_revision(app, revision)
        newest = versions_of(app).first()
        if newest is None or not draft_equals(app, newest, installed_releases(app.organization_id)):
            newest = freeze_version(principal=principal, app_id=app_id)
        return publish_version(principal=principal, app_id=app_id, number=newest.number)


def restore_version(
    *, principal: Principal, app_id: object, number: int, revision: int | None = None
) -> App:
    """The draft is what the version is, without the collections that were deleted since.

    What is published stays. Raises NotFoundError, ConflictError when the draft is not the
    ``revision`` that somebody looked at, and what :func:`change_app` raises.
    """
    principal.require("write")
    app = App.objects.get_within(principal.organization_id, app_id)
    changes = _changes_to(app, version_of(app, number), revision)
    return change_app(principal=principal, app_id=app_id, changes=changes)


def undo_change(*, principal: Principal, app_id: object, revision: int) -> App:
    """The draft is what it was before its change ``revision``, which must be the last one.

    Undoing that brings the change back. Raises ConflictError when somebody changed the draft since,
    or when what was before is forgotten, and what :func:`change_app` raises.
    """
    principal.require("write")
    app = App.objects.get_within(principal.organization_id, app_id)
    check_revision(app, revision)
    before = revision_of(app, revision - 1)
    if before is None:
        raise ConflictError(_("There is nothing to undo."), code="nothing_to_undo")
    changes = _changes_to(app, before, revision)
    return change_app(principal=principal, app_id=app_id, changes=changes)


def _changes_to(app: App, source: AppVersion | DraftRevision, revision: int | None) -> AppChanges:
    """What makes the draft like ``source``, as far as its collections and its model still exist."""
    left = Collection.objects.within(app.organization_id).filter(id__in=source.collection_ids)
    is_usable = endpoint_usable_by(app.organization_id, source.endpoint_id) is not None
    return AppChanges(
        collections=[
            str(pk) for pk in left.order_by("created_at", "id").values_list("pk", flat=True)
        ],
        stages=from_stored(source.pipeline),
        endpoint=str(source.endpoint_id) if source.endpoint_id and is_usable else None,
        revision=revision,
    )


def publish_version(*, principal: Principal, app_id: object, number: int) -> App:
    """The public asks this version from now on; an older number rolls back.

    Runs under way keep the version they began with. Raises NotFoundError for an unknown number,
    ConsentNeededError while a legal text has to be accepted first, ConflictError when the version
    cannot answer any more.
    """
    principal.require("write")
    with transaction.atomic():
        app = lock_app(principal.organization_id, app_id)
        version = version_of(app, number)
        require_consent(app.organization_id, Purpose.PUBLISH_APP)
        _check_version(version)
        before = app.published_version.number if app.published_version else None
        app.published_version = version
        app.save(update_fields=["published_version"])
        _record(principal, "app.published", app, {"from": before, "to": number})
    return app


def withdraw_app(*, principal: Principal, app_id: object) -> App:
    """Nothing of the app is public any more; its versions stay."""
    principal.require("write")
    with transaction.atomic():
        app = lock_app(principal.organization_id, app_id)
        if app.published_version is not None:
            before = app.published_version.number
            app.published_version = None
            app.save(update_fields=["published_version"])
            _record(principal, "app.withdrawn", app, {"from": before})
    return app


def _check_version(version: AppVersion) -> None:
    stages = from_stored(version.pipeline)
    try:
        check_pipeline(stages, releases=releases_of_version(version))
    except DomainError as error:
        raise ConflictError(error.message, code="version_not_ready", fields=error.fields) from error
    collections = Collection.objects.within(version.organization_id)
    if needs_documents(stages) and not collections.filter(id__in=version.collection_ids).exists():
        raise ConflictError(
            _("The collections of this version were deleted; freeze a new version."),
            code="collections_gone",
        )


def _record(principal: Principal, action: str, app: App, data: dict[str, object]) -> None:
    record_event(
        principal=principal,
        organization_id=app.organization_id,
        action=action,
        object_type="app",
        object_id=app.id,
        data={"slug": app.slug, **data},
    )
