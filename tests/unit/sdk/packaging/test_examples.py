"""The examples that authors read first have nothing to mend."""

from pathlib import Path

import pytest

from altiplano_sdk import MANIFEST_NAME
from altiplano_sdk.packaging.checking import check_package

ROOT = Path(__file__).resolve().parents[4]
FOLDERS = sorted(path.parent for path in (ROOT / "plugins").glob(f"**/{MANIFEST_NAME}"))


def test_there_are_examples():
    assert {"glossary-guard", "unit-conversion", "template"} <= {path.name for path in FOLDERS}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_example_has_nothing_to_mend(folder):
    assert check_package(folder) == ()
