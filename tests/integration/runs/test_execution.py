"""The worker's side: runs are claimed in turns, and their outcome is stored once."""

import uuid
from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from altiplano.kernel.job_sweeping import sweep_jobs
from altiplano.kernel.models import Job, JobState
from altiplano.runs.domain.cancelling import RunIsOverError, cancel_run
from altiplano.runs.domain.execution import (
    StoredOutcome,
    begin_runs,
    fail_run_job,
    renew_leases,
    store_outcomes,
)
from altiplano.runs.domain.starting import start_run
from altiplano.runs.models import Answer, Citation, DailyUsage, Run, RunState
from altiplano.runs.queries import finished_stream, show_run
from altiplano.serving.models import ModelEndpoint
from altiplano_sdk.events import CitationAdded, event_from_dict
from altiplano_sdk.testing.run_stream import assert_valid_run_stream
from tests.factories.runs import make_endpoint, publish_app

pytestmark = pytest.mark.django_db

DOCUMENT = uuid.uuid4()
CITATION = CitationAdded(
    seq=4, n=1, chunk_id=7, document_id=str(DOCUMENT), document_name="Compost.pdf", page=2,
    start=3, end=9, quote="mature", answer_start=0, answer_end=4,
)  # fmt: skip
PASSAGE = {"chunk_id": 7, "document_id": str(DOCUMENT), "text": "mature", "score": 1.0}
EVENTS = [
    {"type": "run.started", "run_id": "r", "seq": 1},
    {"type": "passages.found", "passages": [PASSAGE], "seq": 2},
    {"type": "answer.delta", "seq": 3},
    {
        "type": "citation.added", "seq": 4, "n": 1, "chunk_id": 7, "document_id": str(DOCUMENT),
        "document_name": "Compost.pdf", "page": 2, "start": 3, "end": 9, "quote": "mature",
        "answer_start": 0, "answer_end": 4,
    },
    {"type": "answer.finished", "text": "Six.", "abstained": False, "replaced": True, "seq": 5},
]  # fmt: skip
ANSWERED = StoredOutcome(
    state="finished", answer="Six.", citations=(CITATION,), prompt_tokens=10, completion_tokens=3,
    timings={"total_ms": 1.0}, events=EVENTS,
)  # fmt: skip


@pytest.fixture(autouse=True)
def endpoint(db):
    return make_endpoint()


@pytest.fixture
def ask(alice):
    app = publish_app(alice.organization)
    return lambda: start_run(principal=alice.principal, app=app, question="How long?")


def test_a_run_begins_once_with_all_it_needs(ask, alice, endpoint):
    run = ask()
    (work,) = begin_runs(10)
    assert (work.run_id, work.question) == (run.id, "How long?")
    assert (work.engine.base_url, work.engine.model) == (endpoint.base_url, "fake")
    assert work.pipeline["stages"]
    run.refresh_from_db()
    assert run.state == RunState.RUNNING
    assert begin_runs(10) == []


def test_the_key_of_an_endpoint_is_in_no_repr(ask, endpoint):
    from altiplano.serving.domain.keys import seal_key

    ModelEndpoint.objects.update(sealed_key=seal_key("sk-canary"))
    ask()
    (work,) = begin_runs(1)
    assert work.engine.api_key == "sk-canary"
    assert "sk-canary" not in repr(work)


def test_organizations_take_turns(alice, charlie):
    many = publish_app(alice.organization)
    single = publish_app(charlie.organization)
    for _ in range(20):
        start_run(principal=alice.principal, app=many, question="Many?")
    start_run(principal=charlie.principal, app=single, question="One?")
    first = [work.organization_id for work in begin_runs(2)]
    assert set(first) == {alice.organization.id, charlie.organization.id}
    start_run(principal=charlie.principal, app=single, question="And one more?")
    (following,) = begin_runs(1)
    assert following.organization_id == alice.organization.id, "one is running for each"
    start_run(principal=charlie.principal, app=single, question="Again?")
    (following,) = begin_runs(1)
    assert following.organization_id == charlie.organization.id, "fewer are running for her"


def test_a_run_that_was_cancelled_in_the_queue_is_not_begun(ask):
    run = ask()
    assert cancel_run(run).state == RunState.CANCELLED
    assert begin_runs(10) == []
    assert Job.objects.get(subject_id=run.id).state == JobState.DONE
    assert cancel_run(run).state == RunState.CANCELLED, "twice is fine"


def test_an_endpoint_that_went_away_is_a_sentence_and_no_endless_loop(ask):
    ask()
    ModelEndpoint.objects.update(is_enabled=False)
    (work,) = begin_runs(1)
    assert work.engine is None
    assert work.problem.endswith(".")


def test_an_outcome_is_stored_once_with_everything(ask, alice):
    run = ask()
    (work,) = begin_runs(1)
    assert store_outcomes([(work.claim, ANSWERED)]) == [True]
    run.refresh_from_db()
    assert run.state == RunState.FINISHED
    assert Job.objects.get(subject_id=run.id).state == JobState.DONE
    usage = DailyUsage.unscoped.get(organization=alice.organization)
    assert (usage.runs, usage.prompt_tokens, usage.completion_tokens) == (1, 10, 3)
    shown = show_run(run)
    assert (shown["answer"], shown["state"], shown["error"]) == ("Six.", "finished", None)
    assert shown["citations"][0]["quote"] == "mature"
    assert shown["usage"] == {"prompt_tokens": 10, "completion_tokens": 3}
    assert store_outcomes([(work.claim, ANSWERED)]) == [False], "the claim is spent"
    assert Answer.objects.count() == Citation.objects.count() == 1
    assert DailyUsage.unscoped.get().prompt_tokens == 10


def test_a_batch_stores_what_is_held_and_leaves_what_was_lost(ask):
    ask(), ask()
    kept, lost = begin_runs(2)
    Job.objects.filter(id=lost.claim.job_id).update(epoch=9)
    failed = StoredOutcome(state="failed", code="engine_timeout", message="Too slow.")
    assert store_outcomes([(lost.claim, ANSWERED), (kept.claim, failed)]) == [False, True]
    assert Run.unscoped.get(id=lost.run_id).state == RunState.RUNNING
    shown = show_run(Run.unscoped.get(id=kept.run_id))
    assert shown["error"] == {"code": "engine_timeout", "message": "Too slow."}


def test_leases_are_renewed_together_and_say_what_to_stop(ask):
    ask(), ask(), ask()
    kept, lost, cancelled = begin_runs(3)
    Job.objects.filter(id=lost.claim.job_id).update(epoch=9)
    cancel_run(Run.unscoped.get(id=cancelled.run_id))
    Job.objects.update(lease_until=timezone.now())
    report = renew_leases([work.claim for work in (kept, lost, cancelled)])
    assert report.lost == {lost.run_id}
    assert report.cancelled == {cancelled.run_id}
    assert Job.objects.get(id=kept.claim.job_id).lease_until > timezone.now()
    assert Job.objects.get(id=lost.claim.job_id).lease_until <= timezone.now()


def test_a_run_deleted_before_it_begins_is_not_begun(ask):
    ask().app.delete()
    assert begin_runs(10) == []
    assert Job.objects.get().state == JobState.DONE


def test_a_run_deleted_while_it_is_answered_is_dropped_and_spoils_no_other(ask, alice):
    first, other = ask(), ask()
    works = begin_runs(2)
    Run.unscoped.filter(id=first.id).delete()
    report = renew_leases([work.claim for work in works])
    assert (report.lost, report.cancelled) == ({first.id}, frozenset())
    stored = store_outcomes([(work.claim, ANSWERED) for work in works])
    assert dict(zip([work.run_id for work in works], stored, strict=True)) == {
        first.id: False,
        other.id: True,
    }
    assert set(Job.objects.values_list("state", flat=True)) == {JobState.DONE}
    assert Answer.objects.get().run_id == other.id
    assert DailyUsage.unscoped.get(organization=alice.organization).completion_tokens == 3


def test_a_deleted_run_whose_worker_died_has_nobody_to_tell(ask):
    run = ask()
    begin_runs(1)
    Run.unscoped.filter(id=run.id).delete()
    Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    (dead,) = sweep_jobs().exhausted
    assert fail_run_job(dead) is None
    assert Job.objects.get().state == JobState.FAILED
    assert sweep_jobs().exhausted == []


def test_a_run_whose_worker_died_fails_with_a_sentence(ask):
    run = ask()
    (work,) = begin_runs(1)
    Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    (dead,) = sweep_jobs().exhausted
    assert fail_run_job(dead).id == run.id
    assert fail_run_job(dead) is None
    run.refresh_from_db()
    assert (run.state, run.error_code) == (RunState.FAILED, "worker_died")
    assert store_outcomes([(work.claim, ANSWERED)]) == [False], "it comes back too late"
    assert not Answer.objects.exists()


def test_a_run_that_is_over_cannot_be_cancelled(ask):
    run = ask()
    (work,) = begin_runs(1)
    store_outcomes([(work.claim, ANSWERED)])
    with pytest.raises(RunIsOverError) as caught:
        cancel_run(run)
    assert caught.value.status == 409


def test_a_finished_run_is_told_again_as_a_valid_stream(ask):
    run = ask()
    (work,) = begin_runs(1)
    store_outcomes([(work.claim, ANSWERED)])
    stream = finished_stream(Run.unscoped.get(id=run.id))
    assert_valid_run_stream([event_from_dict(event) for event in stream.events])
    assert "".join(event.get("text", "") for event in stream.events[:-2]) == "Six."
    assert stream.events[-1]["type"] == "run.finished"


@pytest.mark.parametrize("state", ["failed", "cancelled"])
def test_a_run_that_never_began_is_told_as_a_valid_stream(ask, state):
    run = ask()
    Run.unscoped.filter(id=run.id).update(state=state, error_code="x", error_message="Why.")
    stream = finished_stream(Run.unscoped.get(id=run.id))
    assert [event["type"] for event in stream.events] == ["run.started", f"run.{state}"]
    assert_valid_run_stream([event_from_dict(event) for event in stream.events])


def test_what_had_been_said_of_a_cancelled_run_is_kept(ask):
    run = ask()
    (work,) = begin_runs(1)
    said = replace(ANSWERED, state="cancelled", answer="Six mon", citations=(), events=EVENTS[:3])
    store_outcomes([(work.claim, said)])
    stream = finished_stream(Run.unscoped.get(id=run.id))
    assert stream.run["answer"] == "Six mon"
    assert stream.events[-1]["type"] == "run.cancelled"
    assert_valid_run_stream([event_from_dict(event) for event in stream.events])
