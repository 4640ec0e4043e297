"""Real sandboxes, at every level that this machine has."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

import altiplano_sdk as sdk
from altiplano_sdk.sandbox_child.landlock import landlock_abi
from altiplano_sdk.testing.base import SilentLog
from altiplano_worker.runtime.sandbox.levels import SandboxLevel, available_levels
from altiplano_worker.runtime.sandbox.plugins import RemotePlugin, sandboxed_plugin
from altiplano_worker.runtime.sandbox.pool import SandboxPool
from tests.fakes.plugin_releases import make_release

ORGANIZATION = "an-organization"


@pytest.fixture(params=[SandboxLevel.BUBBLEWRAP, SandboxLevel.LANDLOCK])
def level(request: pytest.FixtureRequest) -> SandboxLevel:
    landlock = request.param is SandboxLevel.LANDLOCK and landlock_abi() > 0
    if not landlock and request.param not in available_levels():
        pytest.skip(f"this machine has no {request.param}")
    return request.param


@pytest.fixture
async def pool(level: SandboxLevel) -> AsyncIterator[SandboxPool]:
    pool = SandboxPool(level)
    yield pool
    pool.close()


@pytest.fixture
def context() -> sdk.Context:
    return sdk.Context(log=SilentLog())


Make = Callable[..., RemotePlugin]


@pytest.fixture
def make_plugin(pool: SandboxPool, tmp_path: Path) -> Make:
    """A configured plugin from the source of its module."""
    counter = iter(range(1000))

    def make(
        kind: sdk.StageKind,
        source: str,
        *,
        config: dict[str, Any] | None = None,
        organization: str = ORGANIZATION,
        capabilities: Any = None,
        **grants: Any,
    ) -> Any:
        release = make_release(tmp_path / f"release-{next(counter)}", source, kind=kind, **grants)
        loaded = sandboxed_plugin(
            release,
            kind,
            pool=pool,
            organization=organization,
            granted=release.manifest.for_kind(kind).grants,
            capabilities=capabilities,
        )
        return loaded.create(config or {})

    return make
