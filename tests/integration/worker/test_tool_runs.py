"""A tool of an MCP server in an app's answer: from the question to the trace, and a yes in between."""

import pytest

from altiplano.runs.domain.starting import start_run
from altiplano.runs.models import Answer, Run, RunState
from altiplano.runs.tracing import trace_of
from altiplano.serving.models import ToolServer
from altiplano.studio.pipelines import Stage, to_stored
from altiplano_worker.tasks.tool_servers import read_tool_servers
from tests.factories.runs import make_endpoint, publish_app
from tests.factories.workers import answer_waiting_runs
from tests.fakes.engine import FakeEngine
from tests.fakes.engine_server import running_app, running_engine
from tests.fakes.mcp_server import make_server

pytestmark = pytest.mark.django_db


@pytest.fixture
def engine(valkey_url):
    with running_engine(FakeEngine()) as running:
        make_endpoint(running.base_url, model="fake-tools")
        yield running.engine


@pytest.fixture
def server(db):
    with running_app(make_server().streamable_http_app()) as address:
        ToolServer.objects.create(
            name="Weather", slug="weather", address=f"{address}/mcp", is_private=True
        )
        read_tool_servers()
        yield


@pytest.fixture
def app(alice, engine, server):
    tools = ("forecast", "delete_everything")
    stages = (
        Stage("prompt", "chat"),
        *(Stage("tool", "mcp:weather", {"tool": tool}) for tool in tools),
        Stage("generator", "openai-chat"),
    )
    return publish_app(alice.organization, draft_pipeline=to_stored(stages))


def ask(member, app, question):
    """The run's id, once it is over."""
    run = start_run(principal=member.principal, app=app, question=question)
    answer_waiting_runs()
    return run.id


def test_answer_rests_on_what_the_tool_said_and_the_trace_shows_it(alice, app, engine):
    run_id = ask(alice, app, 'CALL forecast {"city": "Lyon", "days": 2}')
    shown = alice.api.get(f"/api/v1/runs/{run_id}").json()
    assert shown["state"] == "finished"
    assert shown["answer"].startswith("Lyon: sun for 2 days")
    (call,) = shown["tools"]
    assert (call["name"], call["plugin"], call["state"]) == ("forecast", "mcp:weather", "done")
    assert call["arguments"] == {"city": "Lyon", "days": 2}
    trace = trace_of(Run.unscoped.get(id=run_id))
    assert [stage.plugin for stage in trace.stages] == [
        "chat", "openai-chat", "mcp:weather", "openai-chat",
    ]  # fmt: skip
    assert trace.prompt[-1]["role"] == "tool"
    names = [tool["function"]["name"] for tool in engine.state.requests[0]["tools"]]
    assert names == ["forecast", "delete_everything"]


def test_viewer_reaches_only_what_reads(vera, app, engine):
    run_id = ask(vera, app, "CALL delete_everything {}")
    (call,) = vera.api.get(f"/api/v1/runs/{run_id}").json()["tools"]
    assert call["state"] == "refused"
    assert [tool["function"]["name"] for tool in engine.state.requests[0]["tools"]] == ["forecast"]


@pytest.mark.parametrize(("yes", "answer"), [(True, "gone"), (False, "The person does not want")])
def test_what_cannot_be_undone_is_done_after_a_yes(alice, app, yes, answer):
    run_id = ask(alice, app, "CALL delete_everything {}")
    shown = alice.api.get(f"/api/v1/runs/{run_id}").json()
    assert shown["waiting"] == {
        "tool": "delete_everything", "plugin": "mcp:weather", "arguments": {},
    }  # fmt: skip
    assert "waits for your yes" in shown["answer"]
    response = alice.api.post(
        f"/api/v1/runs/{run_id}/decision", {"yes": yes}, content_type="application/json"
    )
    answer_waiting_runs()
    shown = alice.api.get(f"/api/v1/runs/{response.json()['id']}").json()
    assert shown["answer"].startswith(answer)
    assert [call["state"] for call in shown["tools"]] == ["done" if yes else "refused"]
    assert Answer.objects.get(run_id=run_id).waiting["is_yes"] is yes


def test_server_that_is_gone_does_not_fail_the_answer(alice, app):
    ToolServer.objects.update(address="http://127.0.0.1:9/mcp")
    run_id = ask(alice, app, 'CALL forecast {"city": "Lyon"}')
    run = Run.unscoped.get(id=run_id)
    assert run.state == RunState.FINISHED
    assert run.answer.text == "The tool failed: The other service did not answer."


def test_server_that_was_switched_off_fails_the_run_with_a_reason(alice, app):
    ToolServer.objects.update(is_enabled=False)
    run = Run.unscoped.get(id=ask(alice, app, "Hello."))
    assert (run.state, run.error_code) == (RunState.FAILED, "unknown_plugin")
