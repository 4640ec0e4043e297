"""Sources of a collection, loaded by plugins from outside in the real sandbox."""

from datetime import timedelta

import pytest
from django.utils import timezone

from altiplano.accounts.models import AuditEvent, User
from altiplano.catalog.domain.installing import switch_installation
from altiplano.catalog.domain.reviewing import recall_release
from altiplano.kernel.errors import ConflictError, InvalidInputError, NotFoundError
from altiplano.kernel.jobs import claim_job
from altiplano.knowledge.domain.loading import queue_due_sources
from altiplano.knowledge.domain.sources import (
    SourceWish,
    add_source,
    change_source,
    delete_source,
    load_source,
    stop_source,
)
from altiplano.knowledge.models import Document, DocumentState
from altiplano.knowledge.source_models import LoadedDocument, Source
from altiplano.knowledge.specs import LoadSource
from altiplano_worker.runtime.sandbox.levels import SandboxLevel, available_levels
from altiplano_worker.tasks import plugin_host as hosts
from altiplano_worker.tasks.loading import load_source as load_task
from tests.factories.loader_packages import AirHttp, install_air_quality, install_shelf
from tests.factories.studio import report_plugin
from tests.factories.workers import own_sandboxes
from tests.integration.knowledge.conftest import latest, run_jobs
from tests.integration.knowledge.searching import found

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(
        SandboxLevel.BUBBLEWRAP not in available_levels(), reason="loaders need bubblewrap"
    ),
]

SHELF = {"a.txt": "Compost is warm.", "b.txt": "Rain fills the barrel."}


@pytest.fixture(autouse=True)
def sandbox(settings, tmp_path, monkeypatch):
    monkeypatch.setattr(hosts, "GrantedHttp", AirHttp)
    for kind, slug in (("splitter", "sentence"), ("embedder", "words"), ("parser", "text")):
        report_plugin(kind, slug)
    with own_sandboxes(monkeypatch, settings, tmp_path, SandboxLevel.BUBBLEWRAP):
        yield


@pytest.fixture
def shelf(alice, collection, tmp_path):
    """A source that brings two files, not loaded yet."""
    install_shelf(alice.principal, tmp_path)
    return add(alice, collection, files=SHELF)


def add(member, collection, name="Shelf", plugin="shelf", config=None, repeat="", **reference):
    wish = SourceWish(name, plugin, reference, config or {}, repeat)
    return add_source(principal=member.principal, collection_id=collection.id, wish=wish)


def refer(source, **reference):
    Source.unscoped.filter(pk=source.pk).update(reference=reference)


def load(member, source):
    load_source(principal=member.principal, source_id=source.id)
    run_jobs()
    source.refresh_from_db()
    return source


def counts(source):
    return source.new_count, source.changed_count, source.same_count, len(source.refused)


def document(collection, name):
    return Document.objects.within(collection.organization_id).get(collection=collection, name=name)


def test_the_air_quality_example_brings_days_that_can_be_found(alice, collection, tmp_path):
    install_air_quality(alice.principal, tmp_path)
    source = add(
        alice, collection, "Air", "air-quality-csv",
        station="FR99001", day="2026-01-31", days="2",
    )  # fmt: skip
    load(alice, source)
    assert (source.state, source.reason) == ("done", "")
    assert counts(source) == (2, 0, 0, 0)
    version = latest(document(collection, "air-FR99001-2026-01-31.csv"))
    assert (version.state, version.media_type) == (DocumentState.READY, "text/csv")
    assert "Exemple-Centre" in version.extracted.text
    assert "air-FR99001-2026-01-31.csv" in found(collection, "NO2 2026/01/31 Exemple-Centre")


def test_a_host_that_was_not_granted_is_not_reached(alice, collection, tmp_path):
    install_air_quality(alice.principal, tmp_path, grants_host=False)
    source = add(alice, collection, "Air", "air-quality-csv", station="FR99001", day="2026-01-31")
    load(alice, source)
    assert source.state == "failed"
    assert "was not granted" in source.reason


def test_what_is_wrong_with_the_wish_is_told_in_the_loaders_words(alice, collection, tmp_path):
    install_air_quality(alice.principal, tmp_path)
    source = add(alice, collection, "Air", "air-quality-csv", station="Paris", day="2026-01-31")
    load(alice, source)
    assert (source.state, counts(source)) == ("failed", (0, 0, 0, 0))
    assert source.reason.startswith("A station such as FR04143")


def test_loading_again_leaves_equal_documents_and_changes_others(alice, collection, shelf):
    load(alice, shelf)
    assert counts(shelf) == (2, 0, 0, 0)
    before = latest(document(collection, "a.txt")).id
    refer(shelf, files={**SHELF, "b.txt": "Rain is rare."})
    load(alice, shelf)
    assert counts(shelf) == (0, 1, 1, 0)
    assert latest(document(collection, "a.txt")).id == before
    assert latest(document(collection, "b.txt")).number == 2
    assert latest(document(collection, "b.txt")).extracted.text.strip() == "Rain is rare."


def test_what_the_source_has_no_more_stays_and_is_told(alice, collection, shelf):
    load(alice, shelf)
    refer(shelf, files={"a.txt": SHELF["a.txt"]})
    load(alice, shelf)
    gone = LoadedDocument.unscoped.filter(source=shelf, gone_since__isnull=False)
    assert [each.document.name for each in gone] == ["b.txt"]
    assert latest(document(collection, "b.txt")).state == DocumentState.READY
    refer(shelf, files=SHELF)
    load(alice, shelf)
    assert not gone.all().exists()


def test_a_document_that_somebody_uploaded_is_never_replaced(alice, collection, shelf, upload):
    (mine,) = upload(alice, collection, ("a.txt", "My own words."))
    load(alice, shelf)
    assert counts(shelf) == (1, 0, 0, 1)
    assert shelf.refused[0]["name"] == "a.txt"
    assert "did not come from this source" in shelf.refused[0]["reason"]
    assert latest(mine).number == 1


def test_a_file_that_cannot_be_read_is_a_document_that_says_why(alice, collection, shelf):
    refer(shelf, files={"a.txt": "{\\rtf1 words}", "b.txt": "fine"})
    load(alice, shelf)
    failed = latest(document(collection, "a.txt"))
    assert (failed.state, failed.reason_code) == (DocumentState.FAILED, "type_not_accepted")
    assert latest(document(collection, "b.txt")).state == DocumentState.READY


def test_a_full_organization_takes_nothing_more_and_says_so(alice, collection, shelf, monkeypatch):
    monkeypatch.setattr(
        "altiplano.knowledge.domain.receiving.stored_bytes", lambda _organization: 10**15
    )
    load(alice, shelf)
    assert shelf.state == "failed"
    assert shelf.reason.startswith("Your organization's storage is full.")


@pytest.mark.parametrize(
    ("end", "said"),
    [
        ("busy", "The shelf is busy."),
        ("shut", "The shelf is shut."),
        ("bug", "The plugin shelf failed in the loader stage."),
    ],
)
def test_a_load_that_breaks_off_keeps_what_came_and_says_why(alice, collection, shelf, end, said):
    refer(shelf, files=SHELF, end=end)
    load(alice, shelf)
    assert shelf.state == "failed"
    assert shelf.reason.startswith(said)
    assert latest(document(collection, "b.txt")).state == DocumentState.READY
    assert not LoadedDocument.unscoped.filter(gone_since__isnull=False).exists()


def test_a_recalled_loader_refuses(alice, collection, shelf):
    operator = User.objects.get(email="reviewer@example.org")
    recall_release(actor=operator, release_id=shelf.pin["release"], reason="It reads too much.")
    load(alice, shelf)
    assert (shelf.state, counts(shelf)) == ("failed", (0, 0, 0, 0))
    assert shelf.reason == "The plugin shelf 1.0.0 was recalled: It reads too much."


def test_a_loader_that_was_switched_off_refuses(alice, shelf):
    switch_installation(principal=alice.principal, slug="shelf", is_enabled=False)
    load(alice, shelf)
    assert shelf.reason == "The plugin shelf 1.0.0 is switched off."


def test_stopping_ends_a_load_and_keeps_what_came(alice, collection, shelf):
    load_source(principal=alice.principal, source_id=shelf.id)
    stop_source(principal=alice.principal, source_id=shelf.id)
    load_task("hint")
    shelf.refresh_from_db()
    assert (shelf.state, counts(shelf)) == ("cancelled", (0, 0, 0, 0))
    with pytest.raises(ConflictError):
        stop_source(principal=alice.principal, source_id=shelf.id)


def test_a_load_that_lost_its_job_stores_nothing_more(alice, collection, shelf, monkeypatch):
    """Whoever stops a load while a file is on its way sees no file come after."""
    from altiplano.knowledge.domain import loading

    real = loading.begin_loading

    def begin_and_be_stopped(claim):
        work = real(claim)
        stop_source(principal=alice.principal, source_id=shelf.id)
        return work

    monkeypatch.setattr(loading, "begin_loading", begin_and_be_stopped)
    load(alice, shelf)
    assert (shelf.state, counts(shelf)) == ("cancelled", (0, 0, 0, 0))
    assert not Document.objects.within(collection.organization_id).exists()


def test_asking_twice_loads_once(alice, shelf):
    load_source(principal=alice.principal, source_id=shelf.id)
    load_source(principal=alice.principal, source_id=shelf.id)
    assert claim_job(LoadSource.task) is not None
    assert claim_job(LoadSource.task) is None
    assert AuditEvent.objects.filter(action="source.loaded").count() == 1


def test_settings_of_the_loader_hold_from_the_next_load_on(alice, collection, shelf):
    load(alice, shelf)
    change_source(
        principal=alice.principal,
        source_id=shelf.id,
        wish=SourceWish("Loud shelf", "shelf", {"files": SHELF}, {"shout": True}),
    )
    load(alice, shelf)
    assert counts(shelf) == (0, 2, 0, 0)
    assert latest(document(collection, "a.txt")).extracted.text.strip() == "COMPOST IS WARM."


@pytest.mark.parametrize(
    ("plugin", "config", "field"),
    [
        ("sentence", {}, "plugin"),
        ("nowhere", {}, "plugin"),
        ("shelf", {"shout": 3}, "config.shout"),
    ],
)
def test_a_source_names_an_installed_loader_with_settings_that_fit(
    alice, collection, shelf, plugin, config, field
):
    with pytest.raises(InvalidInputError) as caught:
        add(alice, collection, "Other", plugin, config)
    assert list(caught.value.fields) == [field]


@pytest.mark.parametrize("value", ["zero \0", "half \ud800", "x" * 10_001])
def test_a_reference_is_text_that_can_be_stored(alice, collection, shelf, value):
    with pytest.raises(InvalidInputError) as caught:
        add(alice, collection, "Other", place=value)
    assert list(caught.value.fields) == ["reference"]
    assert (
        add(alice, collection, "Other", place="Côte\u00a0Vermeille").reference["place"][4]
        == "\u00a0"
    )


def test_two_sources_of_a_collection_have_two_names(alice, collection, shelf):
    with pytest.raises(ConflictError):
        add(alice, collection)


def test_deleting_a_source_keeps_its_documents_or_takes_them_along(alice, collection, shelf):
    load(alice, shelf)
    delete_source(principal=alice.principal, source_id=shelf.id, with_documents=False)
    assert Document.objects.within(collection.organization_id).count() == 2
    other = add(alice, collection, "Other", files={"c.txt": "Third."})
    load(alice, other)
    assert delete_source(principal=alice.principal, source_id=other.id, with_documents=True) == 1
    names = Document.objects.within(collection.organization_id).values_list("name", flat=True)
    assert sorted(names) == ["a.txt", "b.txt"]


def test_a_source_whose_time_has_come_is_loaded_once(alice, collection, shelf):
    daily = add(alice, collection, "Daily", repeat="daily", files={"d.txt": "Day."})
    assert queue_due_sources() == 0
    Source.unscoped.filter(pk=daily.pk).update(next_at=timezone.now() - timedelta(days=3))
    assert queue_due_sources() == 1
    assert queue_due_sources() == 0
    run_jobs()
    daily.refresh_from_db()
    assert (daily.state, counts(daily)) == ("done", (1, 0, 0, 0))
    assert timezone.now() < daily.next_at <= timezone.now() + timedelta(days=1)


def test_sources_of_others_are_out_of_reach(charlie, shelf):
    for act in (load_source, stop_source):
        with pytest.raises(NotFoundError):
            act(principal=charlie.principal, source_id=shelf.id)
    with pytest.raises(NotFoundError):
        delete_source(principal=charlie.principal, source_id=shelf.id, with_documents=True)
    wish = SourceWish("Mine", "shelf", {})
    with pytest.raises((NotFoundError, InvalidInputError)):
        change_source(principal=charlie.principal, source_id=shelf.id, wish=wish)
