"""The cast as fixtures. Alice owns Green Schools, Bob builds there, Vera only reads and asks;
Charlie owns another organization and must never see anything of theirs.
"""

from dataclasses import dataclass

import pytest
from django.test import Client

from altiplano.accounts.domain.tokens import issue_token
from altiplano.accounts.models import Membership, Organization, Role, User
from altiplano.accounts.principal import ROLE_SCOPES, Principal
from tests.factories.accounts import MembershipFactory, OrganizationFactory


@dataclass(frozen=True, slots=True)
class Member:
    """A person in an organization, with an API key of all scopes that the role allows."""

    membership: Membership
    principal: Principal
    key: str

    @property
    def user(self) -> User:
        return self.membership.user

    @property
    def organization(self) -> Organization:
        return self.membership.organization

    @property
    def role(self) -> str:
        return self.membership.role

    @property
    def api(self) -> Client:
        """A client that sends the key with every request."""
        return client_with_key(self.key)

    @property
    def browser(self) -> Client:
        """A client that is signed in and, as a real page would, must prove it by CSRF token."""
        client = Client(enforce_csrf_checks=True)
        client.force_login(self.user)
        return client


def client_with_key(key: str) -> Client:
    return Client(headers={"authorization": f"Bearer {key}"}, raise_request_exception=False)


def make_member(organization: Organization, role: str, name: str) -> Member:
    membership = MembershipFactory(
        organization=organization,
        role=role,
        user__email=f"{name.lower()}@example.org",
        user__name=name,
    )
    principal = Principal(
        user_id=membership.user.id,
        user_label=membership.user.email,
        organization_id=organization.id,
        organization_slug=organization.slug,
        role=role,
        scopes=ROLE_SCOPES[role],
    )
    scopes = ROLE_SCOPES[role] - {"manage"}
    issued = issue_token(principal=principal, name=f"{name}'s key", scopes=scopes)
    return Member(membership, principal, issued.key)


@pytest.fixture
def green_schools(db):
    return OrganizationFactory(name="Green Schools", slug="green-schools")


@pytest.fixture
def alice(green_schools) -> Member:
    return make_member(green_schools, Role.OWNER, "Alice")


@pytest.fixture
def bob(green_schools) -> Member:
    return make_member(green_schools, Role.BUILDER, "Bob")


@pytest.fixture
def vera(green_schools) -> Member:
    return make_member(green_schools, Role.VIEWER, "Vera")


@pytest.fixture
def charlie(db) -> Member:
    elsewhere = OrganizationFactory(name="Charlie's Charity", slug="charlies-charity")
    return make_member(elsewhere, Role.OWNER, "Charlie")
