"""The page about packages says what is true."""

import re
import subprocess
import sys
from pathlib import Path

from altiplano_sdk import ConfigMigration, PackageGrants, PackageManifest, Provided
from altiplano_sdk.packaging import layout
from altiplano_sdk.packaging.archive import digest_of

from .samples import make_archive

PAGE = (Path(__file__).resolve().parents[4] / "docs/reference/plugin-package.md").read_text(
    encoding="utf-8"
)


def test_page_names_every_field():
    for model in (PackageManifest, PackageGrants, Provided, ConfigMigration):
        for name in model.model_fields:
            assert re.search(rf"`\[*{name}\]*`", PAGE), f"{model.__name__}.{name}"


def test_page_names_every_part_of_the_archive():
    for name in layout.TOP_FILES | layout.TOP_FOLDERS:
        assert f"`{name}" in PAGE, name


def test_digest_is_what_the_page_computes(tmp_path):
    (sample,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    path = tmp_path / "glossary-guard-1.1.0.altiplano"
    path.write_bytes(make_archive({"signature.json": "{}"}))
    done = subprocess.run(
        [sys.executable, "-c", sample, str(path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == digest_of(path)
