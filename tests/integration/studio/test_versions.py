"""Versions are frozen, published, rolled back, withdrawn."""

import pytest

from altiplano.accounts.models import AuditEvent
from altiplano.catalog.models import PluginRelease, ReleaseState
from altiplano.studio.domain.apps import AppChanges, change_app, create_app
from altiplano.studio.domain.versions import freeze_version, publish_version
from altiplano.studio.models import App, AppVersion, FrozenVersionError

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]

JSON = "application/json"


@pytest.fixture
def app(bob, collection) -> App:
    return create_app(principal=bob.principal, name="Garden", collections=[str(collection.id)])


def publish(member, app, number):
    return member.api.post(f"/api/v1/apps/{app.id}/publish", {"version": number}, content_type=JSON)


def test_version_keeps_the_draft_of_its_moment(bob, app, collection):
    first = bob.api.post(f"/api/v1/apps/{app.id}/versions")
    assert (first.status_code, first.json()["version"]) == (201, 1)
    template = {"kind": "prompt", "plugin": "chat"}, {"kind": "generator", "plugin": "openai-chat"}
    bob.api.patch(
        f"/api/v1/apps/{app.id}", {"pipeline": list(template), "collections": []}, content_type=JSON
    )
    assert bob.api.post(f"/api/v1/apps/{app.id}/versions").json()["version"] == 2
    second, again = bob.api.get(f"/api/v1/apps/{app.id}/versions").json()
    assert again == first.json()
    assert again["collections"] == [str(collection.id)]
    assert (second["version"], second["collections"]) == (2, [])


def test_frozen_version_cannot_be_saved_again(bob, app):
    version = freeze_version(principal=bob.principal, app_id=app.id)
    with pytest.raises(FrozenVersionError):
        version.save()


def test_publishing_and_rolling_back_is_on_record(bob, app):
    for _ in range(2):
        freeze_version(principal=bob.principal, app_id=app.id)
    for number in (1, 2, 1):
        assert publish(bob, app, number).json()["published_version"] == number
    events = AuditEvent.objects.filter(action="app.published", object_id=str(app.id))
    assert [(e.data["from"], e.data["to"]) for e in events.order_by("id")] == [
        (None, 1),
        (1, 2),
        (2, 1),
    ]
    flags = {
        row["version"]: row["is_published"]
        for row in bob.api.get(f"/api/v1/apps/{app.id}/versions").json()
    }
    assert flags == {1: True, 2: False}


def test_withdrawn_app_has_no_public_version(bob, app):
    freeze_version(principal=bob.principal, app_id=app.id)
    publish(bob, app, 1)
    for _ in range(2):
        withdrawn = bob.api.delete(f"/api/v1/apps/{app.id}/publish")
        assert withdrawn.json()["published_version"] is None
    assert AuditEvent.objects.filter(action="app.withdrawn").count() == 1
    assert AppVersion.unscoped.count() == 1


@pytest.mark.parametrize("number", [0, -1, 2**31, 10**19, 10**400, "1; DROP", None, 1.5])
def test_nonsense_number_is_refused(bob, app, number):
    assert publish(bob, app, number).status_code in {400, 422}
    assert publish(bob, app, 7).status_code == 404
    assert App.unscoped.get().published_version is None


def test_draft_whose_plugin_is_gone_is_not_frozen(bob, app):
    PluginRelease.objects.filter(plugin__slug="hybrid").update(state=ReleaseState.GONE)
    refused = bob.api.post(f"/api/v1/apps/{app.id}/versions")
    assert (refused.status_code, refused.json()["code"]) == (409, "draft_not_ready")
    assert "hybrid" in refused.json()["detail"]
    assert AppVersion.unscoped.count() == 0


def test_version_whose_plugin_is_quarantined_is_not_published(bob, app):
    freeze_version(principal=bob.principal, app_id=app.id)
    PluginRelease.objects.filter(plugin__slug="cited").update(state=ReleaseState.QUARANTINED)
    assert publish(bob, app, 1).json()["code"] == "version_not_ready"


def test_version_whose_collections_are_gone_is_not_published(bob, app, collection):
    freeze_version(principal=bob.principal, app_id=app.id)
    collection.delete()
    assert publish(bob, app, 1).json()["code"] == "collections_gone"
    refused = bob.api.post(f"/api/v1/apps/{app.id}/versions")
    assert (refused.status_code, refused.json()["code"]) == (409, "draft_not_ready")


def test_public_version_is_untouched_by_later_drafts(bob, app):
    version = freeze_version(principal=bob.principal, app_id=app.id)
    publish_version(principal=bob.principal, app_id=app.id, number=1)
    change_app(principal=bob.principal, app_id=app.id, changes=AppChanges(name="Meadow"))
    published = App.unscoped.get().published_version
    assert (published.id, published.pipeline) == (version.id, version.pipeline)


def test_c02_another_apps_version_number_is_not_this_apps(bob, app, charlie):
    other = create_app(principal=bob.principal, name="Other", template="chat")
    freeze_version(principal=bob.principal, app_id=other.id)
    assert publish(bob, app, 1).status_code == 404
    assert publish(charlie, app, 1).status_code == 404
