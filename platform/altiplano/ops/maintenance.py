"""The notice that stands on every page while it holds."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.core.cache import caches
from django.db import DatabaseError
from django.utils import timezone
from django.utils.translation import get_language

from altiplano.ops.models import MaintenanceNotice

CACHE_KEY = "altiplano.maintenance"


@dataclass(frozen=True, slots=True)
class Notice:
    text_en: str
    text_fr: str
    starts_at: datetime
    ends_at: datetime

    @property
    def text(self) -> str:
        return self.text_fr if (get_language() or "").startswith("fr") else self.text_en


def current_notice() -> Notice | None:
    """The notice that holds now, the one that ends first when several do.

    None also without a database: a page that says so must not fail over its decoration.
    """
    try:
        return _current_notice()
    except DatabaseError:
        return None


def _current_notice() -> Notice | None:
    now = timezone.now()
    notices: list[Notice] | None = caches["near"].get(CACHE_KEY)
    if notices is None:  # once in some seconds for all pages of a process
        notices = [
            Notice(row.text_en, row.text_fr, row.starts_at, row.ends_at)
            for row in MaintenanceNotice.objects.filter(ends_at__gt=now).order_by("ends_at")
        ]
        caches["near"].set(CACHE_KEY, notices, settings.NOTICE_CACHE_SECONDS)
    return next((each for each in notices if each.starts_at <= now < each.ends_at), None)


def forget_notices() -> None:
    """This process reads the notices anew."""
    caches["near"].delete(CACHE_KEY)
