"""A collection read by plugins from outside, in the real sandbox."""

from collections.abc import Callable

import pytest

from altiplano.accounts.models import AuditEvent, User
from altiplano.catalog.domain.installing import switch_installation, uninstall_package
from altiplano.catalog.domain.quarantine import rest_plugin, try_plugin_again
from altiplano.catalog.domain.reviewing import recall_release
from altiplano.kernel.errors import InvalidInputError, NotAllowedError, NotFoundError
from altiplano.knowledge.domain.reading_choice import Choice, change_reading, keep_embedder
from altiplano.knowledge.domain.rereading import outlook_of, read_again, stop_reading_again
from altiplano.knowledge.index_files import series_on_disk
from altiplano.knowledge.models import Chunk, DocumentState
from altiplano.knowledge.queries import stored_bytes
from altiplano_worker.runtime.sandbox.levels import available_levels
from tests.factories.reading_packages import install_reading_package
from tests.factories.studio import report_plugin
from tests.factories.workers import own_sandboxes
from tests.integration.knowledge.conftest import latest, make_collection, run_jobs
from tests.integration.knowledge.searching import found, search

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not available_levels(), reason="this machine has no sandbox"),
]

DECISION = (
    "Cour de cassation\n"
    "Vu l'art. L121-1 du code du travail et l'article L.\n121-2, la cour casse l'arrêt.\n"
)


@pytest.fixture(autouse=True)
def sandbox(settings, tmp_path, monkeypatch):
    for kind, slug in (("splitter", "sentence"), ("embedder", "words"), ("parser", "text")):
        report_plugin(kind, slug)
    with own_sandboxes(monkeypatch, settings, tmp_path):
        yield


@pytest.fixture
def install(alice, tmp_path) -> Callable[..., object]:
    return lambda slug, **more: install_reading_package(alice, tmp_path, slug, **more)


def choose(member, collection, **parts):
    choices = {
        part: choice if isinstance(choice, Choice) else Choice(choice)
        for part, choice in parts.items()
    }
    changed = change_reading(
        principal=member.principal, collection_id=collection.id, choices=choices
    )
    collection.refresh_from_db()
    return changed


def text_of(document) -> str:
    return latest(document).extracted.text


def test_french_citations_are_found_once_the_example_reads_them(alice, collection, upload, install):
    install("french-legal-citations")
    choose(alice, collection, parser="french-legal-citations")
    (document,) = upload(alice, collection, ("decision.txt", DECISION))
    run_jobs()
    version = latest(document)
    assert version.state == DocumentState.READY, version.reason
    assert "article L. 121-1 du code" in text_of(document)
    assert "article L. 121-2, la cour" in text_of(document)
    assert version.warnings[0].endswith("citations were written in one form.")
    assert (version.language, version.title) == ("fr", "Cour de cassation")
    assert found(collection, "article L. 121-2") == ["decision.txt"]


def test_other_kinds_of_files_keep_their_built_in_reader(alice, collection, upload, install):
    install("french-legal-citations")
    choose(alice, collection, parser="french-legal-citations")
    (table,) = upload(alice, collection, ("t.csv", "article,place\nart. L121-1,Lima\n"))
    run_jobs()
    assert latest(table).state == DocumentState.READY, latest(table).reason
    assert "art. L121-1" in text_of(table)


def test_splitter_and_its_settings_cut_as_they_say(alice, collection, upload, install):
    install("line-splitter")
    choose(alice, collection, splitter=Choice("line-splitter", {"lines": 2}))
    (document,) = upload(alice, collection, ("a.txt", "one\ntwo\nthree\nfour\nfive\n"))
    run_jobs()
    pieces = list(
        Chunk.unscoped.filter(version=latest(document)).order_by("ordinal").values_list("text")
    )
    assert [text.split() for (text,) in pieces] == [["one", "two"], ["three", "four"], ["five"]]


def test_settings_that_do_not_fit_are_said_by_name(alice, collection, install):
    install("line-splitter")
    with pytest.raises(InvalidInputError) as refused:
        choose(alice, collection, splitter=Choice("line-splitter", {"lines": 0}))
    assert refused.value.fields == {"splitter.config.lines": "must be at least 1"}
    with pytest.raises(InvalidInputError, match="no splitter plugin called “french-legal"):
        choose(alice, collection, splitter="french-legal-citations")


def test_documents_are_read_again_while_the_former_reading_answers(
    alice, collection, upload, install
):
    install("french-legal-citations")
    first, second = upload(alice, collection, ("a.txt", DECISION), ("b.txt", "Lima has llamas."))
    run_jobs()
    before = stored_bytes(alice.principal.organization_id)
    choose(alice, collection, parser="french-legal-citations")
    assert outlook_of(collection).documents == 2
    assert read_again(principal=alice.principal, collection_id=collection.id) == 2
    assert found(collection, "llamas") == ["b.txt"]
    run_jobs()
    assert outlook_of(collection).documents == 0
    assert not outlook_of(collection).is_working
    assert latest(first).number == 2
    assert "article L. 121-1" in text_of(first)
    assert found(collection, "llamas") == ["b.txt"]
    assert latest(second).state == DocumentState.READY
    assert stored_bytes(alice.principal.organization_id) == before
    assert read_again(principal=alice.principal, collection_id=collection.id) == 0


def test_reading_again_can_be_stopped_and_loses_nothing(alice, collection, upload, install):
    install("line-splitter")
    documents = upload(alice, collection, ("a.txt", "one\ntwo\n"), ("b.txt", "three\nfour\n"))
    run_jobs()
    versions = [latest(document).id for document in documents]
    choose(alice, collection, splitter="line-splitter")
    read_again(principal=alice.principal, collection_id=collection.id)
    run_jobs(limit=1, is_partial=True)
    assert outlook_of(collection).under_way == 2
    assert stop_reading_again(principal=alice.principal, collection_id=collection.id) == 2
    run_jobs()
    assert [latest(document).id for document in documents] == versions
    assert found(collection, "three") == ["b.txt"]
    assert not outlook_of(collection).is_working


def test_recalled_release_refuses_and_leaves_documents_as_they_are(
    alice, collection, upload, install
):
    release = install("french-legal-citations")
    choose(alice, collection, parser="french-legal-citations")
    (before,) = upload(alice, collection, ("a.txt", DECISION))
    run_jobs()
    recall_release(
        actor=User.objects.get(email="reviewer@example.org"),
        release_id=release.id,
        reason="It leaks.",
    )
    (after,) = upload(alice, collection, ("b.txt", "Vu l'art. L121-9 du code."))
    run_jobs()
    assert latest(after).state == DocumentState.FAILED
    assert latest(after).reason == (
        "The plugin french-legal-citations 1.0.0 was recalled: It leaks."
    )
    assert latest(before).state == DocumentState.READY
    assert found(collection, "article L. 121-1") == ["a.txt"]


def test_uninstalled_parser_refuses_by_name(alice, collection, upload, install):
    install("french-legal-citations")
    choose(alice, collection, parser="french-legal-citations")
    slug = "french-legal-citations"
    uninstall_package(principal=alice.principal, slug=slug, typed_name=slug)
    (document,) = upload(alice, collection, ("a.txt", DECISION))
    run_jobs()
    assert latest(document).reason == (
        "The plugin french-legal-citations 1.0.0 is not installed any more."
    )


def test_plugin_that_is_left_alone_reads_again_once_it_may(alice, collection, upload, install):
    release = install("line-splitter")
    choose(alice, collection, splitter="line-splitter")
    rest_plugin(
        organization_id=alice.organization.id,
        digest=release.digest,
        crashes=5,
        because="was killed",
        seconds=600,
    )
    (document,) = upload(alice, collection, ("a.txt", "one\ntwo\n"))
    run_jobs(limit=1, is_partial=True)
    assert latest(document).state == DocumentState.QUEUED
    try_plugin_again(principal=alice.principal, slug="line-splitter")
    run_jobs()
    assert latest(document).chunk_count == 2


def test_embedder_from_outside_makes_vectors_at_both_ends(alice, collection, upload, install):
    install("letter-embedder")
    choose(alice, collection, embedder="letter-embedder")
    upload(alice, collection, ("a.txt", "zzz zebra zzz"), ("b.txt", "banana"))
    run_jobs()
    collection.refresh_from_db()
    assert (collection.embedding_model, collection.embedding_dimension) == ("letters-1", 26)
    assert collection.next_embedder == {}
    best, *_ = search(collection, "zz", mode="dense")
    assert best.document_name == "a.txt"


def test_next_embedder_takes_over_when_every_passage_is_ready(
    alice, collection, upload, install, words
):
    install("letter-embedder")
    documents = upload(alice, collection, ("a.txt", "zzz zebra zzz"), ("b.txt", "banana"))
    run_jobs()
    choose(alice, collection, embedder="letter-embedder")
    assert collection.embedder == "words"
    assert search(collection, "zebra", mode="dense")[0].document_name == "a.txt"
    run_jobs()
    collection.refresh_from_db()
    assert (collection.embedder, collection.embedding_model) == ("letter-embedder", "letters-1")
    assert (collection.index_series, collection.next_embedder) == (1, {})
    assert search(collection, "zz", mode="dense")[0].document_name == "a.txt"
    assert all(latest(document).state == DocumentState.READY for document in documents)
    assert not Chunk.unscoped.filter(next_vector__isnull=False).exists()
    upload(alice, collection, ("c.txt", "quick quiz"))
    run_jobs()
    assert search(collection, "qq", mode="dense")[0].document_name == "c.txt"
    assert {series for series, _path in series_on_disk(collection.id)} == {0, 1}


def test_next_embedder_that_refuses_leaves_the_present_one(alice, collection, upload, install):
    install("letter-embedder")
    upload(alice, collection, ("a.txt", "there is a letter for venomous snakes"))
    run_jobs()
    choose(alice, collection, embedder="letter-embedder")
    run_jobs()
    collection.refresh_from_db()
    assert collection.embedder == "words"
    assert collection.next_embedder["problem"] == "The model cannot read this text."
    assert found(collection, "letter") == ["a.txt"]
    keep_embedder(principal=alice.principal, collection_id=collection.id)
    collection.refresh_from_db()
    assert collection.next_embedder == {}


def test_recalled_embedder_refuses_questions_and_gives_way_to_another(
    alice, collection, upload, install
):
    install("letter-embedder")
    choose(alice, collection, embedder="letter-embedder")
    (document,) = upload(alice, collection, ("a.txt", "zebra"))
    run_jobs()
    switch_installation(principal=alice.principal, slug="letter-embedder", is_enabled=False)
    refusal = r"The plugin letter-embedder 1\.0\.0 is switched off\."
    with pytest.raises(Exception, match=refusal):
        search(collection, "zebra", mode="dense")
    assert search(collection, "zebra", mode="lexical")[0].document_name == "a.txt"
    choose(alice, collection, embedder="words")
    run_jobs()
    collection.refresh_from_db()
    assert collection.embedder == "words"
    assert found(collection, "zebra") == ["a.txt"]
    assert latest(document).state == DocumentState.READY


def test_nobody_else_chooses_or_lends_a_plugin(charlie, vera, collection, install):
    install("line-splitter")
    with pytest.raises(NotFoundError):
        choose(charlie, collection, splitter="sentence")
    with pytest.raises(NotAllowedError):
        choose(vera, collection, splitter="sentence")
    theirs = make_collection(charlie, "Theirs")
    with pytest.raises(InvalidInputError, match="no splitter plugin called “line-splitter”"):
        choose(charlie, theirs, splitter="line-splitter")


def test_history_tells_who_changed_what(alice, collection, install):
    install("line-splitter")
    choose(alice, collection, splitter=Choice("line-splitter", {"lines": 3}))
    choose(alice, collection, splitter=Choice("line-splitter", {"lines": 3}))
    (event,) = AuditEvent.objects.filter(
        organization_id=alice.principal.organization_id, action="collection.reading_changed"
    )
    assert event.data["plugins"] == {"splitter": "line-splitter 1.0.0"}
    pin = collection.plugins[0]
    assert (pin["kind"], pin["plugin"], pin["version"]) == ("splitter", "line-splitter", "1.0.0")
    assert len(pin["digest"]) == len(pin["config_hash"]) == 64
