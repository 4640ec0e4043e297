"""Reads of model endpoints and tool servers."""

import uuid

from django.db.models import Q, QuerySet

from altiplano.serving.models import ModelEndpoint, ToolServer


def endpoint_usable_by(
    organization_id: uuid.UUID, endpoint_id: uuid.UUID | None
) -> ModelEndpoint | None:
    """The enabled endpoint with this id if it serves the organization, else None.

    Without an id: the platform's default endpoint.
    """
    usable = endpoints_usable_by(organization_id)
    if endpoint_id is None:
        return usable.filter(is_default=True, organization__isnull=True).first()
    return usable.filter(id=endpoint_id).first()


def endpoints_usable_by(organization_id: uuid.UUID) -> QuerySet[ModelEndpoint]:
    """The enabled endpoints that serve the organization, by name."""
    return ModelEndpoint.objects.filter(
        Q(organization__isnull=True) | Q(organization_id=organization_id), is_enabled=True
    ).order_by("name", "id")


def tool_servers_usable_by(organization_id: uuid.UUID) -> QuerySet[ToolServer]:
    """The tool servers that the organization's pipelines may name."""
    return ToolServer.objects.filter(
        Q(organization__isnull=True) | Q(organization_id=organization_id), is_enabled=True
    ).order_by("slug")
