"""The self-test tells closed doors from open ones, and never fails by itself."""

import pytest

from altiplano_worker.runtime.sandbox import selftest
from altiplano_worker.runtime.sandbox.levels import (
    NoSandboxError,
    SandboxLevel,
    available_levels,
    choose_level,
)
from altiplano_worker.runtime.sandbox.selftest import (
    DOORS,
    SandboxStatus,
    probe_sandbox,
    read_status,
)


async def test_doors_are_closed_at_the_level_that_plugins_get() -> None:
    if not available_levels():
        pytest.skip("this machine has no sandbox")
    status = await probe_sandbox()
    assert status.level is available_levels()[0]
    assert [(door.name, door.detail) for door in status.doors] == [(name, "") for name in DOORS]
    assert status.is_ready
    assert read_status(status.as_json()) == status


async def test_open_doors_are_found_where_nothing_is_closed() -> None:
    status = await probe_sandbox(wanted=SandboxLevel.NONE)
    opened = {door.name for door in status.doors if not door.closed}
    assert {"files", "network", "processes", "kernel"} <= opened
    assert not status.is_closed
    assert not status.is_ready


async def test_machine_without_a_sandbox_is_a_status(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*, wanted: SandboxLevel | None) -> SandboxLevel:
        raise NoSandboxError("There is none.")

    monkeypatch.setattr(selftest, "choose_level", refuse)
    status = await probe_sandbox()
    assert status == SandboxStatus(None, problem="There is none.")
    assert not status.is_ready
    assert read_status(status.as_json()) == status


def test_weakest_level_is_taken_only_when_named(monkeypatch: pytest.MonkeyPatch) -> None:
    levels = "altiplano_worker.runtime.sandbox.levels.available_levels"
    both = (SandboxLevel.BUBBLEWRAP, SandboxLevel.LANDLOCK)
    monkeypatch.setattr(levels, lambda: both)
    assert choose_level() is SandboxLevel.BUBBLEWRAP
    assert choose_level(wanted=SandboxLevel.LANDLOCK) is SandboxLevel.LANDLOCK
    monkeypatch.setattr(levels, tuple)
    with pytest.raises(NoSandboxError, match="Install bubblewrap"):
        choose_level()
    with pytest.raises(NoSandboxError):
        choose_level(wanted=SandboxLevel.BUBBLEWRAP)
    assert choose_level(wanted=SandboxLevel.NONE) is SandboxLevel.NONE
