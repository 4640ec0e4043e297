"""The pytest plugin: in a folder with ``altiplano-plugin.toml``, plain ``pytest`` runs its suites.

The manifest is collected like a test file when it lies in pytest's root folder or is named on the
command line; a manifest somewhere below is somebody's data and is left alone.
"""

import signal
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any, Final

import pytest

from altiplano_sdk.contracts.kinds import StageKind
from altiplano_sdk.manifest import MANIFEST_NAME
from altiplano_sdk.packaging.findings import PackageError

SPARE_SECONDS: Final = 5.0
CALLS_A_TEST: Final = 4
"""Each call is held to the manifest's seconds, a whole test to so many times as much."""
HUNG_AT_MOST: Final = 3
"""After so many tests that had to be interrupted, the rest would only take time."""

_KINDS: Final = pytest.StashKey[frozenset[StageKind] | None]()
_HUNG: Final = pytest.StashKey[int]()


class HungError(TimeoutError):
    """A call had to be interrupted from outside."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("altiplano").addoption(
        "--altiplano-kind",
        action="append",
        choices=[kind.value for kind in StageKind],
        help="run the conformance suite of this stage kind only; may be given again",
    )


def pytest_configure(config: pytest.Config) -> None:
    chosen = config.getoption("--altiplano-kind")
    config.stash[_KINDS] = frozenset(map(StageKind, chosen)) if chosen else None


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """The package's suites, for a manifest that is meant to be tested here."""
    named = parent.session.isinitpath(file_path)
    if file_path.name == "manifest.json" and named and (file_path.parent / "code").is_dir():
        return PackageSuites.from_parent(parent, path=file_path)
    if file_path.name == MANIFEST_NAME and (named or file_path.parent == parent.config.rootpath):
        return PackageSuites.from_parent(parent, path=file_path)
    return None


class PackageSuites(pytest.Module):
    """The suites of one package, as a test module that nobody wrote."""

    seconds: float = 60.0

    def _getobj(self) -> ModuleType:
        # Late: a session that tests no package does not import the suites.
        from altiplano_sdk.testing.generated import suites_of
        from altiplano_sdk.testing.package import open_package
        from altiplano_sdk.testing.samples import SamplesError

        try:
            package = open_package(self.path.parent)
            suites = suites_of(package, self.config.stash[_KINDS])
        except (PackageError, SamplesError) as error:
            raise self.CollectError(str(error)) from error
        self.seconds = package.manifest.grants.seconds
        module = ModuleType(f"conformance of {package.manifest.id}")
        for suite in suites.values():
            setattr(module, suite.__name__, suite)
        return module


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """A plugin that hangs fails its test; it does not hang the report."""
    module = item.getparent(PackageSuites)
    if module is None:
        return (yield)
    try:
        with ended_within(module.seconds * CALLS_A_TEST + SPARE_SECONDS):
            return (yield)
    except HungError:
        hung = item.session.stash.get(_HUNG, 0) + 1
        item.session.stash[_HUNG] = hung
        if hung >= HUNG_AT_MOST:
            item.session.shouldfail = "the plugin hangs again and again"
        raise


@contextmanager
def ended_within(seconds: float) -> Iterator[None]:
    """Raises HungError inside the block when it takes longer, even in a loop without awaits.

    Only where a signal can do it: in the main thread of a Unix process.
    """
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "SIGALRM"):
        yield
        return

    def interrupt(_: int, __: FrameType | None) -> None:
        raise HungError(f"took longer than {seconds:g} seconds")

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
