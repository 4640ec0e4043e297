"""The pages and routes about sources: what is typed, what is shown, who may."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from altiplano.kernel.errors import InvalidInputError, NotAllowedError
from altiplano.kernel.models import Job
from altiplano.knowledge.domain.sources import load_source
from altiplano.knowledge.interfaces.source_pages import read_reference, written_reference
from altiplano.knowledge.models import Document
from altiplano.knowledge.source_models import LoadedDocument, Source
from altiplano.knowledge.specs import LoadSource
from tests.factories.loader_packages import install_shelf
from tests.factories.studio import report_plugin

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def shelf(settings, tmp_path, alice):
    """The loader is installed in Green Schools."""
    settings.PLUGIN_ROOT = tmp_path / "plugins"
    report_plugin("splitter", "sentence")
    return install_shelf(alice.principal, tmp_path)


@pytest.fixture
def signed_in(alice, client):
    client.force_login(alice.user)
    return client


def make_source(collection, name="Shelf", **fields):
    return Source.unscoped.create(
        organization=collection.organization,
        collection=collection,
        name=name,
        plugin="shelf",
        pin={"version": "1.0.0"},
        **fields,
    )


def test_a_source_is_added_from_the_form_and_loaded_with_a_click(signed_in, collection):
    address = f"/collections/{collection.id}/sources/"
    shown = signed_in.get(address + "?plugin=shelf").content.decode()
    assert 'name="config.shout"' in shown
    typed = {
        "plugin": "shelf", "name": "Weather", "reference": "place = Lima\nyear=2026",
        "repeat": "weekly", "config.shout": "on",
    }  # fmt: skip
    assert signed_in.post(address, typed).status_code == 302
    source = Source.unscoped.get()
    assert source.reference == {"place": "Lima", "year": "2026"}
    assert source.config == {"shout": True}
    assert (source.repeat, source.pin["plugin"]) == ("weekly", "shelf")
    assert "Weather" in signed_in.get(address).content.decode()
    signed_in.post(f"/sources/{source.id}/load/")
    assert Job.objects.filter(task=LoadSource.task, subject_id=source.id).count() == 1
    progress = signed_in.get(address + "progress/").content.decode()
    assert "data-fresh" in progress
    assert "waiting" in progress


def test_what_does_not_fit_is_shown_again_with_its_reason(signed_in, collection):
    address = f"/collections/{collection.id}/sources/"
    typed = {"plugin": "shelf", "name": "Mine", "reference": "no value", "repeat": ""}
    answer = signed_in.post(address, typed)
    page = answer.content.decode()
    assert answer.status_code == 400
    assert "no value" in page
    assert 'value="Mine"' in page
    assert not Source.unscoped.exists()


def test_the_page_of_a_source_tells_what_was_refused_and_what_is_gone(alice, collection):
    source = make_source(
        collection,
        state="failed",
        reason="The plugin shelf 1.0.0 is switched off.",
        same_count=3,
        refused=[{"name": "a.txt", "reason": "The name is taken."}],
    )
    document = Document.unscoped.create(
        organization=collection.organization, collection=collection, name="old.txt"
    )
    LoadedDocument.unscoped.create(
        organization=collection.organization,
        source=source,
        document=document,
        seen_at=source.created_at,
        gone_since=source.created_at,
    )
    page = alice.browser.get(f"/sources/{source.id}/").content.decode()
    for words in ("is switched off", "The name is taken.", "old.txt", "1 gone from the source"):
        assert words in page


def test_a_changed_source_keeps_what_was_not_named(alice, collection):
    source = make_source(collection, reference={"place": "Lima"}, config={"shout": True})
    path = f"/api/v1/sources/{source.id}"
    body = json.dumps({"repeat": "daily"})
    answer = alice.api.patch(path, body, content_type="application/json").json()
    assert answer["reference"] == {"place": "Lima"}
    assert answer["config"] == {"shout": True}
    assert answer["repeat"] == "daily"
    assert answer["next_at"]


def test_viewers_see_sources_and_change_none(vera, collection):
    source = make_source(collection)
    page = vera.browser.get(f"/collections/{collection.id}/sources/").content.decode()
    assert "Shelf" in page
    assert "Load now" not in page
    with pytest.raises(NotAllowedError):
        load_source(principal=vera.principal, source_id=source.id)


def test_the_list_asks_as_often_for_many_sources_as_for_one(alice, collection):
    address = f"/collections/{collection.id}/sources/"
    make_source(collection, "0")
    alice.browser.get(address)
    with CaptureQueriesContext(connection) as one:
        alice.browser.get(address)
    for number in range(1, 6):
        make_source(collection, str(number))
    with CaptureQueriesContext(connection) as many:
        alice.browser.get(address)
    assert len(many) == len(one)


def test_a_reference_is_lines_or_json():
    assert read_reference(" a = 1 \n\nb=x = y") == {"a": "1", "b": "x = y"}
    assert read_reference('{"a": 1, "b": [2]}') == {"a": 1, "b": [2]}
    for wrong in ("a", "= 1", "{", '{"a": 1'):
        with pytest.raises(InvalidInputError):
            read_reference(wrong)


@pytest.mark.parametrize("reference", [{}, {"a": "1", "b": "x = y"}, {"a": 1}, {"a": {"b": "c"}}])
def test_a_written_reference_is_read_as_the_same(reference):
    assert read_reference(written_reference(reference)) == reference
