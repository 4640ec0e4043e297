"""Rows of an organization are reached through that organization or not at all."""

import uuid

import pytest

from altiplano.kernel.errors import NotFoundError
from altiplano.kernel.tenancy import UnscopedQueryError
from altiplano.knowledge.models import Collection
from tests.factories.accounts import OrganizationFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def collection():
    """Something that could leak."""
    return Collection.unscoped.create(organization=OrganizationFactory(), name="Secrets")


@pytest.mark.parametrize("ask", ["all", "count", "exists", "first"])
def test_asking_without_an_organization_raises(collection, ask):
    with pytest.raises(UnscopedQueryError, match=r"needs \.within"):
        getattr(Collection.objects, ask)()


def test_within_shows_the_organizations_own_rows(collection):
    assert list(Collection.objects.within(collection.organization_id)) == [collection]
    assert list(Collection.objects.within(OrganizationFactory().id)) == []


def test_get_within_returns_the_row(collection):
    assert Collection.objects.get_within(collection.organization_id, collection.id) == collection


@pytest.mark.parametrize(
    "pk", ["foreign", uuid.uuid4(), "not an id", "", None, "\x00", "' OR 1=1 --", 10**40, []]
)
def test_get_within_answers_foreign_and_senseless_ids_alike(collection, pk):
    outsider = OrganizationFactory()
    with pytest.raises(NotFoundError) as caught:
        Collection.objects.get_within(outsider.id, collection.id if pk == "foreign" else pk)
    assert caught.value.message == "There is no such collection in your organization."
