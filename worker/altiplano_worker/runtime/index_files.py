"""Bytes on disk: checksums of generation files, and writes that survive a power cut."""

import hashlib
import os
import sys
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from altiplano_worker.runtime.crash_points import crash_point
from altiplano_worker.runtime.index_errors import IndexCorruptError


@dataclass(frozen=True, slots=True)
class FileRecord:
    """Size and SHA-256 of a file as it was committed."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class _Identity:
    """A file's content as the file system tells it apart; hard links share it."""

    device: int
    inode: int
    size: int
    modified_ns: int


class FileVerifier:
    """Checks files against their records, each content once in the life of the process.

    Generations share files by hard links, so after the first load only new files are read.
    Damage that a disk does to a file after it was checked is found by the next process.
    """

    def __init__(self) -> None:
        self._known: dict[_Identity, str] = {}
        self._lock = threading.Lock()

    def verify(self, directory: Path, files: Mapping[str, FileRecord]) -> None:
        """Every file is there with the bytes it was committed with.

        Raises IndexCorruptError otherwise, before anything else has read the file.
        """
        for name, record in files.items():
            path = directory / name
            try:
                identity = _identity(path)
                if identity.size == record.size and self._digest(path, identity) == record.sha256:
                    continue
            except OSError as error:
                raise IndexCorruptError("A file of the index cannot be read.") from error
            raise IndexCorruptError("A file of the index has changed since it was written.")

    def record(
        self, directory: Path, previous: Path | None, known: Mapping[str, FileRecord]
    ) -> dict[str, FileRecord]:
        """Records of all files below ``directory``, by relative path.

        A file that is a hard link to one of ``previous`` keeps the record it has in ``known``:
        reading it again would turn damage since then into the new truth.
        """
        carried: dict[tuple[int, int], FileRecord] = {}
        if previous is not None:
            for name, record in known.items():
                identity = _identity(previous / name)
                carried[identity.device, identity.inode] = record
        records = {}
        for path in sorted(directory.rglob("*")):
            if path.is_file():
                identity = _identity(path)
                name = path.relative_to(directory).as_posix()
                records[name] = carried.get((identity.device, identity.inode)) or FileRecord(
                    size=identity.size, sha256=self._digest(path, identity)
                )
        return records

    def _digest(self, path: Path, identity: _Identity) -> str:
        with self._lock:
            digest = self._known.get(identity)
        if digest is None:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            with self._lock:
                self._known[identity] = digest
        return digest

    def forget_all_but(self, directories: Iterable[Path]) -> None:
        """Only files below ``directories`` are remembered; the memory used stays bounded."""
        kept = {
            _identity(path)
            for directory in directories
            for path in directory.rglob("*")
            if path.is_file()
        }
        with self._lock:
            self._known = {key: value for key, value in self._known.items() if key in kept}


def _identity(path: Path) -> _Identity:
    stat = path.stat()
    return _Identity(stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns)


def replace_file(path: Path, data: bytes) -> None:
    """``path`` holds ``data`` and is on disk, name included; a crash leaves old or new."""
    unfinished = path.with_name(path.name + ".tmp")
    write_file(unfinished, data)
    crash_point(f"{path.name} written aside")
    os.replace(unfinished, path)  # noqa: PTH105 - the word of the promise above
    flush_directory(path.parent)


def write_file(path: Path, data: bytes) -> None:
    """``path`` holds ``data``, flushed to disk; its name is not until the directory is."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def flush_directory(directory: Path) -> None:
    """Names created in or removed from ``directory`` survive a power cut."""
    if sys.platform == "win32":  # no such call there; renames are journalled
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def flush_tree(directory: Path) -> None:
    """As :func:`flush_directory` for ``directory`` and every directory below it."""
    for path in directory.rglob("*"):
        if path.is_dir():
            flush_directory(path)
    flush_directory(directory)
