"""How many runs an organization may start in a day, and what it has used."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from altiplano.kernel.errors import LimitReachedError
from altiplano.kernel.limits import limits_of
from altiplano.kernel.models import OrganizationLimits
from altiplano.runs.models import DailyUsage


@dataclass(frozen=True, slots=True)
class RemainingQuota:
    """What is left today (UTC) and when the day ends."""

    runs_per_day: int
    runs_used: int
    resets_at: datetime

    @property
    def runs_left(self) -> int:
        return max(0, self.runs_per_day - self.runs_used)


def take_runs(organization_id: uuid.UUID, count: int) -> int:
    """Up to ``count`` runs more are counted today; how many were left.

    The test and the count are one UPDATE: a hundred requests at once cannot pass together.
    """
    now = timezone.now()
    if _raise_count(organization_id, now, count):
        return count
    try:
        with transaction.atomic():
            DailyUsage.unscoped.get_or_create(organization_id=organization_id, day=now.date())
    except IntegrityError:
        pass  # another request made the day's row at the same moment
    if _raise_count(organization_id, now, count):
        return count
    granted = 0
    while granted < count and _raise_count(organization_id, now, 1):
        granted += 1
    return granted


def quota_error(organization_id: uuid.UUID) -> LimitReachedError:
    """Why nothing more may be asked today, and when it may."""
    now = timezone.now()
    return LimitReachedError(
        _(
            "Your organization has used its %(limit)s questions of today. The count starts anew at "
            "midnight UTC."
        ),
        params={"limit": runs_per_day(organization_id)},
        retry_after=max(1, int((_midnight_after(now) - now).total_seconds())),
    )


def _raise_count(organization_id: uuid.UUID, now: datetime, count: int) -> int:
    own_limit = OrganizationLimits.objects.filter(organization_id=organization_id).values(
        "runs_per_day"
    )
    return DailyUsage.unscoped.filter(
        organization_id=organization_id,
        day=now.date(),
        runs__lte=Coalesce(Subquery(own_limit), settings.RUNS_PER_DAY) - count,
    ).update(runs=F("runs") + count)


def add_tokens(organization_id: uuid.UUID, *, prompt: int, completion: int) -> None:
    """Tokens are added to today's count. Call it in the transaction that stores the answer."""
    if not (prompt or completion):
        return
    counts = {
        "prompt_tokens": F("prompt_tokens") + prompt,
        "completion_tokens": F("completion_tokens") + completion,
    }
    today = DailyUsage.unscoped.filter(organization_id=organization_id, day=timezone.now().date())
    if not today.update(**counts):  # the run was accepted before midnight
        DailyUsage.unscoped.get_or_create(
            organization_id=organization_id, day=timezone.now().date()
        )
        today.update(**counts)


def remaining_quota(organization_id: uuid.UUID) -> RemainingQuota:
    now = timezone.now()
    used = (
        DailyUsage.objects.within(organization_id)
        .filter(day=now.date())
        .values_list("runs", flat=True)
        .first()
    )
    return RemainingQuota(
        runs_per_day=runs_per_day(organization_id),
        runs_used=used or 0,
        resets_at=_midnight_after(now),
    )


def runs_per_day(organization_id: uuid.UUID) -> int:
    return limits_of(organization_id).runs_per_day


def _midnight_after(now: datetime) -> datetime:
    return now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
