"""Questions asked of the real thing: web server, worker, Valkey, and an engine that misbehaves."""

import json
from concurrent.futures import ThreadPoolExecutor

import openai
import pytest

from altiplano_sdk.events import event_from_dict
from altiplano_sdk.testing.run_stream import assert_valid_run_stream
from tests.fakes.engine import FakeEngine
from tests.fakes.engine_server import running_engine
from tests.fault.asking import Asker, take, text_of
from tests.stack import free_port, running_stack, wait_until

pytestmark = pytest.mark.fault

MODEL = "green-schools/chat"
WORDS = 120
TEXT = "".join(f"word{n} " for n in range(WORDS))
LIMITS = {
    "ENGINE_FIRST_TOKEN_SECONDS": "1",
    "ENGINE_SILENCE_SECONDS": "1",
    "RUN_RESUME_GRACE_SECONDS": "1",
    "JOB_LEASE_SECONDS": "4",
}


@pytest.fixture(scope="module")
def engine():
    with running_engine(FakeEngine(words=WORDS, ttft_ms=10, gap_ms=20)) as running:
        yield running


@pytest.fixture(scope="module")
def stack(engine):
    with running_stack(engine_url=engine.base_url, **LIMITS) as running:
        yield running


@pytest.fixture
def alice(stack):
    asker = Asker(stack)
    yield asker
    asker.close()


@pytest.fixture
def charlie(stack):
    asker = Asker(stack, "charlie")
    yield asker
    asker.close()


@pytest.fixture
def client(stack):
    with openai.OpenAI(
        base_url=f"{stack.url}/v1", api_key=stack.people["alice_key"], max_retries=0
    ) as client:
        yield client


@pytest.fixture
def endpoint(stack, engine):
    """Changes what the default endpoint points at, and changes it back."""

    def point(*, model: str = "fake", base_url: str = engine.base_url) -> None:
        stack.python(
            # The first question would store the default; this test may come before it.
            "from altiplano.serving.domain.endpoints import ensure_default_endpoint\n"
            "from altiplano.serving.models import ModelEndpoint as E\n"
            "ensure_default_endpoint()\n"
            f"assert E.objects.update(model={model!r}, base_url={base_url!r}) == 1"
        )

    yield point
    point()


ASK = [{"role": "user", "content": "How long does compost take to mature?"}]


def test_the_official_client_streams_unchanged(client):
    stream = client.chat.completions.create(
        model=MODEL, messages=ASK, stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    text = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    assert text == TEXT
    assert len({chunk.id for chunk in chunks}) == 1
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-1].usage.completion_tokens == WORDS
    assert chunks[-1].model_extra["citations"] == []
    assert len([chunk for chunk in chunks if chunk.choices]) > 5, "it came in pieces"


def test_the_official_client_waits_for_a_whole_answer(client):
    answer = client.chat.completions.create(model=MODEL, messages=ASK, max_tokens=5)
    assert answer.choices[0].message.content == "word0 word1 word2 word3 word4 "
    assert answer.choices[0].message.model_extra["citations"] == []
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + 5


def test_a_stop_text_that_cuts_everything_ends_as_an_empty_answer(client):
    answer = client.chat.completions.create(model=MODEL, messages=ASK, stop=["word0"])
    assert answer.choices[0].message.content == ""
    assert answer.choices[0].finish_reason == "stop"
    stream = client.chat.completions.create(model=MODEL, messages=ASK, stop="word0", stream=True)
    chunks = list(stream)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == ""
    assert chunks[-1].choices[0].finish_reason == "stop"


@pytest.mark.parametrize("is_streamed", [False, True])
def test_a_question_of_which_nothing_is_seen_is_refused(client, is_streamed):
    unseen = [{"role": "user", "content": "\u200b\u2060 \u00a0"}]
    with pytest.raises(openai.UnprocessableEntityError) as caught:
        client.chat.completions.create(model=MODEL, messages=unseen, stream=is_streamed)
    assert caught.value.code == "question_empty"
    assert "Ask a question" in caught.value.message


def test_the_official_client_lists_and_reads_apps(client):
    assert [model.id for model in client.models.list()] == [MODEL]
    assert client.models.retrieve(MODEL).owned_by == "altiplano"
    with pytest.raises(openai.NotFoundError) as caught:
        client.models.retrieve("charity/chat")
    assert caught.value.code == "model_not_found"


def test_the_engine_gets_the_wishes_that_are_safe_and_nothing_else(client, engine):
    before = len(engine.engine.state.requests)
    client.chat.completions.create(
        model=MODEL, messages=ASK, temperature=1.9, top_p=0.1, seed=3, stop=["x"], user="canary",
        presence_penalty=1.5, frequency_penalty=-1.5, max_completion_tokens=4,
    )  # fmt: skip
    sent = engine.engine.state.requests[before]
    assert set(sent) == {
        "model",
        "messages",
        "stream",
        "stream_options",
        "max_tokens",
        "temperature",
        "top_p",
        "seed",
        "stop",
    }
    assert (sent["temperature"], sent["top_p"], sent["seed"]) == (1.9, 0.1, 3)
    assert (sent["stop"], sent["max_tokens"]) == (["x"], 4)
    assert "canary" not in json.dumps(sent)


def test_a_streamed_run_is_valid_stored_and_counted(alice):
    used = alice.http.get("/api/v1/me").json()["quota"]["runs_used"]
    with alice.stream() as events:
        seen = list(events)
    assert_valid_run_stream([event_from_dict(event) for event in seen])
    assert [event["id"] for event in seen] == [f"{n}-0" for n in range(1, len(seen) + 1)]
    assert text_of(seen) == TEXT
    run = alice.run(seen[0]["run_id"])
    assert (run["state"], run["answer"]) == ("finished", TEXT)
    assert run["usage"] == {"prompt_tokens": 10, "completion_tokens": WORDS}
    assert alice.http.get("/api/v1/me").json()["quota"]["runs_used"] == used + 1


def test_c33_a_reader_cut_at_ten_points_reads_the_same_text(alice):
    with alice.stream() as events:
        seen = take(events, 1)
    run_id = seen[0]["run_id"]
    for cut in (1, 1, 2, 1, 3, 1, 2, 1, 1, 2):
        with alice.follow(run_id, after=seen[-1]["id"]) as events:
            seen += take(events, cut)
    with alice.follow(run_id, after=seen[-1]["id"]) as events:
        seen += list(events)
    assert_valid_run_stream([event_from_dict(event) for event in seen])
    assert text_of(seen) == TEXT
    assert alice.run(run_id)["state"] == "finished"


def test_c33_strangers_old_ids_and_garbage(alice, charlie):
    with alice.stream() as events:
        first, *_ = events
    run_id = first["run_id"]
    path = f"/api/v1/runs/{run_id}/events"
    assert charlie.http.get(path).status_code == 404
    assert charlie.http.get(path, headers={"Last-Event-ID": "2-0"}).status_code == 404
    with alice.follow(run_id, after="77777-0") as events:
        assert [event["type"] for event in events] == ["reset", "run.finished"]
    for garbage in ("x", "1-2", "-", "' OR 1=1", "1-0\t2"):
        response = alice.http.get(path, headers={"Last-Event-ID": garbage})
        assert (response.status_code, response.json()["code"]) == (400, "event_id_malformed")
    last = alice.http.get(path).text.rstrip().rsplit("id: ", 1)[1].partition("\n")[0]
    assert alice.http.get(path, headers={"Last-Event-ID": last}).status_code == 204


def test_a_reader_who_leaves_and_stays_away_stops_the_engine(alice, engine):
    aborted = engine.engine.state.aborted
    with alice.stream() as events:
        run_id = take(events, 5)[0]["run_id"]
    wait_until("the engine stops", lambda: engine.engine.state.aborted > aborted, seconds=5)
    wait_until("the run is over", lambda: alice.run(run_id)["state"] == "cancelled", seconds=5)
    assert alice.run(run_id)["answer"].startswith("word0 "), "what was said is kept"


def test_a_client_of_the_other_protocol_who_leaves_stops_the_engine(client, engine):
    aborted = engine.engine.state.aborted
    stream = client.chat.completions.create(model=MODEL, messages=ASK, stream=True)
    next(iter(stream)), next(iter(stream))
    stream.close()
    wait_until("the engine stops", lambda: engine.engine.state.aborted > aborted, seconds=3)


def test_cancelling_ends_the_stream_and_stops_the_engine(alice, engine):
    aborted = engine.engine.state.aborted
    with alice.stream() as events:
        seen = take(events, 5)
        response = alice.http.post(f"/api/v1/runs/{seen[0]['run_id']}/cancel")
        assert response.status_code == 200
        seen += list(events)
    assert seen[-1]["type"] == "run.cancelled"
    run = alice.run(seen[0]["run_id"])
    assert run["state"] == "cancelled"
    assert run["answer"] == text_of(seen)
    assert 0 < len(run["answer"]) < len(TEXT)
    wait_until("the engine stops", lambda: engine.engine.state.aborted > aborted, seconds=3)
    again = alice.http.post(f"/api/v1/runs/{run['id']}/cancel")
    assert again.status_code == 200


def test_another_organizations_ids_are_unknown_everywhere(alice, charlie):
    with alice.stream() as events:
        first, *_ = events
    run_id = first["run_id"]
    for method, path, body in (
        ("POST", f"/api/v1/apps/{alice.app}/runs", {"input": "Hello?"}),
        ("POST", f"/api/v1/apps/{alice.app}/runs", {"input": "Hello?", "stream": True}),
        ("GET", f"/api/v1/apps/{alice.app}/runs", None),
        ("GET", f"/api/v1/runs/{run_id}", None),
        ("GET", f"/api/v1/runs/{run_id}/events", None),
        ("POST", f"/api/v1/runs/{run_id}/cancel", None),
        ("POST", f"/api/v1/runs/{run_id}/feedback", {"verdict": "bad"}),
    ):
        response = charlie.http.request(method, path, json=body)
        assert response.status_code == 404, path
        assert response.json()["code"] == "not_found"
    response = charlie.http.post("/v1/chat/completions", json={"model": MODEL, "messages": ASK})
    assert (response.status_code, response.json()["error"]["code"]) == (404, "model_not_found")
    assert alice.run(run_id)["state"] == "finished"


@pytest.mark.parametrize(
    "credential",
    ["", "Bearer", "Basic abc", "Bearer alti_x", "Bearer ' OR 1=1 --",
     "Bearer alti_" + "a" * 43, "Bearer " + "x" * 10_000, "bearer UNION SELECT"],
)  # fmt: skip
def test_c06_a_wrong_key_is_a_401_in_the_words_of_each_door(stack, credential):
    asker = Asker(stack)
    asker.http.headers["Authorization"] = credential
    chat = asker.http.post("/v1/chat/completions", json={"model": MODEL, "messages": ASK})
    assert chat.status_code == 401
    assert chat.json()["error"]["type"] == "authentication_error"
    assert chat.headers["www-authenticate"]
    streamed = asker.ask(stream=True)
    assert streamed.status_code == 401
    assert streamed.headers["content-type"] == "application/problem+json"
    assert asker.http.get("/v1/models").status_code == 401
    asker.close()
    if len(credential) > 20:
        assert credential[-20:] not in stack.logs()


def test_a_revoked_key_fails_at_once(stack):
    asker = Asker(stack)
    issued = json.loads(
        stack.python(
            "import json\n"
            "from altiplano.accounts.models import ApiToken\n"
            "from altiplano.accounts.domain.tokens import issue_token\n"
            "from altiplano.accounts.principal import Principal, ROLE_SCOPES\n"
            f"t = ApiToken.unscoped.get(id='{stack.people['alice_token']}')\n"
            "p = Principal(t.created_by_id, 'a', t.organization_id, 'green-schools', 'owner', "
            "ROLE_SCOPES['owner'])\n"
            "i = issue_token(principal=p, name='short', scopes=['run'])\n"
            "print(json.dumps({'id': str(i.token.id), 'key': i.key}))"
        )
    )
    asker.http.headers["Authorization"] = f"Bearer {issued['key']}"
    assert asker.ask(stream=True).status_code == 200
    stack.python(
        "from django.utils import timezone\nfrom altiplano.accounts.models import ApiToken\n"
        f"ApiToken.unscoped.filter(id='{issued['id']}').update(revoked_at=timezone.now())"
    )
    assert asker.ask(stream=True).status_code == 401
    chat = asker.http.post("/v1/chat/completions", json={"model": MODEL, "messages": ASK})
    assert (chat.status_code, chat.json()["error"]["code"]) == (401, "key_revoked")
    asker.close()


def test_many_questions_at_once_never_pass_the_quota(stack, charlie):
    stack.python(
        "from altiplano.kernel.models import OrganizationLimits\nfrom altiplano.accounts.models import Organization\n"
        "OrganizationLimits.objects.update_or_create(organization=Organization.objects.get(slug='charity'), "
        "defaults={'runs_per_day': 5})"
    )
    with ThreadPoolExecutor(16) as pool:
        replies = list(pool.map(lambda _: charlie.ask(stream=True), range(16)))
    statuses = sorted(reply.status_code for reply in replies)
    assert statuses == [200] * 5 + [429] * 11
    refused = next(reply for reply in replies if reply.status_code == 429)
    assert refused.json()["code"] == "limit_reached"
    assert int(refused.headers["retry-after"]) > 0


@pytest.mark.parametrize("size", [0, 100_000])
def test_questions_of_0_and_of_100_000_characters_are_refused_at_each_door(alice, size):
    for extra in ({}, {"stream": True}):
        response = alice.ask("x" * size, **extra)
        assert response.status_code == 422
        assert response.json()["fields"]["input"]
    chat = alice.http.post(
        "/v1/chat/completions",
        json={"model": MODEL, "messages": [{"role": "user", "content": "x" * size}]},
    )
    assert chat.status_code == 422
    assert chat.json()["error"]["message"].endswith(".")


def test_c09_unknown_fields_are_refused_at_each_door(alice):
    for name in ("prompt", "system", "model", "nodes", "plugins", "tools", "index_id", "id"):
        assert alice.ask(**{name: "x"}).status_code == 422
        assert alice.ask(stream=True, **{name: "x"}).status_code == 422
    chat = {"model": MODEL, "messages": ASK, "stream": True, "n_discard": -1}
    response = alice.http.post("/v1/chat/completions", json=chat)
    assert (response.status_code, response.json()["error"]["param"]) == (400, "n_discard")


FAULTS = {
    "fake-slow": "engine_timeout", "fake-late": "engine_timeout", "fake-silent": "engine_timeout",
    "fake-cut": "engine_failed", "fake-end": "engine_failed", "fake-garbage": "engine_failed",
    "fake-alien": "engine_failed", "fake-error-event": "engine_failed",
    "fake-html": "engine_failed", "fake-huge": "engine_failed", "fake-401": "engine_failed",
    "fake-404": "engine_failed", "fake-500": "engine_failed", "fake-429": "engine_overloaded",
    "fake-503": "engine_overloaded", "fake-overflow": "context_overflow",
}  # fmt: skip


@pytest.mark.parametrize(("model", "code"), FAULTS.items())
def test_whatever_the_engine_does_the_run_ends_with_a_sentence(
    alice, client, endpoint, model, code
):
    endpoint(model=model)
    with alice.stream() as events:
        seen = list(events)
    assert_valid_run_stream([event_from_dict(event) for event in seen])
    assert (seen[-1]["type"], seen[-1]["code"]) == ("run.failed", code)
    run = alice.run(seen[0]["run_id"])
    assert run["state"] == "failed"
    assert run["error"]["message"].endswith(".")
    assert "secret detail" not in json.dumps(run)
    with pytest.raises(openai.APIStatusError) as caught:
        client.chat.completions.create(model=MODEL, messages=ASK)
    assert caught.value.code == code
    with pytest.raises(openai.APIError, match=r"model endpoint|longer than the model"):
        list(client.chat.completions.create(model=MODEL, messages=ASK, stream=True))


def test_an_engine_that_is_down_is_said_to_be_down(alice, endpoint):
    endpoint(base_url=f"http://127.0.0.1:{free_port()}/v1")
    answer = alice.ask()
    assert answer.status_code == 200
    assert answer.json()["error"]["code"] == "engine_unavailable"
    assert "address" in answer.json()["error"]["message"]


def test_a_killed_workers_run_ends_for_its_reader(alice, stack):
    """Within the lease and a sweep, and the next question is answered."""
    with alice.stream() as events:
        seen = take(events, 4)
        stack.worker.kill()
        wait_until("the lease expires", lambda: _is_expired(stack), seconds=15)
        stack.sweep()
        seen += list(events)
    assert (seen[-1]["type"], seen[-1]["code"]) == ("run.failed", "worker_died")
    assert_valid_run_stream([event_from_dict(event) for event in seen])
    assert alice.run(seen[0]["run_id"])["error"]["message"].endswith(".")
    stack.start_worker()
    assert alice.ask().json()["answer"] == TEXT


def _is_expired(stack) -> bool:
    return stack.python(
        "from django.utils import timezone\nfrom altiplano.kernel.models import Job\n"
        "print(Job.objects.filter(state='running', lease_until__lt=timezone.now()).exists())"
    ).endswith("True")
