"""What a signed-in person may do: their membership in the organization they work in now."""

import uuid

from django.utils.translation import gettext_lazy as _

from altiplano.accounts.models import Membership, User
from altiplano.accounts.principal import ROLE_SCOPES, Principal
from altiplano.kernel.errors import NotAllowedError
from altiplano.kernel.limits import joined_limits


def principal_of_user(user: User, *, organization_id: uuid.UUID | None) -> Principal:
    """The person's principal in this organization, or in the one they joined first.

    An organization they do not belong to any more counts as none chosen. One query. Raises
    NotAllowedError when there is no membership, or none in an organization that is not suspended.
    """
    memberships = list(
        Membership.unscoped.filter(user=user)
        .select_related("organization__limits")
        .order_by("created_at")
    )
    if not memberships:
        raise NotAllowedError(
            _("You do not belong to an organization yet; ask an owner to add you."),
            code="no_organization",
        )
    active = [m for m in memberships if not m.organization.is_suspended]
    if not active:
        raise NotAllowedError(
            _("This organization is suspended; its owner can write to the operator."),
            code="organization_suspended",
        )
    chosen = next((m for m in active if m.organization_id == organization_id), active[0])
    chosen.user = user
    return principal_for(chosen)


def principal_for(membership: Membership) -> Principal:
    """The member acting in person, with all that the role allows."""
    return Principal(
        user_id=membership.user_id,
        user_label=membership.user.email,
        organization_id=membership.organization_id,
        organization_slug=membership.organization.slug,
        role=membership.role,
        scopes=ROLE_SCOPES[membership.role],
        limits=joined_limits(membership.organization),
    )
