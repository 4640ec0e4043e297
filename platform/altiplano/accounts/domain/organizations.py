"""Organizations come into being with an owner, never without one."""

import re
import secrets
from typing import NamedTuple

from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from altiplano.accounts.domain.audit import record_event
from altiplano.accounts.domain.sessions import principal_for
from altiplano.accounts.domain.tokens import issue_token
from altiplano.accounts.models import (
    Membership,
    Organization,
    OrganizationKind,
    Role,
    TokenScope,
    User,
)
from altiplano.kernel.errors import ConflictError, InvalidInputError
from altiplano.kernel.naming import free_slug, read_name

FIRST_KEY_NAME = "First key"
SLUG_ATTEMPTS = 5


class NewOrganization(NamedTuple):
    """An organization made by an operator, with what its owner needs to begin.

    ``password`` is empty when the person had an account before: it is still the one they chose.
    """

    organization: Organization
    user: User
    password: str
    api_key: str


def create_organization(*, user: User, name: str, kind: str, country: str = "") -> Organization:
    """A new organization that this person owns. Raises InvalidInputError."""
    name, kind, country = read_facts(name, kind, country)
    for _attempt in range(SLUG_ATTEMPTS):
        slug = free_slug(
            name,
            fallback="organization",
            is_taken=lambda slug: Organization.objects.filter(slug=slug).exists(),
        )
        try:
            with transaction.atomic():
                return _insert(user, Organization(name=name, slug=slug, kind=kind, country=country))
        except IntegrityError:  # someone took the slug between the look and the insert
            continue
    raise ConflictError(_("Too many organizations of this name are being made; try again."))


def read_facts(name: str, kind: str, country: str) -> tuple[str, str, str]:
    """What an organization says of itself, tidied. Raises InvalidInputError that names the field."""
    name = read_name(name, maximum=200)
    if kind not in OrganizationKind.values:
        raise InvalidInputError(
            _("The kind is one of: %(values)s."),
            params={"values": ", ".join(OrganizationKind.values)},
            fields={"kind": _("unknown kind")},
        )
    country = country.strip().upper()
    if country and not re.fullmatch("[A-Z]{2}", country):
        raise InvalidInputError(
            _("The country is a code of two letters, such as FR."),
            fields={"country": _("two letters")},
        )
    return name, kind, country


def _insert(user: User, organization: Organization) -> Organization:
    organization.save(force_insert=True)
    membership = Membership.unscoped.create(organization=organization, user=user, role=Role.OWNER)
    record_event(
        principal=principal_for(membership),
        organization_id=organization.id,
        action="organization.created",
        object_type="organization",
        object_id=organization.id,
        data={"name": organization.name, "kind": organization.kind},
    )
    return organization


@transaction.atomic
def create_organization_with_owner(*, name: str, kind: str, owner_email: str) -> NewOrganization:
    """For operators: an organization whose owner can sign in at once and holds a key of all scopes.

    The e-mail address counts as confirmed; the operator vouches for it. A person who has an account
    keeps it, password included.
    """
    email = read_email(owner_email)
    password = ""
    user = User.objects.filter(email=email).first()
    if user is None:
        password = secrets.token_urlsafe(15)
        user = User.objects.create_user(email, password)
    EmailAddress.objects.update_or_create(
        user=user, email=email, defaults={"verified": True, "primary": True}
    )
    organization = create_organization(user=user, name=name, kind=kind)
    membership = Membership.objects.within(organization.id).get(user=user)
    issued = issue_token(
        principal=principal_for(membership), name=FIRST_KEY_NAME, scopes=TokenScope.values
    )
    return NewOrganization(organization, user, password, issued.key)


def read_email(raw: str) -> str:
    """The address in lower case, as accounts are kept. Raises InvalidInputError."""
    email = raw.strip().lower()
    try:
        validate_email(email)
    except ValidationError:
        raise InvalidInputError(
            _("This is not an e-mail address."), fields={"email": _("not an e-mail address")}
        ) from None
    if len(email) > 254:
        raise InvalidInputError(
            _("This e-mail address is too long."), fields={"email": _("too long")}
        )
    return email
