"""What this process keeps open of collections: their embedders and their index files."""

import threading
import uuid
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import orjson
from django.conf import settings

import altiplano_sdk as sdk
from altiplano.knowledge.index_files import index_directory
from altiplano.knowledge.models import Collection
from altiplano.knowledge.reading import Step, embedder_step
from altiplano_worker.adapters.http import GrantedHttp
from altiplano_worker.runtime.context import CollectionEmbedder, QueryVectorCache, stage_log
from altiplano_worker.runtime.index_store import IndexStore
from altiplano_worker.runtime.loader import installed_plugins
from altiplano_worker.runtime.loop import process_loop
from altiplano_worker.tasks.collection_plugins import PackagedEmbedder

MAX_OPEN_STORES: Final = 64

query_vectors = QueryVectorCache()
"""Of this process, used on its loop only."""


@dataclass(frozen=True, slots=True)
class ReadyEmbedder:
    """A configured embedder plugin with the context its calls get."""

    plugin: sdk.Embedder
    context: sdk.Context

    @property
    def model_id(self) -> str:
        return self.plugin.model_id

    @property
    def dimension(self) -> int:
        return self.plugin.dimension


def embedder_of(collection: Collection) -> ReadyEmbedder:
    """The collection's embedder, made once per process and configuration.

    One from outside is taken at its word: that its vectors are those of the collection's model.
    Raises UnknownPluginError or PluginConfigError.
    """
    step = embedder_step(collection)
    if step.pin is None:
        return built_in_embedder(step)
    plugin = PackagedEmbedder(
        collection.organization_id,
        step,
        model_id=collection.embedding_model,
        dimension=collection.embedding_dimension or 0,
    )
    return ReadyEmbedder(plugin, sdk.Context(log=stage_log(run_id="embedding")))


def opened_embedder(
    organization_id: uuid.UUID, step: Step, *, wait: Callable[[Future[None]], None]
) -> ReadyEmbedder:
    """The embedder with what it says of its model now. For the thread of a task, which waits with
    ``wait``. Raises PermanentError when it must not run, and what opening it raises.
    """
    if step.pin is None:
        return built_in_embedder(step)
    plugin = PackagedEmbedder(organization_id, step, model_id="", dimension=0)
    plugin.hold()
    wait(process_loop.submit(plugin.tell()))
    return ReadyEmbedder(plugin, sdk.Context(log=stage_log(run_id="embedding")))


def built_in_embedder(step: Step) -> ReadyEmbedder:
    """Raises UnknownPluginError or PluginConfigError."""
    config = orjson.dumps(dict(step.config), option=orjson.OPT_SORT_KEYS)
    return _make_embedder(step.plugin, config)


@cache
def _make_embedder(plugin_id: str, config: bytes) -> ReadyEmbedder:
    values: Mapping[str, Any] = orjson.loads(config)
    plugin = installed_plugins().create(sdk.StageKind.EMBEDDER, plugin_id, values)
    hosts = tuple(settings.EMBEDDER_HOSTS)
    context = sdk.Context(
        log=stage_log(run_id="embedding"),
        # Hosts that the operator names may lie in a private network; no others are reachable.
        http=GrantedHttp(hosts=hosts, private=True) if hosts else None,
        secrets={"api_key": settings.EMBEDDER_KEY} if settings.EMBEDDER_KEY else {},
    )
    return ReadyEmbedder(plugin, context)


def embedder_for(collection: Collection) -> CollectionEmbedder:
    """The TextEmbedder capability over the collection's model, for its organization alone."""
    ready = embedder_of(collection)
    scope = collection.organization_id.hex
    if isinstance(ready.plugin, PackagedEmbedder):
        # Two packages may give the same name to different models.
        scope = f"{scope}/{ready.plugin.identity}"
    return CollectionEmbedder(
        embedder=ready.plugin, context=ready.context, cache=query_vectors, scope=scope
    )


class OpenStores:
    """The index stores used last, so that opening one again costs a look at its manifest."""

    def __init__(self, capacity: int = MAX_OPEN_STORES) -> None:
        self._capacity = capacity
        self._lock = threading.Lock()
        self._stores: OrderedDict[tuple[str, int, str], IndexStore] = OrderedDict()

    def of(
        self, collection: Collection, *, model_id: str, dimension: int, series: int | None = None
    ) -> IndexStore:
        """The collection's store for vectors of this model; of the series that answers if none is
        named.
        """
        series = collection.index_series if series is None else series
        key = (collection.id.hex, series, model_id)
        with self._lock:
            store = self._stores.get(key)
            if store is None:
                store = self._stores[key] = IndexStore(
                    index_directory(collection.id, series),
                    owner=f"{collection.organization_id.hex}/{collection.id.hex}",
                    engines=_index_engines(),
                    model_id=model_id,
                    dimension=dimension,
                )
            self._stores.move_to_end(key)
            evicted = (
                self._stores.popitem(last=False)[1] if len(self._stores) > self._capacity else None
            )
        if evicted is not None:
            evicted.close()  # whoever searches in it holds a reader of their own
        return store


@cache
def _index_engines() -> Mapping[str, sdk.Index]:
    registry = installed_plugins()
    return {
        plugin.manifest.id: plugin.create({}) for plugin in registry.of_kind(sdk.StageKind.INDEX)
    }


open_stores = OpenStores()
