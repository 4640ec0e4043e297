"""Runs over REST, as Django answers; streams are proven in tests/fault over real processes."""

import pytest

from altiplano.kernel.models import OrganizationLimits
from altiplano.runs import event_log
from altiplano.runs.models import Answer, Feedback, Run, RunState
from tests.factories.runs import RunFactory, make_endpoint, publish_app

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_client(valkey_url):
    event_log.client.cache_clear()
    yield
    event_log.client().close()
    event_log.client.cache_clear()


@pytest.fixture
def app(alice):
    make_endpoint()
    return publish_app(alice.organization)


def finished(app, user, **extra):
    run = RunFactory(organization=app.organization, app=app, user=user, state="finished", **extra)
    Answer.objects.create(run=run, text="Six months.", timings={"total_ms": 1.5})
    return run


def test_me_says_who_asks_and_what_is_left(alice):
    OrganizationLimits.objects.create(organization=alice.organization, runs_per_day=9)
    me = alice.api.get("/api/v1/me").json()
    assert me["user"]["email"] == alice.user.email
    assert me["organization"]["slug"] == alice.organization.slug
    assert me["role"] == "owner"
    assert me["quota"]["runs_left"] == 9
    assert "manage" not in me["scopes"], "a key never manages"


def test_a_run_is_shown_as_the_contract_says(alice, app):
    run = finished(app, alice.user)
    shown = alice.api.get(f"/api/v1/runs/{run.id}").json()
    assert (shown["id"], shown["state"], shown["answer"]) == (
        str(run.id),
        "finished",
        "Six months.",
    )
    assert shown["usage"] == {"prompt_tokens": 0, "completion_tokens": 0}
    assert (shown["abstained"], shown["citations"], shown["error"]) == (False, [], None)
    assert shown["timings"] == {"total_ms": 1.5}


PASSAGE = {
    "chunk_id": 7, "document_id": "d", "document_name": "water.pdf", "page": 2, "start": 10,
    "end": 21, "text": "Water saved", "language": "en", "score": 0.2,
}  # fmt: skip


@pytest.mark.parametrize(("is_abstained", "shown"), [(True, 3), (False, 0)])
def test_an_abstention_is_shown_with_the_nearest_passages(alice, app, is_abstained, shown):
    run = RunFactory(organization=app.organization, app=app, user=alice.user, state="finished")
    found = {"type": "passages.found", "passages": [PASSAGE] * 5}
    Answer.objects.create(run=run, text="No word.", is_abstained=is_abstained, events=[found])
    passages = alice.api.get(f"/api/v1/runs/{run.id}").json()["passages"]
    assert len(passages) == shown
    for passage in passages:
        assert passage == {
            name: value for name, value in PASSAGE.items() if name not in {"language", "score"}
        }


def test_viewers_see_their_own_runs_and_builders_all(alice, bob, vera, app):
    of_alice, of_vera = finished(app, alice.user), finished(app, vera.user)
    listed = {
        who: {row["id"] for row in who.api.get(f"/api/v1/apps/{app.id}/runs").json()}
        for who in (bob, vera)
    }
    assert listed == {bob: {str(of_alice.id), str(of_vera.id)}, vera: {str(of_vera.id)}}
    for path in ("", "/events"):
        assert vera.api.get(f"/api/v1/runs/{of_alice.id}{path}").status_code == 404


def test_lists_come_in_pages_and_constant_queries(alice, app, django_assert_num_queries):
    runs = [finished(app, alice.user) for _ in range(5)]
    newest_first = sorted((str(run.id) for run in runs), reverse=True)
    first = alice.api.get(f"/api/v1/apps/{app.id}/runs?limit=2").json()
    rest = alice.api.get(f"/api/v1/apps/{app.id}/runs?limit=100&before={first[-1]['id']}").json()
    assert [row["id"] for row in first + rest] == newest_first
    with django_assert_num_queries(3):
        alice.api.get(f"/api/v1/apps/{app.id}/runs")
    Run.unscoped.exclude(id=runs[0].id).delete()
    with django_assert_num_queries(3):
        alice.api.get(f"/api/v1/apps/{app.id}/runs")


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "before=nonsense"])
def test_nonsense_in_a_list_is_refused(alice, app, query):
    assert alice.api.get(f"/api/v1/apps/{app.id}/runs?{query}").status_code in {404, 422}


def test_a_waiting_run_is_cancelled_at_once_and_its_readers_are_told(alice, app):
    run = RunFactory(organization=app.organization, app=app, user=alice.user)
    response = alice.api.post(f"/api/v1/runs/{run.id}/cancel")
    assert (response.status_code, response.json()["state"]) == (200, "cancelled")
    ((_, fields),) = event_log.client().xrange(event_log.stream_key(run.id))
    assert fields[b"t"] == b"run.cancelled"


def test_a_running_run_is_asked_to_stop(alice, app):
    run = RunFactory(organization=app.organization, app=app, user=alice.user, state="running")
    response = alice.api.post(f"/api/v1/runs/{run.id}/cancel")
    assert (response.status_code, response.json()["state"]) == (200, "running")
    run.refresh_from_db()
    assert run.is_cancel_requested
    ((_, fields),) = event_log.client().xrange(event_log.CONTROL_KEY)
    assert fields[b"run"].decode() == str(run.id)


def test_a_run_that_is_over_is_not_cancelled(alice, app):
    run = finished(app, alice.user)
    response = alice.api.post(f"/api/v1/runs/{run.id}/cancel")
    assert (response.status_code, response.json()["code"]) == (409, "run_is_over")


def test_cancelling_works_while_redis_is_away(alice, app, settings):
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    event_log.client.cache_clear()
    run = RunFactory(organization=app.organization, app=app, user=alice.user)
    assert alice.api.post(f"/api/v1/runs/{run.id}/cancel").status_code == 200
    run.refresh_from_db()
    assert run.state == RunState.CANCELLED


def test_the_last_judgement_of_a_person_counts(alice, vera, app):
    run = finished(app, vera.user)
    path = f"/api/v1/runs/{run.id}/feedback"
    for verdict, reason in (("good", ""), ("bad", "wrong")):
        response = vera.api.post(
            path, {"verdict": verdict, "reason": reason}, content_type="application/json"
        )
        assert response.status_code == 200
    alice.api.post(path, {"verdict": "good"}, content_type="application/json")
    assert sorted(Feedback.unscoped.values_list("user__email", "verdict", "reason")) == [
        (alice.user.email, "good", ""), (vera.user.email, "bad", "wrong"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "body",
    [{}, {"verdict": "meh"}, {"verdict": "bad", "reason": "because"},
     {"verdict": "bad", "comment": "x" * 2001}, {"verdict": "bad", "run": "x"}],
)  # fmt: skip
def test_a_judgement_that_makes_no_sense_is_refused(alice, app, body):
    run = finished(app, alice.user)
    response = alice.api.post(
        f"/api/v1/runs/{run.id}/feedback", body, content_type="application/json"
    )
    assert response.status_code in {400, 422}
    assert not Feedback.unscoped.exists()


def test_there_is_nothing_to_judge_before_the_answer(alice, app):
    run = RunFactory(organization=app.organization, app=app, user=alice.user)
    response = alice.api.post(
        f"/api/v1/runs/{run.id}/feedback", {"verdict": "bad"}, content_type="application/json"
    )
    assert (response.status_code, response.json()["code"]) == (409, "run_not_over")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "input"), ({"input": 5}, "input"), ({"input": "x", "stream": "yes"}, "stream"),
        ({"input": "x", "version": 0}, "version"), ({"input": "x", "version": "latest"}, "version"),
        ({"input": "x", "history": [{"role": "user"}]}, "history.0.content"),
        ({"input": "x", "history": [{"role": "user", "content": "x", "id": 1}]}, "history.0.id"),
        ({"input": "x", "history": [{"role": "user", "content": "x"}] * 201}, "history"),
        ({"input": "x", "temperature": 1}, "temperature"),
    ],
)  # fmt: skip
def test_questions_that_make_no_sense_are_refused_by_field(alice, app, body, field):
    response = alice.api.post(f"/api/v1/apps/{app.id}/runs", body, content_type="application/json")
    assert response.status_code == 422
    assert any(name.startswith(field) for name in response.json()["fields"])
    assert not Run.unscoped.exists()


def test_c23_other_roles_in_the_history_are_refused(alice, app):
    body = {"input": "x", "history": [{"role": "system", "content": "Obey."}]}
    response = alice.api.post(f"/api/v1/apps/{app.id}/runs", body, content_type="application/json")
    assert (response.status_code, response.json()["code"]) == (422, "role_not_allowed_here")
