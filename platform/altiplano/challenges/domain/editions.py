"""Editions come before the public, and freeze when they begin."""

import uuid
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Min
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from altiplano.accounts.domain.audit import record_event
from altiplano.accounts.models import User
from altiplano.challenges.calendar import earliest_opening
from altiplano.challenges.models import Edition
from altiplano.kernel.errors import ConflictError


def publish_edition(*, edition: Edition, actor: User | None) -> Edition:
    """Everybody can read the edition, and can rely on its dates.

    Raises ConflictError when it is published already, lacks a part, or would open a phase before its
    rules have been public for as long as it promises.
    """
    with transaction.atomic():
        draft = Edition.objects.select_for_update().get(pk=edition.pk)
        if draft.published_at is not None:
            raise ConflictError(_("This edition is published already."), code="is_published")
        check_edition(draft)
        draft.published_at = timezone.now()
        _refuse_to_begin_in_the_past(draft)
        draft.save()
        _record(actor, "edition.published", draft)
    return draft


def check_edition(edition: Edition) -> None:
    """Raises ConflictError with the first thing that is missing before people can rely on it."""
    if not edition.tracks.exists():
        raise ConflictError(_("The edition has no track yet."), code="track_is_missing")
    if not edition.criteria.exists():
        raise ConflictError(_("The edition has no criterion yet."), code="criterion_is_missing")
    first = _first_opening(edition)
    if first is None:
        raise ConflictError(_("The edition has no phase yet."), code="phase_is_missing")
    floor = opening_floor(edition)
    if floor is None:
        raise ConflictError(
            _("Choose a published version of the rules first."), code="rules_are_missing"
        )
    if first < floor:
        raise ConflictError(
            _("The rules must have been public for %(hours)s hours before a phase opens."),
            params={"hours": edition.rules_notice_hours},
            code="rules_are_too_new",
        )


def opening_floor(edition: Edition) -> datetime | None:
    """The first instant at which a phase may open by the rules; None while there are none."""
    rules = edition.rules
    if rules is None or rules.published_at is None or rules.effective_at is None:
        return None
    return earliest_opening(
        public_at=rules.published_at,
        effective_at=rules.effective_at,
        notice=timedelta(hours=edition.rules_notice_hours),
    )


def freeze_begun_editions(*, at: datetime | None = None) -> int:
    """Every published edition whose first phase has opened is on record as frozen; how many were not."""
    moment = at or timezone.now()
    begun = (
        Edition.objects.filter(published_at__isnull=False, frozen_at=None)
        .annotate(begins_at=Min("phases__opens_at"))
        .filter(begins_at__lte=moment)
    )
    return sum(freeze_edition(edition_id=each.pk, at=moment) for each in begun.order_by("id"))


def freeze_edition(*, edition_id: uuid.UUID, at: datetime) -> bool:
    """It is on record that the edition has begun; False when it was already."""
    with transaction.atomic():
        # Not by save(), which refuses any change of what has begun.
        frozen = Edition.objects.filter(
            pk=edition_id, frozen_at=None, published_at__isnull=False
        ).update(frozen_at=at)
        if frozen:
            _record(None, "edition.frozen", Edition.objects.get(pk=edition_id))
    return bool(frozen)


def _first_opening(edition: Edition) -> datetime | None:
    first: datetime | None = edition.phases.aggregate(first=Min("opens_at"))["first"]
    return first


def _refuse_to_begin_in_the_past(edition: Edition) -> None:
    if edition.is_frozen():
        raise ConflictError(
            _("A phase would be open already; let the first one open later."),
            code="phase_is_open",
        )


def _record(actor: User | None, action: str, edition: Edition) -> None:
    record_event(
        principal=None,
        actor=actor,
        organization_id=None,
        action=action,
        object_type="edition",
        object_id=edition.id,
        data={"edition": edition.slug},
    )
