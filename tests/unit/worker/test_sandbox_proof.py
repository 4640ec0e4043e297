"""Where a door is open nothing runs; in development an operator may say that this is wanted."""

import pytest

from altiplano_worker.runtime.sandbox.levels import NoSandboxError, SandboxLevel
from altiplano_worker.runtime.sandbox.selftest import Door, SandboxStatus
from altiplano_worker.tasks.sandbox_proof import trusted_level, wanted_level

CLOSED = (Door("files", closed=True), Door("network", closed=True))
OPEN = (Door("files", closed=True), Door("network", closed=False, detail="a socket"))


def test_closed_sandbox_is_trusted():
    status = SandboxStatus(SandboxLevel.LANDLOCK, CLOSED)
    assert trusted_level(status) is SandboxLevel.LANDLOCK


@pytest.mark.parametrize(
    "status",
    [
        SandboxStatus(None, problem="There is none."),
        SandboxStatus(SandboxLevel.BUBBLEWRAP, OPEN),
        SandboxStatus(SandboxLevel.BUBBLEWRAP, ()),
        SandboxStatus(SandboxLevel.BUBBLEWRAP, CLOSED, "Inside the sandbox Python lacks mmap."),
        SandboxStatus(SandboxLevel.NONE, OPEN),
    ],
)
def test_anything_else_is_refused(status, settings):
    settings.DEBUG = False
    with pytest.raises(NoSandboxError, match="self-test"):
        trusted_level(status)


def test_no_isolation_at_all_holds_in_development_only(settings):
    settings.DEBUG = True
    assert trusted_level(SandboxStatus(SandboxLevel.NONE, OPEN)) is SandboxLevel.NONE
    with pytest.raises(NoSandboxError):
        trusted_level(SandboxStatus(SandboxLevel.BUBBLEWRAP, OPEN))


def test_setting_names_the_level(settings):
    settings.PLUGIN_SANDBOX = ""
    assert wanted_level() is None
    settings.PLUGIN_SANDBOX = "landlock"
    assert wanted_level() is SandboxLevel.LANDLOCK
