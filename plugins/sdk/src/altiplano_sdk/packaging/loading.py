"""Importing a package's classes. This runs its code: only its author and the sandbox do it."""

import importlib
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from altiplano_sdk.contracts.kinds import StageKind
from altiplano_sdk.manifest import PackageManifest
from altiplano_sdk.packaging.findings import Finding, LoadError
from altiplano_sdk.packaging.rulebook import code as rules

_UNPACKED_FOLDERS: Final = ("code", "site")


class NoConfig(BaseModel):
    """The configuration of a plugin that has nothing to set."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def load_package(directory: Path, manifest: PackageManifest) -> dict[StageKind, type[Any]]:
    """The class of each provided kind, with its ``manifest`` and a ``Config``, ready to be made.

    ``directory`` is an unpacked archive or an author's folder; its code stays importable for the
    life of the process. Raises LoadError when something cannot be imported or is no class.
    """
    unpacked = (directory / "manifest.json").is_file()
    folders = [directory / name for name in _UNPACKED_FOLDERS] if unpacked else [directory]
    for folder in reversed(folders):
        if (path := str(folder)) not in sys.path and folder.is_dir():
            sys.path.insert(0, path)
    importlib.invalidate_caches()
    return {
        provided.kind: _load(provided.kind, provided.entry, manifest, folders[0])
        for provided in manifest.provides
    }


def describe_package(directory: Path, manifest: PackageManifest) -> dict[StageKind, dict[str, Any]]:
    """The JSON Schema of each kind's configuration, by :func:`load_package`."""
    classes = load_package(directory, manifest)
    return {kind: cls.Config.model_json_schema() for kind, cls in classes.items()}


def _load(kind: StageKind, entry: str, manifest: PackageManifest, code: Path) -> type[Any]:
    module, _, name = entry.partition(":")
    try:
        found = getattr(importlib.import_module(module), name)
    # Whatever the author's code raises is told with its line, SystemExit too.
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        raise LoadError([_import_finding(error, code)]) from error
    path = f"{module.replace('.', '/')}.py"
    if not isinstance(found, type):
        raise LoadError([rules.NO_CLASS.finding(f"`{entry}` is no class.", file=path)])
    config = getattr(found, "Config", NoConfig)
    if not (isinstance(config, type) and issubclass(config, BaseModel)):
        message = f"`{name}.Config` is no pydantic model."
        raise LoadError([rules.CONFIG_MODEL.finding(message, file=path)])
    # A class of its own per kind: one class may provide two, and each has its own manifest.
    members: Mapping[str, Any] = {
        "manifest": manifest.for_kind(kind),
        "Config": config,
        "__module__": found.__module__,
        "__doc__": found.__doc__,
        "__qualname__": found.__qualname__,
    }
    return type(found.__name__, (found,), dict(members))


def _import_finding(error: BaseException, code: Path) -> Finding:
    """The failure at the last line that is the author's own."""
    file, line = "", 0
    for frame in traceback.extract_tb(error.__traceback__):
        if Path(frame.filename).is_relative_to(code):
            file, line = Path(frame.filename).relative_to(code).as_posix(), frame.lineno or 0
    if isinstance(error, SyntaxError) and error.filename:
        path = Path(error.filename)
        file = path.relative_to(code).as_posix() if path.is_relative_to(code) else file
        line = error.lineno or line
    message = f"{type(error).__name__}: {error}".strip().rstrip(".")[:200]
    return rules.IMPORT_FAILS.finding(f"{message}.", file=file, line=line)
