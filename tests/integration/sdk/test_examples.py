"""The example packages as an author hands them in and the platform takes them."""

from pathlib import Path

import pytest

from altiplano_sdk.packaging.archive import open_archive
from altiplano_sdk.packaging.checking import check_package
from altiplano_sdk.packaging.packing import pack_folder
from altiplano_sdk.packaging.reading import read_manifest
from altiplano_sdk.packaging.unpacking import unpack_archive
from altiplano_worker.runtime.sandbox.conformance import run_conformance
from altiplano_worker.runtime.sandbox.levels import available_levels
from altiplano_worker.runtime.sandbox.releases import ReleaseOnDisk

EXAMPLES = Path(__file__).parents[3] / "plugins/examples"
NAMES = sorted(path.parent.name for path in EXAMPLES.glob("*/altiplano-plugin.toml"))
# What vendors packages has to reach a registry first.
ALONE = [name for name in NAMES if not (EXAMPLES / name / "requirements.txt").exists()]


@pytest.mark.parametrize("name", NAMES)
def test_checks_find_nothing(name):
    assert check_package(EXAMPLES / name) == ()


@pytest.mark.parametrize("name", NAMES)
def test_folder_is_named_as_the_package_and_explained(name):
    manifest = read_manifest(EXAMPLES / name)
    assert manifest.id == name
    readme = (EXAMPLES / name / "README.md").read_text(encoding="utf-8")
    assert readme.startswith(f"# {manifest.title}\n")
    assert "What it does not do" in readme
    assert f"({name}/README.md)" in (EXAMPLES / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ALONE)
def test_packed_example_keeps_its_promises_in_the_sandbox(name, tmp_path):
    if not available_levels():
        pytest.skip("this machine has no sandbox")
    packed = pack_folder(EXAMPLES / name, tmp_path)
    unpacked = tmp_path / "unpacked"
    with open_archive(packed.path) as archive:
        unpack_archive(archive, unpacked)
        release = ReleaseOnDisk(archive.digest, unpacked, archive.manifest, archive.schemas)
    report = run_conformance(release)
    assert report.failed == ()
    assert report.ok
    assert report.speed is not None
    assert report.effect
