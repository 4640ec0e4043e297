"""Tools in a pipeline: where they stand, and the owner's word that one may send things out."""

from dataclasses import replace

import pytest
from django.test import Client

from altiplano.studio.differences import AppState, compare
from altiplano.studio.models import App
from altiplano.studio.pipelines import from_stored
from altiplano.studio.stage_edits import with_stage
from tests.factories.packages import InstallationFactory, publish
from tests.factories.studio import report_all_plugins, report_plugin

pytestmark = pytest.mark.django_db

PROVIDES = {"kind": "tool", "entry": "post_office:Tool"}
TOOL = {"kind": "tool", "plugin": "convert", "config": {}}


@pytest.fixture(autouse=True)
def plugins():
    report_all_plugins()
    report_plugin("tool", "convert")


def create(member, *stages):
    body = {"name": "Units", "pipeline": list(stages)}
    return member.api.post("/api/v1/apps", body, content_type="application/json")


def pipeline(*tools):
    return (
        {"kind": "prompt", "plugin": "chat"},
        *tools,
        {"kind": "generator", "plugin": "openai-chat"},
    )


def test_tool_stands_between_the_prompt_and_the_generator(alice):
    assert create(alice, *pipeline(TOOL)).status_code == 201
    refused = create(alice, TOOL, *pipeline())
    assert "The prompt stage must come before the tool stage." in refused.json()["detail"]


def test_there_is_a_limit_to_tools(alice):
    refused = create(alice, *pipeline(*[TOOL] * 9))
    assert refused.json()["detail"] == "There may be at most 8 tools in a pipeline."


@pytest.mark.parametrize("may_send", [True, False])
def test_owners_word_is_stored_and_shown(alice, may_send):
    app = create(alice, *pipeline({**TOOL, "may_send_with_passages": may_send})).json()
    shown = alice.api.get(f"/api/v1/apps/{app['id']}").json()["draft"]["pipeline"][1]
    assert shown["may_send_with_passages"] is may_send
    stored = App.unscoped.get(id=app["id"]).draft_pipeline["stages"]
    assert ("may_send_with_passages" in stored[1]) is may_send
    assert "may_send_with_passages" not in stored[0]


def test_only_a_tool_may_be_allowed_to_send(alice):
    prompt, generator = pipeline()
    refused = create(alice, prompt, {**generator, "may_send_with_passages": True})
    assert refused.status_code in {400, 422}
    assert "pipeline.1.may_send_with_passages" in refused.json()["fields"]


# --- In the builder -------------------------------------------------------------------------------


@pytest.fixture
def app(alice):
    return App.unscoped.get(id=create(alice, *pipeline(TOOL)).json()["id"])


@pytest.fixture
def browser(alice):
    client = Client(headers={"accept-language": "en"})
    client.force_login(alice.user)
    return client


def save(browser, app, **typed):
    app.refresh_from_db()
    marks = {"revision": app.draft_revision, "position": 1, "kind": "tool", "plugin": "convert"}
    return browser.post(f"/apps/{app.id}/build/stage/", marks | typed)


def allowed(app):
    app.refresh_from_db()
    return app.draft_pipeline["stages"][1].get("may_send_with_passages", False)


@pytest.mark.parametrize(
    ("hosts", "given", "is_asked"),
    [([], False, False), (["a.example"], False, True), ([], True, True)],
)
def test_builder_asks_only_about_tools_that_can_send_out(browser, alice, hosts, given, is_asked):
    package = {"grants": {"network_hosts": hosts}, "provides": [PROVIDES]}
    release = publish("post-office", manifest_changes=package, schemas={"tool": {"type": "object"}})
    InstallationFactory(organization=alice.organization, release=release)
    tool = {"kind": "tool", "plugin": "post-office", "config": {}, "may_send_with_passages": given}
    app = create(alice, *pipeline(tool)).json()["id"]
    page = browser.get(f"/apps/{app}/build/?stage=1").content.decode()
    assert "Post office" in page
    assert ('name="may_send_with_passages"' in page) is is_asked


def test_builder_shows_the_word_for_tools_alone(browser, app):
    save(browser, app, may_send_with_passages="on")
    shown = [
        'name="may_send_with_passages"'
        in browser.get(f"/apps/{app.id}/build/?stage={n}").content.decode()
        for n in range(3)
    ]
    assert shown == [False, True, False]


def test_builder_gives_the_word_and_takes_it_back(browser, app):
    assert save(browser, app, may_send_with_passages="on").status_code == 302
    assert allowed(app)
    page = browser.get(f"/apps/{app.id}/build/?stage=1").content.decode()
    assert page.split('id="may-send"')[1].split(">")[0].split()[0] == "checked"
    save(browser, app)
    assert not allowed(app)


def test_word_given_to_one_tool_is_not_given_to_another(browser, app):
    report_plugin("tool", "mail")
    save(browser, app, may_send_with_passages="on")
    app.refresh_from_db()
    wish = {"revision": app.draft_revision, "position": 1, "do": "exchange", "plugin": "mail"}
    assert browser.post(f"/apps/{app.id}/build/stages/", wish).status_code == 302
    assert not allowed(app)


def test_comparison_tells_of_the_word(app):
    before = from_stored(app.draft_pipeline)
    after = with_stage(before, 1, replace(before[1], may_send_with_passages=True))
    (change,) = compare(AppState(before), AppState(after)).stages
    assert [(each.before, each.after) for each in change.settings] == [("no", "yes")]
