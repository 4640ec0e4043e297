"""What documents wait for goes away while they are read: the broker, the database, the right time.

After each fault: every document ends ready, with one set of chunks, all of them in the index and
nothing else in it.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fault.ingesting import facts, write_documents
from tests.ingest_stack import IngestStack, running_ingest
from tests.postgresql import Server, running_postgresql
from tests.stack import accepts, wait_until

pytestmark = pytest.mark.fault

COUNT = 6
PARAGRAPHS = 1500
"""Enough that reading and indexing them takes seconds."""

HOUR = 3600


@pytest.fixture(scope="module")
def postgresql() -> Iterator[Server]:
    with running_postgresql() as server:
        yield server


@pytest.fixture(scope="module")
def stack(postgresql) -> Iterator[IngestStack]:
    with running_ingest(DATABASE_URL=postgresql.url, JOB_LEASE_SECONDS="4") as stack:
        stack.start_ingest()
        yield stack


@pytest.fixture(scope="module")
def expected(stack, tmp_path_factory) -> dict:
    """What the documents look like when nothing goes wrong."""
    collection = stack.portal.make_collection("untroubled")
    send(stack, collection, tmp_path_factory.mktemp("untroubled"))
    stack.wait_ready(collection, COUNT)
    return facts(stack, collection)


def send(stack: IngestStack, collection: str, folder: Path) -> None:
    stack.portal.send(collection, write_documents(folder, 6, count=COUNT, paragraphs=PARAGRAPHS))


def send_and_wait_for(stack: IngestStack, state: str, folder: Path, name: str) -> str:
    """The id of a collection of which at least one document is in ``state``, and none is ready."""
    collection = stack.portal.make_collection(name)
    send(stack, collection, folder)

    def is_in_the_middle() -> bool:
        states = stack.portal.states(collection)
        assert states.get("ready", 0) < COUNT, "it was over before the fault: make it last longer"
        return state in states

    wait_until(f"a document is {state}", is_in_the_middle)
    return collection


def attempts(stack: IngestStack) -> dict[str, int]:
    """The most attempts that a job of each task took."""
    return stack.portal.run(
        "from django.db.models import Max\n"
        "result = dict(Job.objects.values_list('task').annotate(Max('attempt')).order_by())"
    )


@pytest.mark.parametrize("state", ["parsing", "embedding"])
def test_f4_the_broker_dies_and_what_is_in_flight_goes_on(stack, expected, tmp_path, state):
    """Nothing is begun anew: the message is not what a worker works on."""
    stack.portal.run("Job.objects.all().delete()")
    port = int(stack.environment["ALTIPLANO_REDIS_URL"].rpartition(":")[2].partition("/")[0])
    worker = stack.ingest.popen.pid
    collection = send_and_wait_for(stack, state, tmp_path, f"broker dies while {state}")
    stack.broker.kill()
    stack.broker.start()
    wait_until("the broker is back", lambda: accepts(port))
    stack.wait_ready(collection, COUNT, seconds=90)
    assert facts(stack, collection) == expected
    assert set(attempts(stack).values()) == {1}
    assert (stack.ingest.popen.pid, stack.ingest.popen.poll()) == (worker, None)
    assert "AttributeError" not in stack.ingest.log.read_text()


@pytest.mark.parametrize("state", ["parsing", "embedding"])
def test_f6_the_database_stops_at_once_and_comes_back(stack, postgresql, expected, tmp_path, state):
    collection = send_and_wait_for(stack, state, tmp_path, f"database stops while {state}")
    worker = stack.ingest.popen.pid
    postgresql.stop_at_once()
    postgresql.start()
    stack.wait_ready(collection, COUNT, seconds=120)
    assert facts(stack, collection) == expected
    assert (stack.ingest.popen.pid, stack.ingest.popen.poll()) == (worker, None)


SHIFT = """
from datetime import timedelta
from django.db.models import F
by = timedelta(seconds=seconds)
times = ("created_at", "run_after", "lease_until", "published_at", "started_at", "finished_at")
Job.objects.update(**{name: F(name) + by for name in times})
"""
"""A clock that jumps ahead finds all stored times further back, and the other way round."""


@pytest.mark.parametrize("seconds", [-HOUR, HOUR], ids=["ahead", "back"])
def test_f10_the_clock_jumps_while_documents_are_read(stack, expected, tmp_path, seconds):
    collection = send_and_wait_for(stack, "parsing", tmp_path, f"clock jumps by {seconds}")
    stack.portal.run(SHIFT, seconds=seconds)
    stack.wait_ready(collection, COUNT, seconds=90)
    assert facts(stack, collection) == expected


def test_f10_a_worker_dies_and_the_clock_is_set_back(stack, expected, tmp_path):
    """Its lease seems to last an hour longer; nobody waits for it that long."""
    collection = send_and_wait_for(stack, "parsing", tmp_path, "dead, and the clock set back")
    stack.ingest.kill()
    stack.portal.run(SHIFT, seconds=HOUR)
    stack.start_ingest()
    stack.wait_ready(collection, COUNT, seconds=90)
    assert facts(stack, collection) == expected
