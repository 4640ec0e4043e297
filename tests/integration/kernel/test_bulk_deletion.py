"""A large organization goes quickly, whole, and alone."""

import pytest
from django.apps import apps
from django.db import connection, models
from django.test.utils import CaptureQueriesContext

from altiplano.accounts.domain.ownership import delete_organization
from altiplano.accounts.domain.sessions import principal_for
from altiplano.accounts.models import Membership, Organization, Role
from altiplano.kernel.ids import new_id
from altiplano.knowledge.models import Chunk, Document, DocumentText, DocumentVersion
from altiplano.runs.models import Answer, Run
from tests.factories.everything import make_everything
from tests.factories.runs import publish_app
from tests.factories.studio import CollectionFactory

pytestmark = pytest.mark.django_db


def rows_of(organization_id) -> dict[str, int]:
    """How many rows each model with a tenant has of it."""
    counts = {}
    for model in apps.get_models():
        fields = {field.name for field in model._meta.concrete_fields}
        field = model._meta.get_field("organization") if "organization" in fields else None
        if isinstance(field, models.ForeignKey) and model._meta.label != "accounts.AuditEvent":
            rows = model._base_manager.filter(organization_id=organization_id)
            counts[model._meta.label] = rows.count()
    return {label: count for label, count in counts.items() if count}


def end_of(organization: Organization) -> int:
    """The organization is deleted by its owner; how many queries it took."""
    owner = Membership.unscoped.get(organization=organization, role=Role.OWNER)
    with CaptureQueriesContext(connection) as queries:
        delete_organization(principal=principal_for(owner), typed_name=organization.name)
    return len(queries)


def test_everything_of_the_organization_goes_and_nothing_of_another():
    make_everything(1)
    make_everything(2)
    going, staying = Organization.objects.order_by("created_at")
    before = rows_of(staying.id)
    assert len(rows_of(going.id)) > 10, "a deletion test first shows what there is to delete"
    end_of(going)
    assert rows_of(going.id) == {}
    assert rows_of(staying.id) == before
    assert (Answer.objects.count(), DocumentText.objects.count()) == (1, 1)
    connection.check_constraints()


def fill(organization: Organization, count: int) -> None:
    collection = CollectionFactory(organization=organization)
    app = publish_app(organization, name="More", slug="more")
    for number in range(count):
        document = Document.unscoped.create(
            organization=organization, collection=collection, name=f"{number}.txt"
        )
        version = DocumentVersion.unscoped.create(
            organization=organization, document=document, bytes=1, state="ready"
        )
        document.active_version = document.latest_version = version
        document.save()
        DocumentText.objects.create(version=version, text="word", pages=[])
        Chunk.unscoped.create(
            organization=organization, collection=collection, version=version,
            ordinal=0, page=1, start=0, end=4, text="word", vector=b"",
        )  # fmt: skip
        run = Run.unscoped.create(
            id=new_id(), organization=organization, app=app, question="?", spec={}, state="finished"
        )
        Answer.objects.create(run=run, text="Six.")


def test_it_takes_as_many_statements_however_much_there_is():
    make_everything(1)
    make_everything(2)
    small, large = Organization.objects.order_by("created_at")
    fill(small, 1)
    fill(large, 150)
    assert end_of(small) == end_of(large)
