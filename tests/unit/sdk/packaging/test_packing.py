"""Packing, unpacking and loading: what an author wrote is what the sandbox gets."""

import json
import os
import platform
import stat
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from altiplano_sdk import Manifest, StageKind
from altiplano_sdk.packaging import ArchiveError, LoadError, PackageError
from altiplano_sdk.packaging.archive import open_archive
from altiplano_sdk.packaging.checking import check_package
from altiplano_sdk.packaging.describing import describe_folder
from altiplano_sdk.packaging.loading import load_package
from altiplano_sdk.packaging.packing import pack_folder
from altiplano_sdk.packaging.reading import read_manifest
from altiplano_sdk.packaging.rulebook import RULES
from altiplano_sdk.packaging.unpacking import unpack_archive
from altiplano_sdk.packaging.vendoring import fetch_wheels
from altiplano_sdk.packaging.wheel_checks import lock_line
from altiplano_sdk.packaging.zip_writing import write_zip

from .samples import CODE, make_archive, write_folder
from .test_rulebook import is_helpful
from .wheels import make_wheel, write_wheel

_CONFIGURED = CODE.replace(
    "import altiplano_sdk as sdk\n",
    "import altiplano_sdk as sdk\nfrom pydantic import BaseModel, Field\n\n\n"
    "class Config(BaseModel):\n"
    '    words: list[str] = Field(default=[], description="Hard words.")\n',
).replace("    points", "    Config = Config\n    points")


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "glossary-guard"
    folder.mkdir()
    return write_folder(folder, {"glossary_guard/__init__.py": _CONFIGURED})


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """Where pip finds wheels, and nowhere else."""
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(shelf))
    return shelf


def test_packed_folder_is_sound_and_complete(folder, tmp_path):
    packed = pack_folder(folder, tmp_path, report={"passed": 12})
    assert packed.path == tmp_path / "glossary-guard-1.1.0.altiplano"
    assert packed.size == packed.path.stat().st_size
    with open_archive(packed.path) as archive:
        assert check_package(archive) == ()
        assert archive.digest == packed.digest
        assert len(archive.names) == packed.files
        assert archive.json("report.json") == {"passed": 12}
        assert "words" in archive.schemas[StageKind.GUARD]["properties"]
        assert archive.read("code/glossary_guard/__init__.py").decode() == _CONFIGURED
    assert [path.name for path in tmp_path.glob("*.draft")] == []


def test_same_folder_makes_the_same_file(folder, tmp_path):
    first = pack_folder(folder, tmp_path).path.read_bytes()
    for path in folder.rglob("*"):
        os.utime(path, (1, 1))
    (folder / "glossary_guard" / "__pycache__").mkdir(exist_ok=True)
    (folder / "glossary_guard" / "__pycache__" / "x.pyc").write_bytes(b"x")
    (folder / "notes.txt").write_text("beside the package")
    assert pack_folder(folder, tmp_path).path.read_bytes() == first


def test_folder_with_an_error_is_not_packed(folder, tmp_path):
    (folder / "LICENSE").unlink()
    with pytest.raises(PackageError) as caught:
        pack_folder(folder, tmp_path)
    assert [finding.rule for finding in caught.value.findings] == ["ALT111"]
    assert list(tmp_path.glob("*.altiplano")) == []


def test_field_without_description_is_found_when_packing(folder, tmp_path):
    code = _CONFIGURED.replace(', description="Hard words."', "")
    (folder / "glossary_guard" / "__init__.py").write_text(code)
    with pytest.raises(PackageError) as caught:
        pack_folder(folder, tmp_path)
    assert [finding.rule for finding in caught.value.findings] == ["ALT502"]
    assert list(tmp_path.glob("*glossary-guard-*")) == []


@pytest.mark.parametrize("code", ["ALT217", "ALT218"])
def test_loading_breaks_the_rule_by_its_bad_example_only(code, tmp_path):
    rule = RULES[code]
    bad = write_folder(tmp_path / "bad", {rule.bad.file: rule.bad.text})
    good = write_folder(tmp_path / "good", {rule.good.file: rule.good.text})
    with pytest.raises(LoadError) as caught:
        describe_folder(bad)
    (finding,) = caught.value.findings
    assert finding.rule == code
    is_helpful(finding, rule)
    schemas = describe_folder(good)
    assert schemas[StageKind.GUARD]["additionalProperties"] is False


def test_import_that_fails_is_told_with_its_line(tmp_path):
    files = {
        "glossary_guard/__init__.py": f"from glossary_guard.terms import T\n{CODE}",
        "glossary_guard/terms.py": "T = 1\nU = {}['x']\n",
    }
    with pytest.raises(LoadError) as caught:
        describe_folder(write_folder(tmp_path, files))
    assert caught.value.findings[0].place == "glossary_guard/terms.py:2"


def test_import_that_ends_the_process_is_told(tmp_path):
    code = f"import os\nos._exit(3)\n{CODE}"
    with pytest.raises(LoadError, match="ended the process"):
        describe_folder(write_folder(tmp_path, {"glossary_guard/__init__.py": code}))


def test_wheels_travel_with_their_hashes(folder, tmp_path, shelf):
    write_wheel(shelf, "other", "1.0", requires="deeper")
    write_wheel(shelf, "deeper", "2.0")
    (folder / "requirements.txt").write_text("other==1.0  # for tests\n")
    packed = pack_folder(folder, tmp_path)
    assert packed.wheels == ("deeper-2.0-py3-none-any.whl", "other-1.0-py3-none-any.whl")
    with open_archive(packed.path) as archive:
        assert check_package(archive) == ()
        lock = archive.text("wheels.lock").splitlines()
        parts = archive.json("sbom.cdx.json")["components"]
    assert lock[1].startswith("other==1.0 --hash=sha256:")
    assert [part["purl"] for part in parts] == ["pkg:pypi/deeper@2.0", "pkg:pypi/other@1.0"]
    assert parts[0]["licenses"] == [{"expression": "MIT"}]
    assert parts[1]["hashes"][0]["content"] in lock[1]


def test_wheels_are_those_of_the_platforms_python(folder, tmp_path, shelf):
    for python in ("cp311", "cp312"):
        name = f"other-1.0-{python}-{python}-manylinux_2_28_{platform.machine()}.whl"
        (shelf / name).write_bytes(make_wheel(files={"other.py": python}))
    (wheel,) = fetch_wheels(("other==1.0",), python="3.12")
    assert "-cp312-" in wheel.file


def test_requirement_that_is_no_wheel_is_told(folder, tmp_path, shelf):
    rule = RULES["ALT604"]
    (folder / "requirements.txt").write_text(rule.bad.text or "")
    with pytest.raises(PackageError) as caught:
        pack_folder(folder, tmp_path)
    (finding,) = caught.value.findings
    assert finding.rule == "ALT604"
    is_helpful(finding, rule)
    assert "no-such-package-anywhere" in finding.message


def _archive_with(*wheels: tuple[str, bytes]) -> bytes:
    import hashlib

    lines = [
        lock_line(*file.split("-")[:2], hashlib.sha256(data).hexdigest(), file)
        for file, data in wheels
    ]
    changes: dict[str, bytes | str | None] = {f"wheels/{file}": data for file, data in wheels}
    return make_archive({**changes, "wheels.lock": "\n".join(lines)})


def test_unpacked_archive_holds_code_and_wheels_read_only(tmp_path):
    wheel = make_wheel(
        files={
            "other.py": "VERSION = '1.0'\n",
            "other-1.0.data/purelib/pure.py": "P = 1\n",
            "other-1.0.data/scripts/run": "#!/bin/sh\n",
            "evil.pth": "import os\n",
        }
    )
    target = tmp_path / "plugins" / "abc"
    with open_archive(_archive_with(("other-1.0-py3-none-any.whl", wheel))) as archive:
        unpack_archive(archive, target)
        manifest = archive.manifest
    files = {path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file()}
    assert {f for f in files if "dist-info" not in f} == {
        "code/glossary_guard/__init__.py",
        "manifest.json",
        "schemas/guard.json",
        "site/other.py",
        "site/pure.py",
    }
    assert all(not stat.S_IMODE((target / f).stat().st_mode) & 0o222 for f in files)
    assert manifest.model_validate_json((target / "manifest.json").read_text()) == manifest
    assert [path.name for path in target.parent.iterdir()] == ["abc"]


_NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,12}\.(json|txt|csv)", fullmatch=True)


@given(files=st.dictionaries(_NAMES, st.binary(max_size=2000), max_size=8))
@settings(deadline=None, max_examples=30)
def test_what_is_packed_is_what_is_unpacked(files, tmp_path_factory):
    folder = tmp_path_factory.mktemp("round")
    entries = {f"code/glossary_guard/{name}": data for name, data in files.items()}
    with open_archive(make_archive(entries)) as archive:
        assert check_package(archive) == ()
        unpack_archive(archive, folder / "unpacked")
        digest = archive.digest
    again = folder / "again.altiplano"
    with open_archive(make_archive(dict(reversed(entries.items())))) as archive:
        write_zip(again, {name: archive.read(name) for name in archive.names})
    with open_archive(again) as archive:
        assert archive.digest == digest
    for name, data in files.items():
        assert (folder / "unpacked/code/glossary_guard" / name).read_bytes() == data


def test_unpacking_twice_leaves_the_first(tmp_path):
    target = tmp_path / "abc"
    with open_archive(make_archive()) as archive:
        unpack_archive(archive, target)
        before = (target / "manifest.json").stat().st_mtime_ns
        unpack_archive(archive, target)
    assert (target / "manifest.json").stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("wheels", "rule"),
    [
        ((("other-1.0-cp399-cp399-manylinux_2_28_x86_64.whl", make_wheel()),), "ALT410"),
        ((("other-1.0-py3-none-any.whl", make_wheel(files={"../../out.py": ""})),), "ALT410"),
        ((("other-1.0-py3-none-any.whl", b"PK"),), "ALT410"),
        (
            (
                ("other-1.0-py3-none-any.whl", make_wheel()),
                ("more-1.0-py3-none-any.whl", make_wheel("more", files={"other.py": "X"})),
            ),
            "ALT410",
        ),
    ],
)
def test_wheel_that_does_not_fit_leaves_nothing(wheels, rule, tmp_path):
    target = tmp_path / "inside" / "abc"
    with open_archive(_archive_with(*wheels)) as archive, pytest.raises(ArchiveError) as caught:
        unpack_archive(archive, target)
    assert {finding.rule for finding in caught.value.findings} == {rule}
    assert not target.exists()
    assert list(tmp_path.rglob("*.py")) == []


_LOAD = """
import json, sys
from pathlib import Path
from altiplano_sdk import PackageManifest
from altiplano_sdk.packaging.loading import load_package
folder = Path(sys.argv[1])
manifest = PackageManifest.model_validate_json((folder / "manifest.json").read_text())
(cls,) = load_package(folder, manifest).values()
import other
print(json.dumps([cls.manifest.id, cls.manifest.kind, other.VERSION, cls.__module__]))
assert "cryptography" not in sys.modules and "packaging" not in sys.modules
"""


@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_unpacked_packages_with_other_versions_live_side_by_side(version, tmp_path):
    """Each in its own process, from its own folder; loading needs no more than pydantic."""
    wheel = (f"other-{version}-py3-none-any.whl", make_wheel(version=version))
    with open_archive(_archive_with(wheel)) as archive:
        unpack_archive(archive, tmp_path / version)
    done = subprocess.run(
        [sys.executable, "-c", _LOAD, str(tmp_path / version)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == ["glossary-guard", "guard", version, "glossary_guard"]


def test_class_that_provides_two_kinds_has_a_manifest_for_each(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    text = (
        'id = "two-kinds"\nversion = "1.0.0"\ntitle = "T"\nsummary = "S"\nauthor = "A"\n'
        'licence = "MIT"\npersonal_data = false\n'
        '[[provides]]\nkind = "guard"\nentry = "two_kinds_sample:Both"\n'
        '[[provides]]\nkind = "tool"\nentry = "two_kinds_sample:Both"\n'
    )
    (tmp_path / "two_kinds_sample").mkdir()
    (tmp_path / "two_kinds_sample" / "__init__.py").write_text("class Both:\n    pass\n")
    classes = load_package(tmp_path, read_manifest(text))
    for kind, cls in classes.items():
        assert isinstance(cls.manifest, Manifest)
        assert cls.manifest.kind is kind
    assert len(set(classes.values())) == 2
