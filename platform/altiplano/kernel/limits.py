"""What an organization may use: its own limits where an operator set some, else the platform's."""

import uuid
from dataclasses import dataclass

from django.conf import settings

from altiplano.kernel.models import OrganizationLimits


@dataclass(frozen=True, slots=True)
class Limits:
    """None stands for the platform's own limit, which the properties look up."""

    own_runs_per_day: int | None = None
    own_storage_bytes: int | None = None
    own_streams: int | None = None
    own_streams_per_person: int | None = None
    allows_api: bool = True
    allows_public_apps: bool = True

    @property
    def runs_per_day(self) -> int:
        return _or_default(self.own_runs_per_day, settings.RUNS_PER_DAY)

    @property
    def storage_bytes(self) -> int:
        return _or_default(self.own_storage_bytes, settings.STORAGE_BYTES)

    @property
    def streams(self) -> int:
        return _or_default(self.own_streams, settings.STREAMS_PER_ORGANIZATION)

    @property
    def streams_per_person(self) -> int:
        return _or_default(self.own_streams_per_person, settings.STREAMS_PER_PERSON)


def _or_default(own: int | None, default: int) -> int:
    return default if own is None else own


UNLIMITED_BY_OPERATOR = Limits()


def limits_of(organization_id: uuid.UUID) -> Limits:
    """The organization's limits as they are now. One query."""
    row = OrganizationLimits.objects.filter(organization_id=organization_id).first()
    return UNLIMITED_BY_OPERATOR if row is None else _limits(row)


def joined_limits(organization: object) -> Limits:
    """As :func:`limits_of`, without a query for one selected with ``organization__limits``."""
    row: OrganizationLimits | None = getattr(organization, "limits", None)
    return UNLIMITED_BY_OPERATOR if row is None else _limits(row)


def _limits(row: OrganizationLimits) -> Limits:
    return Limits(
        own_runs_per_day=row.runs_per_day,
        own_storage_bytes=row.storage_bytes,
        own_streams=row.streams,
        allows_api=row.allows_api,
        allows_public_apps=row.allows_public_apps,
    )
