"""Reads of model endpoints."""

import uuid

from django.db.models import Q

from altiplano.serving.models import ModelEndpoint


def endpoint_usable_by(
    organization_id: uuid.UUID, endpoint_id: uuid.UUID | None
) -> ModelEndpoint | None:
    """The enabled endpoint with this id if it serves the organization, else None.

    Without an id: the platform's default endpoint.
    """
    usable = ModelEndpoint.objects.filter(
        Q(organization__isnull=True) | Q(organization_id=organization_id), is_enabled=True
    )
    if endpoint_id is None:
        return usable.filter(is_default=True, organization__isnull=True).first()
    return usable.filter(id=endpoint_id).first()
