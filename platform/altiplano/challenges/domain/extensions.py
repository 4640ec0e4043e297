"""More time for a phase, with a reason that everybody reads."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from altiplano.accounts.domain.audit import record_event
from altiplano.accounts.models import User
from altiplano.challenges.domain.editions import freeze_edition
from altiplano.challenges.models import Extension, Phase
from altiplano.kernel.errors import ConflictError


def extend_phase(
    *, phase: Phase, closes_at: datetime, reason_en: str, reason_fr: str, actor: User | None
) -> Extension:
    """The phase closes later, and the extension stays on record with its reason.

    Raises ConflictError as :func:`check_extension` does.
    """
    now = timezone.now()
    with transaction.atomic():
        locked = Phase.objects.select_for_update().select_related("edition").get(pk=phase.pk)
        check_extension(phase=locked, closes_at=closes_at, at=now)
        freeze_edition(edition_id=locked.edition_id, at=now)
        extension = Extension.objects.create(
            phase=locked,
            closed_at_before=locked.closes_at,
            closes_at=closes_at,
            reason_en=reason_en.strip(),
            reason_fr=reason_fr.strip(),
            extended_by=actor,
            extended_at=now,
        )
        # Not by save(), which refuses any change of what has begun; the database asks for the
        # extension that was just made.
        Phase.objects.filter(pk=locked.pk).update(closes_at=closes_at)
        record_event(
            principal=None,
            actor=actor,
            organization_id=None,
            action="phase.extended",
            object_type="edition",
            object_id=locked.edition_id,
            data={
                "edition": locked.edition.slug,
                "phase": locked.kind,
                "from": locked.closes_at.isoformat(),
                "to": closes_at.isoformat(),
                "reason": extension.reason_en,
            },
        )
    return extension


def check_extension(*, phase: Phase, closes_at: datetime, at: datetime) -> None:
    """Raises ConflictError unless the edition has begun, time is given, and some of it is ahead."""
    if not phase.edition.is_frozen(at):
        raise ConflictError(
            _("Before an edition has begun, its dates are changed on its own page."),
            code="edition_has_not_begun",
        )
    if closes_at <= phase.closes_at:
        raise ConflictError(
            _("A phase can only be made longer, never shorter."), code="phase_gets_shorter"
        )
    if closes_at <= at:
        raise ConflictError(_("The phase would close in the past."), code="closes_in_the_past")
