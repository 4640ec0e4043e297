"""From bytes to characters when nobody says which encoding was used.

The order matters: marks and checks that cannot be wrong come before guesses. The same bytes
always give the same text.
"""

# ruff: noqa: RUF001 - the marks of western prose look like ASCII and are not

import codecs

from charset_normalizer import from_bytes

from altiplano_sdk import UnreadableDocumentError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16: its mark starts in the same way
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

_SAMPLE_BYTES = 64 * 1024

_CANDIDATES = [
    "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257",
    "iso8859_2", "iso8859_5", "iso8859_7", "koi8_r", "cp437", "cp850", "mac_roman",
    "cp932", "euc_jp", "gb18030", "big5", "cp949", "iso2022_jp",
]  # fmt: skip

_WESTERN = frozenset(
    "àâäáãåæçèéêëìíîïñòóôöõøœùúûüýÿßÀÂÄÁÃÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÖÕØŒÙÚÛÜÝŸ"
    "«»‹›“”‘’„‚–—…•·€£§°º±²³½¼¾©®™¡¿†‰×\u00a0\u00ad"
)
"""Non-ASCII characters of western European prose, as Windows-1252 can hold them."""


def decode_text(content: bytes) -> str:
    """The characters of ``content``.

    Raises UnreadableDocumentError when the bytes are no text in any encoding that is known.
    """
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding, errors="replace")
    wide = _unmarked_wide_encoding(content)
    if wide is not None:
        return content.decode(wide, errors="replace")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        damaged = content.decode("utf-8", errors="replace")
    if _is_damaged_utf8(damaged):
        return damaged
    return content.decode(_guess_single_byte_or_asian(content), errors="replace")


def _unmarked_wide_encoding(content: bytes) -> str | None:
    """UTF-16 or UTF-32 without a mark, known by where the NUL bytes of ASCII characters lie."""
    sample = content[:4096]
    if len(sample) < 4 or 0 not in sample:
        return None
    for encoding, width, filled in (
        ("utf-32-le", 4, 0),
        ("utf-32-be", 4, 3),
        ("utf-16-le", 2, 0),
        ("utf-16-be", 2, 1),
    ):
        units = len(sample) // width
        empty = [sample[place : units * width : width].count(0) for place in range(width)]
        if empty[filled] == 0 and all(
            count >= 0.7 * units for place, count in enumerate(empty) if place != filled
        ):
            return encoding
    return None


def _is_damaged_utf8(text: str) -> bool:
    """Whether nearly all that is not ASCII was sound UTF-8: no other encoding looks like that."""
    broken = text.count("\ufffd")
    sound = sum(char > "\x7f" for char in text) - broken
    return sound >= 8 * broken or (broken == 1 and text.endswith("\ufffd") and sound > 0)


def _guess_single_byte_or_asian(content: bytes) -> str:
    sample = _sample_of(content)
    western = sample.decode("cp1252", errors="replace")
    high = [char for char in western if char > "\x7f"]
    if not high or _looks_western(high, len(western)):
        return "cp1252"
    best = from_bytes(sample, cp_isolation=_CANDIDATES, enable_fallback=False).best()
    if best is None:
        raise UnreadableDocumentError(
            "The file is not text in any encoding that is known. Save it as UTF-8 and upload it "
            "again."
        )
    return best.encoding


def _sample_of(content: bytes) -> bytes:
    """Enough lines to judge by: those that hold non-ASCII bytes, up to a fixed size."""
    if len(content) <= _SAMPLE_BYTES:
        return content
    lines: list[bytes] = []
    size = 0
    for line in content.splitlines(keepends=True):
        if not line.isascii():
            lines.append(line[:4096])
            size += len(lines[-1])
            if size >= _SAMPLE_BYTES:
                break
    return b"".join(lines)


def _looks_western(high: list[str], total: int) -> bool:
    """Accents are sprinkled over western prose; other scripts fill it, or use other marks."""
    usual = sum(char in _WESTERN for char in high)
    return usual >= 0.97 * len(high) and len(high) <= max(1, 0.25 * total)
