"""Search as the runner and the search API use it: scoped, exact, never wrong, sometimes away."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from asgiref.sync import async_to_sync

import altiplano_sdk as sdk
from altiplano.kernel.models import Job, JobState
from altiplano.knowledge.index_files import index_directory
from altiplano.knowledge.models import Chunk, Collection, Document
from altiplano.knowledge.specs import IndexCollection
from altiplano_worker.tasks import open_collections, stores
from altiplano_worker.tasks.open_collections import IndexUnavailableError
from altiplano_worker.tasks.passages import CollectionPassages
from tests.integration.knowledge.conftest import make_collection, run_jobs
from tests.integration.knowledge.searching import found, search

pytestmark = pytest.mark.django_db

SAME = "Compost matures in six to twelve months when it gets enough air."
CANARY = "The canary sings quetzalcoatl."


@pytest.fixture(autouse=True)
def no_repair_was_asked_for():
    open_collections._repairs.clear()


@pytest.fixture
def school(alice, collection, upload) -> Collection:
    upload(
        alice,
        collection,
        ("compost.txt", SAME),
        ("beans.txt", "Beans climb up the poles in June."),
        ("haricots.txt", "Les haricots grimpent le long des perches au mois de juin."),
    )
    run_jobs()
    collection.refresh_from_db()
    return collection


def forget_open_files(monkeypatch) -> None:
    """As in a worker that has just started."""
    fresh = stores.OpenStores()
    for module in ("stores", "indexing", "compaction", "open_collections"):
        monkeypatch.setattr(f"altiplano_worker.tasks.{module}.open_stores", fresh)


def test_passage_points_at_its_place_in_the_text(school):
    (hit,) = search(school, "compost matures", k=1)
    assert hit.text == SAME[hit.start : hit.end]
    assert (hit.document_name, hit.page, hit.language) == ("compost.txt", 1, "en")
    assert hit.lexical_score == hit.score > 0
    (hit,) = search(school, SAME, mode="dense", k=1)
    assert hit.dense_score == pytest.approx(1.0, abs=0.01)


def test_c04_nothing_of_another_organization_is_ever_found(alice, charlie, school, upload):
    theirs = make_collection(charlie, "Charity")
    upload(charlie, theirs, ("same.txt", SAME), ("canary.txt", CANARY))
    run_jobs()
    own = set(Chunk.unscoped.filter(organization=alice.organization).values_list("id", flat=True))
    for number in range(100):
        question = ("compost months", "canary sings", "quetzalcoatl", SAME)[number % 4]
        for mode in ("dense", "lexical"):
            hits = search(school, question, theirs, mode=mode, k=5 + number % 7)
            assert {hit.chunk_id for hit in hits} <= own
            assert all("quetzalcoatl" not in hit.text for hit in hits)


def test_c04_foreign_ids_in_an_index_file_are_refused(charlie, school, upload, monkeypatch):
    """Even an index that lies gives nothing away: the database decides."""
    theirs = make_collection(charlie, "Charity")
    upload(charlie, theirs, ("canary.txt", CANARY))
    run_jobs()
    foreign = Chunk.unscoped.get(collection=theirs).id
    lies = tuple(sdk.IndexHit(chunk_id, 1.0) for chunk_id in (foreign, 999_999))
    monkeypatch.setattr("altiplano_worker.runtime.index_reader.IndexReader.search", lambda *_: lies)
    assert search(school, "canary") == ()


def test_hits_of_another_collection_of_the_same_organization_are_refused(
    alice, school, upload, monkeypatch
):
    other = make_collection(alice, "Other")
    upload(alice, other, ("secret.txt", CANARY))
    run_jobs()
    elsewhere = Chunk.unscoped.get(collection=other).id
    monkeypatch.setattr(
        "altiplano_worker.runtime.index_reader.IndexReader.search",
        lambda *_: (sdk.IndexHit(elsewhere, 1.0),),
    )
    assert search(school, "canary") == ()


def test_several_collections_are_merged_by_score(alice, school, upload):
    other = make_collection(alice, "Other")
    upload(alice, other, ("more.txt", "Compost, compost, compost matures."))
    run_jobs()
    hits = search(school, "compost matures", other, mode="dense")
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert {hit.document_name for hit in hits} == {
        "more.txt", "compost.txt", "beans.txt", "haricots.txt",
    }  # fmt: skip
    assert len(search(school, "compost matures", other, mode="dense", k=2)) == 2


def test_filters_look_further_until_enough_is_found(alice, school, upload):
    upload(alice, school, *((f"{n}.txt", f"Beans {'climb ' * (n % 9 + 1)}") for n in range(40)))
    run_jobs(limit=200)
    beans = Document.unscoped.get(name="haricots.txt")
    where = sdk.RetrievalFilter(document_ids=frozenset({str(beans.id)}))
    assert found(school, "beans climb juin", where=where, k=1) == ["haricots.txt"]
    french = sdk.RetrievalFilter(languages=frozenset({"fr"}))
    assert found(school, "beans climb juin", where=french, k=1) == ["haricots.txt"]
    nothing = sdk.RetrievalFilter(languages=frozenset({"de"}))
    assert found(school, "beans", where=nothing) == []


def test_two_filters_that_exclude_each_other_let_nothing_through(alice, school):
    async def ask():
        async with CollectionPassages(
            alice.organization.id,
            [school.id],
            where=sdk.RetrievalFilter(languages=frozenset({"fr"})),
        ) as index:
            where = sdk.RetrievalFilter(languages=frozenset({"en"}))
            return await index.search("beans", mode=sdk.SearchMode.DENSE, k=5, where=where)

    assert async_to_sync(ask)() == ()


@pytest.mark.parametrize("mode", ["dense", "lexical"])
def test_c37_odd_questions_never_name_a_chunk_that_is_not_there(alice, school, mode):
    real = set(Chunk.unscoped.values_list("id", flat=True))
    assert {hit.chunk_id for hit in search(school, "beans compost", mode=mode, k=50)} <= real
    assert search(school, "beans", mode=mode, k=0) == ()
    assert search(school, "   ", mode=mode) == ()
    assert search(make_collection(alice, "Empty"), "beans", mode=mode) == ()
    search(school, '"(beans AND] \\ :*~^', mode=mode)


def test_c37_a_question_without_a_number_finds_nothing(school, words, monkeypatch):
    async def nan(self, text, ctx):
        return sdk.VectorBatch(64, 1, np.full(64, np.nan, dtype="<f4").tobytes())

    monkeypatch.setattr(words, "embed_query", nan)
    assert search(school, "a question never asked before", mode="dense") == ()


def test_one_request_searches_one_generation(alice, school, upload):
    async def ask():
        async with CollectionPassages(alice.organization.id, [school.id]) as index:
            first = await index.search("cucumbers", mode=sdk.SearchMode.LEXICAL, k=5)
            before = dict(index.generations)
            await grow()
            second = await index.search("cucumbers", mode=sdk.SearchMode.LEXICAL, k=5)
            return first, second, before == index.generations

    async def grow():
        from asgiref.sync import sync_to_async

        await sync_to_async(add_document)()

    def add_document():
        upload(alice, school, ("cucumbers.txt", "Cucumbers like the heat."))
        run_jobs()

    assert async_to_sync(ask)() == ((), (), True)
    assert [hit.document_name for hit in search(school, "cucumbers")] == ["cucumbers.txt"]


def test_fusion_is_not_the_index_business(school):
    with pytest.raises(sdk.PermanentError, match="one signal"):
        search(school, "beans", mode="hybrid")


def index_files(collection: Collection) -> list[Path]:
    root = index_directory(collection.id)
    return sorted(path for path in root.rglob("*") if path.is_file() and path.stat().st_size > 0)


def flip_a_bit(collection: Collection) -> None:
    for path in index_files(collection):
        if path.suffix != ".lock":
            data = bytearray(path.read_bytes())
            data[len(data) // 2] ^= 1
            path.unlink()  # it may be shared with an older generation
            path.write_bytes(data)


def truncate(collection: Collection) -> None:
    for path in index_files(collection):
        data = path.read_bytes()
        path.unlink()
        path.write_bytes(data[: len(data) // 2])


def delete_manifest(collection: Collection) -> None:
    for path in index_directory(collection.id).glob("manifest*.json"):
        path.unlink()


def delete_everything(collection: Collection) -> None:
    shutil.rmtree(index_directory(collection.id))


@pytest.mark.parametrize("harm", [flip_a_bit, truncate, delete_manifest, delete_everything])
def test_c35_damaged_index_is_noticed_and_rebuilt_from_the_database(
    school, words, monkeypatch, harm
):
    harm(school)
    forget_open_files(monkeypatch)
    with pytest.raises(IndexUnavailableError, match="being rebuilt"):
        search(school, "beans")
    assert Job.objects.filter(task=IndexCollection.task, state=JobState.QUEUED).count() == 1
    words.calls.clear()
    run_jobs()
    assert found(school, "beans climb poles") == ["beans.txt"]
    assert words.calls == [], "vectors come from the database"


def test_c35_swapped_index_files_of_two_organizations_are_noticed(
    alice, charlie, school, upload, monkeypatch
):
    theirs = make_collection(charlie, "Charity")
    upload(charlie, theirs, ("canary.txt", CANARY))
    run_jobs()
    mine, others = index_directory(school.id), index_directory(theirs.id)
    spare = mine.with_name("spare")
    mine.rename(spare)
    others.rename(mine)
    spare.rename(others)
    forget_open_files(monkeypatch)
    for collection in (school, theirs):
        with pytest.raises(IndexUnavailableError):
            search(collection, "canary beans")
    run_jobs()
    assert found(school, "beans climb poles") == ["beans.txt"]
    assert found(theirs, "canary sings") == ["canary.txt"]


def test_c35_with_the_newest_generation_damaged_the_last_good_one_answers(
    alice, school, upload, monkeypatch
):
    upload(alice, school, ("late.txt", "Leeks are late."))
    run_jobs()
    newest = max(index_directory(school.id).glob("generations/*"), key=lambda p: int(p.name))
    for path in newest.rglob("*"):
        if path.is_file() and path.stat().st_nlink == 1:
            path.write_bytes(b"damaged")
    forget_open_files(monkeypatch)
    assert found(school, "beans climb poles") == ["beans.txt"]
    assert Job.objects.filter(task=IndexCollection.task, state=JobState.QUEUED).count() == 1
    run_jobs()
    assert found(school, "leeks late") == ["late.txt"]


def test_search_is_away_rather_than_partial_while_another_model_is_taken_in(school):
    Chunk.unscoped.update(is_indexed=False, vector=None)
    Collection.unscoped.update(index_generation=0)
    with pytest.raises(IndexUnavailableError):
        search(school, "beans")
    run_jobs()
    assert found(school, "beans climb poles") == ["beans.txt"]


def test_collection_that_is_gone_finds_nothing(alice, school):
    other = make_collection(alice, "Other")
    Collection.unscoped.filter(pk=school.pk).delete()
    assert search(school, "beans", other) == ()


def test_number_of_queries_does_not_grow_with_the_hits(
    school, alice, upload, django_assert_max_num_queries
):
    upload(alice, school, *((f"{n}.txt", f"Beans number {n}") for n in range(20)))
    run_jobs(limit=100)
    with django_assert_max_num_queries(3):
        assert len(search(school, "beans", k=20)) == 20
