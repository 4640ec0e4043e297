"""What a worker does, in the test's own process."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync

from altiplano_worker.runtime.loop import process_loop
from altiplano_worker.runtime.sandbox.levels import SandboxLevel, available_levels
from altiplano_worker.tasks import plugin_host as hosts
from altiplano_worker.tasks.run_answering import answer_question
from altiplano_worker.tasks.run_process import RunProcess


@async_to_sync
async def answer_waiting_runs() -> None:
    """Every run that waits is seen through to its end."""
    process = RunProcess(answer=answer_question)
    try:
        await process.take_runs()
    finally:
        await process.close()


@contextmanager
def own_sandboxes(
    monkeypatch: pytest.MonkeyPatch, settings: Any, folder: Path, level: SandboxLevel | None = None
) -> Iterator[None]:
    """Sandboxes of this test alone; the machine's self-test has tests of its own."""

    async def proven_level() -> SandboxLevel:
        return level or available_levels()[0]

    settings.PLUGIN_ROOT = folder / "plugins"
    monkeypatch.setattr(hosts, "proven_level", proven_level)
    monkeypatch.setattr(hosts, "LOOK_SECONDS", 3600.0)
    try:
        yield
    finally:
        process_loop.run(hosts.plugin_host.close())
