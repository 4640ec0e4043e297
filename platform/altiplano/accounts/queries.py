"""Reads about people, organizations and keys."""

import uuid

from django.db.models import Exists, OuterRef, Q, QuerySet

from altiplano.accounts.models import (
    ApiToken,
    AuditEvent,
    Invitation,
    Membership,
    Organization,
    Role,
    User,
)
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


def members_like(organization_id: uuid.UUID, wanted: str) -> QuerySet[Membership]:
    """The members whose name or address holds the words, in the order they joined."""
    members = members_of(organization_id)
    for word in wanted.split():
        members = members.filter(Q(user__name__icontains=word) | Q(user__email__icontains=word))
    return members


def open_invitations_of(organization_id: uuid.UUID) -> QuerySet[Invitation]:
    """Those neither accepted nor withdrawn, expired ones included; the newest first."""
    return (
        Invitation.objects.within(organization_id)
        .filter(accepted_at=None, withdrawn_at=None)
        .select_related("invited_by")
        .order_by("-sent_at", "-id")
    )


def organizations_resting_on(user: User) -> QuerySet[Organization]:
    """Those that would be left without an owner if the person went, by name."""
    other_owner = Membership.unscoped.filter(
        organization=OuterRef("pk"), role=Role.OWNER, user__is_active=True
    ).exclude(user=user)
    mine = Membership.unscoped.filter(organization=OuterRef("pk"), role=Role.OWNER, user=user)
    return Organization.objects.filter(Exists(mine), ~Exists(other_owner)).order_by("name", "id")


def events_of(
    organization_id: uuid.UUID, *, actor: str = "", object_types: tuple[str, ...] = ()
) -> QuerySet[AuditEvent]:
    """What happened in the organization, the newest first; by whom and about what, when given."""
    events = AuditEvent.objects.filter(organization_id=organization_id)
    if actor:
        events = events.filter(actor_label__icontains=actor)
    if object_types:
        events = events.filter(object_type__in=object_types)
    return events.order_by("-id")
