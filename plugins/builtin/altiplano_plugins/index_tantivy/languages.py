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

WITHOUT_STOP_WORDS = frozenset({"ar", "el", "ro", "ta", "tr"})
"""Languages for which tantivy stems but has no list of stop words."""

_ENGLISH = (
    "about after all also am an any because been before being between both can cannot could did "
    "do does doing done during each few from further had has have having he her here hers "
    "herself him himself his how i its itself just may me might more most must my myself nor "
    "now off once only other our ours ourselves out over own same shall she should so some than "
    "them themselves through too under until up us very was we were what when where which while "
    "who whom whose why would you your yours yourself "
)
_FRENCH = (
    "afin ainsi alors après aussi autre autres avant avoir beaucoup car ceci cela celle celles "
    "celui cependant certains ceux chaque chez combien comme comment contre depuis dernier dois "
    "doit doivent donc dont durant encore entre est être faire faisait faut font fait fut "
    "furent ici jusque lequel laquelle lesquelles lesquels lors lorsque mais moins ni où ou "
    "parce parmi pendant peu peut peuvent peux plus plusieurs pourquoi pouvoir puis puisque "
    "quand quel quelle quelles quels quoi rien sans sauf selon seulement si sinon sont sous "
    "souvent tant tel telle telles tels tous tout toute toutes très trop vers voici voilà "
)

QUESTION_WORDS: Mapping[str, tuple[str, ...]] = {
    "en": tuple(_ENGLISH.split()),
    "fr": tuple(_FRENCH.split()),
}
"""Function words that a question is full of and tantivy's short lists leave in."""

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
