"""Runs conformance tests in an interpreter in which Django cannot be imported.

``python -m tests.conformance.without_django builtins`` runs the suites of all built-in plugins,
``... examples/NAME`` those of one example package. Its last line is ``django: absent`` when nothing
of the platform was imported on the way, whoever may have tried.
"""

import os
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Final

HERE: Final = Path(__file__).parent
PLUGINS: Final = HERE.parents[1] / "plugins"
BUILTINS: Final = "from altiplano_plugins."
"""What the tests of built-in plugins have in them, and no others."""
CLOSED: Final = frozenset({"django", "celery", "redis", "altiplano", "altiplano_worker"})


class ClosedDoor(MetaPathFinder):
    """Stands before all other finders and knows no platform."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name.partition(".")[0] in CLOSED:
            raise ModuleNotFoundError(f"{name} is not here", name=name)
        return None


def present() -> list[str]:
    """What was imported although it should not be there."""
    return sorted(CLOSED & {name.partition(".")[0] for name in sys.modules})


def run_builtins() -> bool:
    import pytest

    # No conftest: the one of the project's tests sets up Django.
    options = ["--noconftest", "--import-mode=importlib", "-p", "no:cacheprovider", "-q"]
    options += ["-c", str(HERE / "without_django.ini"), f"--rootdir={HERE}"]
    tests = (path for path in sorted(HERE.glob("test_*.py")) if BUILTINS in path.read_text("utf-8"))
    return pytest.main([*options, *map(str, tests)]) == pytest.ExitCode.OK


def run_package(name: str) -> bool:
    from altiplano_sdk.testing.run import main

    return main([str(PLUGINS / name), "--no-measure"]) == 0


def main(what: str) -> int:
    sys.meta_path.insert(0, ClosedDoor())
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    passed = run_builtins() if what == "builtins" else run_package(what)
    found = present()
    sys.stdout.write(f"django: {', '.join(found) or 'absent'}\n")
    return 0 if passed and not found else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
