"""The task that indexes: batches, failures, rebuilds, and running twice."""

import pytest
from django.utils import timezone

import altiplano_sdk as sdk
from altiplano.kernel import jobs
from altiplano.kernel.models import Job, JobState
from altiplano.knowledge import queries
from altiplano.knowledge.domain import compaction, documents, indexing
from altiplano.knowledge.models import Chunk, Collection, DocumentState, Tombstone
from altiplano.knowledge.specs import CompactIndex, IndexCollection
from altiplano_worker.tasks import index, ingest
from altiplano_worker.tasks.indexing import IndexingTurn
from altiplano_worker.tasks.upkeep import sweep_jobs
from tests.integration.knowledge.conftest import latest, make_collection, run_jobs
from tests.integration.knowledge.searching import found, search

pytestmark = pytest.mark.django_db


def index_again(collection: Collection) -> None:
    jobs.create_job(IndexCollection(collection.id), organization_id=collection.organization_id)
    index.index_collection("")


def read_all() -> None:
    while Job.objects.filter(task="altiplano.knowledge.parse_document", state="queued").exists():
        ingest.parse_document("")


def test_collection_learns_its_model_and_generation(alice, collection, upload):
    upload(alice, collection, ("a.txt", "Beans climb."))
    run_jobs()
    collection.refresh_from_db()
    assert (collection.embedding_model, collection.embedding_dimension) == ("words-1", 64)
    assert collection.index_generation == 1
    assert not Chunk.unscoped.filter(is_indexed=False).exists()


def test_indexing_twice_changes_nothing(alice, collection, upload, words):
    upload(alice, collection, ("a.txt", "Beans climb."))
    run_jobs()
    calls, generation = list(words.calls), Collection.unscoped.get().index_generation
    index_again(collection)
    assert words.calls == calls, "nothing is embedded again"
    assert Collection.unscoped.get().index_generation == generation
    assert len(search(collection, "beans")) == 1


def test_saved_vectors_are_not_computed_again_after_a_crash(
    alice, collection, upload, words, monkeypatch
):
    (document,) = upload(alice, collection, ("a.txt", "Beans climb."))
    ingest.parse_document("")

    def die(turn):
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(IndexingTurn, "_flush", die)
        with pytest.raises(SystemExit):
            index.index_collection("")
    assert words.calls == [1]
    assert latest(document).embedded_count == 1
    Job.objects.filter(state=JobState.RUNNING).update(lease_until=timezone.now())
    index.index_collection("the next worker")
    assert words.calls == [1]
    assert latest(document).state == DocumentState.READY


def test_segment_written_before_a_crash_is_not_written_twice(
    alice, collection, upload, monkeypatch
):
    (document,) = upload(alice, collection, ("a.txt", "Beans climb."))
    ingest.parse_document("")

    def die(*_, **__):
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(indexing, "commit_indexed", die)
        with pytest.raises(SystemExit):
            index.index_collection("")
    Job.objects.filter(state=JobState.RUNNING).update(lease_until=timezone.now())
    index.index_collection("the next worker")
    assert latest(document).state == DocumentState.READY
    assert [hit.document_name for hit in search(collection, "beans")] == ["a.txt"]


def test_unreadable_text_fails_its_own_document_only(alice, collection, upload):
    good, bad = upload(
        alice, collection, ("a.txt", "Beans climb."), ("b.txt", "This is poison for the model.")
    )
    read_all()
    run_jobs()
    assert latest(good).state == DocumentState.READY
    assert (latest(bad).state, latest(bad).reason) == (
        DocumentState.FAILED,
        "The model cannot read this text.",
    )
    assert found(collection, "poison model") == []


def test_vectors_that_break_the_rules_fail_the_document(
    alice, collection, upload, words, monkeypatch
):
    (document,) = upload(alice, collection, ("a.txt", "Beans climb."))

    async def nonsense(self, texts, ctx):
        return sdk.VectorBatch(64, len(texts), b"\0" * 64 * 4 * len(texts))

    monkeypatch.setattr(words, "embed_passages", nonsense)
    run_jobs()
    assert latest(document).reason_code == "index_batch"


def test_model_that_is_away_is_asked_again_and_the_document_says_so(
    alice, collection, upload, words, monkeypatch
):
    (document,) = upload(alice, collection, ("a.txt", "Beans climb."))

    async def away(self, texts, ctx):
        raise sdk.EngineUnavailableError("The embedding model does not answer.")

    with monkeypatch.context() as patched:
        patched.setattr(words, "embed_passages", away)
        ingest.parse_document("")
        index.index_collection("")
        assert latest(document).state == DocumentState.EMBEDDING
        assert Job.objects.get(state=JobState.QUEUED).run_after > timezone.now()
        run_jobs()
    assert (latest(document).state, latest(document).reason) == (
        DocumentState.FAILED,
        "The embedding model does not answer.",
    )
    documents.retry_document(principal=alice.principal, document_id=document.id)
    assert latest(document).state == DocumentState.EMBEDDING, "it need not be read again"
    run_jobs()
    assert latest(document).state == DocumentState.READY


def test_unknown_embedder_is_said_at_once(alice, upload):
    collection = make_collection(alice, "Odd")
    Collection.unscoped.update(embedder="gone")
    (document,) = upload(alice, collection, ("a.txt", "Beans climb."))
    run_jobs()
    assert latest(document).state == DocumentState.FAILED
    assert "gone" in latest(document).reason


def test_unforeseen_error_tells_no_detail(alice, collection, upload, words, monkeypatch):
    (document,) = upload(alice, collection, ("a.txt", "Beans climb."))

    async def break_down(self, texts, ctx):
        raise RuntimeError("secret detail")

    monkeypatch.setattr(words, "embed_passages", break_down)
    run_jobs()
    assert latest(document).state == DocumentState.FAILED
    assert "secret" not in latest(document).reason


def test_indexer_that_dies_every_time_fails_the_documents_that_wait(alice, collection, upload):
    (document,) = upload(alice, collection, ("a.txt", "Beans climb."))
    ingest.parse_document("")
    for _ in range(3):
        assert jobs.claim_job(IndexCollection.task) is not None
        Job.objects.filter(state=JobState.RUNNING).update(lease_until=timezone.now())
    sweep_jobs()
    assert latest(document).reason_code == "indexer_died"


def test_progress_makes_attempts_count_anew(alice, collection, upload):
    upload(alice, collection, ("a.txt", "Beans climb."))
    ingest.parse_document("")
    for _ in range(2):
        jobs.claim_job(IndexCollection.task)
        Job.objects.filter(state=JobState.RUNNING).update(lease_until=timezone.now())
    index.index_collection("the third attempt")
    assert Job.objects.get(task=IndexCollection.task).attempt == 1


def test_another_model_embeds_everything_anew(alice, collection, upload, words):
    (document,) = upload(alice, collection, ("a.txt", "Beans climb."))
    run_jobs()
    Collection.unscoped.update(embedder_config={"model": "words-2"})
    words.calls.clear()
    index_again(collection)
    collection.refresh_from_db()
    assert collection.embedding_model == "words-2"
    assert words.calls == [1]
    assert found(collection, "beans climb") == ["a.txt"]
    assert latest(document).embedded_count == 1


def test_a_text_that_the_new_model_refuses_fails_its_document_and_the_turn_ends(
    alice, collection, upload, words, monkeypatch
):
    """It was ready; with the vectors of another model, which are gone."""
    refused, kept = upload(alice, collection, ("a.txt", "Nasty beans."), ("b.txt", "Peas climb."))
    run_jobs()
    monkeypatch.setattr("tests.fakes.embedders.POISON", "Nasty")
    Collection.unscoped.update(embedder_config={"model": "words-2"})
    index_again(collection)
    assert (latest(refused).state, latest(refused).reason_code) == ("failed", "not_embeddable")
    assert latest(kept).state == "ready"
    assert found(collection, "peas climb beans") == ["b.txt"]


@pytest.mark.parametrize("rival", ["charlie", "alice"])
def test_long_turn_gives_way_to_another_collection_of_whoever_it_is(
    alice, rival, collection, upload, monkeypatch, request
):
    rival = request.getfixturevalue(rival)
    monkeypatch.setattr("altiplano_worker.tasks.indexing.RIVAL_SECONDS", -1)
    monkeypatch.setattr("altiplano_worker.tasks.indexing.MAX_BATCH", 1)
    upload(alice, collection, ("a.txt", "Beans climb."), ("b.txt", "Peas climb."))
    theirs = make_collection(rival, "Charity")
    (other,) = upload(rival, theirs, ("c.txt", "Soup is ladled."))
    read_all()
    index.index_collection("")
    assert Chunk.unscoped.filter(collection=collection, is_indexed=True).count() == 1
    index.index_collection("")
    assert latest(other).state == DocumentState.READY
    run_jobs()
    assert found(collection, "climb") == ["a.txt", "b.txt"]


def test_collection_that_is_gone_is_no_trouble(alice, collection):
    jobs.create_job(IndexCollection(collection.id), organization_id=alice.organization.id)
    jobs.create_job(CompactIndex(collection.id), organization_id=alice.organization.id)
    Collection.unscoped.all().delete()
    run_jobs()
    assert set(Job.objects.values_list("state", flat=True)) == {JobState.DONE}


def test_compaction_of_a_collection_without_index_is_done(alice, collection):
    compaction.request_compaction(collection.id, organization_id=alice.organization.id)
    assert run_jobs() == 1
    assert set(Job.objects.values_list("state", flat=True)) == {JobState.DONE}


def test_compaction_twice_changes_nothing(alice, collection, upload):
    first, _ = upload(alice, collection, ("a.txt", "Beans climb."), ("b.txt", "Peas climb."))
    run_jobs()
    documents.delete_document(principal=alice.principal, document_id=first.id)
    for _ in range(2):
        compaction.request_compaction(collection.id, organization_id=alice.organization.id)
        run_jobs()
    assert not Tombstone.objects.exists()
    assert found(collection, "climb") == ["b.txt"]


def test_many_versions_become_ready_in_a_constant_number_of_queries(
    alice, collection, upload, django_assert_max_num_queries
):
    upload(alice, collection, *((f"{n}.txt", f"Bean number {n} climbs.") for n in range(30)))
    read_all()
    with django_assert_max_num_queries(60):
        index.index_collection("")
    summary = queries.collection_summary(alice.organization.id, collection.id)
    assert (summary.state, summary.documents, summary.chunks) == ("ready", 30, 30)


BOOK = "\n\n".join(f"Chapter {n}. " + "A long sentence about gardens. " * 40 for n in range(150))


@pytest.fixture
def embedded(monkeypatch) -> list[set]:
    """The versions of each call of the embedder, in order."""
    calls: list[set] = []
    save = indexing.save_vectors

    def noted(claim, chunks, vectors):
        calls.append({chunk.version_id for chunk in chunks})
        save(claim, chunks, vectors)

    monkeypatch.setattr("altiplano_worker.tasks.indexing.indexing.save_vectors", noted)
    return calls


def test_small_documents_go_before_a_large_one_that_came_first(alice, collection, upload, embedded):
    (book,) = upload(alice, collection, ("book.txt", BOOK))
    small = upload(alice, collection, *[(f"{n}.txt", f"Beans, {n}.") for n in range(10)])
    read_all()
    assert latest(book).chunk_count > 64
    index.index_collection("")
    assert {latest(document).id for document in small} <= embedded[0]
    assert latest(book).state == DocumentState.READY
    assert Chunk.unscoped.filter(is_indexed=False).count() == 0


def test_large_document_gets_its_turn_among_many_small_ones(
    alice, collection, upload, embedded, monkeypatch
):
    monkeypatch.setattr("altiplano_worker.tasks.indexing.MAX_CALL", 16)
    (book,) = upload(alice, collection, ("book.txt", BOOK))
    upload(alice, collection, *[(f"{n}.txt", f"Beans, {n}.") for n in range(90)])
    read_all()
    index.index_collection("")
    assert [latest(book).id in call for call in embedded[:4]] == [False, False, False, True]
    assert not Chunk.unscoped.filter(is_indexed=False).exists()
