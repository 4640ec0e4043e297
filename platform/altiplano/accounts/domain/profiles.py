"""What people decide about their own account."""

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from altiplano.accounts import queries
from altiplano.accounts.domain.audit import record_event
from altiplano.accounts.domain.consents import forget_person
from altiplano.accounts.domain.members import remove_member
from altiplano.accounts.domain.sessions import principal_for
from altiplano.accounts.models import Membership, User
from altiplano.kernel.errors import ConflictError, InvalidInputError
from altiplano.kernel.naming import read_name


def change_profile(*, user: User, name: str, language: str) -> None:
    """The person is called so and reads in this language. A name is not required."""
    if name.strip():
        name = read_name(name, maximum=200)
    user.name = name.strip()
    user.language = _known_language(language)
    user.save(update_fields=["name", "language"])


def remember_language(*, user: User, language: str) -> None:
    """Browsers in which nobody chose a language show this one to the person."""
    user.language = _known_language(language)
    user.save(update_fields=["language"])


def delete_account(*, user: User, typed_email: str) -> None:
    """The account is gone, and with it the person's keys, memberships and feedback.

    What they made for an organization stays with it. Raises ConflictError while an organization
    would be left without an owner, InvalidInputError unless the address was typed.
    """
    if typed_email.strip().lower() != user.email:
        raise InvalidInputError(
            _("This is not your e-mail address. Nothing was deleted."),
            fields={"email": _("not your address")},
        )
    with transaction.atomic():
        _leave_everywhere(user)
        forget_person(user)
        record_event(
            principal=None,
            actor=user,
            organization_id=None,
            action="person.deleted",
            object_type="person",
            object_id=user.id,
        )
        User.objects.get(id=user.id).delete()


def _leave_everywhere(user: User) -> None:
    """In one order of locks for everybody, so that two who leave never wait for each other."""
    memberships = Membership.unscoped.filter(user=user).select_related("organization", "user")
    for membership in memberships.order_by("organization_id"):
        try:
            remove_member(principal=principal_for(membership), membership_id=membership.id)
        except ConflictError:
            names = [each.name for each in queries.organizations_resting_on(user)]
            raise ConflictError(
                _(
                    "You are the only owner of: %(names)s. Make someone else an owner there, or "
                    "delete it, and then your account."
                ),
                params={"names": ", ".join(names)},
                code="last_owner",
            ) from None


def _known_language(code: str) -> str:
    if code not in dict(settings.LANGUAGES):
        raise InvalidInputError(
            _("This language is not available."), fields={"language": _("not available")}
        )
    return code
