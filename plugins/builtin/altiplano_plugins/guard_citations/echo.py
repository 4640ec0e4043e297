"""Answers that only repeat their question, as small models give them: "Who leads the team?"
"The team leads the team." Such a sentence finds support wherever the question does.
"""

import re
from collections.abc import Iterable
from typing import Final

from altiplano_plugins.guard_citations.words import Word, read_words

_ASKING_WORDS: Final = """
    who whom whose what when where why how
    qui quoi quand où combien comment pourquoi quel quelle quels quelles
    quién quiénes qué cuándo dónde cuánto cuánta cuántos cuántas cómo
    wer wen wem wann wo warum wie
"""
_ASKING: Final = frozenset(_ASKING_WORDS.split())
"""Without German "was", which begins an English question of yes or no."""
_CHOICE: Final = frozenset(["or", "ou", "o", "oder"])
_TOKEN: Final = re.compile(r"[^\W\d_]+")


def is_echo(answer: str, words: Iterable[Word], *, question: str) -> bool:
    """Whether ``answer``, whose words are ``words``, says nothing but what ``question`` said.

    A question to be answered by yes or no may be answered in its own words, though not by the
    question itself, and so may one that offers a choice.
    """
    spoken = [token.casefold() for token in _TOKEN.findall(question)]
    if spoken == [token.casefold() for token in _TOKEN.findall(answer)]:
        return True
    tokens = set(spoken)
    if tokens.isdisjoint(_ASKING) or not tokens.isdisjoint(_CHOICE):
        return False
    asked = {word.key for word in read_words(question)}
    return all(word.key in asked for word in words)
