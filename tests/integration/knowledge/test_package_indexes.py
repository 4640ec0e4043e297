"""A collection whose vectors are searched by an index from a package, in the real sandbox."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.test import Client
from django.urls import reverse

import altiplano_sdk as sdk
from altiplano.accounts.models import AuditEvent, User
from altiplano.catalog.domain.installing import switch_installation
from altiplano.catalog.domain.reviewing import recall_release
from altiplano.kernel.database_threads import write_database
from altiplano.kernel.errors import InvalidInputError
from altiplano.knowledge.domain.deletion import discard_documents
from altiplano.knowledge.domain.reading_choice import Choice, change_reading
from altiplano.knowledge.models import Chunk, Collection
from altiplano.knowledge.reading import index_step
from altiplano_worker.runtime.sandbox.indexes import HeldIndex
from altiplano_worker.runtime.sandbox.levels import available_levels
from altiplano_worker.tasks import open_collections
from altiplano_worker.tasks.package_indexes import PackageIndexes
from altiplano_worker.tasks.passages import CollectionPassages
from altiplano_worker.tasks.plugin_host import plugin_host
from tests.cast import Member
from tests.factories.reading_packages import install_reading_package
from tests.factories.studio import report_plugin
from tests.factories.workers import own_sandboxes
from tests.fakes.index_sources import searching
from tests.integration.knowledge.conftest import make_collection, run_jobs

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not available_levels(), reason="this machine has no sandbox"),
]

TEXTS = (
    ("compost.txt", "Compost matures in six to twelve months when it gets enough air."),
    ("beans.txt", "Beans climb up the poles in June."),
    ("lamp.txt", "The lamp of the lighthouse turns once in ten seconds."),
)


@pytest.fixture(autouse=True)
def sandbox(settings, tmp_path, monkeypatch):
    for kind, slug in (("index", "faiss"), ("embedder", "words")):
        report_plugin(kind, slug)
    with own_sandboxes(monkeypatch, settings, tmp_path):
        yield


@pytest.fixture
def install(alice, tmp_path) -> Callable[..., Any]:
    return lambda **more: install_reading_package(alice, tmp_path, "exact-index", **more)


@pytest.fixture
def indexes(monkeypatch) -> PackageIndexes:
    """As in a worker that has just started; waits for as long as it takes to fill an index."""
    fresh = PackageIndexes(wait_seconds=30.0)
    monkeypatch.setattr(open_collections, "package_indexes", fresh)
    return fresh


@pytest.fixture
def answered(monkeypatch) -> list[int]:
    """How many hits each search in a package's index gave."""
    counts: list[int] = []
    original = HeldIndex.search

    async def counted(self, query):
        hits = await original(self, query)
        counts.append(len(hits))
        return hits

    monkeypatch.setattr(HeldIndex, "search", counted)
    return counts


@pytest.fixture
def garden(alice, collection, upload) -> Collection:
    upload(alice, collection, *TEXTS)
    run_jobs()
    collection.refresh_from_db()
    return collection


def choose(member: Member, collection: Collection, plugin: str = "exact-index") -> None:
    change_reading(
        principal=member.principal,
        collection_id=collection.id,
        choices={"index": Choice(plugin)},
    )
    collection.refresh_from_db()


async def ask(collection: Collection, text: str, *, mode: str = "dense", k: int = 3) -> list[str]:
    async with CollectionPassages(collection.organization_id, [collection.id]) as passages:
        found = await passages.search(text, mode=sdk.SearchMode(mode), k=k)
        return [passage.document_name for passage in found]


def run(work: Callable[[], Awaitable[None]], indexes: PackageIndexes) -> None:
    """On a loop of its own, with no process left behind."""

    @async_to_sync
    async def whole() -> None:
        try:
            await work()
        finally:
            indexes.close()
            await plugin_host.close()

    whole()


def test_it_answers_as_the_built_in_one_would(alice, garden, install, indexes, answered):
    built_in = [async_to_sync(ask)(garden, text) for _, text in TEXTS]
    assert answered == []
    install()
    choose(alice, garden)

    async def work():
        assert [await ask(garden, text) for _, text in TEXTS] == built_in
        assert await ask(garden, "lighthouse lamp", mode="lexical", k=1) == ["lamp.txt"]

    run(work, indexes)
    assert answered == [3, 3, 3]


def test_it_follows_documents_that_come_and_go(alice, garden, install, indexes, answered, upload):
    install()
    choose(alice, garden)
    whale = ("whale.txt", "A whale sings below the waves of the sea.")

    async def work():
        assert (await ask(garden, TEXTS[1][1]))[0] == "beans.txt"
        await write_database(lambda: _add(alice, garden, upload, whale))
        assert (await ask(garden, whale[1]))[0] == "whale.txt"
        await write_database(lambda: _delete(alice, garden, "beans.txt"))
        assert "beans.txt" not in await ask(garden, TEXTS[1][1], k=10)

    run(work, indexes)
    assert len(answered) == 3


def _add(member, collection, upload, document) -> None:
    upload(member, collection, document)
    run_jobs()


def _delete(member, collection, name) -> None:
    document = collection.documents.get(name=name)
    discard_documents(
        principal=member.principal, collection_id=collection.id, document_ids=[str(document.id)]
    )


def test_until_it_is_filled_the_built_in_one_answers(alice, garden, install, monkeypatch, answered):
    indexes = PackageIndexes(wait_seconds=0.0)
    monkeypatch.setattr(open_collections, "package_indexes", indexes)
    install()
    choose(alice, garden)

    async def work():
        assert (await ask(garden, TEXTS[0][1]))[0] == "compost.txt"
        assert answered == []
        (kept,) = indexes._kept.values()
        await kept.filling
        assert (await ask(garden, TEXTS[0][1]))[0] == "compost.txt"
        assert answered == [3]

    run(work, indexes)


def test_a_process_that_ended_is_filled_again(alice, garden, install, indexes, answered):
    install()
    choose(alice, garden)

    async def work():
        assert (await ask(garden, TEXTS[0][1]))[0] == "compost.txt"
        plugin_host._pool.drop(garden.plugins[0]["digest"])
        assert (await ask(garden, TEXTS[1][1]))[0] == "beans.txt"

    run(work, indexes)
    assert len(answered) == 2


def test_recalled_or_switched_off_it_refuses_by_name(alice, garden, install, indexes):
    release = install()
    choose(alice, garden)
    switch_installation(principal=alice.principal, slug="exact-index", is_enabled=False)

    async def refused(words):
        with pytest.raises(sdk.PermanentError, match=words):
            await ask(garden, TEXTS[0][1])

    run(lambda: refused(r"exact-index 1\.0\.0 is switched off"), indexes)
    switch_installation(principal=alice.principal, slug="exact-index", is_enabled=True)
    operator = User.objects.get(email="reviewer@example.org")
    recall_release(actor=operator, release_id=release.id, reason="It lies.")
    run(lambda: refused(r"exact-index 1\.0\.0 was recalled: It lies"), indexes)


def test_a_collection_beyond_its_memory_is_refused(alice, garden, install, indexes):
    install()
    choose(alice, garden)
    Chunk.unscoped.filter(collection=garden).update(text="x" * 100 * 1024 * 1024)

    async def work():
        for _ in range(2):
            with pytest.raises(sdk.PermanentError, match=r"too large .* 300 MB, .* 256 MB") as no:
                await ask(garden, TEXTS[0][1])
            assert no.value.code == "index_too_large"

    run(work, indexes)


def test_what_it_makes_up_is_never_shown(alice, charlie, garden, install, indexes, upload):
    """Ids of another organization's passages, claimed with the best score there is."""
    theirs = make_collection(charlie, "Charity")
    upload(charlie, theirs, ("canary.txt", "The canary sings quetzalcoatl."))
    run_jobs()
    foreign = Chunk.unscoped.get(collection=theirs).id
    liar = searching(
        f"return (sdk.IndexHit({foreign}, 1.0), sdk.IndexHit(next(iter(self.held)), 0.9))"
    )
    install(code=liar)
    choose(alice, garden)

    async def work():
        assert len(found := await ask(garden, "canary", k=5)) == 1
        assert "canary.txt" not in found

    run(work, indexes)


def test_it_is_chosen_and_let_go_by_name(alice, garden, install):
    assert index_step(garden) is None
    with pytest.raises(InvalidInputError, match="no index plugin called “exact-index"):
        choose(alice, garden)
    with pytest.raises(InvalidInputError, match="built-in indexes answer"):
        choose(alice, garden, "faiss")
    release = install()
    choose(alice, garden)
    assert index_step(garden).pin["digest"] == release.digest
    (event,) = AuditEvent.objects.filter(action="collection.reading_changed")
    assert event.data["plugins"] == {"index": "exact-index 1.0.0"}
    choose(alice, garden, "")
    assert index_step(garden) is None
    assert garden.plugins == []


def test_page_and_api_offer_it(alice, garden, install):
    install()
    page = reverse("knowledge:collection-reading", args=[garden.id])
    browser = Client()
    browser.force_login(alice.user)
    shown = browser.get(f"{page}?part=index&plugin=exact-index").content.decode()
    assert "Until it is filled, the built-in index answers." in shown
    assert "The built-in indexes" in shown
    saved = browser.post(page, {"part": "index", "plugin": "exact-index"})
    assert saved.status_code == 302
    address = f"/api/v1/collections/{garden.id}/reading"
    told = alice.api.get(address).json()
    assert told["index"] == {"plugin": "exact-index", "version": "1.0.0", "config": {}}
    changed = alice.api.patch(
        address, {"index": {"plugin": ""}}, content_type="application/json"
    ).json()
    assert changed["index"]["plugin"] == ""
