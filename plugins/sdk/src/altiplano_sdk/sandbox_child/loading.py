"""Imports a package and hands out its classes. Runs the author's code: only ever called where it may run."""

import importlib
import sys
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from altiplano_sdk.contracts.kinds import StageKind
from altiplano_sdk.manifest import PackageManifest


class EmptyConfig(BaseModel):
    """The configuration of a plugin that declares none."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def load_package(directory: Path, manifest: PackageManifest) -> dict[StageKind, type[Any]]:
    """The class of each provided kind, with its ``manifest`` and a ``Config`` set.

    ``directory`` is an unpacked release (``code`` and ``site`` in it), or an author's folder.
    Both stay on the module search path, before everything else of the same name there. Raises
    what the import raises, or TypeError for an entry that is no class.
    """
    code = directory / "code"
    places = [code, directory / "site"] if code.is_dir() else [directory]
    for place in reversed([str(place) for place in places if place.is_dir()]):
        if place not in sys.path:
            sys.path.insert(0, place)
    importlib.invalidate_caches()
    return {
        provided.kind: _load_class(provided.entry, provided.kind, manifest)
        for provided in manifest.provides
    }


def _load_class(entry: str, kind: StageKind, manifest: PackageManifest) -> type[Any]:
    module, _, name = entry.partition(":")
    cls = getattr(importlib.import_module(module), name)
    if not isinstance(cls, type):
        raise TypeError(f"{entry} is no class")
    made: Any = cls
    made.manifest = manifest.for_kind(kind)
    config = getattr(cls, "Config", None)
    if config is None:
        made.Config = EmptyConfig
    elif not (isinstance(config, type) and issubclass(config, BaseModel)):
        raise TypeError(f"the Config of {entry} is no pydantic model")
    return cls
