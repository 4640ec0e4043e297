"""Whose a package's id is."""

import uuid

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from altiplano.catalog.models import Plugin
from altiplano.catalog.package_models import (
    Package,
)
from altiplano.kernel.errors import ConflictError, LimitReachedError

OURS = frozenset({"mine"})
"""Ids that are words of our own addresses."""
MAX_PACKAGES = 50
"""Of one organization: an id is taken for good, so nobody may take many."""


def claim_slug(organization_id: uuid.UUID, slug: str) -> Package:
    """The organization's package of this id, which is a new one where nobody had it.

    Call it in a transaction. The package is locked. Raises ConflictError for an id that is a
    built-in's or another organization's, LimitReachedError.
    """
    if slug in OURS or Plugin.objects.filter(slug=slug).exists():
        raise ConflictError(
            _("“%(slug)s” is the id of a built-in plugin; choose another one."),
            params={"slug": slug},
            code="id_reserved",
        )
    package = Package.unscoped.select_for_update().filter(slug=slug).first()
    if package is None:
        if Package.objects.owned_by(organization_id).count() >= MAX_PACKAGES:
            raise LimitReachedError(
                _("An organization has at most %(limit)s plugins of its own."),
                params={"limit": MAX_PACKAGES},
            )
        try:
            with transaction.atomic():
                return Package.unscoped.create(slug=slug, owner_id=organization_id)
        except IntegrityError:
            package = Package.unscoped.select_for_update().get(slug=slug)
    if package.owner_id != organization_id:
        raise ConflictError(
            _("“%(slug)s” is the id of someone else's plugin; choose another one."),
            params={"slug": slug},
            code="id_taken",
        )
    return package
