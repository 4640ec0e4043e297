"""How a collection's documents are read: which plugins, with which settings, at which release."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from altiplano.knowledge.models import Collection

Pin = Mapping[str, Any]
"""A release that a plugin is held to, as ``catalog.pins.pin_of`` makes it."""

BUILT_IN_SPLITTER = "sentence"


@dataclass(frozen=True, slots=True)
class Step:
    """One plugin that a collection names. ``pin`` is None for a built-in."""

    kind: str
    plugin: str
    config: Mapping[str, Any] = field(default_factory=dict)
    pin: Pin | None = None


@dataclass(frozen=True, slots=True)
class Way:
    """From a file to spans. Without a ``parser`` each kind of file has its built-in."""

    parser: Step | None
    splitter: Step

    @property
    def pins(self) -> tuple[Pin, ...]:
        """Of what comes from outside."""
        steps = (self.parser, self.splitter)
        return tuple(step.pin for step in steps if step is not None and step.pin is not None)

    @property
    def mark(self) -> str:
        """The same for two ways that read alike; empty for the way in which all have begun."""
        if self.parser is None and self.splitter == BUILT_IN_WAY.splitter:
            return ""
        steps = [_said(step) for step in (self.parser, self.splitter) if step is not None]
        return hashlib.sha256(json.dumps(steps, sort_keys=True).encode()).hexdigest()[:16]


BUILT_IN_WAY = Way(None, Step("splitter", BUILT_IN_SPLITTER))
"""As every collection begins."""


def way_of(collection: Collection) -> Way:
    """The collection's parser and splitter."""
    parser = None
    if collection.parser:
        parser = _step(collection, "parser", collection.parser, collection.parser_config)
    splitter = _step(collection, "splitter", collection.splitter, collection.splitter_config)
    return Way(parser, splitter)


def embedder_step(collection: Collection) -> Step:
    """The embedder of the vectors that answer."""
    return _step(collection, "embedder", collection.embedder, collection.embedder_config)


def index_step(collection: Collection) -> Step | None:
    """The index from a package that answers for one signal; None when both are built in."""
    if not collection.index:
        return None
    return _step(collection, "index", collection.index, collection.index_config)


def next_embedder_step(collection: Collection) -> Step | None:
    """The embedder that is to take over; None when none is."""
    found = collection.next_embedder
    if not found:
        return None
    pin = pin_among(found["plugins"], "embedder", found["embedder"])
    return Step("embedder", found["embedder"], found["config"], pin)


def is_succession_due(collection: Collection) -> bool:
    """Whether another embedder is to take over, and nothing has stopped it."""
    return bool(collection.next_embedder) and not collection.next_embedder["problem"]


def pin_among(pins: Iterable[Pin], kind: str, plugin: str) -> Pin | None:
    """The release that this plugin is held to; None for a built-in."""
    wanted = (kind, plugin)
    return next((pin for pin in pins if (pin["kind"], pin["plugin"]) == wanted), None)


def _step(collection: Collection, kind: str, plugin: str, config: Mapping[str, Any]) -> Step:
    return Step(kind, plugin, config, pin_among(collection.plugins, kind, plugin))


def _said(step: Step) -> list[Any]:
    digest = "" if step.pin is None else step.pin["digest"]
    return [step.kind, step.plugin, digest, dict(step.config)]
