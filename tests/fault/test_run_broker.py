"""The broker goes away, at the worst moments, and nothing that was accepted is lost."""

import pytest

from tests.fakes.engine import FakeEngine
from tests.fakes.engine_server import running_engine
from tests.fault.asking import Asker, take, text_of
from tests.stack import accepts, running_stack, wait_until

pytestmark = pytest.mark.fault

WORDS = 120
TEXT = "".join(f"word{n} " for n in range(WORDS))


@pytest.fixture(scope="module")
def engine():
    with running_engine(FakeEngine(words=WORDS, ttft_ms=10, gap_ms=20)) as running:
        yield running


@pytest.fixture
def stack(engine):
    with running_stack(engine_url=engine.base_url, JOB_LEASE_SECONDS="10") as running:
        yield running


@pytest.fixture
def alice(stack):
    asker = Asker(stack)
    yield asker
    asker.close()


def restart_broker(stack) -> None:
    """It comes back without anything it knew."""
    stack.valkey.start()
    wait_until("Valkey answers", lambda: accepts(int(stack.redis_url.rpartition(":")[2][:-2])))


def test_the_broker_dies_in_the_middle_and_the_reader_still_gets_the_whole_answer(alice, stack):
    with alice.stream() as events:
        seen = take(events, 5)
        stack.valkey.kill()
        seen += list(events)
    run = alice.run(seen[0]["run_id"])
    assert (run["state"], run["answer"]) == ("finished", TEXT)
    assert seen[-1]["type"] == "run.finished"
    reset = next(event for event in seen if event["type"] == "reset")
    assert reset["run"]["answer"] == TEXT
    restart_broker(stack)
    assert alice.ask().json()["answer"] == TEXT, "the worker and the portal have come back, too"


def test_the_broker_comes_back_in_the_middle_empty_and_the_answer_goes_on(alice, stack):
    with alice.stream() as events:
        seen = take(events, 5)
        stack.valkey.kill()
        restart_broker(stack)
        seen += list(events)
    assert seen[-1]["type"] == "run.finished"
    finished = [event for event in seen if event["type"] in {"answer.finished", "reset"}]
    texts = {event.get("text") or event["run"]["answer"] for event in finished} - {""}
    assert texts == {TEXT}
    if not any(event["type"] == "reset" for event in seen):
        assert text_of(seen) == TEXT


def test_a_question_accepted_while_the_broker_is_down_is_answered_after(alice, stack):
    stack.valkey.kill()
    with alice.stream() as events:
        restart_broker(stack)
        stack.python(
            "from datetime import timedelta\nfrom django.utils import timezone\n"
            "from altiplano.kernel.models import Job\n"
            "Job.objects.update(published_at=timezone.now() - timedelta(minutes=5))"
        )
        stack.sweep()
        seen = list(events)
    assert seen[-1]["type"] == "run.finished"
    assert (
        alice.run(seen[0]["run_id"] if "run_id" in seen[0] else seen[0]["run"]["id"])["answer"]
        == TEXT
    )


def test_a_message_that_comes_twice_answers_once(alice, stack, engine):
    before = engine.engine.state.started
    with alice.stream() as events:
        stack.python(
            "from altiplano.config.celery import publish_job\n"
            "from altiplano.kernel.models import Job\n"
            "for job in Job.objects.all():\n"
            "    for _ in range(3): publish_job(job.queue, job.task, str(job.id))"
        )
        seen = list(events)
    assert text_of(seen) == TEXT
    assert engine.engine.state.started == before + 1
