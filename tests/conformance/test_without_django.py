"""Built-ins and examples keep their promises where there is no Django."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted(
    path.parent.name for path in ROOT.glob("plugins/examples/*/altiplano-plugin.toml")
)


def run(what: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "tests.conformance.without_django", what],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )


def test_there_are_six_examples():
    assert len(EXAMPLES) >= 6


@pytest.mark.parametrize("what", ["builtins", *(f"examples/{name}" for name in EXAMPLES)])
def test_suites_pass_without_django(what):
    done = run(what)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert done.stdout.splitlines()[-1] == "django: absent"


def test_the_door_is_closed():
    code = (
        "import sys; from tests.conformance.without_django import ClosedDoor, present\n"
        "sys.meta_path.insert(0, ClosedDoor())\n"
        "try:\n    import django\n"
        "except ModuleNotFoundError as error:\n    print(error, present())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout == "django is not here []\n", done.stderr
