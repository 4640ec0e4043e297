"""Who belongs to an organization, and as what. Only owners decide; one owner always remains."""

import uuid

from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from altiplano.accounts.domain.audit import record_event
from altiplano.accounts.domain.organizations import read_email
from altiplano.accounts.models import ApiToken, Membership, Organization, Role, User
from altiplano.accounts.principal import Principal
from altiplano.kernel.errors import ConflictError, InvalidInputError, NotAllowedError


def add_member(*, principal: Principal, email: str, role: str) -> Membership:
    """The person belongs to the organization from now on.

    Someone new gets an account without a password and sets one by “forgotten password”, which
    also proves that the address is theirs. Raises ConflictError for a member.
    """
    principal.require("manage")
    role = read_role(role)
    email = read_email(email)
    try:
        with transaction.atomic():
            user, is_new = User.objects.get_or_create(email=email)
            if is_new:
                user.set_unusable_password()
                user.save(update_fields=["password"])
                EmailAddress.objects.create(user=user, email=email, primary=True)
            membership = Membership.unscoped.create(
                organization_id=principal.organization_id, user=user, role=role
            )
            _record(principal, "member.added", membership, {"email": email, "role": role})
    except IntegrityError:
        raise ConflictError(_("This person is a member already."), code="already_member") from None
    return membership


def change_role(*, principal: Principal, membership_id: object, role: str) -> Membership:
    """The member has this role, and so have their keys. The last owner stays one."""
    principal.require("manage")
    role = read_role(role)
    with transaction.atomic():
        _lock_members(principal.organization_id)
        _require_still_owner(principal)
        membership = Membership.objects.get_within(principal.organization_id, membership_id)
        if membership.role == role:
            return membership
        if membership.role == Role.OWNER:
            _require_another_owner(membership)
        before, membership.role = membership.role, role
        membership.save(update_fields=["role"])
        _record(principal, "member.role_changed", membership, {"from": before, "to": role})
    return membership


def remove_member(*, principal: Principal, membership_id: object) -> None:
    """The person is no member any more and their keys here are revoked; anyone may leave.

    The last owner stays. The person's account and their other organizations are untouched.
    """
    with transaction.atomic():
        _lock_members(principal.organization_id)
        membership = Membership.objects.get_within(principal.organization_id, membership_id)
        if membership.user_id != principal.user_id or principal.token_id is not None:
            principal.require("manage")
            _require_still_owner(principal)
        if membership.role == Role.OWNER:
            _require_another_owner(membership)
        keys = (
            ApiToken.objects.within(principal.organization_id)
            .filter(created_by_id=membership.user_id, revoked_at=None)
            .update(revoked_at=timezone.now())
        )
        _record(
            principal,
            "member.removed",
            membership,
            {"role": membership.role, "revoked_keys": keys},
        )
        membership.delete()


def read_role(role: str) -> str:
    """The role, when there is such a role. Raises InvalidInputError."""
    if role not in Role.values:
        raise InvalidInputError(
            _("The role is one of: %(values)s."),
            params={"values": ", ".join(Role.values)},
            fields={"role": _("unknown role")},
        )
    return role


def _lock_members(organization_id: uuid.UUID) -> None:
    """Two owners who step down at the same moment must see each other: one lock for all members."""
    Organization.objects.select_for_update().get(id=organization_id)


def _require_still_owner(principal: Principal) -> None:
    """Who lost the role while they waited for the lock decides nothing any more."""
    memberships = Membership.objects.within(principal.organization_id)
    if not memberships.filter(user_id=principal.user_id, role=Role.OWNER).exists():
        raise NotAllowedError(
            _("You are not an owner of this organization any more."), code="role_not_allowed"
        )


def _require_another_owner(membership: Membership) -> None:
    others = (
        Membership.objects.within(membership.organization_id)
        .filter(role=Role.OWNER, user__is_active=True)
        .exclude(id=membership.id)
    )
    if not others.exists():
        raise ConflictError(
            _("An organization needs an owner; make someone else an owner first."),
            code="last_owner",
        )


def _record(
    principal: Principal, action: str, membership: Membership, data: dict[str, object]
) -> None:
    record_event(
        principal=principal,
        organization_id=membership.organization_id,
        action=action,
        object_type="member",
        object_id=membership.user_id,
        data=data,
    )
