"""C28 and the broker's faults, with real workers, a real broker and a database file.

After each fault: every document ends ready, with one set of chunks, all of them in the index and
nothing else in it.
"""

import random
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fault.ingesting import DOCUMENTS, facts, write_documents
from tests.ingest_stack import IngestStack, running_ingest
from tests.stack import accepts, wait_until

pytestmark = pytest.mark.fault

POINTS = 12
"""Three while reading, the others while embedding and writing the index."""


@pytest.fixture(scope="module")
def order(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("orders") / "order"


@pytest.fixture(scope="module")
def stack(order) -> Iterator[IngestStack]:
    command = (sys.executable, "-m", "tests.fault.crashing_worker", str(order), "-A")
    command += ("altiplano_worker.app", "worker")
    with running_ingest(processes=1, command=command, JOB_LEASE_SECONDS="2") as stack:
        stack.start_ingest()
        yield stack


@pytest.fixture(scope="module")
def untroubled(stack, tmp_path_factory):
    """What the same documents look like when nothing goes wrong, by seed."""
    known: dict[int, dict] = {}

    def read(seed: int) -> dict:
        if seed not in known:
            folder = tmp_path_factory.mktemp("untroubled")
            collection = stack.portal.make_collection(f"untroubled {seed}")
            stack.portal.send(collection, write_documents(folder, seed))
            stack.wait_ready(collection, DOCUMENTS)
            known[seed] = facts(stack, collection)
        return known[seed]

    return read


@pytest.mark.parametrize("whom", ["child", "worker"])
def test_c28_killed_ingest_finishes_with_one_set_of_chunks(
    stack, order, untroubled, tmp_path, whom
):
    draw = random.Random(28)
    expected = untroubled(1)
    struck = []
    for trial in range(10):
        collection = stack.portal.make_collection(f"{whom} {trial}")
        order.write_text(f"{whom} {draw.randint(1, POINTS)}")
        stack.portal.send(collection, write_documents(tmp_path, 1))
        sign = order.with_name("order.struck")
        wait_until("the blow has fallen", sign.exists, seconds=60)
        struck.append(sign.read_text())
        sign.unlink()
        if whom == "worker":
            stack.ingest.kill()
            stack.start_ingest()
        stack.wait_ready(collection, DOCUMENTS)
        assert facts(stack, collection) == expected, f"after a crash at “{struck[-1]}”"
    assert len(set(struck)) >= 4, struck


def test_broker_down_at_submit_and_in_the_middle_loses_nothing(stack, untroubled, tmp_path):
    expected = untroubled(1)
    port = int(stack.environment["ALTIPLANO_REDIS_URL"].rpartition(":")[2].partition("/")[0])
    stack.broker.kill()
    collection = stack.portal.make_collection("broker away at submit")
    stack.portal.send(collection, write_documents(tmp_path, 1))
    assert stack.portal.states(collection) == {"queued": DOCUMENTS}
    stack.broker.start()
    wait_until("the broker is back", lambda: accepts(port))
    stack.portal.run("Job.objects.update(published_at='2020-01-01T00:00:00Z')")
    stack.wait_ready(collection, DOCUMENTS, seconds=120)
    assert facts(stack, collection) == expected

    collection = stack.portal.make_collection("broker away in the middle")
    stack.portal.send(collection, write_documents(tmp_path, 1))
    stack.broker.kill()
    stack.broker.start()  # it kept nothing: every message is lost
    wait_until("the broker is back", lambda: accepts(port))
    stack.portal.run("Job.objects.update(published_at='2020-01-01T00:00:00Z')")
    stack.wait_ready(collection, DOCUMENTS, seconds=120)
    assert facts(stack, collection) == expected


def test_doubled_messages_do_the_work_once(stack, untroubled, tmp_path):
    expected = untroubled(1)
    collection = stack.portal.make_collection("doubled")
    stack.portal.send(collection, write_documents(tmp_path, 1))
    stack.portal.run(
        "from altiplano.kernel import jobs\n"
        "for job in list(Job.objects.filter(state='queued')) * 5: jobs.publish(job)"
    )
    stack.wait_ready(collection, DOCUMENTS)
    assert facts(stack, collection) == expected
