"""What a plugin's process can see: Python, its libraries, the SDK, the package. Nothing else."""

from __future__ import annotations

import importlib.util
import os
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

SDK_MODULES: Final = (
    "altiplano_sdk",
    "pydantic",
    "pydantic_core",
    "annotated_types",
    "typing_extensions",
    "typing_inspection",
)
TESTING_MODULES: Final = ("pytest", "_pytest", "py", "pluggy", "iniconfig", "packaging", "pygments")
"""What the conformance suites need besides."""

_SYSTEM: Final = ("/lib", "/lib64", "/usr/lib", "/usr/lib64")
_FILES: Final = ("/etc/ld.so.cache", "/usr/share/zoneinfo")


@dataclass(frozen=True, slots=True)
class Layout:
    """``python`` and ``system`` keep their places; ``modules`` are gathered in one folder, where
    each has the name that is its key.

    ``hidden`` lie inside the others and are covered: other people's modules.
    """

    interpreter: Path
    python: tuple[Path, ...]
    system: tuple[Path, ...]
    hidden: tuple[Path, ...]
    modules: Mapping[str, Path]


@cache
def child_layout(*, testing: bool = False) -> Layout:
    """The layout on this machine; raises LookupError when a module of the SDK is not installed."""
    interpreter = Path(os.path.realpath(getattr(sys, "_base_executable", sys.executable)))
    prefix = Path(sys.base_prefix)
    libraries = Path(sysconfig.get_path("stdlib", vars={"installed_base": str(prefix)}))
    python = [interpreter, libraries]
    shared = sysconfig.get_config_var("INSTSONAME")
    if shared and str(shared).endswith((".so", ".so.1.0")) and (prefix / "lib" / shared).exists():
        python.append(prefix / "lib" / shared)
    hidden = [
        place
        for place in (libraries / "site-packages", libraries / "test", Path("/usr/lib/python3"))
        if place.is_dir()
    ]
    names = SDK_MODULES + (TESTING_MODULES if testing else ())
    return Layout(
        interpreter=interpreter,
        python=tuple(python),
        system=tuple(Path(path) for path in (*_SYSTEM, *_FILES) if Path(path).exists()),
        hidden=tuple(hidden),
        modules={name: place for module in names for name, place in _module_files(module)},
    )


def _module_files(name: str) -> Iterator[tuple[str, Path]]:
    """The folder of a package; of a single file also its bytecode, which lies beside others'."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise LookupError(f"the module {name} is not installed")
    origin = Path(spec.origin)
    if origin.name == "__init__.py":
        yield origin.parent.name, origin.parent
        return
    yield origin.name, origin
    compiled = Path(importlib.util.cache_from_source(str(origin)))
    if compiled.exists():
        yield f"{compiled.parent.name}/{compiled.name}", compiled
