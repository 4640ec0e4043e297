"""The ``.altiplano`` file: opened only when it is safe, read entry by entry, never run."""

import hashlib
import io
import json
import math
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from functools import cached_property, partial
from pathlib import Path
from typing import Any, BinaryIO, Final, Self

from altiplano_sdk.contracts.kinds import StageKind
from altiplano_sdk.manifest import MANIFEST_NAME, PackageManifest
from altiplano_sdk.packaging import layout
from altiplano_sdk.packaging.findings import ArchiveError, Finding
from altiplano_sdk.packaging.reading import read_manifest
from altiplano_sdk.packaging.rulebook import files as rules
from altiplano_sdk.packaging.rulebook.releases import BAD_SCHEMA
from altiplano_sdk.packaging.schema_safety import UnsafeSchemaError, check_schema_safety
from altiplano_sdk.packaging.source import PackageSource, SourceFile
from altiplano_sdk.packaging.zip_safety import entry_findings, open_zip

_CODE_PREFIX: Final = f"{layout.CODE}/"


class PackageArchive:
    """An archive that is safe to unpack. Use it in a ``with`` block, or call :meth:`close`.

    Safe says nothing about what the code does: :func:`check_package` reads it, the sandbox holds
    it. Not for several threads at once.
    """

    def __init__(self, file: BinaryIO, archive: zipfile.ZipFile, manifest: PackageManifest) -> None:
        self._file = file
        self._zip = archive
        self._entries = {entry.filename: entry for entry in archive.infolist()}
        self.manifest = manifest

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *unused: object) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of the file."""
        self._zip.close()
        self._file.close()

    @property
    def names(self) -> tuple[str, ...]:
        """The paths of all entries, sorted."""
        return tuple(sorted(self._entries))

    def size_of(self, name: str) -> int:
        """Unpacked bytes. Raises KeyError for an entry that is not there."""
        return self._entries[name].file_size

    def read(self, name: str) -> bytes:
        """The entry unpacked. Raises ArchiveError when its bytes are damaged."""
        return read_entry(self._zip, self._entries[name])

    def text(self, name: str) -> str:
        """The entry as text for people; what is no text is shown as a replacement character."""
        return self.read(name).decode("utf-8", errors="replace").replace("\0", "\ufffd")

    def under(self, folder: str) -> Iterator[str]:
        """The paths of entries in ``folder``, sorted."""
        return (name for name in self.names if name.startswith(f"{folder}/"))

    @cached_property
    def hashes(self) -> Mapping[str, str]:
        """SHA-256 of every entry, by path."""
        return {name: hashlib.sha256(self.read(name)).hexdigest() for name in self.names}

    @cached_property
    def digest(self) -> str:
        """SHA-256 over paths and hashes of all entries but the signature: the release's identity.

        It does not depend on how the archive was packed.
        """
        content = {path: hash_ for path, hash_ in self.hashes.items() if path != layout.SIGNATURE}
        canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(canonical.encode()).hexdigest()

    @cached_property
    def schemas(self) -> Mapping[StageKind, dict[str, Any]]:
        """JSON Schema of the configuration, for each provided kind that has one in the archive."""
        return {
            provided.kind: self.json(name)
            for provided in self.manifest.provides
            if (name := f"{layout.SCHEMAS}/{provided.kind}.json") in self._entries
        }

    def json(self, name: str) -> dict[str, Any]:
        """The JSON object in the entry, fit for a database. Raises ArchiveError otherwise."""
        try:
            data = json.loads(self.read(name), parse_constant=_finite, parse_float=_finite)
            _check_texts(data)
        except (ValueError, RecursionError):
            data = None
        if not isinstance(data, dict):
            raise ArchiveError(
                [rules.MISSING_ENTRY.finding("The entry holds no JSON object.", file=name)]
            )
        return data

    def source(self) -> PackageSource:
        """What the static checks look at, with the paths of the author's folder."""
        files = {
            path: SourceFile(path, self.size_of(name), partial(self.read, name))
            for name in self.under(layout.CODE)
            if (path := name.removeprefix(_CODE_PREFIX))
        }
        documents: dict[str, str] = {
            name: self.text(name)
            for name in (layout.README, layout.LICENCE)
            if name in self._entries
        }
        return PackageSource(self.manifest, self.text(MANIFEST_NAME), files, documents)


def open_archive(source: Path | bytes) -> PackageArchive:
    """The archive in a file or in memory.

    Raises :class:`ArchiveError` when it is not safe, incomplete or no archive, and
    :class:`~altiplano_sdk.packaging.findings.ManifestError` when its manifest is wrong. Nothing is
    unpacked before all of its directory has passed.
    """
    name = source.name if isinstance(source, Path) else "archive"
    size = source.stat().st_size if isinstance(source, Path) else len(source)
    if size > layout.LIMITS.archive:
        raise ArchiveError([rules.TOO_MUCH.finding("The file is over 50 MiB.", file=name)])
    file: BinaryIO = source.open("rb") if isinstance(source, Path) else io.BytesIO(source)
    try:
        return _opened(file, name)
    except BaseException:
        file.close()
        raise


def digest_of(archive: PackageArchive | Path | bytes) -> str:
    """:attr:`PackageArchive.digest` of an archive, opened or not."""
    if isinstance(archive, PackageArchive):
        return archive.digest
    with open_archive(archive) as opened:
        return opened.digest


def _opened(file: BinaryIO, name: str) -> PackageArchive:
    try:
        archive = open_zip(file)
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, OverflowError) as error:
        message = f"This is no package: {str(error).rstrip('.')}."
        raise ArchiveError([rules.NOT_AN_ARCHIVE.finding(message, file=name)]) from error
    entries = archive.infolist()
    findings = [*entry_findings(entries, file=name), *_layout_findings(entries)]
    if findings:
        raise ArchiveError(findings)
    try:
        text = read_entry(archive, archive.getinfo(MANIFEST_NAME)).decode("utf-8")
    except UnicodeDecodeError as error:
        message = "The manifest is not UTF-8 text."
        raise ArchiveError([rules.NOT_AN_ARCHIVE.finding(message, file=MANIFEST_NAME)]) from error
    manifest = read_manifest(text)
    missing = [
        rules.MISSING_ENTRY.finding("The entry is missing.", file=schema)
        for provided in manifest.provides
        if (schema := f"{layout.SCHEMAS}/{provided.kind}.json") not in archive.namelist()
    ]
    if missing:
        raise ArchiveError(missing)
    opened = PackageArchive(file, archive, manifest)
    for kind, config_schema in opened.schemas.items():
        _check_schema(f"{layout.SCHEMAS}/{kind}.json", config_schema)
    return opened


def _check_schema(name: str, schema: Mapping[str, Any]) -> None:
    try:
        check_schema_safety(schema)
    except UnsafeSchemaError as error:
        raise ArchiveError([BAD_SCHEMA.finding(str(error), file=name)]) from error


def read_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """The entry's bytes, of which there are as many as the directory says, and no more."""
    try:
        with archive.open(entry) as file:
            data = file.read(entry.file_size + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError) as error:
        finding = rules.NOT_AN_ARCHIVE.finding("The entry is damaged.", file=entry.filename)
        raise ArchiveError([finding]) from error
    if len(data) != entry.file_size:
        finding = rules.NOT_AN_ARCHIVE.finding("The entry is damaged.", file=entry.filename)
        raise ArchiveError([finding])
    return data


def _layout_findings(entries: list[zipfile.ZipInfo]) -> Iterator[Finding]:
    names = {entry.orig_filename for entry in entries}
    for name in sorted(names):
        folder, slash, rest = name.partition("/")
        known = name in layout.TOP_FILES if not slash else folder in layout.TOP_FOLDERS
        if known and folder == layout.WHEELS:
            known = rest.endswith(".whl") and "/" not in rest
        if known and folder == layout.SCHEMAS:
            known = rest in {f"{kind}.json" for kind in StageKind}
        if not known:
            yield rules.UNKNOWN_ENTRY.finding("No package has such an entry.", file=name)
    for name in sorted(layout.REQUIRED_FILES - names):
        yield rules.MISSING_ENTRY.finding("The entry is missing.", file=name)
    for entry in entries:
        document = "/" not in entry.orig_filename or entry.orig_filename.startswith("schemas/")
        if document and entry.file_size > layout.LIMITS.document:
            yield rules.TOO_MUCH.finding("The entry is over 4 MiB.", file=entry.orig_filename)


def _check_texts(part: Any) -> None:
    """Raises ValueError for what JSON can write and databases refuse: zeros, half characters."""
    if isinstance(part, str):
        if "\0" in part:
            raise ValueError("a text holds a zero")
        part.encode()
    elif isinstance(part, dict):
        for name, value in part.items():
            _check_texts(name)
            _check_texts(value)
    elif isinstance(part, list):
        for value in part:
            _check_texts(value)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is no number of JSON")
    return number
