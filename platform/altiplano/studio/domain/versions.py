"""Frozen versions of an app, and which of them the public asks."""

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from altiplano.accounts.domain.audit import record_event
from altiplano.accounts.principal import Principal
from altiplano.catalog.queries import active_releases
from altiplano.kernel.errors import ConflictError, DomainError
from altiplano.knowledge.models import Collection
from altiplano.studio.domain.apps import lock_app
from altiplano.studio.models import App, AppVersion
from altiplano.studio.pipelines import check_pipeline, from_stored, needs_documents
from altiplano.studio.queries import version_of
from altiplano.studio.rules import check_collections


def freeze_version(*, principal: Principal, app_id: object) -> AppVersion:
    """The draft as it is now, under the app's next number, never to change again.

    Raises ConflictError when the draft cannot answer any more (a plugin or a collection is gone).
    """
    principal.require("write")
    with transaction.atomic():
        app = lock_app(principal.organization_id, app_id)
        collections = list(app.collections.order_by("created_at", "id"))
        stages = from_stored(app.draft_pipeline)
        try:
            check_pipeline(stages, releases=active_releases())
            check_collections(stages, collections)
        except DomainError as error:
            raise ConflictError(
                error.message, code="draft_not_ready", fields=error.fields
            ) from error
        last = AppVersion.objects.within(app.organization_id).filter(app=app)
        number = (last.aggregate(last=Max("number"))["last"] or 0) + 1
        return AppVersion.unscoped.create(
            organization_id=app.organization_id,
            app=app,
            number=number,
            pipeline=app.draft_pipeline,
            collection_ids=[str(collection.id) for collection in collections],
            endpoint_id=app.endpoint_id,
            created_by_id=principal.user_id,
        )


def publish_version(*, principal: Principal, app_id: object, number: int) -> App:
    """The public asks this version from now on; an older number rolls back.

    Runs under way keep the version they began with. Raises NotFoundError for an unknown number,
    ConflictError when the version cannot answer any more.
    """
    principal.require("write")
    with transaction.atomic():
        app = lock_app(principal.organization_id, app_id)
        version = version_of(app, number)
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
        check_pipeline(stages, releases=active_releases())
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
