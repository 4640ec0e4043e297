"""How much of a model's window a stretch of text takes, in words of a spaced script."""

import re

# Han, Kana, Hangul and what is set with them: each character costs a model about half a word.
_WIDE = re.compile(
    "[\u1100-\u11ff\u2e80-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003fffd]"
)
_CHARACTERS_PER_WORD = 7


def weigh(text: str) -> int:
    """At least 1. Words, or more where words are long (numbers, links) or not spaced at all."""
    if text.isascii():
        return max(1, len(text.split()), len(text) // _CHARACTERS_PER_WORD)
    wide = len(_WIDE.findall(text))
    narrow = len(text) - wide
    return max(1, len(text.split()), narrow // _CHARACTERS_PER_WORD + wide // 2)
