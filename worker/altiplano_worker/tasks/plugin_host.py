"""Plugins from outside in this worker process: unpacked, sandboxed, one registry per run."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

import redis.asyncio as redis
import structlog
from django.conf import settings

import altiplano_sdk as sdk
from altiplano.catalog.archives import unpacked_folder
from altiplano.catalog.domain.quarantine import rest_plugin
from altiplano.catalog.domain.running import RunPlugin, recalled_among
from altiplano.catalog.domain.storing import Store
from altiplano.kernel.database_threads import read_database, write_database
from altiplano.runs.domain.execution import RunWork
from altiplano_sdk.packaging import PackageError
from altiplano_sdk.packaging.archive import open_archive
from altiplano_sdk.packaging.unpacking import unpack_archive
from altiplano_worker.adapters.connections import connect_redis
from altiplano_worker.adapters.http import GrantedHttp, HttpLimits
from altiplano_worker.runtime.loader import PluginRegistry, RunnablePlugin, installed_plugins
from altiplano_worker.runtime.sandbox.broker import PluginCapabilities
from altiplano_worker.runtime.sandbox.crashes import Quarantine
from altiplano_worker.runtime.sandbox.plugins import REMOTE_CLASSES, sandboxed_plugin
from altiplano_worker.runtime.sandbox.pool import SandboxPool
from altiplano_worker.runtime.sandbox.releases import ReleaseOnDisk
from altiplano_worker.tasks.draft_feed import DraftFeed
from altiplano_worker.tasks.plugin_store import PluginStore
from altiplano_worker.tasks.sandbox_proof import proven_level

LOOK_SECONDS: Final = 5.0
"""How soon what is under way of a recalled release is stopped; new runs refuse at once."""

HTTP_LIMITS: Final = HttpLimits(response_bytes=5 * 1024 * 1024)
"""What the SDK promises of an answer's size."""

log = structlog.get_logger(__name__)

Plugins = dict[tuple[sdk.StageKind, str], RunnablePlugin]


class DamagedPackageError(sdk.PermanentError):
    """The stored file of a release is not what was reviewed."""

    code = "package_damaged"


class PluginHost:
    """One per process and event loop. Nothing is started before a run needs it."""

    def __init__(self) -> None:
        self._pool: SandboxPool | None = None
        self._starting = asyncio.Lock()
        self._watching: asyncio.Task[None] | None = None
        self._digests: set[str] = set()
        self._redis: redis.Redis | None = None
        self._resting: set[tuple[str, str]] = set()
        self._telling: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def registry_for(self, work: RunWork) -> AsyncIterator[PluginRegistry]:
        """Built-ins, and the releases that the run is pinned to, for the time of the block."""
        async with self.open_plugins(work.organization_id, work.plugins) as registry:
            yield registry

    @asynccontextmanager
    async def open_plugins(
        self, organization_id: uuid.UUID, releases: Sequence[RunPlugin]
    ) -> AsyncIterator[PluginRegistry]:
        """Built-ins, and these releases in the organization, for the time of the block.

        Raises NoSandboxError, DamagedPackageError.
        """
        if not releases:
            yield installed_plugins()
            return
        pool = await self._started()
        async with AsyncExitStack() as stack:
            plugins: Plugins = {}
            for plugin in releases:
                http = GrantedHttp(
                    hosts=plugin.granted.network_hosts, https_only=True, limits=HTTP_LIMITS
                )
                stack.push_async_callback(http.close)
                plugins |= await self._sandboxed(plugin, organization_id, pool, http)
            yield installed_plugins().with_plugins(plugins)

    async def _sandboxed(
        self, plugin: RunPlugin, organization_id: uuid.UUID, pool: SandboxPool, http: GrantedHttp
    ) -> Plugins:
        key = plugin.digest, str(organization_id)
        if key in self._resting:  # the database lets it run, so somebody said: try again
            self._resting.discard(key)
            pool.pardon(*key)
        release = await asyncio.to_thread(release_on_disk, plugin)
        self._digests.add(plugin.digest)
        store = Store(organization_id, plugin.package_id, plugin.granted.storage_bytes)
        capabilities = PluginCapabilities(
            http=http if plugin.granted.network_hosts else None,
            store=PluginStore(store) if plugin.granted.storage_bytes else None,
            secrets=plugin.secrets,
        )
        return {
            (provided.kind, plugin.manifest.id): sandboxed_plugin(
                release,
                provided.kind,
                pool=pool,
                organization=str(organization_id),
                granted=plugin.granted,
                capabilities=capabilities,
            )
            for provided in plugin.manifest.provides
            if provided.kind in REMOTE_CLASSES
        }

    def feed_of(self, work: RunWork) -> DraftFeed:
        """Where the authors of drafts in the run hear of it."""
        if self._redis is None and any(plugin.is_draft for plugin in work.plugins):
            self._redis = connect_redis(settings.REDIS_URL, connections=2)
        return DraftFeed(self._redis, work.plugins, str(work.run_id))

    async def _started(self) -> SandboxPool:
        async with self._starting:
            if self._pool is None:
                level = await proven_level()
                self._pool = SandboxPool(level, on_quarantine=self._tell_quarantine)
                self._pool.start()
                self._watching = asyncio.create_task(self._watch_for_recalls())
            return self._pool

    def _tell_quarantine(self, quarantine: Quarantine) -> None:
        task = asyncio.get_running_loop().create_task(self._store_quarantine(quarantine))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def _store_quarantine(self, quarantine: Quarantine) -> None:
        """All workers leave the plugin alone, and its page says so."""
        try:
            await write_database(
                lambda: rest_plugin(
                    organization_id=uuid.UUID(quarantine.organization),
                    digest=quarantine.digest,
                    crashes=quarantine.crashes,
                    because=quarantine.because,
                    seconds=quarantine.seconds,
                )
            )
        except Exception as error:  # noqa: BLE001 - this worker leaves it alone all the same
            log.warning("plugin.quarantine_not_told", error=type(error).__name__)
        else:
            self._resting.add((quarantine.digest, quarantine.organization))

    async def _watch_for_recalls(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self.drop_recalled()
            except Exception as error:  # noqa: BLE001 - the database may be away for a moment
                log.warning("plugin.recalls_not_read", error=type(error).__name__)

    @property
    def child_count(self) -> int:
        """Processes that hold a plugin at this moment."""
        return 0 if self._pool is None else self._pool.child_count

    async def drop_recalled(self) -> None:
        """Nothing of a release runs here any more that was recalled since it was started."""
        running = frozenset(self._digests)
        if not running or self._pool is None:
            return
        for digest in await read_database(lambda: recalled_among(running)):
            self._pool.drop(digest)
            self._digests.discard(digest)

    async def close(self) -> None:
        """No process of a plugin is left."""
        await asyncio.gather(*self._telling)
        watching, self._watching = self._watching, None
        if watching is not None:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.close()
        client, self._redis = self._redis, None
        if client is not None:
            await client.aclose()


plugin_host = PluginHost()


def release_on_disk(plugin: RunPlugin) -> ReleaseOnDisk:
    """The release, unpacked if it was not. Raises DamagedPackageError."""
    folder = unpacked_folder(plugin.digest)
    if not folder.exists():
        try:
            with open_archive(plugin.archive) as archive:
                if archive.digest != plugin.digest:
                    raise DamagedPackageError(_damaged(plugin))
                unpack_archive(archive, folder)
        except (PackageError, FileNotFoundError) as error:
            raise DamagedPackageError(_damaged(plugin)) from error
    return ReleaseOnDisk(
        digest=plugin.digest,
        directory=folder,
        manifest=plugin.manifest,
        schemas={sdk.StageKind(kind): schema for kind, schema in plugin.schemas.items()},
        draft=plugin.is_draft,
    )


def _damaged(plugin: RunPlugin) -> str:
    return f"The stored file of the plugin {plugin.manifest.id} is damaged. Tell the operator."
