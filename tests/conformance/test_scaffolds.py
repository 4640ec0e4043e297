"""What ``altiplano-plugin new`` writes keeps every promise of its kind before anybody edits it."""

import json
import subprocess
import sys

import pytest

from altiplano_sdk import StageKind
from altiplano_sdk.cli.scaffold import write_scaffold


@pytest.mark.parametrize("kind", StageKind)
def test_scaffold_keeps_the_promises_of_its_kind(kind, tmp_path):
    folder = write_scaffold(f"my-own-{kind}", kind, parent=tmp_path, author="Ada")
    command = [sys.executable, "-m", "altiplano_sdk.testing.run", str(folder), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    report = json.loads(done.stdout.splitlines()[-1])
    assert report["failed"] == []
    assert report["passed"] > 25
    assert report["skipped"] == []
    assert report["effect"]
