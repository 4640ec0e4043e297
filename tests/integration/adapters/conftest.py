from collections.abc import Iterator

import pytest

from tests.fakes.engine import FakeEngine
from tests.fakes.engine_server import RunningEngine, running_engine


@pytest.fixture
def fake_engine() -> Iterator[RunningEngine]:
    with running_engine(FakeEngine()) as running:
        yield running
