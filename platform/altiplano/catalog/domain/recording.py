"""What the audit log is told about packages."""

from collections.abc import Mapping
from typing import Any

from altiplano.accounts.domain.audit import record_event
from altiplano.accounts.models import User
from altiplano.accounts.principal import Principal
from altiplano.catalog.package_models import (
    Installation,
    PackageRelease,
)


def record_release(
    action: str,
    release: PackageRelease,
    *,
    principal: Principal | None = None,
    actor: User | None = None,
    data: Mapping[str, Any] | None = None,
) -> None:
    """In the log of the package's owner: something was done to a release."""
    record_event(
        principal=principal,
        actor=actor,
        organization_id=release.package.owner_id,
        action=action,
        object_type="package",
        object_id=release.package_id,
        data={"package": release.package.slug, "version": release.version, **(data or {})},
    )


def record_installation(
    action: str, installation: Installation, *, principal: Principal, data: Mapping[str, Any]
) -> None:
    """In the log of the organization that uses the package."""
    record_event(
        principal=principal,
        organization_id=installation.organization_id,
        action=action,
        object_type="installation",
        object_id=installation.id,
        data=data,
    )
