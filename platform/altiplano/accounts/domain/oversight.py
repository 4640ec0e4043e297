"""What the platform's staff may do to organizations, people and keys. Each act is in the audit log.

The callers check that ``actor`` is staff with the right to do it; nothing here is for members.
"""

from allauth.mfa.models import Authenticator
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from altiplano.accounts.domain.audit import record_event
from altiplano.accounts.models import ApiToken, Organization, User
from altiplano.kernel.errors import ConflictError, NotAllowedError


def suspend_organization(*, actor: User, organization: Organization, reason: str) -> None:
    """Nobody gets in by session or key any more; everything is kept. Doing it twice is harmless."""
    _set_suspended(actor, organization, is_suspended=True, reason=reason)


def unsuspend_organization(*, actor: User, organization: Organization) -> None:
    """Its members get in again."""
    _set_suspended(actor, organization, is_suspended=False, reason="")


def _set_suspended(
    actor: User, organization: Organization, *, is_suspended: bool, reason: str
) -> None:
    with transaction.atomic():
        changed = (
            Organization.objects.filter(id=organization.id)
            .exclude(is_suspended=is_suspended)
            .update(is_suspended=is_suspended)
        )
        if changed:
            record_event(
                principal=None,
                actor=actor,
                organization_id=organization.id,
                action="organization.suspended" if is_suspended else "organization.unsuspended",
                object_type="organization",
                object_id=organization.id,
                data={"name": organization.name, "reason": reason},
            )


def deactivate_person(*, actor: User, person: User, reason: str) -> None:
    """The person cannot sign in, is signed out everywhere, and their keys stop working.

    Raises NotAllowedError for oneself and for a superuser.
    """
    if person.id == actor.id:
        raise NotAllowedError(_("You cannot deactivate yourself."))
    if person.is_superuser:
        raise NotAllowedError(_("A superuser is deactivated on the command line only."))
    with transaction.atomic():
        if not User.objects.filter(id=person.id, is_active=True).update(is_active=False):
            return
        end_sessions(person)
        _record_person(actor, person, "person.deactivated", reason)


def reactivate_person(*, actor: User, person: User) -> None:
    """The person can sign in again, and their keys work again."""
    with transaction.atomic():
        if User.objects.filter(id=person.id, is_active=False).update(is_active=True):
            _record_person(actor, person, "person.reactivated", "")


def remove_second_factors(*, actor: User, person: User, reason: str) -> None:
    """For someone who lost their phone and their codes: the password alone opens the account again.

    They are signed out everywhere, in case it is somebody else who asks. Raises NotAllowedError for
    a superuser, ConflictError when there is none to remove.
    """
    if person.is_superuser:
        raise NotAllowedError(_("Second factors of a superuser stay; remove them on the server."))
    with transaction.atomic():
        removed, _kinds = Authenticator.objects.filter(user=person).delete()
        if not removed:
            raise ConflictError(_("This person has no second factor."))
        end_sessions(person)
        _record_person(actor, person, "person.second_factors_removed", reason)


def end_sessions(person: User) -> int:
    """Every browser of the person is signed out; how many there were.

    Reads all sessions that are not over: rare, and Django's table does not know whose they are.
    """
    ended = 0
    for session in Session.objects.filter(expire_date__gt=timezone.now()).iterator():
        if session.get_decoded().get("_auth_user_id") == str(person.pk):
            session.delete()
            ended += 1
    return ended


def revoke_token_of_member(*, actor: User, token: ApiToken, reason: str) -> None:
    """The key stops working at once. Raises ConflictError for one that was revoked before."""
    with transaction.atomic():
        revoked = ApiToken.unscoped.filter(id=token.id, revoked_at=None).update(
            revoked_at=timezone.now()
        )
        if not revoked:
            raise ConflictError(_("This API key was revoked before."))
        record_event(
            principal=None,
            actor=actor,
            organization_id=token.organization_id,
            action="token.revoked",
            object_type="token",
            object_id=token.id,
            data={"name": token.name, "prefix": token.prefix, "reason": reason},
        )


def _record_person(actor: User, person: User, action: str, reason: str) -> None:
    record_event(
        principal=None,
        actor=actor,
        organization_id=None,
        action=action,
        object_type="person",
        object_id=person.id,
        data={"email": person.email, "reason": reason} if reason else {"email": person.email},
    )
