"""The runs of one worker process: taken, answered, stored, told, and given up when they are lost."""

import asyncio
from dataclasses import replace

import pytest
from asgiref.sync import async_to_sync

from altiplano.kernel.database_threads import write_database
from altiplano.kernel.models import Job, JobState
from altiplano.runs.domain.cancelling import cancel_run
from altiplano.runs.domain.starting import start_run
from altiplano.runs.models import Answer, Run, RunState
from altiplano_sdk import Usage
from altiplano_sdk.events import CitationAdded
from altiplano_worker.runtime.outcome import RunOutcome
from altiplano_worker.runtime.recorder import RunRecorder
from altiplano_worker.tasks.run_process import RunProcess
from tests.factories.runs import make_endpoint, publish_app
from tests.integration.runs.streaming import read_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def ask(alice, valkey_url):
    make_endpoint()
    app = publish_app(alice.organization)
    return lambda: start_run(principal=alice.principal, app=app, question="How long?")


async def say_hello(work, channel, engines) -> RunOutcome:
    recorder = RunRecorder(channel.emit)
    recorder.start_run(str(work.run_id))
    recorder.add_text("Hello")
    recorder.add_usage(Usage(3, 2))
    recorder.finish_answer("Hello", abstained=False)
    return recorder.outcome("finished")


def process_of(answer):
    """Runs ``scenario(process)`` on a loop of its own and leaves nothing behind."""

    @async_to_sync
    async def run(scenario):
        process = RunProcess(answer=answer)
        try:
            return await scenario(process)
        finally:
            await process.close()

    return run


def test_a_waiting_run_is_answered_stored_and_told(ask):
    run = ask()
    process_of(say_hello)(lambda process: process.take_runs())
    run.refresh_from_db()
    assert run.state == RunState.FINISHED
    assert run.answer.text == "Hello"
    assert run.answer.completion_tokens == 2
    seen = async_to_sync(read_run)(run.id)
    assert [event["type"] for _, event in seen] == [
        "run.started", "answer.delta", "answer.finished", "run.finished",
    ]  # fmt: skip


def test_one_hint_is_enough_for_all_that_wait(ask):
    runs = [ask() for _ in range(5)]
    process_of(say_hello)(lambda process: process.take_runs())
    assert Run.unscoped.filter(state="finished").count() == len(runs)


def test_running_the_task_twice_changes_nothing(ask):
    ask()

    async def twice(process):
        await process.take_runs()
        await process.take_runs()

    process_of(say_hello)(twice)
    assert Answer.objects.count() == 1


def test_no_more_runs_than_slots_and_the_rest_follow(ask, settings):
    settings.RUN_SLOTS = 2
    for _ in range(5):
        ask()
    active, most = 0, 0

    async def count(work, channel, engines):
        nonlocal active, most
        active += 1
        most = max(most, active)
        await asyncio.sleep(0.02)
        active -= 1
        return await say_hello(work, channel, engines)

    async def until_done(process):
        await process.take_runs()
        await until(lambda: Run.unscoped.filter(state="finished").count() == 5)

    process_of(count)(until_done)
    assert most == 2
    assert Run.unscoped.filter(state="finished").count() == 5


async def wait_for_ever(work, channel, engines) -> RunOutcome:
    recorder = RunRecorder(channel.emit)
    recorder.start_run(str(work.run_id))
    recorder.add_text("Hel")
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        asyncio.current_task().uncancel()
    return recorder.outcome("cancelled")


def test_a_run_whose_claim_was_lost_is_dropped_in_silence(ask):
    run = ask()

    async def lose(process):
        taking = asyncio.ensure_future(process.take_runs())
        await until_running(run)
        await in_database(lambda: Job.objects.update(epoch=9))
        await process.renew_leases()
        await taking

    process_of(wait_for_ever)(lose)
    run.refresh_from_db()
    assert run.state == RunState.RUNNING, "it belongs to someone else now"
    assert not Answer.objects.exists()


def test_a_cancel_that_redis_lost_is_found_with_the_next_lease(ask):
    run = ask()

    async def cancel(process):
        taking = asyncio.ensure_future(process.take_runs())
        await until_running(run)
        await in_database(lambda: cancel_run(run))
        await process.renew_leases()
        await taking

    process_of(wait_for_ever)(cancel)
    run.refresh_from_db()
    assert (run.state, run.answer.text) == (RunState.CANCELLED, "Hel")


def test_an_outcome_that_cannot_be_stored_fails_alone(ask):
    poisoned, healthy = ask(), ask()
    citation = CitationAdded(
        seq=0, n=1, chunk_id=1, document_id="no id", document_name="x", page=1, start=0, end=1,
        quote="x", answer_start=0, answer_end=1,
    )  # fmt: skip

    async def poison(work, channel, engines):
        outcome = await say_hello(work, channel, engines)
        return replace(outcome, citations=(citation,)) if work.run_id == poisoned.id else outcome

    process_of(poison)(lambda process: process.take_runs())
    poisoned.refresh_from_db()
    healthy.refresh_from_db()
    assert (poisoned.state, poisoned.error_code) == (RunState.FAILED, "internal_error")
    assert healthy.state == RunState.FINISHED
    assert not Job.objects.filter(state=JobState.RUNNING).exists()


async def in_database(call):
    return await write_database(call)


async def until(check):
    async with asyncio.timeout(10):
        while not await in_database(check):  # noqa: ASYNC110 - the database tells nobody
            await asyncio.sleep(0.01)


async def until_running(run):
    await until(lambda: Run.unscoped.get(id=run.id).state == "running")
