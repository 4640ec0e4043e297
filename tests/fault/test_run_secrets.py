"""C45: keys planted in a running platform are in nothing that it streams, stores, sends or logs."""

from collections.abc import Iterator

import pytest
import redis

from tests.fakes.engine import FakeEngine
from tests.fakes.engine_server import running_engine
from tests.fault.asking import Asker, take
from tests.stack import Stack, free_port, running_stack

pytestmark = pytest.mark.fault

ENGINE_KEY = "canary-engine-key-0123456789"


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with (
        running_engine(FakeEngine(words=20)) as engine,
        running_stack(engine_url=engine.base_url, ENGINE_KEY=ENGINE_KEY) as running,
    ):
        yield running


@pytest.fixture
def alice(stack) -> Iterator[Asker]:
    asker = Asker(stack)
    yield asker
    asker.close()


def everything_in_the_broker(stack: Stack) -> str:
    """Keys and values: messages with their arguments, streams, and whatever else is there."""
    with redis.Redis.from_url(stack.redis_url) as broker:
        kept = [broker.dump(key) or b"" for key in broker.scan_iter()]
        keys = list(broker.scan_iter())
        streams = [broker.xrange(key) for key in keys if broker.type(key) == b"stream"]
        lists = [broker.lrange(key, 0, -1) for key in keys if broker.type(key) == b"list"]
    return repr((keys, kept, streams, lists))


def everything_on_the_disk(stack: Stack) -> str:
    return "".join(
        path.read_bytes().decode("latin-1")
        for path in stack.home.rglob("*")
        if path.is_file() and path.name != "secret_key"
    )


def assert_no_secret(stack: Stack, text: str) -> None:
    secrets = {
        "the engine's key": ENGINE_KEY,
        "an API key": stack.people["alice_key"],
        "the secret key": stack.environment["ALTIPLANO_SECRET_KEY"],
    }
    assert [name for name, secret in secrets.items() if secret in text] == []


def test_c45_messages_streams_traces_files_and_logs_hold_no_key(stack, alice):
    stack.worker.kill()
    with alice.stream() as events:
        waiting = everything_in_the_broker(stack)
        assert "runs" in waiting, "the message waits for a worker"
        assert_no_secret(stack, waiting)
        stack.start_worker()
        said = list(events)
    assert said[-1]["type"] == "run.finished"
    assert_no_secret(stack, repr(said))
    assert_no_secret(stack, everything_in_the_broker(stack))
    assert_no_secret(stack, everything_on_the_disk(stack))


@pytest.fixture
def dead_engine(stack) -> Iterator[str]:
    """The default endpoint leads nowhere until the test is over."""
    address = f"http://127.0.0.1:{free_port()}/v1"
    for each in (address, stack.environment["ALTIPLANO_ENGINE_URL"]):
        stack.python(
            "from altiplano.serving.domain.endpoints import ensure_default_endpoint\n"
            "from altiplano.serving.models import ModelEndpoint as E\n"
            "ensure_default_endpoint()\n"
            f"assert E.objects.update(base_url={each!r}) == 1"
        )
        if each == address:
            yield address


def test_c45_a_run_that_fails_tells_no_key(stack, alice, dead_engine):
    with alice.stream() as events:
        (started,) = take(events, 1)
        failed = list(events)[-1]
    assert failed["type"] == "run.failed"
    run = alice.http.get(f"/api/v1/runs/{started['run_id']}")
    assert_no_secret(stack, repr(failed) + run.text + alice.http.get("/metrics").text)
    assert dead_engine not in repr(failed) + run.text
    assert_no_secret(stack, stack.logs() + everything_on_the_disk(stack))
    assert_no_secret(stack, everything_in_the_broker(stack))
