"""Finds plugins through entry points and keeps broken ones from stopping the process.

One entry-point group per stage kind (``altiplano.parser``, ``altiplano.retriever``, ...); the
value is a class with a ``manifest``, a pydantic ``Config`` and the methods of its Protocol.
Built-ins come through the same door as outsiders.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Protocol

from pydantic import BaseModel, ValidationError

import altiplano_sdk as sdk

GROUP_PREFIX = "altiplano."

PROTOCOLS: Mapping[sdk.StageKind, type] = {
    sdk.StageKind.LOADER: sdk.Loader,
    sdk.StageKind.PARSER: sdk.Parser,
    sdk.StageKind.SPLITTER: sdk.Splitter,
    sdk.StageKind.EMBEDDER: sdk.Embedder,
    sdk.StageKind.INDEX: sdk.Index,
    sdk.StageKind.RETRIEVER: sdk.Retriever,
    sdk.StageKind.RERANKER: sdk.Reranker,
    sdk.StageKind.QUERY: sdk.QueryRewriter,
    sdk.StageKind.PROMPT: sdk.Prompt,
    sdk.StageKind.GUARD: sdk.Guard,
    sdk.StageKind.GENERATOR: sdk.Generator,
    sdk.StageKind.TOOL: sdk.Tool,
    sdk.StageKind.EVALUATOR: sdk.Evaluator,
}


class UnknownPluginError(sdk.PermanentError):
    """No loaded plugin has this kind and id, or its release is quarantined."""

    code = "unknown_plugin"


class PluginConfigError(sdk.PermanentError):
    """The stored configuration does not fit the plugin's config model."""

    code = "plugin_config"


@dataclass(frozen=True, slots=True)
class LoadedPlugin:
    """A plugin class that passed the door, with what the catalogue needs to know of it."""

    manifest: sdk.Manifest
    cls: Callable[[BaseModel], Any]
    config_model: type[BaseModel]

    def create(self, config: Mapping[str, Any]) -> Any:
        """A configured instance. Raises PluginConfigError with the field's name."""
        try:
            return self.cls(self.config_model.model_validate(dict(config)))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "config"
            raise PluginConfigError(
                f"The configuration of {self.manifest.id} is not valid: {where}: {first['msg']}."
            ) from error

    def config_schema(self) -> dict[str, Any]:
        return self.config_model.model_json_schema()


class RunnablePlugin(Protocol):
    """What a registry holds: built-ins, and plugins that run in a sandbox."""

    @property
    def manifest(self) -> sdk.Manifest: ...

    def create(self, config: Mapping[str, Any]) -> Any: ...

    def config_schema(self) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class QuarantinedPlugin:
    """A plugin that could not be loaded, and why, in a sentence for the operator."""

    group: str
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class PluginRegistry:
    """What can run: in this process for all, with :meth:`with_plugins` for one organization.

    Immutable.
    """

    plugins: Mapping[tuple[sdk.StageKind, str], RunnablePlugin]
    quarantined: tuple[QuarantinedPlugin, ...] = ()

    def get(self, kind: sdk.StageKind, plugin_id: str) -> RunnablePlugin:
        found = self.plugins.get((kind, plugin_id))
        if found is None:
            raise UnknownPluginError(f"There is no {kind} plugin called {plugin_id!r}.")
        return found

    def create(self, kind: sdk.StageKind, plugin_id: str, config: Mapping[str, Any]) -> Any:
        return self.get(kind, plugin_id).create(config)

    def of_kind(self, kind: sdk.StageKind) -> tuple[RunnablePlugin, ...]:
        found = [(key, plugin) for key, plugin in self.plugins.items() if key[0] == kind]
        return tuple(plugin for _, plugin in sorted(found, key=lambda entry: entry[0]))

    def with_plugins(
        self, plugins: Mapping[tuple[sdk.StageKind, str], RunnablePlugin]
    ) -> "PluginRegistry":
        """A registry that holds ``plugins`` too. None of them takes the place of a built-in."""
        return replace(self, plugins={**plugins, **self.plugins})


def load_plugins(
    points: Iterable[EntryPoint], *, allowed: frozenset[str] | None = None
) -> PluginRegistry:
    """The registry of all ``points`` that pass the door; the rest is quarantined with a reason.

    ``allowed`` limits loading to these entry-point names; None loads all.
    """
    loaded: dict[tuple[sdk.StageKind, str], LoadedPlugin] = {}
    quarantined: list[QuarantinedPlugin] = []
    for point in points:
        if allowed is not None and point.name not in allowed:
            continue
        try:
            plugin = _admit(point)
            key = (plugin.manifest.kind, plugin.manifest.id)
            if key in loaded:
                raise ValueError(f"a second {key[0]} plugin calls itself {key[1]!r}")  # noqa: TRY301
            loaded[key] = plugin
        except Exception as error:  # noqa: BLE001 - one broken plugin never stops a process
            reason = f"{type(error).__name__}: {error}"
            quarantined.append(QuarantinedPlugin(point.group, point.name, reason))
    return PluginRegistry(plugins=loaded, quarantined=tuple(quarantined))


def _admit(point: EntryPoint) -> LoadedPlugin:
    kind = sdk.StageKind(point.group.removeprefix(GROUP_PREFIX))
    cls = point.load()
    manifest = getattr(cls, "manifest", None)
    if not isinstance(manifest, sdk.Manifest):
        raise TypeError("the class has no Manifest")
    if manifest.kind is not kind:
        raise ValueError(f"registered as {kind} but its manifest says {manifest.kind}")
    if manifest.contract > sdk.CONTRACT_VERSION:
        raise ValueError(
            f"needs contract {manifest.contract}, this platform speaks {sdk.CONTRACT_VERSION}"
        )
    config_model = getattr(cls, "Config", None)
    if not (isinstance(config_model, type) and issubclass(config_model, BaseModel)):
        raise TypeError("the class has no pydantic Config")
    plugin = LoadedPlugin(manifest=manifest, cls=cls, config_model=config_model)
    protocol = PROTOCOLS[kind]
    missing = sorted(
        name for name in _methods_of(protocol) if not callable(getattr(cls, name, None))
    )
    if missing:
        raise TypeError(f"does not fulfil {protocol.__name__}: {', '.join(missing)} missing")
    return plugin


def _methods_of(protocol: type) -> set[str]:
    return {
        name
        for name, member in vars(protocol).items()
        if not name.startswith("_") and callable(member)
    }


@cache
def installed_plugins() -> PluginRegistry:
    """The registry of this process, loaded once, from everything installed."""
    points = [
        point
        for kind in sdk.StageKind
        for point in entry_points(group=f"{GROUP_PREFIX}{kind.value}")
    ]
    return load_plugins(points)
