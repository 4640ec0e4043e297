"""Evaluators from outside judge an answer once it was given, and can do nothing else to it."""

from unittest.mock import patch

import pytest
from django.urls import reverse

from altiplano.accounts.models import User
from altiplano.catalog.domain.reviewing import recall_release
from altiplano.kernel.jobs import claim_job
from altiplano.kernel.models import Job, JobState
from altiplano.runs import queries
from altiplano.runs.domain.evaluating import fail_evaluation_job
from altiplano.runs.domain.starting import start_run
from altiplano.runs.jobs import EvaluateRun
from altiplano.runs.models import Answer, Run, RunState
from altiplano.studio.domain.versions import publish_draft
from altiplano.studio.models import App
from altiplano.studio.pipeline_templates import CHAT
from altiplano.studio.pipelines import Stage, to_stored
from altiplano_worker.adapters.event_bus import RunChannel
from altiplano_worker.runtime.sandbox.levels import available_levels
from altiplano_worker.tasks.evaluating import evaluate_run
from tests.factories.evaluator_packages import BROKEN, install_evaluator
from tests.factories.runs import make_endpoint
from tests.factories.studio import AppFactory, report_all_plugins
from tests.factories.workers import answer_waiting_runs, own_sandboxes
from tests.fakes.engine import FakeEngine
from tests.fakes.engine_server import running_engine

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not available_levels(), reason="this machine has no sandbox"),
]

READING_LEVEL = Stage("evaluator", "reading-level", {"short_sentence": 9})


@pytest.fixture(autouse=True)
def places(settings, tmp_path, monkeypatch):
    settings.BLOB_ROOT = tmp_path / "blobs"
    report_all_plugins()
    with own_sandboxes(monkeypatch, settings, tmp_path):
        yield


@pytest.fixture
def engine(valkey_url):
    with running_engine(FakeEngine(words=3)) as running:
        make_endpoint(running.base_url)
        yield running


def app_with(member, *evaluators: Stage) -> App:
    return AppFactory(
        organization=member.organization, draft_pipeline=to_stored((*CHAT.stages, *evaluators))
    )


def answer_of(member, app, version="draft") -> Run:
    """The run, seen through by a worker, and not evaluated yet."""
    run = start_run(principal=member.principal, app=app, question="Hello?", version=version)
    answer_waiting_runs()
    run.refresh_from_db()
    return run


def evaluations_of(run: Run) -> list[dict[str, object]]:
    return Answer.objects.get(run_id=run.id).evaluations


def test_answer_is_judged_by_the_release_that_its_version_pins(alice, engine, tmp_path):
    release = install_evaluator(alice, tmp_path)
    app = app_with(alice, READING_LEVEL)
    app = publish_draft(principal=alice.principal, app_id=app.id)
    assert app.published_version.plugins[0]["digest"] == release.digest
    run = answer_of(alice, app, version=None)
    assert run.state == RunState.FINISHED, run.error_message
    assert evaluations_of(run) == []

    evaluate_run("hint")
    (said,) = evaluations_of(run)
    assert (said["plugin"], said["version"], said["problem"]) == ("reading-level", "1.0.0", "")
    assert set(said["scores"]) == {"easy_to_read", "short_sentences"}
    assert all(0 <= score <= 1 for score in said["scores"].values())
    assert "words a sentence" in said["explanation"]
    assert Job.objects.get(task=EvaluateRun.task).state == JobState.DONE


def test_answer_is_stored_and_told_before_it_is_judged(alice, engine, tmp_path):
    install_evaluator(alice, tmp_path)
    app = app_with(alice, READING_LEVEL)
    told: list[str] = []
    close = RunChannel.close

    async def close_and_look(channel, event):
        told.append(event.type)
        job = await Job.objects.aget(task=EvaluateRun.task)
        assert job.state == JobState.QUEUED
        assert job.run_after > job.created_at, "no worker may begin with it yet"
        return await close(channel, event)

    with patch.object(RunChannel, "close", close_and_look):
        run = answer_of(alice, app)
    assert told == ["run.finished"]
    job = Job.objects.get(task=EvaluateRun.task)
    assert job.subject_id == run.id
    assert claim_job(EvaluateRun.task) is not None, "now one may"


def test_evaluator_that_breaks_is_a_line_and_the_next_one_is_heard(alice, engine, tmp_path):
    install_evaluator(alice, tmp_path, "broken-judge", code=BROKEN)
    install_evaluator(alice, tmp_path)
    run = answer_of(alice, app_with(alice, Stage("evaluator", "broken-judge"), READING_LEVEL))
    before = queries.show_run(run)
    evaluate_run("hint")

    broken, level = evaluations_of(run)
    assert broken["scores"] == {}
    assert broken["problem"]
    assert before["answer"] not in broken["problem"], "what broke it may quote the answer"
    assert level["problem"] == ""
    after = queries.show_run(Run.unscoped.get(id=run.id))
    assert {**after, "evaluations": []} == before


def test_recalled_evaluator_keeps_nobody_from_asking_and_is_named(alice, engine, tmp_path):
    release = install_evaluator(alice, tmp_path)
    app = publish_draft(principal=alice.principal, app_id=app_with(alice, READING_LEVEL).id)
    operator = User.objects.get(email="reviewer@example.org")
    recall_release(actor=operator, release_id=release.id, reason="It leaks.")

    run = answer_of(alice, app, version=None)
    assert run.state == RunState.FINISHED
    evaluate_run("hint")
    (said,) = evaluations_of(run)
    assert said["problem"] == "The plugin reading-level 1.0.0 was recalled: It leaks."


def test_pipeline_without_evaluators_queues_nothing(alice, engine):
    run = answer_of(alice, app_with(alice))
    assert run.state == RunState.FINISHED
    assert not Job.objects.filter(task=EvaluateRun.task).exists()
    assert queries.show_run(run)["evaluations"] == []


def test_evaluation_of_a_deleted_run_is_over(alice, engine, tmp_path):
    install_evaluator(alice, tmp_path)
    run = answer_of(alice, app_with(alice, READING_LEVEL))
    run.delete()
    evaluate_run("hint")
    assert Job.objects.get(task=EvaluateRun.task).state == JobState.DONE


def test_worker_that_died_leaves_a_reason(alice, engine, tmp_path):
    install_evaluator(alice, tmp_path)
    run = answer_of(alice, app_with(alice, READING_LEVEL))
    fail_evaluation_job(claim_job(EvaluateRun.task))
    (said,) = evaluations_of(run)
    assert said["problem"] == "The worker that evaluated this answer stopped."


def test_pages_and_api_show_what_was_said_to_the_organization_alone(
    alice, charlie, engine, client, tmp_path
):
    install_evaluator(alice, tmp_path)
    run = answer_of(alice, app_with(alice, READING_LEVEL))
    address = reverse("runs:run-trace", args=[run.id])
    client.force_login(alice.user)
    assert "is being evaluated" in client.get(address).content.decode()
    evaluate_run("hint")

    page = client.get(address).content.decode()
    assert "easy_to_read" in page
    assert "data-awaited" not in page
    told = client.get(f"/api/v1/runs/{run.id}").json()
    assert told["evaluations"][0]["plugin"] == "reading-level"
    client.force_login(charlie.user)
    assert client.get(address).status_code == 404
    assert client.get(f"/api/v1/runs/{run.id}").status_code == 404
