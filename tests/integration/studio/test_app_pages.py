"""Apps are made, found, renamed, copied, published, rolled back and deleted on pages."""

import pytest
from django.test import Client
from django.urls import reverse

from altiplano.accounts.models import AuditEvent
from altiplano.studio.domain.apps import AppChanges, change_app, create_app
from altiplano.studio.domain.versions import publish_draft
from altiplano.studio.models import App, AppVersion
from altiplano.studio.pipelines import Stage, from_stored
from altiplano.studio.stage_edits import with_stage
from tests.factories.studio import AppFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]
NAMES = ("Very long name " * 13, "مساعد حديقة المدرسة", "🌱 Garden 🌻")


@pytest.fixture
def app(bob, collection) -> App:
    return create_app(principal=bob.principal, name="Garden", collections=[str(collection.id)])


@pytest.fixture
def browser(alice) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(alice.user)
    return client


def body(response) -> str:
    return response.content.decode()


def address(name: str, *args: object) -> str:
    return reverse(f"studio:{name}", args=args)


def search_for(bob, app: App, passages: int) -> None:
    app.refresh_from_db()
    stages = from_stored(app.draft_pipeline)
    wanted = with_stage(stages, 0, Stage("retriever", "hybrid", {"k": passages}))
    change_app(principal=bob.principal, app_id=app.id, changes=AppChanges(stages=wanted))


def test_new_app_is_opened_in_the_builder(browser, collection):
    form = body(browser.get(address("app-create")))
    assert "Finds passages, answers from them alone" in form
    response = browser.post(
        address("app-create"),
        {"name": "Kitchen", "template": "cited-answer", "collections": [str(collection.id)]},
    )
    app = App.unscoped.get(name="Kitchen")
    assert response["Location"] == address("build", app.id)


def test_new_app_that_is_refused_keeps_what_was_typed(browser, collection):
    response = browser.post(address("app-create"), {"name": "Kitchen", "template": "cited-answer"})
    assert response.status_code == 400
    assert 'value="Kitchen"' in body(response)


def test_list_is_empty_full_and_searched(browser, alice, charlie):
    assert "No app yet" in body(browser.get(address("app-list")))
    AppFactory(organization=charlie.organization, name="Secret helper")
    for number in range(60):
        AppFactory(organization=alice.organization, name=f"Helper {number:02}")
    page = body(browser.get(address("app-list")))
    assert "Secret" not in page
    assert "Page 1 of 2" in page
    assert "Helper 59" in body(browser.get(address("app-list"), {"page": "2"}))
    found = body(browser.get(address("app-list"), {"q": "helper 4"}))
    assert found.count("Helper 4") == 20  # each in a link and for screen readers
    assert "No app has these words" in body(browser.get(address("app-list"), {"q": "x%"}))


@pytest.mark.parametrize("name", NAMES)
def test_long_and_foreign_names_are_shown_everywhere(browser, app, name):
    name = " ".join(name[:200].split())
    assert browser.post(address("app-rename", app.id), {"name": name}).status_code == 302
    for page in ("build", "versions", "compare", "app-publish", "app-detail", "app-delete"):
        assert name in body(browser.get(address(page, app.id)))
    event = AuditEvent.objects.get(action="app.renamed")
    assert event.data == {"from": "Garden", "name": name}


def test_name_that_is_refused_stays_typed(browser, app):
    response = browser.post(address("app-rename", app.id), {"name": "x" * 201})
    assert response.status_code == 400
    assert "x" * 201 in body(response)


def test_copy_is_a_draft_of_its_own(browser, bob, app):
    search_for(bob, app, 9)
    publish_draft(principal=bob.principal, app_id=app.id)
    response = browser.post(address("app-duplicate", app.id))
    copy = App.unscoped.get(name="Garden (copy)")
    assert response["Location"] == address("build", copy.id)
    app.refresh_from_db()
    assert copy.draft_pipeline == app.draft_pipeline
    assert list(copy.collections.all()) == list(app.collections.all())
    assert (copy.published_version, copy.slug) == (None, "garden-copy")


def test_publishing_says_what_changes_for_the_public(browser, bob, app):
    page = body(browser.get(address("app-publish", app.id)))
    assert "every member can ask the app" in page
    browser.post(address("app-publish", app.id), {"revision": "1"})
    assert "Nothing changes for those who ask" in body(browser.get(address("app-publish", app.id)))
    search_for(bob, app, 9)
    page = body(browser.get(address("app-publish", app.id)))
    assert "is set otherwise" in page
    assert "9</ins>" in page


def test_publishing_twice_makes_one_version(browser, app):
    for _ in range(2):
        browser.post(address("app-publish", app.id), {"revision": "1"})
    assert AppVersion.unscoped.filter(app=app).count() == 1


def test_draft_that_changed_meanwhile_is_not_published(browser, bob, app):
    browser.get(address("app-publish", app.id))
    search_for(bob, app, 9)
    response = browser.post(address("app-publish", app.id), {"revision": "1"})
    assert response.status_code == 409
    assert "Someone has changed the draft" in body(response)
    app.refresh_from_db()
    assert app.published_version is None


def test_rolling_back_shows_the_way_back_and_takes_it(browser, bob, app):
    for passages in (6, 9):
        search_for(bob, app, passages)
        publish_draft(principal=bob.principal, app_id=app.id)
    listed = body(browser.get(address("versions", app.id)))
    assert "Roll back to it" in listed
    assert "bob@example.org" in listed
    back = f"{address('app-publish', app.id)}?version=1"
    assert "Roll back to version 1" in body(browser.get(back))
    browser.post(back)
    app.refresh_from_db()
    assert app.published_version.number == 1


def test_two_versions_are_compared_by_their_words(browser, bob, app):
    for passages in (7, 9):
        search_for(bob, app, passages)
        browser.post(address("freeze", app.id))
    page = body(browser.get(address("compare", app.id), {"from": "1", "to": "2"}))
    assert '<span class="unseen">before: </span>7</del>' in page
    assert '<span class="unseen">now: </span>9</ins>' in page
    same = body(browser.get(address("compare", app.id), {"from": "2", "to": "draft"}))
    assert "There is no difference" in same
    for nonsense in ("3", "x", "-1", "9" * 40):
        response = browser.get(address("compare", app.id), {"from": nonsense})
        assert response.status_code == 404


def test_version_is_taken_into_the_draft(browser, bob, app):
    search_for(bob, app, 9)
    browser.post(address("freeze", app.id))
    search_for(bob, app, 12)
    app.refresh_from_db()
    restore = address("version-restore", app.id, 1)
    assert "9</ins>" in body(browser.get(restore))
    stale = browser.post(restore, {"revision": app.draft_revision - 1})
    assert stale.status_code == 409
    browser.post(restore, {"revision": app.draft_revision})
    app.refresh_from_db()
    assert app.draft_pipeline["stages"][0]["config"] == {"k": 9}


def test_withdrawn_app_keeps_its_versions(browser, bob, app):
    publish_draft(principal=bob.principal, app_id=app.id)
    browser.post(address("app-withdraw", app.id))
    app.refresh_from_db()
    assert app.published_version is None
    assert app.versions.count() == 1


def test_deletion_wants_the_name(browser, app):
    response = browser.post(address("app-delete", app.id), {"name": "garden"})
    assert response.status_code == 400
    assert App.unscoped.filter(id=app.id).exists()
    browser.post(address("app-delete", app.id), {"name": "Garden"})
    assert not App.unscoped.filter(id=app.id).exists()
    assert AuditEvent.objects.filter(action="app.deleted").exists()


def test_viewer_reads_but_changes_nothing(vera, app):
    client = Client(headers={"accept-language": "en"})
    client.force_login(vera.user)
    page = body(client.get(address("versions", app.id)))
    assert "Keep it as a version" not in page
    assert "Delete the app" not in body(client.get(address("app-detail", app.id)))
    for name in ("app-rename", "app-duplicate", "freeze", "app-publish", "app-withdraw"):
        assert client.post(address(name, app.id)).status_code == 403
