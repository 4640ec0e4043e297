"""What an operator does from the command line."""

import secrets

from allauth.account.models import EmailAddress
from django.db import transaction

from altiplano.accounts.domain.audit import record_event
from altiplano.accounts.domain.organizations import create_organization_with_owner, read_email
from altiplano.accounts.models import User


def create_owned_organization(*, name: str, kind: str, owner_email: str) -> dict[str, str]:
    """An organization whose owner can begin at once, as the command prints it.

    ``password`` is empty for a person who had an account: theirs is unchanged. Raises DomainError.
    """
    made = create_organization_with_owner(name=name, kind=kind, owner_email=owner_email)
    return {
        "organization": made.organization.slug,
        "email": made.user.email,
        "password": made.password,
        "api_key": made.api_key,
    }


@transaction.atomic
def make_staff(*, email: str) -> dict[str, str]:
    """A person who may enter the dashboard and do everything there, as the command prints it.

    The address counts as confirmed. ``password`` is empty for a person who had an account: theirs is
    unchanged. Raises InvalidInputError.
    """
    email = read_email(email)
    person = User.objects.filter(email=email).first()
    password = ""
    if person is None:
        password = secrets.token_urlsafe(15)
        person = User.objects.create_user(email, password)
    person.is_staff = person.is_superuser = person.is_active = True
    person.save(update_fields=["is_staff", "is_superuser", "is_active"])
    EmailAddress.objects.update_or_create(
        user=person, email=email, defaults={"verified": True, "primary": True}
    )
    record_event(
        principal=None,
        organization_id=None,
        action="person.made_staff",
        object_type="person",
        object_id=person.id,
        data={"email": email},
    )
    return {"email": email, "password": password, "dashboard": "/admin/"}
