"""The ZIP container of a Word file, opened with suspicion.

Sizes are checked twice: what the archive declares before anything is unpacked, and what really
comes out while it is read, because the declaration may lie. XML is parsed without entities,
document types or network, so that it can neither grow nor reach for another file.
"""

import zipfile
import zlib
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from lxml import etree

from altiplano_sdk import UnreadableDocumentError

MAX_MEMBERS = 10_000
MAX_TOTAL_BYTES = 1024 * 1024 * 1024
MAX_PART_BYTES = 128 * 1024 * 1024
MAX_RATIO = 250
_RATIO_COUNTS_FROM = 8 * 1024 * 1024
_BLOCK = 1024 * 1024

_DAMAGED = (
    "The Word document is damaged or incomplete. Open it in Word, save it and upload it again."
)
_TOO_LARGE = "The Word document unpacks to far more data than a document holds and was not opened."


class DocxArchive:
    """Reads XML parts of one archive. Use as a context manager."""

    def __init__(self, path: Path) -> None:
        """Opens the archive. Raises UnreadableDocumentError when it is none or looks like a trap."""
        if path.stat().st_size == 0:
            raise UnreadableDocumentError("The file is empty.")
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise UnreadableDocumentError(_DAMAGED) from error
        try:
            _refuse_bombs(self._zip.infolist())
        except UnreadableDocumentError:
            self._zip.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._zip.close()

    def read_xml(self, name: str) -> Any | None:
        """The root element of part ``name``; None when the archive has no such part."""
        try:
            member = self._zip.getinfo(name)
        except KeyError:
            return None
        return _parse_xml(self._read_part(member))

    def _read_part(self, member: zipfile.ZipInfo) -> bytes:
        if member.flag_bits & 0x1:
            raise UnreadableDocumentError(
                "The Word document is protected by a password. Remove the password and upload it "
                "again."
            )
        blocks: list[bytes] = []
        size = 0
        try:
            with self._zip.open(member) as part:
                while block := part.read(_BLOCK):
                    size += len(block)
                    if size > MAX_PART_BYTES:
                        raise UnreadableDocumentError(_TOO_LARGE)
                    blocks.append(block)
        except (
            zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError,
        ) as error:  # fmt: skip
            raise UnreadableDocumentError(_DAMAGED) from error
        return b"".join(blocks)


def _refuse_bombs(members: list[zipfile.ZipInfo]) -> None:
    if len(members) > MAX_MEMBERS:
        raise UnreadableDocumentError(_TOO_LARGE)
    if sum(member.file_size for member in members) > MAX_TOTAL_BYTES:
        raise UnreadableDocumentError(_TOO_LARGE)
    for member in members:
        swollen = member.file_size > MAX_RATIO * max(member.compress_size, 1)
        if swollen and member.file_size > _RATIO_COUNTS_FROM:
            raise UnreadableDocumentError(_TOO_LARGE)


def _parse_xml(content: bytes) -> Any:
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(content, parser=parser)
    except etree.XMLSyntaxError as error:
        raise UnreadableDocumentError(_DAMAGED) from error
    if root is None:
        raise UnreadableDocumentError(_DAMAGED)
    if root.getroottree().docinfo.internalDTD is not None:
        raise UnreadableDocumentError(
            "The Word document declares XML entities, which Word never writes, and was not opened."
        )
    return root
