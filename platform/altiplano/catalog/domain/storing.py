"""What a plugin keeps in one organization: ``ctx.store`` over rows, within what was granted."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet, Sum
from django.utils import timezone

from altiplano.catalog.package_models import (
    Installation,
    Package,
    StoreEntry,
)

MAX_KEY_CHARS = 200


class StoreFullError(Exception):
    """The value would take more than was granted; nothing was stored."""


class StoreKeyError(Exception):
    """The key is empty, too long, or holds what cannot be stored."""


@dataclass(frozen=True, slots=True)
class Store:
    """One package's store in one organization. ``quota`` is in bytes, over keys and values."""

    organization_id: uuid.UUID
    package_id: uuid.UUID
    quota: int

    def get(self, key: str) -> bytes | None:
        found = self._entries().filter(key=_key(key)).values_list("value", flat=True).first()
        return None if found is None else bytes(found)

    def put(self, key: str, value: bytes) -> None:
        """The value is stored in place of an earlier one. Raises StoreFullError, StoreKeyError."""
        size = len(_key(key).encode()) + len(value)
        with transaction.atomic():
            self._lock()
            others = self._entries().exclude(key=key).aggregate(bytes=Sum("size"))["bytes"] or 0
            if others + size > self.quota:
                raise StoreFullError
            StoreEntry.unscoped.update_or_create(
                organization_id=self.organization_id,
                package_id=self.package_id,
                key=key,
                defaults={"value": value, "size": size, "changed_at": timezone.now()},
            )

    def delete(self, key: str) -> None:
        """The key is gone, also if it never was there."""
        self._entries().filter(key=_key(key)).delete()

    def keys(self, prefix: str = "") -> tuple[str, ...]:
        """All keys that begin with ``prefix``, sorted."""
        # Not by the database: its LIKE knows no case on SQLite, and its order is its collation's.
        return tuple(
            sorted(
                key
                for key in self._entries().values_list("key", flat=True)
                if key.startswith(prefix)
            )
        )

    def _entries(self) -> QuerySet[StoreEntry]:
        return StoreEntry.objects.within(self.organization_id).filter(package_id=self.package_id)

    def _lock(self) -> None:
        """Two writers take turns, or together they would pass the quota."""
        held = Installation.objects.within(self.organization_id).select_for_update()
        if held.filter(package_id=self.package_id).first() is None:
            Package.unscoped.select_for_update().filter(id=self.package_id).first()


def stored_bytes(organization_id: uuid.UUID) -> Mapping[uuid.UUID, int]:
    """How much each package keeps in the organization."""
    rows = StoreEntry.objects.within(organization_id).values_list("package_id")
    return dict(rows.annotate(bytes=Sum("size")))


def _key(key: str) -> str:
    if not key or len(key) > MAX_KEY_CHARS or "\x00" in key:
        raise StoreKeyError
    return key
