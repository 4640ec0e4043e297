"""What is true of the database before anything serves from it."""

import pytest
from django.test import override_settings
from django.utils import timezone

from altiplano.kernel.models import Heartbeat, Job
from altiplano.knowledge.index_files import index_directory
from altiplano.knowledge.models import Chunk, Collection, Document, DocumentVersion
from altiplano.knowledge.specs import IndexCollection
from altiplano.ops import prepare
from altiplano.serving.models import ModelEndpoint

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def asked(monkeypatch):
    """How often heartbeats were asked for, instead of a broker."""
    calls = []
    monkeypatch.setattr(prepare, "ask_for_heartbeats", lambda: calls.append(1))
    return calls


@pytest.fixture
def indexed_collection(alice, settings, tmp_path):
    settings.INDEX_ROOT = tmp_path / "indexes"
    organization = alice.organization
    collection = Collection.unscoped.create(organization=organization, name="Papers")
    document = Document.unscoped.create(
        organization=organization, collection=collection, name="a.txt"
    )
    version = DocumentVersion.unscoped.create(organization=organization, document=document, bytes=1)
    Chunk.unscoped.create(
        organization=organization,
        collection=collection,
        version=version,
        ordinal=0,
        page=1,
        start=0,
        end=1,
        text="x",
        vector=b"\0\0\0\0",
        is_indexed=True,
    )
    return collection


def test_current_schema_is_left_alone():
    assert prepare.pending_migrations() == 0
    assert not [line for line in prepare.prepare_database() if "migrations" in line]


def test_proofs_of_life_of_an_earlier_run_are_forgotten_and_new_ones_asked_for(asked):
    Heartbeat.objects.create(name="queue:runs", beaten_at=timezone.now())

    list(prepare.prepare_database())

    assert not Heartbeat.objects.filter(name="queue:runs").exists()
    assert asked == [1]


@override_settings(
    ENGINE_URL="http://127.0.0.1:9/v1", ENGINE_MODEL="llama", ENGINE_KEY="k", ENGINE_PROVIDER="vllm"
)
def test_default_model_is_the_one_that_the_environment_names():
    list(prepare.prepare_database())

    endpoint = ModelEndpoint.objects.get(is_default=True)
    assert (endpoint.base_url, endpoint.model) == ("http://127.0.0.1:9/v1", "llama")


def test_collection_without_index_files_waits_to_be_indexed_again(indexed_collection):
    assert prepare.rebuild_missing_indexes() == 1

    job = Job.objects.get(subject_id=indexed_collection.id)
    assert (job.task, job.queue) == (IndexCollection.task, IndexCollection.queue)


def test_collection_with_its_index_files_is_left_alone(indexed_collection):
    index_directory(indexed_collection.id).mkdir(parents=True)

    assert prepare.rebuild_missing_indexes() == 0
