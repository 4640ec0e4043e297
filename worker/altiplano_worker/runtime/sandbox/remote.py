"""What all plugins in another process have in common, seen from here."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import altiplano_sdk as sdk
from altiplano_worker.runtime.sandbox import border
from altiplano_worker.runtime.sandbox.broker import Broker
from altiplano_worker.runtime.sandbox.installed import Call, Installed

Check = Callable[[Any, Broker], Any]


class RemotePlugin:
    """A configured plugin in another process. ``prepare`` must be awaited before attributes are read."""

    kind: ClassVar[sdk.StageKind]

    def __init__(self, installed: Installed, config: Mapping[str, Any]) -> None:
        self.installed = installed
        self.config = json.dumps(dict(config), sort_keys=True)
        self._attributes: Mapping[str, Any] | None = None

    async def prepare(self) -> None:
        """The process runs, the configuration was accepted and the attributes are known."""
        if self._attributes is None:
            told = await self.installed.attributes(self.kind, self.config)
            async with self.installed.child(self.kind):
                self._attributes = border.check_attributes(told)

    def _attribute(self, name: str) -> Any:
        if self._attributes is None:
            raise RuntimeError("a plugin from outside must be prepared before it is used")
        return self._attributes[name]

    def _to(self, method: str, arguments: tuple[Any, ...], check: Check) -> Call:
        return Call(self.kind, self.config, method, arguments, check)

    async def _call(
        self, method: str, arguments: tuple[Any, ...], ctx: sdk.Context, check: Check
    ) -> Any:
        async with self.installed.child(self.kind) as child:
            call = self._to(method, arguments, check)
            return await self.installed.call(call, ctx, child=child)
