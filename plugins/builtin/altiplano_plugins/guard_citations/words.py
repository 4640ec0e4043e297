"""Words as they are compared: without case, accents, endings and small talk."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_TOKEN: Final = re.compile(
    r"\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?!\d)|\d+(?:[.,]\d+)*|[^\W\d_]+",
)
_THOUSANDS: Final = re.compile(r"[.,](?=\d{3}(?:\D|\Z))")
_IDEOGRAPHS: Final = re.compile("[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_STEM_LENGTH: Final = 5

_NUMBER_WORDS: Final = {
    word: number
    for number, words in {
        "2": "two deux", "3": "three trois", "4": "four quatre", "5": "five cinq", "6": "six",
        "7": "seven sept", "8": "eight huit", "9": "nine", "10": "ten dix", "11": "eleven onze",
        "12": "twelve douze", "13": "thirteen treize", "14": "fourteen quatorze",
        "15": "fifteen quinze", "16": "sixteen seize", "17": "seventeen", "18": "eighteen",
        "19": "nineteen", "20": "twenty vingt", "30": "thirty trente", "40": "forty quarante",
        "50": "fifty cinquante", "60": "sixty soixante", "70": "seventy", "80": "eighty",
        "90": "ninety", "100": "hundred cent", "1000": "thousand mille",
    }.items()
    for word in words.split()
}  # fmt: skip

_SMALL_TALK: Final = frozenset(
    [
        "a",
        "about",
        "above",
        "after",
        "again",
        "all",
        "also",
        "am",
        "an",
        "and",
        "any",
        "are",
        "as",
        "at",
        "be",
        "because",
        "been",
        "before",
        "being",
        "below",
        "between",
        "both",
        "but",
        "by",
        "can",
        "could",
        "did",
        "do",
        "does",
        "doing",
        "down",
        "during",
        "each",
        "few",
        "for",
        "from",
        "further",
        "had",
        "has",
        "have",
        "having",
        "he",
        "her",
        "here",
        "hers",
        "him",
        "his",
        "how",
        "i",
        "if",
        "in",
        "into",
        "is",
        "it",
        "its",
        "itself",
        "just",
        "me",
        "more",
        "most",
        "my",
        "no",
        "nor",
        "not",
        "of",
        "off",
        "on",
        "once",
        "only",
        "or",
        "other",
        "our",
        "out",
        "over",
        "own",
        "passage",
        "passages",
        "same",
        "she",
        "should",
        "so",
        "some",
        "such",
        "than",
        "that",
        "the",
        "their",
        "them",
        "then",
        "there",
        "these",
        "they",
        "this",
        "those",
        "through",
        "to",
        "too",
        "under",
        "until",
        "up",
        "very",
        "was",
        "we",
        "were",
        "what",
        "when",
        "where",
        "which",
        "while",
        "who",
        "whom",
        "why",
        "will",
        "with",
        "would",
        "you",
        "your",
        "according",
        "answer",
        "document",
        "documents",
        "text",
        "question",
        "one",
        "au",
        "aux",
        "avec",
        "ce",
        "ces",
        "cette",
        "dans",
        "de",
        "des",
        "du",
        "elle",
        "elles",
        "en",
        "est",
        "et",
        "etaient",
        "etait",
        "etre",
        "eux",
        "il",
        "ils",
        "je",
        "la",
        "le",
        "les",
        "leur",
        "leurs",
        "lui",
        "ma",
        "mais",
        "me",
        "meme",
        "mes",
        "moi",
        "mon",
        "ne",
        "nos",
        "notre",
        "nous",
        "on",
        "ont",
        "ou",
        "par",
        "pas",
        "plus",
        "pour",
        "qu",
        "que",
        "quel",
        "quelle",
        "qui",
        "sa",
        "sans",
        "se",
        "sera",
        "ses",
        "son",
        "sont",
        "sur",
        "ta",
        "te",
        "tes",
        "toi",
        "ton",
        "tu",
        "un",
        "une",
        "vos",
        "votre",
        "vous",
        "y",
        "selon",
        "reponse",
        "texte",
        "ainsi",
        "aussi",
        "cela",
        "ceci",
        "comme",
        "si",
        "fait",
        "faire",
        "etc",
        "al",
        "como",
        "con",
        "cual",
        "del",
        "el",
        "ella",
        "ellos",
        "entre",
        "era",
        "es",
        "esa",
        "ese",
        "esta",
        "este",
        "estos",
        "fue",
        "ha",
        "han",
        "las",
        "lo",
        "los",
        "mas",
        "mi",
        "muy",
        "nos",
        "o",
        "para",
        "pero",
        "por",
        "porque",
        "se",
        "segun",
        "ser",
        "sin",
        "sobre",
        "son",
        "su",
        "sus",
        "tambien",
        "te",
        "tiene",
        "una",
        "unos",
        "uno",
        "y",
        "ya",
        "aber",
        "als",
        "am",
        "auch",
        "auf",
        "aus",
        "bei",
        "bis",
        "das",
        "dass",
        "dem",
        "den",
        "der",
        "des",
        "die",
        "dies",
        "diese",
        "doch",
        "dort",
        "du",
        "durch",
        "ein",
        "eine",
        "einem",
        "einen",
        "einer",
        "er",
        "es",
        "fur",
        "hat",
        "ich",
        "ihr",
        "im",
        "ist",
        "kann",
        "mit",
        "nach",
        "nicht",
        "noch",
        "nur",
        "oder",
        "sein",
        "sich",
        "sie",
        "sind",
        "uber",
        "um",
        "und",
        "uns",
        "von",
        "vor",
        "war",
        "wie",
        "wird",
        "zu",
        "zum",
        "zur",
    ]
)


@dataclass(frozen=True, slots=True)
class Word:
    """One compared word. ``key`` equals that of every other form of it that is recognised."""

    key: str
    is_number: bool
    is_name: bool


def read_words(text: str) -> Iterator[Word]:
    """The words of ``text`` that carry meaning, in order.

    A word counts as a name when it is capitalized and does not open a sentence.
    """
    opens = True
    end = 0
    for match in _TOKEN.finditer(text):
        token = match.group()
        opens = opens if end == 0 else bool(re.search(r"[.!?:;\n\"«“(]", text[end : match.start()]))
        end = match.end()
        is_name = token[0].isupper() and (not opens or (len(token) > 1 and token.isupper()))
        opens = False
        yield from _read_token(token, is_name=is_name)


def _read_token(token: str, *, is_name: bool) -> Iterator[Word]:
    if token[0].isdigit():
        digits = re.sub(r"\s", "", token)
        digits = _THOUSANDS.sub("", digits).replace(",", ".")
        yield Word(digits, is_number=True, is_name=False)
        return
    if _IDEOGRAPHS.search(token):
        # Written without spaces: neighbouring pairs of characters stand for words.
        pairs = [token[i : i + 2] for i in range(len(token) - 1)] or [token]
        yield from (Word(pair, is_number=False, is_name=False) for pair in pairs)
        return
    plain = fold(token)
    if plain in _NUMBER_WORDS:
        yield Word(_NUMBER_WORDS[plain], is_number=True, is_name=False)
    elif len(plain) > 1 and plain not in _SMALL_TALK:
        yield Word(stem(plain), is_number=False, is_name=is_name)


def fold(text: str) -> str:
    """``text`` without case and accents."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def stem(word: str) -> str:
    """The beginning of ``word``, which inflected forms of it share in most languages."""
    if len(word) > _STEM_LENGTH:
        return word[:_STEM_LENGTH]
    return word[:-1] if len(word) > 3 and word.endswith("s") else word
