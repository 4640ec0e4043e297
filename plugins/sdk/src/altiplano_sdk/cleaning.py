"""Text as a person sees it: what every parser makes of the characters it finds.

Unicode is composed (NFC) and not folded (NFKC): ``½``, ``²`` and ``ﬁ`` stay what the reader of
the document sees, so that a quotation is found again in the original. What nobody sees is
removed, because invisible characters are how instructions are smuggled past a reader: controls,
zero-width characters, text-direction overrides, Unicode tags, surplus variation selectors.
"""

import re
import unicodedata
from dataclasses import dataclass

# Left by honest tools, hiding nothing: soft hyphens, the byte-order mark, non-characters.
_QUIET = "\u00ad\ufffe\uffff"

_ALWAYS_HIDDEN = (
    "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f"  # controls
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # text direction
    "\u034f\u180e\u2060-\u2065\u206a-\u206f\u3164\uffa0\ufeff\ufff9-\ufffb"  # no width
    "\ud800-\udfff\ufdd0-\ufdef"  # halves of characters, non-characters
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"  # controls of shorthand and music
    "\U000e0000-\U000e0fff"  # tags and the supplementary variation selectors
)
_JOINERS = "\u200b-\u200d"
_SELECTORS = "\ufe00-\ufe0f"
_BEYOND_LATIN = "[^\x00-\u024f]"

_HIDDEN = re.compile(
    f"[{_ALWAYS_HIDDEN}]"
    # A joiner or zero-width space shapes text between two characters of Persian, Indic scripts,
    # Khmer or emoji; beside Latin ones, or in a row, it only hides.
    f"|(?<!{_BEYOND_LATIN})[{_JOINERS}]|[{_JOINERS}](?!{_BEYOND_LATIN})"
    f"|(?<=[{_JOINERS}])[{_JOINERS}]"
    # One variation selector picks a glyph; a row of them carries data.
    f"|(?<=[{_SELECTORS}])[{_SELECTORS}]"
)
_QUIETLY_REMOVED = re.compile(f"[{_QUIET}]|\\A\ufeff")
_SUSPECT = re.compile(f"[{_ALWAYS_HIDDEN}{_JOINERS}{_SELECTORS}{_QUIET}]")
"""Every character the rules name. Most texts hold none of them and need no rule."""

_ASCII_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f]")
_EMPTY_LINES = re.compile(r"\n{3,}")


@dataclass(frozen=True, slots=True)
class CleanText:
    """``text`` has only ``\\n`` as line end, at most one empty line in a row, no hidden
    character, and neither starts nor ends with space. ``hidden`` characters were removed.
    """

    text: str
    hidden: int


def clean_text(raw: str) -> CleanText:
    """``raw`` composed, with one kind of line end and without what nobody sees.

    Cleaning is idempotent: a clean text comes back as it is, with ``hidden`` 0.
    """
    text = "\n".join(raw.splitlines())
    if text.isascii():
        text, hidden = _ASCII_CONTROLS.subn("", text)
    else:
        text, hidden = _remove_hidden(unicodedata.normalize("NFC", text))
    text = "\n".join(map(str.rstrip, text.split("\n")))
    return CleanText(_EMPTY_LINES.sub("\n\n", text).strip(), hidden)


def _remove_hidden(text: str) -> tuple[str, int]:
    """Repeated until nothing is left: taking one character away may bring two others together."""
    hidden = 0
    if not _SUSPECT.search(text):
        return text, hidden
    text = _QUIETLY_REMOVED.sub("", text)
    while True:
        text, removed = _HIDDEN.subn("", text)
        text = unicodedata.normalize("NFC", text)
        if not removed:
            return text, hidden
        hidden += removed


def hidden_warnings(hidden: int) -> tuple[str, ...]:
    """The sentence an owner reads when ``hidden`` characters were removed; none for 0."""
    if not hidden:
        return ()
    if hidden == 1:
        return ("One hidden character was removed from the text.",)
    return (f"{hidden} hidden characters were removed from the text.",)
