"""The project's own source files."""

import ast
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE_ROOTS = ("platform", "worker", "plugins/builtin", "plugins/sdk/src")


@cache
def python_files() -> tuple[Path, ...]:
    """Every Python file that belongs to the project, tests included, generated ones not."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py"],  # noqa: S607
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    found = (ROOT / line for line in listed.stdout.splitlines())
    return tuple(p for p in found if p.exists() and "migrations" not in p.parts)


def production_files() -> list[Path]:
    roots = [ROOT / root for root in SOURCE_ROOTS]
    return [path for path in python_files() if any(root in path.parents for root in roots)]


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()
