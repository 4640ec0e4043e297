"""What a file is, told from its bytes. The name is believed only where bytes cannot decide:
which kind of text a text file is.

Pure Python, without Django, so that the upload path and the command line share it.
"""

import re
import struct
import zipfile
from dataclasses import dataclass
from pathlib import Path

PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
HTML = "text/html"
MARKDOWN = "text/markdown"
PLAIN = "text/plain"
CSV = "text/csv"

SUPPORTED_MEDIA_TYPES = (PDF, DOCX, HTML, MARKDOWN, PLAIN, CSV)
ACCEPTED = "PDF, Word (.docx), HTML, Markdown, text and CSV files are accepted"

HEAD_BYTES = 8192
TAIL_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class SniffedType:
    """Either a supported ``media_type``, or None and the ``reason`` as a sentence for people."""

    media_type: str | None
    reason: str | None = None


_BY_EXTENSION = {
    ".md": MARKDOWN,
    ".markdown": MARKDOWN,
    ".mdown": MARKDOWN,
    ".mkd": MARKDOWN,
    ".csv": CSV,
    ".tsv": CSV,
    ".htm": HTML,
    ".html": HTML,
    ".xhtml": HTML,
}

# First bytes of what is often uploaded by mistake, and what to call it.
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "a picture (PNG)"),
    (b"\xff\xd8\xff", "a picture (JPEG)"),
    (b"GIF87a", "a picture (GIF)"),
    (b"GIF89a", "a picture (GIF)"),
    (b"II*\x00", "a picture (TIFF)"),
    (b"MM\x00*", "a picture (TIFF)"),
    (b"BM", "a picture (BMP)"),
    (b"MZ", "a program for Windows"),
    (b"\x7fELF", "a program for Linux"),
    (b"\xca\xfe\xba\xbe", "a program"),
    (b"\xcf\xfa\xed\xfe", "a program for macOS"),
    (b"\xce\xfa\xed\xfe", "a program for macOS"),
    (b"\x00asm", "a program (WebAssembly)"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\x1f\x8b", "a compressed file (GZIP)"),
    (b"BZh", "a compressed file (BZIP2)"),
    (b"\xfd7zXZ\x00", "a compressed file (XZ)"),
    (b"\x28\xb5\x2f\xfd", "a compressed file (Zstandard)"),
    (b"7z\xbc\xaf\x27\x1c", "an archive (7-Zip)"),
    (b"Rar!\x1a\x07", "an archive (RAR)"),
    (b"{\\rtf", "a Rich Text file (.rtf)"),
    (b"%!PS", "a PostScript file"),
    (b"SQLite format 3\x00", "a database (SQLite)"),
    (b"PAR1", "a data file (Parquet)"),
    (b"ID3", "a sound file (MP3)"),
    (b"fLaC", "a sound file (FLAC)"),
    (b"OggS", "a sound or video file (Ogg)"),
    (b"\x1aE\xdf\xa3", "a video file (Matroska)"),
    (b"wOFF", "a font"),
    (b"wOF2", "a font"),
    (b"\x00\x01\x00\x00\x00", "a font"),
)
_NEEDS_BINARY = frozenset((b"BM", b"MZ", b"BZh", b"ID3", b"PAR1", b"wOFF", b"wOF2", b"OggS"))
"""Marks made of letters only: a text may start with them too."""

_RIFF = {b"WEBP": "a picture (WebP)", b"WAVE": "a sound file (WAV)", b"AVI ": "a video file (AVI)"}

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_STREAMS = (
    ("EncryptedPackage", "an Office file protected by a password"),
    ("WordDocument", "an old Word document (.doc); save it as .docx"),
    ("Workbook", "an old Excel workbook (.xls); save the sheets as CSV"),
    ("PowerPoint Document", "an old PowerPoint presentation (.ppt); export it as PDF"),
)

_ZIP = b"PK\x03\x04"
_ZIP_END = struct.Struct("<4s4H2LH")
_ZIP_END_MARK = b"PK\x05\x06"
_MAX_ZIP_MEMBERS = 10_000
_MAX_ZIP_LIST_BYTES = 4 * 1024 * 1024
_ZIP_MEMBERS = (
    ("xl/workbook.xml", "an Excel workbook (.xlsx); save the sheets as CSV"),
    ("xl/workbook.bin", "an Excel workbook (.xlsb); save the sheets as CSV"),
    ("ppt/presentation.xml", "a PowerPoint presentation (.pptx); export it as PDF"),
    ("META-INF/MANIFEST.MF", "a Java program"),
)
_ZIP_MIMETYPES = (
    (b"application/epub+zip", "an e-book (EPUB)"),
    (b"application/vnd.oasis.opendocument.text", "an OpenDocument text (.odt); save it as .docx"),
    (b"application/vnd.oasis.opendocument", "an OpenDocument file; export it as PDF"),
)

_MARKS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)

# Bytes that no text holds: controls but for tab, line ends, form feed, escape (ISO-2022) and
# the end-of-file mark of old systems.
_CONTROLS = bytes(set(range(32)) - {0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x1A, 0x1B}) + b"\x7f"
_MAX_CONTROL_SHARE = 0.01

_SKIPPED_BEFORE_MARKUP = re.compile(r"\A(?:\s++|<\?xml[^>]*>|<!--.*?-->)*+", re.DOTALL)
_PAGE_START = re.compile(r"<!doctype\s+html|<html[\s>]|<head[\s>]|<body[\s>]", re.IGNORECASE)
_ANY_TAG = re.compile(r"<[a-z][a-z0-9]*(?:\s[^<>]*)?/?>", re.IGNORECASE)
_SVG_START = re.compile(r"<svg[\s>]|<!doctype\s+svg", re.IGNORECASE)


def sniff_file(path: Path, name: str) -> SniffedType:
    """What the file at ``path``, uploaded as ``name``, is. Reads its two ends, and the list of
    members if it is a ZIP archive; never unpacks.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
        file.seek(max(0, size - TAIL_BYTES))
        tail = file.read(TAIL_BYTES)
    if head.startswith(_ZIP):
        return _sniff_zip(path, head, tail)
    return sniff_media_type(head, tail, name)


def sniff_media_type(head: bytes, tail: bytes, name: str) -> SniffedType:
    """What a file that starts with ``head`` and ends with ``tail`` is.

    A ZIP archive is refused here, for its list of members is needed: use :func:`sniff_file`.
    """
    if not head:
        return SniffedType(None, "The file is empty.")
    if _is_pdf(head):
        return SniffedType(PDF)
    known = _name_ole(head + tail) if head.startswith(_OLE) else _name_binary(head)
    if known is not None:
        return _refuse(known)
    text = _as_text(head)
    if text is None:
        return SniffedType(None, f"The file holds binary data, not a document. {ACCEPTED}.")
    return _sniff_text(text, name)


def _refuse(what: str) -> SniffedType:
    return SniffedType(None, f"The file seems to be {what}. {ACCEPTED}.")


def _is_pdf(head: bytes) -> bool:
    """The mark at the start, or a little later behind bytes that are no text of their own."""
    if head.lstrip(b"\xef\xbb\xbf \t\r\n\x00").startswith(b"%PDF-"):
        return True
    place = head[:1024].find(b"%PDF-")
    return place > 0 and _name_binary(head) is None and _as_text(head[:place]) is None


def _name_binary(head: bytes) -> str | None:
    for mark, what in _MAGIC:
        if head.startswith(mark) and (mark not in _NEEDS_BINARY or _as_text(head) is None):
            return what
    if head.startswith(b"RIFF") and head[8:12] in _RIFF:
        return _RIFF[head[8:12]]
    if head[4:8] == b"ftyp":
        is_picture = head[8:12] in (b"heic", b"heix", b"mif1", b"avif")
        return "a picture (HEIC or AVIF)" if is_picture else "a video file (MP4)"
    if head[257:262] == b"ustar":
        return "an archive (TAR)"
    return None


def _name_ole(content: bytes) -> str:
    for stream, what in _OLE_STREAMS:
        if stream.encode("utf-16-le") in content:
            return what
    return "a file of an old Office program"


def _sniff_zip(path: Path, head: bytes, tail: bytes) -> SniffedType:
    if _lists_too_much(tail):
        return _refuse("a ZIP archive with too many members")
    try:
        with zipfile.ZipFile(path) as archive:
            members = set(archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        # Cut short: the list of members stands at the end. The parser says what is wrong.
        if b"word/" in head or b"[Content_Types].xml" in head[:64]:
            return SniffedType(DOCX)
        return _refuse("a damaged ZIP archive")
    return (
        SniffedType(DOCX) if "word/document.xml" in members else _refuse(_name_zip(members, head))
    )


def _name_zip(members: set[str], head: bytes) -> str:
    for member, what in _ZIP_MEMBERS:
        if member in members:
            return what
    for mimetype, what in _ZIP_MIMETYPES:
        if mimetype in head[:256]:
            return what
    return "a ZIP archive; unpack it and upload the documents in it"


def _lists_too_much(tail: bytes) -> bool:
    """Whether the list of members is longer than any document's: it would be read whole."""
    place = tail.rfind(_ZIP_END_MARK)
    if place < 0 or place + _ZIP_END.size > len(tail):
        return False  # no list at all: opening it fails at once
    _, _, _, _, members, list_bytes, _, _ = _ZIP_END.unpack_from(tail, place)
    return bool(members > _MAX_ZIP_MEMBERS or list_bytes > _MAX_ZIP_LIST_BYTES)


def _as_text(head: bytes) -> str | None:
    """The start of a text file in whatever encoding, roughly; None for binary data."""
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return head[len(mark) :].decode(encoding, errors="replace")
    if 0 in head:
        return _as_wide_text(head)
    if sum(head.count(control) for control in _CONTROLS) > _MAX_CONTROL_SHARE * len(head):
        return None
    try:
        return head.decode("utf-8")
    except UnicodeDecodeError as error:
        is_cut = error.end >= len(head) - 3 and error.reason == "unexpected end of data"
        return head.decode("utf-8" if is_cut else "latin-1", errors="replace")


def _as_wide_text(head: bytes) -> str | None:
    """UTF-16 or UTF-32 without a mark: most of its characters leave the same bytes empty."""
    for encoding, width, filled in (
        ("utf-32-le", 4, 0),
        ("utf-32-be", 4, 3),
        ("utf-16-le", 2, 0),
        ("utf-16-be", 2, 1),
    ):
        units = len(head) // width
        empty = [head[place : units * width : width].count(0) for place in range(width)]
        others = [count for place, count in enumerate(empty) if place != filled]
        if units and empty[filled] == 0 and min(others) >= 0.7 * units:
            return head[: units * width].decode(encoding, errors="replace")
    return None


def _sniff_text(text: str, name: str) -> SniffedType:
    named = _BY_EXTENSION.get(Path(name).suffix.lower(), PLAIN)
    start = _SKIPPED_BEFORE_MARKUP.match(text)
    markup = text[start.end() :] if start else text
    if _PAGE_START.match(markup):
        return SniffedType(HTML)
    if _SVG_START.match(markup):
        return _refuse("a picture (SVG)")
    if named == HTML and not _ANY_TAG.search(text):
        return SniffedType(PLAIN)
    if named == PLAIN and text.lstrip("\ufeff \t\r\n").startswith("<?xml"):
        return _refuse("an XML file")
    return SniffedType(named)
