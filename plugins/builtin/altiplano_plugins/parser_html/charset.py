"""Which encoding a page is in: its mark, then what it declares, then a guess."""

import codecs
import re

from altiplano_plugins.parser_text.decoding import decode_text

_DECLARED = re.compile(
    rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w:.-]{2,40})|"""
    rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w:.-]{2,40})""",
    re.IGNORECASE,
)
_SEARCHED_BYTES = 4096

# What browsers do: these labels are used for their Windows supersets, and a declaration that
# could be read in ASCII cannot be telling the truth about UTF-16.
_MEANT = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "utf-16": "utf-8",
    "utf-16-le": "utf-8",
    "utf-16-be": "utf-8",
}


def decode_html(content: bytes) -> str:
    """The page's characters. A declaration that does not fit the bytes is not believed."""
    encoding = _declared_encoding(content)
    if encoding is not None and not content.startswith(
        (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    ):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            pass  # the guess below knows better than a wrong declaration
    return decode_text(content)


def _declared_encoding(content: bytes) -> str | None:
    match = _DECLARED.search(content[:_SEARCHED_BYTES])
    if match is None:
        return None
    label = (match[1] or match[2]).decode("ascii")
    try:
        name = codecs.lookup(label).name
    except LookupError:
        return None
    return _MEANT.get(name, name)
