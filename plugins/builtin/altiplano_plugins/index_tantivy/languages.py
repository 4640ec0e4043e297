"""Which languages get a stemmer and stop words of their own, and how scripts without spaces
are made searchable.
"""

import re
from collections.abc import Mapping

STEMMED: Mapping[str, str] = {
    "ar": "arabic",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "fi": "finnish",
    "fr": "french",
    "hu": "hungarian",
    "it": "italian",
    "nl": "dutch",
    "no": "norwegian",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
}
"""ISO 639-1 code to the name tantivy has for its Snowball stemmer and stop words."""

OTHER = "other"
"""Stands for every language without a stemmer: lower-cased and folded only."""

_UNSPACED = re.compile(
    "["
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f"  # Burmese
    "\u1780-\u17ff"  # Khmer
    "\u3040-\u30ff"  # Japanese kana
    "\u3400-\u9fff\uf900-\ufaff"  # Han
    "\uac00-\ud7af"  # Hangul, whose words carry their particles
    "\U00020000-\U0003ffff"  # rarer Han
    "]+"
)


def analyzer_key(language: str) -> str:
    """The analyzer for an ISO 639-1 code or a tag like ``fr-CA``; OTHER when there is none."""
    code = language.strip().lower().replace("_", "-").split("-", 1)[0]
    code = {"nb": "no", "nn": "no"}.get(code, code)
    return code if code in STEMMED else OTHER


def split_unspaced(text: str) -> str:
    """``text`` with every run of a script without spaces cut into overlapping pairs.

    Pairs of characters find words of such scripts without a dictionary.
    """
    return _UNSPACED.sub(_pairs, text)


def _pairs(match: re.Match[str]) -> str:
    run = match.group()
    if len(run) == 1:
        return f" {run} "
    return " ".join(["", *(run[at : at + 2] for at in range(len(run) - 1)), ""])
