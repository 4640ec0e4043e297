"""Invitations: a link by e-mail, for one address, for one use, for two weeks."""

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import timedelta

from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from altiplano.accounts.domain.audit import record_event
from altiplano.accounts.domain.members import read_role
from altiplano.accounts.domain.organizations import read_email
from altiplano.accounts.domain.sessions import principal_for
from altiplano.accounts.models import Invitation, Membership, User
from altiplano.accounts.principal import Principal
from altiplano.kernel.errors import (
    ConflictError,
    LimitReachedError,
    NotAllowedError,
    NotFoundError,
)

LIFETIME = timedelta(days=14)
RESEND_PAUSE = timedelta(minutes=1)
PER_DAY = 200
"""Mails to strangers that one organization can cause in a day."""

_TOKEN_SHAPE = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class IssuedInvitation:
    """An invitation with the token of its link, which is stored nowhere and goes out by mail."""

    invitation: Invitation
    token: str


def invite_colleague(
    *, principal: Principal, email: str, role: str, language: str
) -> IssuedInvitation:
    """The address is invited, in this language; whoever proves to own it may join.

    An invitation whose time is over is renewed. Raises ConflictError for a member and for an
    address that has an open invitation, LimitReachedError when too many were sent today.
    """
    principal.require("manage")
    role, email = read_role(role), read_email(email)
    organization_id = principal.organization_id
    if Membership.objects.within(organization_id).filter(user__email=email).exists():
        raise ConflictError(_("This person is a member already."), code="already_member")
    _require_quota(principal)
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        _withdraw_expired(principal, email)
        try:
            with transaction.atomic():
                invitation = Invitation.unscoped.create(
                    organization_id=organization_id,
                    email=email,
                    role=role,
                    language=language,
                    digest=_digest_of(token),
                    invited_by_id=principal.user_id,
                    expires_at=timezone.now() + LIFETIME,
                )
        except IntegrityError:
            raise ConflictError(
                _("This address is invited already. You can send the invitation again."),
                code="already_invited",
            ) from None
        _record(principal, "invitation.sent", invitation)
    return IssuedInvitation(invitation, token)


def renew_invitation(*, principal: Principal, invitation_id: object) -> IssuedInvitation:
    """The invitation has a new link and its full time again; the old link no longer works."""
    principal.require("manage")
    _require_quota(principal)
    with transaction.atomic():
        invitation = _lock_open(principal, invitation_id)
        now = timezone.now()
        if now - invitation.sent_at < RESEND_PAUSE:
            raise LimitReachedError(
                _("This invitation was sent a moment ago. Wait a minute before you send it again."),
                retry_after=int(RESEND_PAUSE.total_seconds()),
            )
        token = secrets.token_urlsafe(32)
        invitation.digest = _digest_of(token)
        invitation.sent_at, invitation.expires_at = now, now + LIFETIME
        invitation.save(update_fields=["digest", "sent_at", "expires_at"])
        _record(principal, "invitation.sent_again", invitation)
    return IssuedInvitation(invitation, token)


def withdraw_invitation(*, principal: Principal, invitation_id: object) -> Invitation:
    """The link no longer works. Raises ConflictError when it was used before."""
    principal.require("manage")
    with transaction.atomic():
        invitation = _lock_open(principal, invitation_id)
        invitation.withdrawn_at = timezone.now()
        invitation.save(update_fields=["withdrawn_at"])
        _record(principal, "invitation.withdrawn", invitation)
    return invitation


def find_invitation(*, token: str) -> Invitation:
    """The open invitation behind a link, with its organization and who sent it.

    Raises NotFoundError for a link that was never sent or was replaced by a newer one, and
    ConflictError with the code ``invitation_used``, ``invitation_withdrawn``,
    ``invitation_expired`` or ``organization_suspended``.
    """
    invitation = (
        Invitation.unscoped.filter(digest=_digest_of(token))
        .select_related("organization", "invited_by")
        .first()
        if _TOKEN_SHAPE.fullmatch(token)
        else None
    )
    if invitation is None:
        raise NotFoundError(_("This invitation link is not known here."), code="invitation_unknown")
    _require_usable(invitation)
    return invitation


def accept_invitation(*, token: str, user: User) -> Membership:
    """The person is a member with the invited role, and the link is used up.

    Raises as :func:`find_invitation`, and NotAllowedError (``other_address``) unless the invited
    address is one that this person has confirmed. Someone who is a member already stays as they
    are, and the link is kept for nobody: ConflictError (``already_member``).
    """
    found = find_invitation(token=token)
    with transaction.atomic():
        invitation = (
            Invitation.unscoped.select_for_update(of=("self",))
            .select_related("organization")
            .get(id=found.id)
        )
        _require_usable(invitation)
        if not owns_address(user, invitation.email):
            raise NotAllowedError(
                _("This invitation was sent to another e-mail address than yours."),
                code="other_address",
            )
        try:
            with transaction.atomic():
                membership = Membership.unscoped.create(
                    organization=invitation.organization, user=user, role=invitation.role
                )
        except IntegrityError:
            raise ConflictError(
                _("You are a member of this organization already."), code="already_member"
            ) from None
        invitation.accepted_at = timezone.now()
        invitation.save(update_fields=["accepted_at"])
        record_event(
            principal=principal_for(membership),
            organization_id=invitation.organization_id,
            action="invitation.accepted",
            object_type="member",
            object_id=user.id,
            data={"email": invitation.email, "role": invitation.role},
        )
    return membership


def owns_address(user: User, email: str) -> bool:
    """Whether the person has confirmed that this address is theirs."""
    mine = EmailAddress.objects.filter(user=user, email__iexact=email, verified=True)
    return bool(mine.exists())


def _require_usable(invitation: Invitation) -> None:
    if invitation.accepted_at is not None:
        raise ConflictError(_("This invitation was used already."), code="invitation_used")
    if invitation.withdrawn_at is not None:
        raise ConflictError(_("This invitation was withdrawn."), code="invitation_withdrawn")
    if invitation.expires_at <= timezone.now():
        raise ConflictError(_("This invitation has expired."), code="invitation_expired")
    if invitation.organization.is_suspended:
        raise ConflictError(
            _("This organization is suspended; its owner can write to the operator."),
            code="organization_suspended",
        )


def _lock_open(principal: Principal, invitation_id: object) -> Invitation:
    """The organization's invitation, which may have expired but is neither used nor withdrawn."""
    invitation = Invitation.objects.get_within(principal.organization_id, invitation_id)
    invitation = Invitation.unscoped.select_for_update().get(id=invitation.id)
    if invitation.accepted_at is None and invitation.withdrawn_at is None:
        return invitation
    raise ConflictError(_("This invitation was used or withdrawn already."), code="invitation_over")


def _withdraw_expired(principal: Principal, email: str) -> None:
    """Makes room: an invitation that can no longer be accepted must not hinder a new one."""
    now = timezone.now()
    Invitation.objects.within(principal.organization_id).filter(
        email=email, accepted_at=None, withdrawn_at=None, expires_at__lte=now
    ).update(withdrawn_at=now)


def _require_quota(principal: Principal) -> None:
    since = timezone.now() - timedelta(days=1)
    sent = Invitation.objects.within(principal.organization_id).filter(sent_at__gt=since).count()
    if sent >= PER_DAY:
        raise LimitReachedError(
            _("An organization sends at most %(limit)s invitations a day. Go on tomorrow."),
            params={"limit": PER_DAY},
        )


def _record(principal: Principal, action: str, invitation: Invitation) -> None:
    record_event(
        principal=principal,
        organization_id=invitation.organization_id,
        action=action,
        object_type="invitation",
        object_id=invitation.id,
        data={"email": invitation.email, "role": invitation.role},
    )


def _digest_of(token: str) -> str:
    """SHA-256 without salt is right here: the token is 256 random bits, not a password."""
    return hashlib.sha256(token.encode()).hexdigest()
