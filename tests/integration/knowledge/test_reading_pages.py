"""The page on which a collection's plugins are chosen, and the same by API."""

import pytest

from altiplano.catalog.domain.installing import GrantWish, install_package
from altiplano.catalog.package_models import Installation
from altiplano.catalog.uses import uses_of
from altiplano.knowledge.models import Collection
from tests.factories.packages import publish
from tests.factories.reading_packages import LINE_SCHEMA
from tests.factories.studio import report_plugin

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def plugins(alice):
    """One splitter from outside, installed by the organization, beside the built-ins."""
    for kind, slug in (("splitter", "sentence"), ("embedder", "words"), ("parser", "text")):
        report_plugin(kind, slug)
    offer("1.0.0")
    install_package(principal=alice.principal, slug="line-splitter", wish=GrantWish())


def offer(version: str):
    return publish(
        "line-splitter",
        version,
        manifest_changes={"provides": ({"kind": "splitter", "entry": "line_splitter:Plugin"},)},
        schemas={"splitter": LINE_SCHEMA},
    )


@pytest.fixture
def address(collection) -> str:
    return f"/collections/{collection.id}/reading/"


def choose(client, address, **fields):
    fields = {"part": "splitter", "plugin": "line-splitter", **fields}
    return client.post(
        address, {name.replace("config_", "config."): value for name, value in fields.items()}
    )


@pytest.fixture
def signed_in(alice, client):
    client.force_login(alice.user)
    return client


@pytest.fixture
def watching(vera, client):
    client.force_login(vera.user)
    return client


def page_of(response) -> str:
    return response.content.decode()


def test_page_shows_each_step_and_the_settings_of_the_chosen_plugin(signed_in, address):
    page = page_of(signed_in.get(address))
    assert "The built-in reader of each kind of file" in page
    assert "Read all documents again" not in page
    opened = page_of(signed_in.get(address, {"part": "splitter", "plugin": "line-splitter"}))
    assert 'name="config.lines"' in opened
    assert "from 1 to 100" in opened


def test_choice_is_stored_with_its_release(signed_in, address, collection):
    response = choose(signed_in, address, config_lines="3")
    assert response.status_code == 302
    collection.refresh_from_db()
    assert (collection.splitter, collection.splitter_config) == ("line-splitter", {"lines": 3})
    assert collection.plugins[0]["version"] == "1.0.0"
    assert "version 1.0.0" in page_of(signed_in.get(address))


def test_wrong_setting_is_said_beside_it_and_nothing_typed_is_lost(signed_in, address, collection):
    response = choose(signed_in, address, config_lines="300")
    assert response.status_code == 400
    page = page_of(response)
    assert "must be at most 100" in page
    assert 'value="300"' in page
    collection.refresh_from_db()
    assert collection.splitter == "sentence"


def test_reset_puts_the_default_back_without_storing(signed_in, address, collection):
    page = page_of(choose(signed_in, address, config_lines="7", reset="lines"))
    assert 'value="7"' not in page
    collection.refresh_from_db()
    assert collection.splitter == "sentence"


def test_viewer_reads_the_page_and_changes_nothing(watching, address):
    page = page_of(watching.get(address, {"part": "splitter"}))
    assert 'name="config.lines"' not in page
    assert choose(watching, address, config_lines="3").status_code == 403


def test_newer_release_is_told_and_used_once_the_step_is_saved_again(
    signed_in, address, collection, alice
):
    choose(signed_in, address)
    newer = offer("1.1.0")
    Installation.unscoped.filter(organization_id=alice.organization.id).update(release=newer)
    assert "Version 1.1.0 is installed." in page_of(signed_in.get(address))
    choose(signed_in, address)
    collection.refresh_from_db()
    assert [pin["version"] for pin in collection.plugins] == ["1.1.0"]


def test_pages_about_the_plugin_name_the_collections_that_read_with_it(
    signed_in, address, collection, alice, charlie
):
    choose(signed_in, address)
    (use,) = uses_of(alice.organization.id, "line-splitter")
    assert (use.name, use.address, use.reads_with) == ("School", address, "1.0.0")
    assert list(uses_of(charlie.organization.id, "line-splitter")) == []
    assert "a collection, read with 1.0.0" in page_of(signed_in.get("/plugins/line-splitter/"))
    farewell = page_of(signed_in.get("/plugins/line-splitter/uninstall/"))
    assert "These collections read with it" in farewell
    offer("1.1.0")
    preview = page_of(signed_in.get("/plugins/line-splitter/upgrade/"))
    assert "Which collections use it" in preview


def test_api_shows_and_changes_the_same(alice, client, collection):
    headers = {"HTTP_AUTHORIZATION": f"Bearer {alice.key}"}
    where = f"/api/v1/collections/{collection.id}/reading"
    response = client.patch(
        where,
        {"splitter": {"plugin": "line-splitter", "config": {"lines": 2}}},
        content_type="application/json",
        **headers,
    )
    assert response.status_code == 200, response.content
    told = client.get(where, **headers).json()
    assert told["splitter"] == {
        "plugin": "line-splitter",
        "version": "1.0.0",
        "config": {"lines": 2},
    }
    assert (told["parser"]["plugin"], told["next_embedder"]) == ("", None)
    refused = client.patch(
        where,
        {"splitter": {"plugin": "line-splitter", "config": {"lines": 0}}},
        content_type="application/json",
        **headers,
    )
    assert refused.status_code == 400
    assert Collection.unscoped.get(pk=collection.pk).splitter_config == {"lines": 2}
