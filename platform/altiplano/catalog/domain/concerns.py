"""What people find wrong with a package, and what the platform's staff made of it."""

import uuid

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from altiplano.accounts.domain.audit import record_event
from altiplano.accounts.models import User
from altiplano.accounts.principal import Principal
from altiplano.catalog.package_models import (
    Package,
    PackageConcern,
)
from altiplano.kernel.errors import ConflictError, InvalidInputError, LimitReachedError

MAX_CHARS = 4000
MAX_OPEN = 20
"""Of one organization: so that nobody buries the staff."""


def raise_concern(*, principal: Principal, slug: str, text: str) -> PackageConcern:
    """The platform's staff read it. Any member may. Raises InvalidInputError, LimitReachedError."""
    principal.require("read")
    package = Package.objects.get_seen_by(principal.organization_id, slug)
    text = text.strip()
    if not text or len(text) > MAX_CHARS:
        raise InvalidInputError(
            _("Say in 1 to %(limit)s characters what is wrong."),
            params={"limit": MAX_CHARS},
            fields={"text": _("1 to %(limit)s characters")},
        )
    with transaction.atomic():
        concerns = PackageConcern.objects.within(principal.organization_id)
        if concerns.filter(closed_at__isnull=True).count() >= MAX_OPEN:
            raise LimitReachedError(
                _("Your organization has raised many concerns; wait until they are answered.")
            )
        concern = PackageConcern.unscoped.create(
            organization_id=principal.organization_id,
            package=package,
            version=package.current.version if package.current else "",
            text=text,
            raised_by_id=principal.user_id,
        )
        _record("plugin.concern_raised", concern, slug, principal=principal)
    return concern


def close_concern(*, actor: User, concern_id: uuid.UUID, outcome: str) -> PackageConcern:
    """The concern is settled, with a word on how. Raises InvalidInputError, ConflictError."""
    outcome = " ".join(outcome.split())
    if not outcome:
        raise InvalidInputError(
            _("Say in a sentence what became of it."), fields={"reason": _("required")}
        )
    with transaction.atomic():
        concern = (
            PackageConcern.unscoped.select_for_update(of=("self",))
            .select_related("package")
            .filter(pk=concern_id, closed_at__isnull=True)
            .first()
        )
        if concern is None:
            raise ConflictError(_("This concern is settled already."))
        concern.closed_at = timezone.now()
        concern.closed_by = actor
        concern.outcome = outcome[:500]
        concern.save(update_fields=["closed_at", "closed_by", "outcome"])
        _record("plugin.concern_closed", concern, concern.package.slug, actor=actor)
    return concern


def _record(
    action: str,
    concern: PackageConcern,
    slug: str,
    *,
    principal: Principal | None = None,
    actor: User | None = None,
) -> None:
    record_event(
        principal=principal,
        actor=actor,
        organization_id=concern.organization_id,
        action=action,
        object_type="package_concern",
        object_id=concern.id,
        data={"package": slug},
    )
