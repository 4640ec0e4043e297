"""docs/reference/settings.md names every variable that is read, with its true default."""

import ast
import json
import os
import re
import subprocess
import sys

import pytest

from tests.architecture.sources import ROOT, production_files, tree_of

PAGE = (ROOT / "docs/reference/settings.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| `ALTIPLANO_([A-Z_]+)`(?: ◆)? \| (.*?) \|", PAGE, re.MULTILINE))
SECRETS = set(re.findall(r"^\| `ALTIPLANO_([A-Z_]+)` ◆", PAGE, re.MULTILINE))
READERS = re.compile(r"read_(str|choice|bool|int|float|list|secret|path|database)")


def variables_read() -> dict[str, set[str]]:
    """Variable to the readers that read it, found in the code."""
    found: dict[str, set[str]] = {}
    for path in production_files():
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                function = node.func
                name = getattr(function, "attr", getattr(function, "id", ""))
                variable = node.args[0].value
                if READERS.fullmatch(name) and isinstance(variable, str) and variable.isupper():
                    found.setdefault(variable, set()).add(name)
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                match = re.fullmatch(r"ALTIPLANO_([A-Z_]+[A-Z])", node.value)
                if match and not match[1].endswith("_FILE"):
                    found.setdefault(match[1], set())
    return found


def test_page_names_every_variable_and_no_other():
    assert set(ROWS) == set(variables_read())


def test_page_marks_the_variables_that_may_come_from_a_file():
    secret = {"read_secret", "read_database"}
    assert {name for name, readers in variables_read().items() if readers & secret} == SECRETS


def test_environment_is_read_in_one_place():
    """Only ``config.env`` reads variables of ours; everything else asks it."""
    allowed = {
        "platform/altiplano/config/env.py",
        "worker/altiplano_worker/runtime/crash_points.py",
    }
    readers = {
        path.relative_to(ROOT).as_posix()
        for path in production_files()
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in {"os.environ.get", "os.getenv"}
        and "ALTIPLANO" in ast.unparse(node)
    }
    assert readers <= allowed


@pytest.fixture(scope="module")
def defaults() -> dict[str, str]:
    """Settings of a process that was given nothing but a key and a home."""
    code = """
import json
from altiplano.config import settings
print(json.dumps({n: getattr(settings, n) for n in dir(settings) if n.isupper()}, default=str))
"""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("ALTIPLANO_")
    }
    home = os.environ["ALTIPLANO_HOME"]
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment | {"ALTIPLANO_SECRET_KEY": "x" * 50, "ALTIPLANO_HOME": home},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def test_page_states_true_defaults(defaults):
    renamed = {"FROM_EMAIL": "DEFAULT_FROM_EMAIL"}
    compared = 0
    for name, cell in ROWS.items():
        value = defaults.get(renamed.get(name, name))
        stated = cell.strip("`")
        if value is None or name in {"HOME", "SECRET_KEY", "DATABASE_URL"}:
            continue
        shown = {True: "yes", False: "no"}.get(value) if isinstance(value, bool) else value
        if isinstance(shown, list):
            shown = ",".join(shown)
        assert stated == (str(shown) if shown != "" else "empty"), name
        compared += 1
    assert compared > 30
