"""Plugins that stop too often: left alone by every worker, and tried again when somebody says so."""

import uuid
from collections.abc import Collection
from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from altiplano.accounts.domain.audit import record_event
from altiplano.accounts.models import User
from altiplano.accounts.principal import Principal
from altiplano.catalog.domain.installing import lock_installation
from altiplano.catalog.package_models import Package, PackageRelease
from altiplano.catalog.quarantine_models import Quarantine


def rest_plugin(
    *, organization_id: uuid.UUID, digest: str, crashes: int, because: str, seconds: float
) -> None:
    """No worker starts these contents in the organization before ``seconds`` have passed.

    Recorded once, however many workers say so. Contents that are nobody's any more are passed over.
    """
    release = (
        PackageRelease.unscoped.filter(digest=digest)
        .select_related("package")
        .order_by("uploaded_at", "id")
        .first()
    )
    if release is None:
        return
    now = timezone.now()
    with transaction.atomic():
        rows = Quarantine.unscoped.filter(organization_id=organization_id)
        rows.filter(until__lte=now).delete()
        row, is_new = Quarantine.unscoped.get_or_create(
            organization_id=organization_id,
            digest=digest,
            defaults={
                "package": release.package,
                "version": release.version,
                "crashes": crashes,
                "because": because[:200],
                "since": now,
                "until": now + timedelta(seconds=seconds),
            },
        )
        if is_new:
            _record("plugin.quarantined", row, data={"crashes": crashes, "reason": row.because})


def resting_in(organization_id: uuid.UUID, digests: Collection[str]) -> dict[str, Quarantine]:
    """Those of these contents that must not be started there now, by digest."""
    rows = _now().filter(organization_id=organization_id, digest__in=digests)
    return {row.digest: row for row in rows}


def quarantines_of(organization_id: uuid.UUID, package: Package) -> list[Quarantine]:
    """What of the package rests in the organization now, the first one first."""
    rows = _now().filter(organization_id=organization_id, package=package)
    return list(rows.order_by("since", "id"))


def quarantines_now() -> QuerySet[Quarantine]:
    """What rests anywhere on the platform now, the first one first, for its staff."""
    return _now().select_related("package", "organization").order_by("since", "id")


def try_plugin_again(*, principal: Principal, slug: str) -> None:
    """Every worker may start the installed plugin again, from the next question on.

    Raises NotFoundError, NotAllowedError.
    """
    principal.require("manage")
    with transaction.atomic():
        installation = lock_installation(principal.organization_id, slug)
        for row in quarantines_of(principal.organization_id, installation.package):
            row.delete()
            _record("plugin.tried_again", row, principal=principal)


def end_quarantine(*, actor: User, quarantine_id: uuid.UUID) -> None:
    """As :func:`try_plugin_again`, by the staff. Done twice, it does nothing."""
    with transaction.atomic():
        rows = Quarantine.unscoped.select_for_update(of=("self",)).select_related("package")
        row = rows.filter(id=quarantine_id).first()
        if row is not None:
            row.delete()
            _record("plugin.tried_again", row, actor=actor)


def _now() -> QuerySet[Quarantine]:
    return Quarantine.unscoped.filter(until__gt=timezone.now())


def _record(
    action: str,
    row: Quarantine,
    *,
    principal: Principal | None = None,
    actor: User | None = None,
    data: dict[str, object] | None = None,
) -> None:
    record_event(
        principal=principal,
        actor=actor,
        organization_id=row.organization_id,
        action=action,
        object_type="package",
        object_id=row.package_id,
        data={"package": row.package.slug, "version": row.version, **(data or {})},
    )
