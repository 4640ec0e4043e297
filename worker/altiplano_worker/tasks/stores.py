"""What this process keeps open of collections: their embedders and their index files."""

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import orjson
from django.conf import settings

import altiplano_sdk as sdk
from altiplano.knowledge.index_files import index_directory
from altiplano.knowledge.models import Collection
from altiplano_worker.adapters.http import GrantedHttp
from altiplano_worker.runtime.context import CollectionEmbedder, QueryVectorCache, stage_log
from altiplano_worker.runtime.index_store import IndexStore
from altiplano_worker.runtime.loader import installed_plugins

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

    Raises UnknownPluginError or PluginConfigError.
    """
    config = orjson.dumps(collection.embedder_config, option=orjson.OPT_SORT_KEYS)
    return _make_embedder(collection.embedder, config)


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
    return CollectionEmbedder(
        embedder=ready.plugin,
        context=ready.context,
        cache=query_vectors,
        scope=collection.organization_id.hex,
    )


class OpenStores:
    """The index stores used last, so that opening one again costs a look at its manifest."""

    def __init__(self, capacity: int = MAX_OPEN_STORES) -> None:
        self._capacity = capacity
        self._lock = threading.Lock()
        self._stores: OrderedDict[tuple[str, str], IndexStore] = OrderedDict()

    def of(self, collection: Collection, *, model_id: str, dimension: int) -> IndexStore:
        """The collection's store for vectors of this model."""
        key = (collection.id.hex, model_id)
        with self._lock:
            store = self._stores.get(key)
            if store is None:
                store = self._stores[key] = IndexStore(
                    index_directory(collection.id),
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
