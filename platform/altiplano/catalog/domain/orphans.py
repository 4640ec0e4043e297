"""Removing packages that are nobody's any more, and files that no row names."""

import time
from pathlib import Path

from django.conf import settings
from django.db import transaction

from altiplano.catalog.archives import remove_archive, remove_unpacked, stored_archives
from altiplano.catalog.package_models import (
    Package,
    PackageRelease,
    PackageState,
)

GRACE_SECONDS = 24 * 3600
"""Far longer than any upload takes between writing its file and committing its row."""
IDLE_SECONDS = 7 * 24 * 3600
"""A release that was unpacked so long ago and is not known any more is not coming back."""


def remove_unused_packages() -> int:
    """What a deleted organization never offered to others is gone, and so are files without a row.

    What it had published stays for those who use it. Returns how many packages and files went.
    """
    return _remove_ownerless() + _remove_archives() + _remove_unpacked()


def _remove_ownerless() -> int:
    offered = PackageRelease.unscoped.filter(
        state__in=(PackageState.PUBLISHED, PackageState.RECALLED)
    )
    with transaction.atomic():
        ownerless = Package.unscoped.select_for_update().filter(owner__isnull=True)
        never_offered = ownerless.exclude(id__in=offered.values("package_id"))
        gone = [package for package in never_offered if not package.installations.exists()]
        for package in gone:
            package.delete()
        kept_back = PackageRelease.unscoped.filter(package__owner__isnull=True).exclude(
            state__in=(PackageState.PUBLISHED, PackageState.RECALLED)
        )
        kept_back.delete()
    return len(gone)


def _remove_archives() -> int:
    old = {release_id for release_id, path in stored_archives() if _is_older(path, GRACE_SECONDS)}
    known = set(PackageRelease.unscoped.filter(id__in=old).values_list("id", flat=True))
    for release_id in old - known:
        remove_archive(release_id)
    return len(old - known)


def _remove_unpacked() -> int:
    root = Path(settings.PLUGIN_ROOT)
    if not root.is_dir():
        return 0
    old = {path.name for path in root.iterdir() if _is_older(path, IDLE_SECONDS)}
    known = set(
        PackageRelease.unscoped.filter(digest__in=old)
        .exclude(state=PackageState.RECALLED)
        .values_list("digest", flat=True)
    )
    for digest in old - known:
        remove_unpacked(digest)
    return len(old - known)


def _is_older(path: Path, seconds: float) -> bool:
    try:
        return time.time() - path.stat().st_mtime > seconds
    except FileNotFoundError:  # removed at this moment
        return False
