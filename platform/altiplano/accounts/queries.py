"""Reads about people, organizations and keys."""

import uuid

from django.db.models import QuerySet

from altiplano.accounts.models import ApiToken, Membership, Organization, User
from altiplano.accounts.principal import Principal


def members_of(organization_id: uuid.UUID) -> QuerySet[Membership]:
    """All members with their users, in the order they joined."""
    return (
        Membership.objects.within(organization_id)
        .select_related("user")
        .order_by("created_at", "id")
    )


def tokens_visible_to(principal: Principal) -> QuerySet[ApiToken]:
    """Owners see every key of the organization, others their own; the newest first."""
    tokens = ApiToken.objects.within(principal.organization_id).select_related("created_by")
    if "manage" not in principal.scopes:
        tokens = tokens.filter(created_by_id=principal.user_id)
    return tokens.order_by("-created_at", "-id")


def organizations_of(user: User) -> QuerySet[Organization]:
    """Where the person is a member, without suspended organizations, by name."""
    return Organization.objects.filter(memberships__user=user, is_suspended=False).order_by(
        "name", "id"
    )
