"""Plugins from outside that a collection names: opened for one call at a time.

Each call asks anew whether the release may run, so that one that was recalled, switched off or
uninstalled refuses from the next call on, with a sentence that names it.
"""

import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from django.utils import translation

import altiplano_sdk as sdk
from altiplano.catalog.domain.running import PluginUnavailableError, RunPlugin, plugins_for_run
from altiplano.kernel.database_threads import read_database
from altiplano.knowledge.reading import Pin, Step
from altiplano_worker.runtime.budgets import PluginFailedError
from altiplano_worker.runtime.sandbox.plugins import RemoteEmbedder
from altiplano_worker.tasks.plugin_host import plugin_host

MAX_MODEL_CHARS: Final = 120
"""What a collection keeps of a model's name."""


def runnable_releases(organization_id: uuid.UUID, pins: Sequence[Pin]) -> tuple[RunPlugin, ...]:
    """The pinned releases with their rights. Raises PermanentError, as it is stored, and
    RetryableError for one that is left alone for a while.
    """
    try:
        return plugins_for_run(organization_id, pins)
    except PluginUnavailableError as error:
        with translation.override("en"):  # what is stored is translated when it is shown
            message = str(error.message)
        if error.code == "plugin_quarantined":  # which passes
            raise sdk.RetryableError(message, code=error.code) from error
        raise sdk.PermanentError(message, code=error.code) from error


class PackagedEmbedder:
    """An embedder from outside, for the vectors of one model.

    On an event loop it asks for each call whether the release may run. A thread that works through
    many calls asks by itself, with :meth:`hold`.
    """

    def __init__(
        self, organization_id: uuid.UUID, step: Step, *, model_id: str, dimension: int
    ) -> None:
        if step.pin is None:
            raise ValueError("a built-in embedder needs no sandbox")
        self._organization_id = organization_id
        self._step = step
        self._pin = step.pin
        self._held: tuple[RunPlugin, ...] = ()
        self.model_id = model_id
        self.dimension = dimension

    @property
    def identity(self) -> str:
        """The same for the same content with the same settings."""
        return f"{self._pin['digest']}/{self._pin['config_hash']}"

    def hold(self) -> None:
        """Calls to come use the release as the database says now. Raises PermanentError when it must
        not run. For a thread that may read the database.
        """
        self._held = runnable_releases(self._organization_id, [self._pin])

    async def tell(self) -> None:
        """The model and its dimension are what the plugin says now. Raises what a call raises."""
        async with self._opened() as remote:
            self.model_id = remote.model_id[:MAX_MODEL_CHARS]
            self.dimension = remote.dimension

    async def embed_passages(self, texts: Sequence[str], ctx: sdk.Context) -> sdk.VectorBatch:
        async with self._opened() as remote:
            return self._of_model(await remote.embed_passages(texts, ctx))

    async def embed_query(self, text: str, ctx: sdk.Context) -> sdk.VectorBatch:
        async with self._opened() as remote:
            return self._of_model(await remote.embed_query(text, ctx))

    def _of_model(self, vectors: sdk.VectorBatch) -> sdk.VectorBatch:
        if vectors.dimension != self.dimension:
            raise PluginFailedError(
                f"The plugin {self._step.plugin} makes vectors of another model than it did."
            )
        return vectors

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[RemoteEmbedder]:
        releases = self._held or await read_database(
            lambda: runnable_releases(self._organization_id, [self._pin])
        )
        async with plugin_host.open_plugins(self._organization_id, releases) as registry:
            remote: RemoteEmbedder = registry.create(
                sdk.StageKind.EMBEDDER, self._step.plugin, self._step.config
            )
            await remote.prepare()
            yield remote
