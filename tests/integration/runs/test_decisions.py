"""A tool call that cannot be undone waits for the person who asked, and for nobody else."""

import pytest
from django.urls import reverse

from altiplano.accounts.domain.tokens import issue_token
from altiplano.kernel.models import Job, OrganizationLimits
from altiplano.runs.domain.execution import begin_runs
from altiplano.runs.models import Answer, Conversation, Run, RunState
from altiplano.serving.models import ModelEndpoint
from altiplano_sdk import ChatMessage, ToolCall
from altiplano_worker.runtime.outcome import WaitingCall
from altiplano_worker.tasks.run_decisions import read_decision, stored_waiting
from tests.cast import client_with_key
from tests.factories.runs import RunFactory, make_endpoint, publish_app
from tests.factories.studio import AppFactory

pytestmark = pytest.mark.django_db

WISH = ToolCall("c2", "send_letter", '{"to": "Ada <ada@example.org>"}')
WAITING = WaitingCall(
    wish=WISH,
    plugin="letters",
    arguments={"to": "Ada <ada@example.org>"},
    messages=(
        ChatMessage("assistant", "Let me see.", (ToolCall("c1", "find", "{}"), WISH)),
        ChatMessage("tool", "Ada lives in Lyon.", tool_call_id="c1"),
    ),
)
EVENTS = [
    {"type": "tool.called", "seq": 2, "call": 1, "name": "find", "plugin": "book", "arguments": {}},
    {"type": "tool.answered", "seq": 3, "call": 1, "state": "done", "content": "Ada lives in Lyon."},
    {"type": "tool.called", "seq": 4, "call": 2, "name": "send_letter", "plugin": "letters",
     "arguments": {"to": "Ada"}},
    {"type": "tool.answered", "seq": 5, "call": 2, "state": "asks", "content": ""},
]  # fmt: skip


@pytest.fixture
def app(alice):
    make_endpoint()
    return publish_app(alice.organization)


@pytest.fixture
def run(vera, app):
    conversation = Conversation.unscoped.create(
        organization=app.organization, app=app, user=vera.user, title="Letters"
    )
    run = RunFactory(
        organization=app.organization,
        app=app,
        user=vera.user,
        conversation=conversation,
        state=RunState.FINISHED,
        spec={
            "pipeline": {"stages": []},
            "collections": [],
            "endpoint": str(ModelEndpoint.objects.get().id),
            "rights": ["run"],
        },
    )
    Answer.objects.create(run=run, text="It waits.", events=EVENTS, waiting=stored_waiting(WAITING))
    return run


def decide(member, run, yes):
    address = f"/api/v1/runs/{run.id}/decision"
    return member.api.post(address, {"yes": yes}, content_type="application/json")


def test_what_is_stored_comes_back_as_it_was():
    decision = read_decision({**stored_waiting(WAITING), "is_yes": True})
    assert (decision.wish, decision.messages, decision.is_yes) == (WISH, WAITING.messages, True)
    assert read_decision({**stored_waiting(WAITING), "is_yes": "yes"}).is_yes is False
    assert (stored_waiting(None), read_decision(None)) == ({}, None)


def test_run_shows_every_call_and_what_waits(vera, run):
    shown = vera.api.get(f"/api/v1/runs/{run.id}").json()
    assert [(call["name"], call["state"]) for call in shown["tools"]] == [
        ("find", "done"), ("send_letter", "asks"),
    ]  # fmt: skip
    assert shown["tools"][0]["content"] == "Ada lives in Lyon."
    assert shown["waiting"] == {
        "tool": "send_letter", "plugin": "letters", "arguments": {"to": "Ada <ada@example.org>"},
    }  # fmt: skip


@pytest.mark.parametrize("yes", [True, False])
def test_run_goes_on_with_all_that_was_pinned(vera, run, yes, valkey_url):
    response = decide(vera, run, yes)
    assert (response.status_code, response.json()["state"]) == (201, "queued")
    going_on = Run.unscoped.get(id=response.json()["id"])
    assert going_on.spec["pipeline"] == run.spec["pipeline"]
    assert going_on.question == run.question
    assert (going_on.conversation_id, going_on.previous_id) == (run.conversation_id, None)
    (work,) = begin_runs(5)
    assert work.run_id == going_on.id
    assert work.rights == {"read", "run"}, "those that she has now"
    assert read_decision(work.decision).is_yes is yes
    assert read_decision(work.decision).wish == WISH


def test_one_word_is_said_once(vera, run, valkey_url):
    assert decide(vera, run, yes=False).status_code == 201
    again = decide(vera, run, yes=True)
    assert (again.status_code, again.json()["code"]) == (409, "decided_already")
    assert Run.unscoped.count() == 2
    assert vera.api.get(f"/api/v1/runs/{run.id}").json()["waiting"] is None


def test_nobody_else_decides_whatever_their_role(alice, bob, charlie, run):
    assert [decide(who, run, yes=True).status_code for who in (alice, bob, charlie)] == [
        403, 403, 404,
    ]  # fmt: skip
    assert not Job.objects.exists()


def test_key_that_may_only_read_decides_nothing(vera, run):
    key = issue_token(principal=vera.principal, name="r", scopes=["read"]).key
    response = client_with_key(key).post(
        f"/api/v1/runs/{run.id}/decision", {"yes": True}, content_type="application/json"
    )
    assert response.status_code == 403


def test_nothing_is_decided_beyond_the_days_quota(vera, run):
    OrganizationLimits.objects.create(organization=run.organization, runs_per_day=0)
    assert decide(vera, run, yes=True).status_code == 429
    assert "is_yes" not in Answer.objects.get(run=run).waiting, "it can be decided tomorrow"


@pytest.mark.parametrize("body", [{}, {"yes": "yes"}, {"yes": 1}, {"yes": True, "arguments": {}}])
def test_word_must_be_yes_or_no(vera, run, body):
    address = f"/api/v1/runs/{run.id}/decision"
    response = vera.api.post(address, body, content_type="application/json")
    assert response.status_code == 422


def test_chat_shows_what_would_be_done_and_two_buttons(vera, run):
    page = vera.browser.get(reverse("runs:run-detail", args=[run.id])).content.decode()
    assert "Ada &lt;ada@example.org&gt;" in page
    assert page.count(f'action="/runs/{run.id}/decision/"') == 1


def test_trace_shows_every_call_and_what_became_of_it(bob, run):
    page = bob.browser.get(reverse("runs:run-trace", args=[run.id])).content.decode()
    assert "<code>send_letter</code>" in page
    assert "waits for a yes" in page
    assert "Ada lives in Lyon." in page


def test_button_leads_to_the_run_that_goes_on(vera, run, valkey_url):
    client = vera.browser
    client.handler.enforce_csrf_checks = False
    response = client.post(reverse("runs:run-decide", args=[run.id]), {"yes": "0"})
    going_on = Run.unscoped.exclude(id=run.id).get()
    assert (response.status_code, response["Location"]) == (302, f"/runs/{going_on.id}/")
    assert going_on.spec["decision"]["is_yes"] is False
    again = client.get(reverse("runs:run-detail", args=[run.id])).content.decode()
    assert "/decision/" not in again


def test_decision_asked_in_a_trial_stays_in_the_trial(bob, run, valkey_url):
    Run.unscoped.filter(id=run.id).update(user=bob.user)
    client = bob.browser
    client.handler.enforce_csrf_checks = False
    address = f"/apps/{run.app_id}/trial/{run.id}/decision/"
    page = client.get(f"/apps/{run.app_id}/build/", {"run": run.id}).content.decode()
    assert f'action="{address}"' in page
    elsewhere = AppFactory(organization=bob.organization)
    assert client.post(f"/apps/{elsewhere.id}/trial/{run.id}/decision/").status_code == 404
    response = client.post(address, {"yes": "1"})
    going_on = Run.unscoped.exclude(id=run.id).get()
    trial = f"/apps/{run.app_id}/trial/{going_on.id}/"
    assert (response.status_code, response["Location"]) == (302, trial)
    builder = f"/apps/{run.app_id}/build/?run={going_on.id}"
    assert client.get(trial)["Location"] == builder


def test_other_readers_see_no_buttons(alice, run):
    page = alice.browser.get(reverse("runs:run-detail", args=[run.id])).content.decode()
    assert "/decision/" not in page
