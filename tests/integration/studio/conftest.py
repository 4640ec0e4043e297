"""What most studio tests begin with: a collection of Alice's and a full catalogue."""

import pytest

from tests.factories.studio import CollectionFactory, report_all_plugins


@pytest.fixture
def collection(alice):
    return CollectionFactory(organization=alice.organization, name="Garden")


@pytest.fixture
def charlies_collection(charlie):
    return CollectionFactory(organization=charlie.organization, name="Secrets")


@pytest.fixture
def catalogue(db):
    report_all_plugins()
