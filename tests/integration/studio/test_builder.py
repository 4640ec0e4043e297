"""The page on which an app is built, without script and with it, alone and with somebody else."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from altiplano.catalog.models import PluginRelease
from altiplano.runs.models import Answer, Run
from altiplano.studio.domain.apps import AppChanges, change_app, create_app
from altiplano.studio.models import App, DraftRevision
from altiplano.studio.pipelines import Stage, from_stored
from altiplano.studio.stage_edits import with_stage, without_stage
from tests.factories.runs import make_endpoint
from tests.factories.studio import CollectionFactory, report_plugin

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]
PART = {"HX-Request": "true"}


@pytest.fixture
def app(bob, collection) -> App:
    return create_app(principal=bob.principal, name="Garden", collections=[str(collection.id)])


@pytest.fixture
def browser(alice) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(alice.user)
    return client


def stages(app: App) -> tuple[Stage, ...]:
    app.refresh_from_db()
    return from_stored(app.draft_pipeline)


def save(browser: Client, app: App, *, revision: int | None = None, position: object = 0, **typed):
    fields = {f"config.{name}": text for name, text in typed.items() if name != "reset"}
    marks = {
        "revision": app.draft_revision if revision is None else revision,
        "position": position,
        "kind": "retriever",
        "plugin": "hybrid",
    }
    reset = {"reset": typed["reset"]} if "reset" in typed else {}
    return browser.post(reverse("studio:build-stage", args=[app.id]), marks | fields | reset)


def arrange(browser: Client, app: App, **wish):
    app.refresh_from_db()
    address = reverse("studio:build-stages", args=[app.id])
    return browser.post(address, {"revision": app.draft_revision, **wish})


def body(response) -> str:
    return response.content.decode()


def bob_changes(bob, app: App, wanted) -> None:
    change_app(
        principal=bob.principal,
        app_id=app.id,
        changes=AppChanges(stages=wanted(from_stored(app.draft_pipeline))),
    )


def test_page_shows_the_stages_and_the_form_of_one(browser, app):
    page = body(browser.get(reverse("studio:build", args=[app.id]), {"stage": "0"}))
    assert page.count("data-stage") >= 5
    assert 'name="config.k"' in page
    assert 'min="1"' in page
    assert "from 1 to 20" in page


@pytest.mark.parametrize("stage", ["99", "-1", "x", "9" * 30])
def test_nonsense_for_a_stage_opens_one(browser, app, stage):
    response = browser.get(reverse("studio:build", args=[app.id]), {"stage": stage})
    assert response.status_code == 200


def test_stage_is_saved_and_shown_again(browser, app):
    response = save(browser, app, k="8", mode='"dense"')
    assert response.status_code == 302
    assert response["Location"].endswith("/build/?stage=0")
    assert stages(app)[0].config == {"k": 8, "mode": "dense"}
    assert "The draft is saved" in body(browser.get(response["Location"]))


def test_wrong_setting_is_explained_beside_it_and_stays_typed(browser, app):
    response = save(browser, app, k="800", mode='"dense"')
    assert response.status_code == 400
    page = body(response)
    assert "must be at most 20" in page
    assert 'value="800"' in page
    assert stages(app)[0].config == {}
    assert app.draft_revision == 1


def test_saving_twice_is_saving_once(browser, app):
    for _ in range(2):
        assert save(browser, app, k="8", revision=1).status_code == 302
    app.refresh_from_db()
    assert app.draft_revision == 2


def test_reset_puts_one_setting_back(browser, app):
    save(browser, app, k="8", mode='"dense"')
    app.refresh_from_db()
    save(browser, app, k="8", mode='"dense"', reset="k")
    assert stages(app)[0].config == {"mode": "dense"}


@pytest.mark.parametrize("headers", [{}, PART])
def test_settings_for_a_plugin_that_vanished_meanwhile_can_be_copied(browser, app, headers):
    PluginRelease.objects.filter(plugin__slug="hybrid").delete()
    marks = {"revision": 1, "position": 0, "kind": "retriever", "plugin": "hybrid"}
    typed = {"config.k": "8", "config.note": "<b>Mine</b>"}
    address = reverse("studio:build-stage", args=[app.id])
    response = browser.post(address, marks | typed, headers=headers)
    page = body(response)
    assert response.status_code == 400
    assert "This plugin is not installed any more; choose another one." in page
    assert "&lt;b&gt;Mine&lt;/b&gt;</textarea>" in page
    assert response.headers.get("X-Editor") == ("part" if headers else None)
    assert stages(app)[0].config == {}


def test_plugin_that_vanished_meanwhile_cannot_be_added_and_the_page_says_so(browser, app):
    response = arrange(browser, app, do="add", plugin="reranker:gone")
    assert response.status_code == 400
    page = body(response)
    assert "This plugin is not installed any more; choose another one." in page
    assert 'name="config.k"' in page
    assert app.draft_revision == 1


def test_second_of_two_editors_is_told_and_keeps_the_text(browser, bob, app):
    bob_changes(bob, app, lambda s: with_stage(s, 0, Stage("retriever", "hybrid", {"k": 12})))
    response = save(browser, app, k="9", revision=1)
    assert response.status_code == 409
    page = body(response)
    assert "Bob" in page
    assert "is set otherwise" in page
    assert 'value="9"' in page
    assert stages(app)[0].config == {"k": 12}
    save(browser, app, k="9")
    assert stages(app)[0].config == {"k": 9}


def test_overwriting_leaves_what_the_other_did_elsewhere(browser, bob, app):
    bob_changes(bob, app, lambda s: without_stage(s, 1))
    assert save(browser, app, k="9", revision=1).status_code == 409
    app.refresh_from_db()
    save(browser, app, k="9")
    assert [stage.kind for stage in stages(app)] == ["retriever", "prompt", "generator", "guard"]
    assert stages(app)[0].config == {"k": 9}


def test_stage_that_the_other_removed_can_be_put_back(browser, bob, app, collection):
    bob_changes(bob, app, lambda s: without_stage(s, 0))
    response = save(browser, app, k="9", revision=1)
    assert response.status_code == 409
    page = body(response)
    assert "Put the stage back" in page
    assert 'value="9"' in page
    app.refresh_from_db()
    assert save(browser, app, k="9", position="").status_code == 302
    assert stages(app)[0] == Stage("retriever", "hybrid", {"k": 9})


def test_own_change_in_another_window_is_called_so(browser, app):
    save(browser, app, k="8")
    response = save(browser, app, k="9", revision=1)
    assert "You have changed this draft yourself" in body(response)


def test_conflict_without_a_remembered_revision_is_told_all_the_same(browser, bob, app):
    bob_changes(bob, app, lambda s: with_stage(s, 0, Stage("retriever", "hybrid", {"k": 12})))
    DraftRevision.unscoped.all().delete()
    assert save(browser, app, k="9", revision=1).status_code == 409


def test_stages_are_added_moved_exchanged_and_removed(browser, app):
    arrange(browser, app, do="add", plugin="guard:citations", position=0)
    assert [stage.kind for stage in stages(app)][-2:] == ["guard", "guard"]
    arrange(browser, app, do="move", position=5, to=0)
    assert stages(app)[0] == Stage("guard", "citations")
    arrange(browser, app, do="remove", position=0)
    arrange(browser, app, do="exchange", position=2, plugin="chat")
    assert stages(app)[2] == Stage("prompt", "chat")
    assert app.draft_revision == 5


def test_exchange_says_which_settings_are_gone(browser, bob, app):
    report_plugin("retriever", "other", {"properties": {"mode": {"type": "string"}}})
    save(browser, app, k="8", mode='"dense"')
    response = arrange(browser, app, do="exchange", position=0, plugin="other")
    assert stages(app)[0] == Stage("retriever", "other", {"mode": "dense"})
    assert "gone: k" in body(browser.get(response["Location"]))


@pytest.mark.parametrize(
    ("wish", "status"),
    [
        ({"do": "remove", "position": 2}, 400),
        ({"do": "move", "position": 0, "to": 4}, 400),
        ({"do": "add", "plugin": "prompt:chat", "position": 0}, 400),
        ({"do": "add", "plugin": "guard:nobody", "position": 0}, 400),
        ({"do": "add", "plugin": "reranker:broken", "position": 0}, 400),
        ({"do": "remove", "position": 77}, 404),
        ({"do": "dance", "position": 0}, 400),
    ],
)
def test_what_would_not_answer_is_refused(browser, app, wish, status):
    before = stages(app)
    assert arrange(browser, app, **wish).status_code == status
    assert stages(app) == before


def test_arranging_what_somebody_else_changed_is_told(browser, bob, app):
    bob_changes(bob, app, lambda s: without_stage(s, 1))
    address = reverse("studio:build-stages", args=[app.id])
    response = browser.post(address, {"revision": 1, "do": "remove", "position": 1})
    assert response.status_code == 409
    assert "is gone" in body(response)
    assert len(stages(app)) == 4


def test_removed_stage_is_brought_back_by_undoing(browser, app):
    save(browser, app, k="9")
    arrange(browser, app, do="remove", position=0)
    assert "Undo the last change" in body(browser.get(reverse("studio:build", args=[app.id])))
    undo = reverse("studio:build-undo", args=[app.id])
    app.refresh_from_db()
    assert browser.post(undo, {"revision": app.draft_revision, "position": 0}).status_code == 302
    assert stages(app)[0] == Stage("retriever", "hybrid", {"k": 9})
    browser.post(undo, {"revision": app.draft_revision, "position": 0})
    assert stages(app)[0].kind == "guard"


def test_nothing_is_undone_that_somebody_else_changed(browser, bob, app):
    undo = reverse("studio:build-undo", args=[app.id])
    assert "There is nothing to undo." in body(browser.post(undo, {"revision": 1}))
    bob_changes(bob, app, lambda s: without_stage(s, 1))
    assert "Undo the last" not in body(browser.get(reverse("studio:build", args=[app.id])))
    response = browser.post(undo, {"revision": 1})
    assert response.status_code == 409
    assert "is gone" in body(response)
    assert len(stages(app)) == 4


def test_settings_that_a_newer_plugin_does_not_take_are_pointed_out(browser, app):
    save(browser, app, k="9", mode='"dense"')
    PluginRelease.objects.filter(plugin__slug="hybrid").update(
        config_schema={
            "properties": {
                "k": {"type": "array", "items": {"type": "string"}},
                "mode": {"type": "integer"},
            }
        }
    )
    page = body(browser.get(reverse("studio:build", args=[app.id])))
    assert "do not fit the plugin that is installed now" in page
    assert "must be of type array" in page


def test_another_site_cannot_make_a_builder_change_anything(alice, app):
    for name in ("build-stage", "build-stages", "build-sources", "build-undo", "freeze"):
        response = alice.browser.post(
            reverse(f"studio:{name}", args=[app.id]),
            {"revision": 1, "do": "remove", "position": 1},
            headers={"origin": "null"},
        )
        assert response.status_code == 403
    assert len(stages(app)) == 5
    assert app.versions.count() == 0


def test_collections_and_model_are_chosen(browser, alice, app, collection):
    other = CollectionFactory(organization=alice.organization, name="Kitchen")
    address = reverse("studio:build-sources", args=[app.id])
    wanted = {"revision": 1, "position": 3, "collections": [str(collection.id), str(other.id)]}
    assert browser.post(address, wanted)["Location"].endswith("?stage=3")
    assert set(app.collections.values_list("name", flat=True)) == {"Garden", "Kitchen"}


def test_choice_that_is_refused_stays_chosen(browser, app):
    address = reverse("studio:build-sources", args=[app.id])
    response = browser.post(address, {"revision": 1, "position": 0})
    assert response.status_code == 400
    page = body(response)
    assert "name at least one collection" in page
    assert "checked" not in page.partition("<legend>Collections</legend>")[2]


def test_foreign_collection_is_unknown(browser, app, charlies_collection):
    address = reverse("studio:build-sources", args=[app.id])
    wanted = {"revision": 1, "collections": [str(charlies_collection.id)]}
    assert browser.post(address, wanted).status_code == 404
    assert "Secrets" not in body(browser.get(reverse("studio:build", args=[app.id])))


def test_script_gets_the_editor_alone(browser, app):
    response = browser.get(reverse("studio:build", args=[app.id]), headers=PART)
    assert response.headers["X-Editor"]
    assert "<html" not in body(response)
    assert "Try the draft" not in body(response)


def test_viewer_may_not_build(vera, app):
    client = Client()
    client.force_login(vera.user)
    assert client.get(reverse("studio:build", args=[app.id])).status_code == 403


def test_trial_goes_on_beside_the_stages(browser, alice, app):
    run = Run.unscoped.create(
        organization=alice.organization, app=app, user=alice.user, question="How long?",
        spec={}, state="finished",
    )  # fmt: skip
    events = [
        {"type": "passages.found", "passages": [
            {"chunk_id": 1, "document_id": str(run.id), "document_name": "compost.pdf", "page": 2,
             "start": 0, "end": 9, "text": "Six months", "score": 0.75}]},
        {"type": "stage.finished", "kind": "retriever", "plugin": "hybrid", "ms": 12.5,
         "detail": {"found": 6}},
    ]  # fmt: skip
    Answer.objects.create(
        run=run, text="Six months.", events=events, timings={"total_ms": 20},
        prompt=[{"role": "user", "content": "How long, exactly?"}],
    )  # fmt: skip
    address = reverse("runs:trial-run", args=[app.id, run.id])
    response = browser.get(address)
    assert response["Location"].endswith(f"/build/?run={run.id}")
    page = body(browser.get(response["Location"]))
    for words in ("Six months.", "compost.pdf", "0.750", "12.5 ms", "How long, exactly?"):
        assert words in page
    turn = browser.get(address, headers=PART)
    assert "<html" not in body(turn)


@pytest.mark.parametrize("run", ["x", "00000000-0000-0000-0000-000000000000"])
def test_trial_that_nobody_knows_is_an_empty_one(browser, app, run):
    page = browser.get(reverse("studio:build", args=[app.id]), {"run": run})
    assert page.status_code == 200


def test_refused_trial_question_stays_in_its_field(browser, app):
    response = browser.post(reverse("runs:trial", args=[app.id]), {"input": "  \n"})
    assert response.status_code == 422
    response = browser.post(reverse("runs:trial", args=[app.id]), {"input": "How long?"})
    assert response.status_code == 503  # no model is connected
    assert "How long?" in body(response)


@pytest.mark.parametrize("text", ["{{7*7}}", "<script>alert(1)</script>", "{0.__class__}", "%s"])
def test_code_is_text_wherever_a_builder_may_type_it(browser, alice, app, text):
    report_plugin("prompt", "free", {"properties": {"system": {"type": "string"}}})
    arrange(browser, app, do="exchange", position=2, plugin="free")
    app.refresh_from_db()
    address = reverse("studio:build-stage", args=[app.id])
    marks = {"revision": app.draft_revision, "position": 2, "kind": "prompt", "plugin": "free"}
    assert browser.post(address, marks | {"config.system": text}).status_code == 302
    assert stages(app)[2].config == {"system": text}
    browser.post(reverse("studio:app-rename", args=[app.id]), {"name": text})
    for name in ("build", "versions", "app-detail", "app-publish"):
        page = browser.get(reverse(f"studio:{name}", args=[app.id]))
        assert page.status_code == 200
        assert "<script>alert" not in body(page)
        assert "49" not in body(page).partition("<h1")[2].partition("</h1>")[0]


def queries_of(browser: Client, address: str) -> int:
    browser.get(address)
    with CaptureQueriesContext(connection) as queries:
        assert browser.get(address).status_code == 200
    return len(queries)


def test_pages_cost_the_same_whatever_there_is(browser, alice, bob, app):
    addresses = [reverse("studio:app-list")] + [
        reverse(f"studio:{name}", args=[app.id]) for name in ("build", "versions", "compare")
    ]
    browser.post(reverse("studio:freeze", args=[app.id]))
    before = [queries_of(browser, each) for each in addresses]
    for number in range(12):
        other = CollectionFactory(organization=alice.organization)
        report_plugin("guard", f"guard-{number}")
        create_app(principal=bob.principal, name="Other", collections=[str(other.id)])
        browser.post(reverse("studio:freeze", args=[app.id]))
    assert [queries_of(browser, each) for each in addresses] == before


def test_trial_is_no_conversation_of_ones_list_until_it_goes_on_in_the_chat(browser, app):
    make_endpoint()
    trial = reverse("runs:trial", args=[app.id])
    asked = browser.post(trial, {"input": "Tried out?"}, headers=PART)
    assert asked.status_code == 201, body(asked)
    run = Run.unscoped.get(question="Tried out?")
    listed = reverse("runs:conversations")
    assert "Tried out?" not in body(browser.get(listed))
    assert "Tried out?" not in body(browser.get(listed, {"q": "Tried"}))
    Run.unscoped.update(state="finished")
    browser.post(trial, {"input": "Again?", "previous": str(run.id)}, headers=PART)
    assert "Tried out?" not in body(browser.get(listed))
    Run.unscoped.update(state="finished")
    chat = reverse("runs:chat", args=[app.id])
    browser.post(chat, {"input": "For good?", "previous": str(run.id)}, headers=PART)
    assert "Tried out?" in body(browser.get(listed))
    Run.unscoped.update(state="finished")
    browser.post(trial, {"input": "Once more?", "previous": str(run.id)}, headers=PART)
    assert "Tried out?" in body(browser.get(listed))
