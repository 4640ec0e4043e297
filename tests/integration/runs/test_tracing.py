"""One trace holds the request, the job it wrote, the stages of the run and the call of the engine."""

from itertools import pairwise

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from opentelemetry import trace

from altiplano.config.telemetry import TracedRequests
from altiplano.kernel.models import Job
from altiplano.kernel.tracing import current_trace_parent
from altiplano.runs.accepting import Request, accept_together
from altiplano.runs.domain.starting import prepare_run, start_run
from altiplano.runs.models import Run, RunState
from altiplano.studio.pipeline_templates import CHAT
from altiplano.studio.pipelines import to_stored
from tests.factories.runs import make_endpoint, publish_app
from tests.factories.workers import answer_waiting_runs
from tests.fakes.engine import FakeEngine
from tests.fakes.engine_server import running_engine
from tests.tracing import _provider, spans

pytestmark = pytest.mark.django_db

__all__ = ["_provider", "spans"]

CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
PATH = "/api/v1/apps/0198c0de-0000-7000-8000-000000000000/runs"


@pytest.fixture
def app(alice, valkey_url):
    return publish_app(alice.organization, draft_pipeline=to_stored(CHAT.stages))


def request(work, *, headers=(), status: int = 201) -> None:
    """``work()`` is done by a traced application that answers one request."""

    async def application(scope, receive, send):
        await sync_to_async(work)()
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def nothing(*_):
        return {"type": "http.request", "body": b""}

    scope = {"type": "http", "method": "POST", "path": PATH, "headers": list(headers)}
    async_to_sync(TracedRequests(application))(scope, nothing, nothing)


def test_request_job_stages_and_engine_are_one_trace(spans, alice, app):
    engine = FakeEngine(words=3)
    with running_engine(engine) as running:
        make_endpoint(running.base_url)
        headers = [(b"traceparent", CALLER.encode())]
        request(
            lambda: start_run(principal=alice.principal, app=app, question="Hello?"),
            headers=headers,
        )
        answer_waiting_runs()
    assert Run.unscoped.get().state == RunState.FINISHED
    finished = {span.name: span for span in spans.get_finished_spans()}
    web = finished["POST /api/v1/apps/{id}/runs"]
    job = finished["altiplano.runs.execute_run"]
    generator = finished["generator: openai-chat"]
    call = finished["engine chat"]
    chain = [web, job, generator, call]
    assert {f"{span.context.trace_id:032x}" for span in finished.values()} == {CALLER[3:35]}
    assert f"{web.parent.span_id:016x}" == CALLER[36:52]
    for parent, child in pairwise(chain):
        assert child.parent.span_id == parent.context.span_id, child.name
    assert finished["prompt: chat"].parent.span_id == job.context.span_id
    assert web.attributes["http.response.status_code"] == 201
    assert call.attributes["gen_ai.usage.output_tokens"] == 3
    assert job.attributes["altiplano.subject"] == str(Run.unscoped.get().id)


def test_questions_accepted_together_keep_their_own_traces(spans, alice, app):
    make_endpoint()
    tracer, requests = trace.get_tracer("test"), []
    for number in range(3):
        with tracer.start_as_current_span(f"request {number}"):
            requests.append(
                Request(
                    lambda: alice.principal,
                    lambda principal: prepare_run(principal=principal, app=app, question="Hello?"),
                )
            )
    accept_together(requests)
    stored = {each[:-3] for each in Job.objects.values_list("trace_parent", flat=True)}
    asked = {
        f"00-{span.context.trace_id:032x}-{span.context.span_id:016x}"
        for span in spans.get_finished_spans()
    }
    assert stored == asked
    assert len(stored) == 3


def test_failure_is_marked_without_its_words(spans, alice, app):
    make_endpoint("http://127.0.0.1:9/v1")
    with trace.get_tracer("test").start_as_current_span("request"):
        start_run(principal=alice.principal, app=app, question="My secret question")
    answer_waiting_runs()
    call = next(span for span in spans.get_finished_spans() if span.name == "engine chat")
    assert call.status.status_code is trace.StatusCode.ERROR
    assert "secret" not in "".join(span.to_json() for span in spans.get_finished_spans())
    assert [span.events for span in spans.get_finished_spans()] == [()] * len(
        spans.get_finished_spans()
    )


def test_server_error_is_marked_and_other_protocols_pass(spans):
    request(lambda: None, status=503)
    (span,) = spans.get_finished_spans()
    assert span.status.status_code is trace.StatusCode.ERROR


def test_without_a_span_nothing_is_written(spans, alice, app):
    make_endpoint()
    assert current_trace_parent() == ""
    start_run(principal=alice.principal, app=app, question="Hello?")
    assert Job.objects.get().trace_parent == ""
