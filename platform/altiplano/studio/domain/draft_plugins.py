"""Trying a plugin that is still being written, in the draft of one of its author's apps."""

import uuid

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from altiplano.accounts.principal import Principal
from altiplano.catalog.package_models import (
    Package,
)
from altiplano.kernel.errors import NotFoundError
from altiplano.studio.domain.apps import lock_app
from altiplano.studio.models import App, DraftPackage


def attach_draft(*, principal: Principal, app_id: object, slug: str) -> App:
    """The app's draft uses the draft of the organization's own package, in place of an installed
    release of it. Raises NotFoundError.
    """
    principal.require("write")
    with transaction.atomic():
        package = Package.objects.get_owned_by(principal.organization_id, slug)
        app = lock_app(principal.organization_id, app_id)
        DraftPackage.unscoped.get_or_create(
            organization_id=principal.organization_id, app=app, package=package
        )
    return app


def detach_draft(*, principal: Principal, app_id: object, slug: str) -> None:
    """The app's draft uses what is installed again, if anything is."""
    principal.require("write")
    attached = DraftPackage.objects.within(principal.organization_id)
    app = App.objects.get_within(principal.organization_id, app_id)
    attached.filter(app=app, package__slug=slug).delete()


def app_named(organization_id: uuid.UUID, name: str) -> App:
    """The organization's app with this id or short name. Raises NotFoundError."""
    apps = App.objects.within(organization_id)
    try:
        found = apps.filter(id=uuid.UUID(name)).first()
    except ValueError:
        found = apps.filter(slug=name).first()
    if found is None:
        raise NotFoundError(
            _("There is no such app in your organization."), fields={"app": _("unknown app")}
        )
    return found
