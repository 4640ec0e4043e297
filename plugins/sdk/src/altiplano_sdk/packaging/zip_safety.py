"""Whether a zip file may be opened at all, told from its directory alone."""

import stat
import unicodedata
import zipfile
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import BinaryIO, Final

from altiplano_sdk.packaging.findings import Finding
from altiplano_sdk.packaging.layout import LIMITS, PackageLimits
from altiplano_sdk.packaging.rulebook import files as rules

_LOCAL_HEADER: Final = b"PK\x03\x04"
_SHORTEST_HEADER: Final = 30
_ENCRYPTED: Final = 0x1 | 0x40 | 0x2000
_READABLE: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_UNIX: Final = 3
# Windows opens devices by these names, with any suffix.
_DEVICES: Final = frozenset(
    {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))}
)


def open_zip(file: BinaryIO) -> zipfile.ZipFile:
    """The zip file that ``file`` is from its first byte to its last.

    Raises zipfile.BadZipFile otherwise. Programs disagree about what is in a file with something
    before, between or behind: they would not read what was checked.
    """
    archive = zipfile.ZipFile(file)
    size = file.seek(0, 2)
    file.seek(0)
    if file.read(len(_LOCAL_HEADER)) != _LOCAL_HEADER:
        raise zipfile.BadZipFile("something stands before the first entry")
    entries = archive.infolist()
    if not entries:
        raise zipfile.BadZipFile("the file is empty")
    if archive.comment or archive.start_dir + _directory_size(entries) != size:
        raise zipfile.BadZipFile("something stands behind the last entry")
    if min(entry.header_offset for entry in entries) != 0:
        raise zipfile.BadZipFile("something stands before the first entry")
    packed = sum(_SHORTEST_HEADER + len(e.orig_filename) + e.compress_size for e in entries)
    if packed > archive.start_dir:
        raise zipfile.BadZipFile("entries overlap")
    return archive


def _directory_size(entries: list[zipfile.ZipInfo]) -> int:
    """Bytes of the directory and its end, without the parts that only other packers write."""
    end, header = 22, 46
    return end + sum(
        header + len(_raw_name(entry)) + len(entry.extra) + len(entry.comment) for entry in entries
    )


def _raw_name(entry: zipfile.ZipInfo) -> bytes:
    utf8 = bool(entry.flag_bits & 0x800)
    return entry.orig_filename.encode("utf-8" if utf8 else "cp437")


def entry_findings(
    entries: list[zipfile.ZipInfo], *, file: str, limits: PackageLimits = LIMITS
) -> Iterator[Finding]:
    """What is wrong with single entries and with all of them together. ``file`` is the archive."""
    if len(entries) > limits.entries:
        yield rules.TOO_MUCH.finding(f"The archive has {len(entries)} entries.", file=file)
        return
    if sum(entry.file_size for entry in entries) > limits.unpacked:
        yield rules.TOO_MUCH.finding("Unpacked, the archive is over 300 MiB.", file=file)
    seen: set[str] = set()
    for entry in entries:
        name = entry.orig_filename
        yield from _path_findings(name, limits)
        yield from _kind_findings(entry)
        yield from _size_findings(entry, limits)
        same = unicodedata.normalize("NFKC", name).casefold()
        if same in seen:
            message = "Another entry has this name, or one that differs by case only."
            yield rules.SAME_ENTRY.finding(message, file=name)
        seen.add(same)
    for name in sorted(seen):
        if any(str(parent) in seen for parent in PurePosixPath(name).parents):
            yield rules.SAME_ENTRY.finding("An entry is both a file and a folder.", file=name)


def _path_findings(name: str, limits: PackageLimits) -> Iterator[Finding]:
    parts = name.split("/")
    if (
        name.startswith("/")
        or "\\" in name
        or ":" in name
        or any(ord(char) < 32 for char in name)
        or any(part in {"", ".", ".."} for part in parts)
    ):
        shown = name.encode("unicode_escape").decode("ascii")
        yield rules.ESCAPING_PATH.finding("The path leads out of its folder.", file=shown[:200])
    elif len(name) > limits.path or any(
        part.partition(".")[0].casefold() in _DEVICES or part.endswith((".", " ")) for part in parts
    ):
        yield rules.FILE_NAME.finding("Not every system can write this name.", file=name[:200])


def _kind_findings(entry: zipfile.ZipInfo) -> Iterator[Finding]:
    if entry.flag_bits & _ENCRYPTED or entry.compress_type not in _READABLE:
        yield rules.HIDDEN_ENTRY.finding(
            "The entry is encrypted or packed in an unusual way.", file=entry.orig_filename
        )
    mode = entry.external_attr >> 16
    if entry.create_system == _UNIX and stat.S_IFMT(mode) not in {0, stat.S_IFREG}:
        yield rules.SPECIAL_ENTRY.finding("The entry is no plain file.", file=entry.orig_filename)


def _size_findings(entry: zipfile.ZipInfo, limits: PackageLimits) -> Iterator[Finding]:
    big = entry.file_size > limits.small
    if entry.file_size > limits.entry:
        message = "Unpacked, the entry is over 100 MiB."
        yield rules.TOO_MUCH.finding(message, file=entry.orig_filename)
    elif big and entry.file_size > limits.ratio * max(1, entry.compress_size):
        message = f"The entry unpacks to more than {limits.ratio} times its size."
        yield rules.TOO_MUCH.finding(message, file=entry.orig_filename)
