"""What a plugin's process can see: Python, its libraries, the SDK, the package. Nothing else."""

from __future__ import annotations

import importlib.util
import os
import sys
import sysconfig
from collections.abc import Mapping
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
    """``python`` and ``system`` keep their places; ``modules`` are gathered in one folder.

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
        modules={place.name: place for place in map(_module_place, names)},
    )


def _module_place(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise LookupError(f"the module {name} is not installed")
    origin = Path(spec.origin)
    return origin.parent if origin.name == "__init__.py" else origin
