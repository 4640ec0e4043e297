"""ALT409 and ALT410: vendored wheels, and the lock that names each of them."""

import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Final

from packaging.utils import InvalidWheelFilename, parse_wheel_filename
from packaging.version import InvalidVersion

from altiplano_sdk.packaging import layout
from altiplano_sdk.packaging.archive import PackageArchive
from altiplano_sdk.packaging.findings import Finding
from altiplano_sdk.packaging.rulebook import files as rules
from altiplano_sdk.packaging.zip_safety import entry_findings

_LOCK_LINE: Final = re.compile(
    r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;]+) +--hash=sha256:(?P<hash>[0-9a-f]{64})"
    r"(?: +# (?P<file>\S+\.whl))?$"
)
_PLATFORMS: Final = re.compile(r"^(?:any|manylinux\w*_x86_64|manylinux\w*_aarch64|linux_\w+)$")


def lock_line(name: str, version: str, sha256: str, file: str) -> str:
    """One line of ``wheels.lock``: a requirement as pip reads it, and the file as a remark."""
    return f"{name}=={version} --hash=sha256:{sha256}  # {file}"


def read_lock(text: str) -> Mapping[str, str]:
    """File name by SHA-256 of each locked wheel. Raises ValueError for any other line."""
    locked: dict[str, str] = {}
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        match = _LOCK_LINE.match(line)
        if match is None or match["file"] is None:
            raise ValueError(line[:80])
        locked[match["hash"]] = match["file"]
    return locked


def wheel_findings(archive: PackageArchive) -> Iterator[Finding]:
    """Wheels that are not locked, locked ones that are not there, and those that do not fit."""
    try:
        locked = dict(read_lock(archive.text(layout.WHEELS_LOCK)))
    except ValueError as error:
        message = f"`{error}` is no name, version and hash."
        yield rules.WHEEL_NOT_LOCKED.finding(message, file=layout.WHEELS_LOCK)
        return
    wheels = list(archive.under(layout.WHEELS))
    if len(wheels) > layout.LIMITS.wheels:
        yield rules.BAD_WHEEL.finding(f"There are {len(wheels)} wheels.", file=layout.WHEELS)
    room = layout.LIMITS.unpacked
    for path in wheels:
        file = PurePosixPath(path).name
        if locked.pop(archive.hashes[path], None) != file:
            message = "The wheel is not the one that the lock names."
            yield rules.WHEEL_NOT_LOCKED.finding(message, file=path)
        problem, size = _wheel_problem(archive.read(path), file)
        room -= size
        if problem:
            yield rules.BAD_WHEEL.finding(problem, file=path)
    for file in sorted(locked.values()):
        message = f"{file} is locked and not there."
        yield rules.WHEEL_NOT_LOCKED.finding(message, file=layout.WHEELS_LOCK)
    if room < 0:
        yield rules.TOO_MUCH.finding("Unpacked, the wheels are over 300 MiB.", file=layout.WHEELS)


def _wheel_problem(data: bytes, file: str) -> tuple[str, int]:
    """What is wrong with the wheel, empty for nothing; and its unpacked size."""
    problem = _name_problem(file)
    if problem:
        return problem, 0
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as wheel:
            entries = [entry for entry in wheel.infolist() if not entry.is_dir()]
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        return "The file is no wheel.", 0
    first = next(iter(entry_findings(entries, file=file)), None)
    if first is not None:
        return f"{first.message} ({first.file})", 0
    if not any(entry.filename.endswith(".dist-info/WHEEL") for entry in entries):
        return "The file is no wheel.", 0
    return "", sum(entry.file_size for entry in entries)


def _name_problem(file: str) -> str:
    try:
        tags = parse_wheel_filename(file)[3]
    except (InvalidWheelFilename, InvalidVersion):
        return "The file's name is not that of a wheel."
    if not any(_PLATFORMS.match(tag.platform) for tag in tags):
        return "The wheel is for another platform."
    if not any(tag.interpreter.startswith(("py3", "cp3")) for tag in tags):
        return "The wheel is for another Python."
    return ""
