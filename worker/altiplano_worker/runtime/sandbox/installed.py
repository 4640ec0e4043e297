"""One organization's use of one release, and how a call to it goes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import altiplano_sdk as sdk
from altiplano_sdk.wire import Failure, WireError, failure_error
from altiplano_worker.runtime.budgets import PluginFailedError
from altiplano_worker.runtime.context import narrow_context
from altiplano_worker.runtime.loader import PluginConfigError
from altiplano_worker.runtime.sandbox.broker import Broker, PluginCapabilities
from altiplano_worker.runtime.sandbox.child import SandboxChild
from altiplano_worker.runtime.sandbox.exchange import (
    BadAnswerError,
    CallFailedError,
    ChildLostError,
)
from altiplano_worker.runtime.sandbox.pool import SandboxPool
from altiplano_worker.runtime.sandbox.releases import ReleaseOnDisk

_CONFIG_CODE = "plugin_config"


@dataclass(frozen=True, slots=True)
class Call:
    """What is to be called, and how to judge each thing that comes back.

    ``blob`` is what a method that attaches takes along, see :data:`~altiplano_sdk.wire.METHODS`.
    """

    kind: sdk.StageKind
    config: str
    method: str
    arguments: tuple[Any, ...]
    check: Callable[[Any, Broker], Any]
    blob: bytes = b""


@dataclass(frozen=True, slots=True)
class Installed:
    """``granted`` is what the organization allowed, at most what the manifest asks for."""

    release: ReleaseOnDisk
    pool: SandboxPool
    organization: str
    granted: sdk.Grants
    capabilities: PluginCapabilities = field(default_factory=PluginCapabilities)

    @property
    def plugin_id(self) -> str:
        return self.release.manifest.id

    @asynccontextmanager
    async def child(self, kind: sdk.StageKind) -> AsyncIterator[SandboxChild]:
        """A process to talk to. What goes wrong while talking is raised as an error of the SDK."""
        async with self.pool.lease(
            self.release,
            organization=self.organization,
            memory_bytes=self.granted.memory_bytes,
        ) as child:
            with self._translated(kind):
                yield child

    async def attributes(self, kind: sdk.StageKind, config: str) -> dict[str, Any]:
        """What the configured plugin says of itself. Raises PluginConfigError besides."""
        async with self.child(kind) as child:
            deadline = self._deadline()
            _, attributes = await self._within(deadline, child, child.configure(kind, config))
            return dict(attributes)

    async def call(self, call: Call, ctx: sdk.Context, *, child: SandboxChild) -> Any:
        """The judged result, within the granted time."""
        broker = self.broker(ctx)
        deadline = self._deadline()
        instance, _ = await self._within(deadline, child, child.configure(call.kind, call.config))
        work = child.call(
            call.kind, instance, call.method, call.arguments,
            offered=broker.offered(), broker=broker, blob=call.blob,
        )  # fmt: skip
        return call.check(await self._within(deadline, child, work), broker)

    async def stream(
        self, call: Call, ctx: sdk.Context, *, child: SandboxChild
    ) -> AsyncIterator[tuple[Any, bytes]]:
        """Each judged item with its blob, all within the granted time."""
        broker = self.broker(ctx)
        deadline = self._deadline()
        instance, _ = await self._within(deadline, child, child.configure(call.kind, call.config))
        items = child.stream(
            call.kind, instance, call.method, call.arguments,
            offered=broker.offered(), broker=broker,
        )  # fmt: skip
        try:
            while True:
                try:
                    item, blob = await self._within(deadline, child, anext(items))
                except StopAsyncIteration:
                    return
                yield call.check(item, broker), blob
        finally:
            await items.aclose()  # type: ignore[attr-defined]

    def broker(self, ctx: sdk.Context) -> Broker:
        """A broker for one call, with the run's capabilities and the installation's own."""
        own = replace(
            ctx,
            http=self.capabilities.http,
            store=self.capabilities.store,
            secrets=self.capabilities.secrets,
        )
        return Broker(narrow_context(own, self.granted), plugin=self.plugin_id)

    def _deadline(self) -> float:
        return asyncio.get_running_loop().time() + self.granted.seconds

    async def _within(self, deadline: float, child: SandboxChild, work: Awaitable[Any]) -> Any:
        try:
            async with asyncio.timeout_at(deadline):
                return await work
        except TimeoutError:
            raise sdk.BudgetExceededError(
                f"The plugin {self.plugin_id} took longer than its {self.granted.seconds:g} seconds."
            ) from None

    @contextmanager
    def _translated(self, kind: sdk.StageKind) -> Iterator[None]:
        name = self.plugin_id
        try:
            yield
        except CallFailedError as error:
            raise self._failure_of(kind, error.failure) from error
        except BadAnswerError as error:
            raise PluginFailedError(
                f"The plugin {name} answered with something that its contract does not allow: "
                f"{error}."
            ) from error
        except WireError as error:
            raise PluginFailedError(f"The plugin {name} could not be asked: {error}.") from error
        except ChildLostError as error:
            raise PluginFailedError(
                f"The process of the plugin {name} was lost: it {error.reason}."
            ) from error

    def _failure_of(self, kind: sdk.StageKind, failure: Failure) -> sdk.PluginError:
        known = failure_error(failure)
        if known is None:
            if failure.message == MemoryError.__name__:
                megabytes = self.granted.memory_bytes // (1024 * 1024)
                return sdk.BudgetExceededError(
                    f"The plugin {self.plugin_id} needed more than its {megabytes} MB of memory."
                )
            return PluginFailedError(
                f"The plugin {self.plugin_id} failed in the {kind} stage. "
                "Its author finds the place in the plugin's log."
            )
        if known.code == _CONFIG_CODE:
            return PluginConfigError(
                f"The plugin {self.plugin_id} does not take its configuration: {known.message}."
            )
        return known
