"""The cast: Alice owns Green Schools, Bob is her colleague, Charlie owns another organization."""

import factory
from factory.django import DjangoModelFactory

from altiplano.accounts.models import Membership, Organization, Role, User
from tests.factories.scoped import ScopedFactory

PASSWORD = "a long enough password"


class UserFactory(DjangoModelFactory):
    class Meta:
        model = User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"person{n}@example.org")
    name = factory.Faker("name")
    password = factory.django.Password(PASSWORD)


class OrganizationFactory(DjangoModelFactory):
    class Meta:
        model = Organization

    name = factory.Sequence(lambda n: f"Organization {n}")
    slug = factory.Sequence(lambda n: f"organization-{n}")
    kind = "non-profit"
    country = "FR"


class MembershipFactory(ScopedFactory):
    class Meta:
        model = Membership

    user = factory.SubFactory(UserFactory)
    organization = factory.SubFactory(OrganizationFactory)
    role = Role.OWNER
