"""From an archive to a directory that the sandbox can mount. Nothing of it is run."""

import io
import os
import re
import shutil
import tempfile
import zipfile
from pathlib import Path, PurePosixPath
from typing import Final

from packaging.tags import sys_tags
from packaging.utils import parse_wheel_filename

from altiplano_sdk.packaging import layout
from altiplano_sdk.packaging.archive import PackageArchive, read_entry
from altiplano_sdk.packaging.findings import ArchiveError
from altiplano_sdk.packaging.rulebook import files as rules
from altiplano_sdk.packaging.wheel_checks import wheel_findings

_DATA: Final = re.compile(r"^[^/]+\.data/(?P<scheme>[^/]+)/(?P<rest>.+)$")
_IMPORTABLE: Final = frozenset({"purelib", "platlib"})


def unpack_archive(archive: PackageArchive, directory: Path) -> None:
    """``directory`` holds ``code``, ``site`` (the wheels), ``schemas`` and ``manifest.json``.

    It appears whole or not at all, and one that is there already is left as it is: two workers
    may unpack the same release. Files are read-only. Raises ArchiveError for wheels that are not
    as locked, clash, or do not fit this Python.
    """
    if directory.exists():
        return
    findings = list(wheel_findings(archive))
    if findings:
        raise ArchiveError(findings)
    directory.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=directory.parent, prefix=".unpacking-"))
    try:
        _fill(archive, temporary)
        # The sandbox may be another account, whatever this one's umask is.
        for folder in (temporary, *(path for path in temporary.rglob("*") if path.is_dir())):
            folder.chmod(0o755)
        # Once for all of the files: a power cut must not leave empty ones under the final name.
        os.sync()
        temporary.rename(directory)
    except OSError:
        # Another worker was first; what it unpacked is the same.
        if not (directory / "manifest.json").is_file():
            raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _fill(archive: PackageArchive, target: Path) -> None:
    (target / layout.CODE).mkdir()
    (target / "site").mkdir()
    for folder in (layout.CODE, layout.SCHEMAS):
        for name in archive.under(folder):
            _write(target / name, archive.read(name))
    for name in archive.under(layout.WHEELS):
        _unpack_wheel(PurePosixPath(name).name, archive.read(name), target / "site")
    # Written last: whoever finds it finds everything.
    _write(target / "manifest.json", archive.manifest.model_dump_json(indent=2).encode())


def _unpack_wheel(file: str, data: bytes, site: Path) -> None:
    """What is importable of the wheel lies in ``site``; scripts, headers and data do not."""
    if parse_wheel_filename(file)[3].isdisjoint(sys_tags()):
        finding = rules.BAD_WHEEL.finding("The wheel does not fit this Python.", file=file)
        raise ArchiveError([finding])
    with zipfile.ZipFile(io.BytesIO(data)) as wheel:
        for entry in wheel.infolist():
            path = _importable(entry.filename)
            if entry.is_dir() or path is None:
                continue
            content = read_entry(wheel, entry)
            target = site / path
            if target.exists():
                # Parts of a namespace may all bring its empty __init__.py.
                if target.is_file() and target.read_bytes() == content:
                    continue
                finding = rules.BAD_WHEEL.finding(f"Two wheels hold {path}.", file=file)
                raise ArchiveError([finding])
            _write(target, content)


def _importable(name: str) -> str | None:
    if name.endswith(".pth"):
        return None
    match = _DATA.match(name)
    if match is None:
        return name
    return match["rest"] if match["scheme"] in _IMPORTABLE else None


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        file.write(data)
    path.chmod(0o444)
