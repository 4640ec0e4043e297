"""How well the sentences of the passages support a claim, by the words they share."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import log
from typing import Final

from altiplano_plugins.guard_citations.words import Word, read_words
from altiplano_plugins.splitter_sentence.sentences import find_sentences
from altiplano_sdk import Passage

LONGEST_QUOTE: Final = 400
NUMBER_WEIGHT: Final = 2.0
NAME_WEIGHT: Final = 1.5
SECOND_UNIT_SHARE: Final = 0.15
"""A second sentence is quoted beside the first only when it adds at least this much."""
QUESTION_SHARE: Final = 0.1
"""Among sentences that support a claim alike, the one nearer to the question wins."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A sentence of a passage: ``passages[passage].text[start:end]``."""

    passage: int
    start: int
    end: int
    keys: frozenset[str]
    numbers: frozenset[str]


@dataclass(frozen=True, slots=True)
class Support:
    """The units that support a claim, best first, and the share of it that they hold."""

    units: tuple[Unit, ...]
    score: float


NO_SUPPORT: Final = Support((), 0.0)


class Evidence:
    """The sentences of all passages, weighed by how rare their words are among them."""

    def __init__(self, passages: Sequence[Passage], *, question: str) -> None:
        self.units = tuple(
            unit for number, passage in enumerate(passages) for unit in read_units(number, passage)
        )
        frequency = Counter(key for unit in self.units for key in unit.keys)
        self._count = len(self.units)
        self._frequency = frequency
        words = tuple(read_words(question))
        self._question = {word.key for word in words}
        self._question_numbers = {word.key for word in words if word.is_number}
        self._question_weights = self._weights(words)

    def is_known(self, word: Word, following: Word | None = None) -> bool:
        """Whether any passage holds the word; a number together with the word behind it, which
        says what it counts. A name may come from the question; so may a number that any passage
        holds.
        """
        if word.key in self._question:
            return not word.is_number or word.key in self._frequency
        if word.is_number and following is not None:
            pair = {word.key, following.key}
            return any(pair <= unit.keys for unit in self.units)
        return word.key in self._frequency

    def best_support(
        self, words: Sequence[Word], *, passages: Iterable[int] | None = None
    ) -> Support:
        """The one or two sentences of one passage that hold most of ``words``.

        Every number of the claim must stand in them, or in the question and their passage: a
        sentence that agrees in all but the number says something else. And they must be about the same: "13 months"
        finds no support in "13 trees", nor "in March" in what else happened in March.
        """
        allowed = None if passages is None else set(passages)
        units = [u for u in self.units if allowed is None or u.passage in allowed]
        weights = self._weights(words)
        total = sum(weights.values())
        if not units or not total:
            return NO_SUPPORT
        scored = [(self._score(unit.keys, weights) / total, unit) for unit in units]
        ranked = sorted(scored, key=lambda pair: -(pair[0] + self._nearness(pair[1])))
        score, first = ranked[0]
        chosen = [first]
        for _, second in ranked[1:]:
            if second.passage == first.passage and second is not first:
                both = self._score(first.keys | second.keys, weights) / total
                if both - score >= SECOND_UNIT_SHARE and score < 1:
                    chosen, score = [first, second], both
                    break
        if not self.holds_numbers(words, chosen) or not self._is_about(words, chosen):
            return NO_SUPPORT
        return Support(tuple(chosen), score)

    def holds_numbers(self, words: Iterable[Word], units: Sequence[Unit]) -> bool:
        """Whether the units hold the claim's numbers. One that the claim takes over from the
        question may stand elsewhere in their passage, or nowhere if they say no other number:
        "gate 7" finds no support in what a passage says of gate 17.
        """
        claimed = {word.key for word in words if word.is_number}
        held = frozenset().union(*(unit.numbers for unit in units))
        if not claimed - self._question_numbers <= held:
            return False
        in_passages = self._numbers_in({unit.passage for unit in units})
        return claimed <= in_passages or held <= claimed

    def coverage(self, unit: Unit) -> float:
        """The share of the question's weight that a sentence holds."""
        total = sum(self._question_weights.values())
        return self._score(unit.keys, self._question_weights) / total if total else 0.0

    def shared_with_question(self, unit: Unit) -> int:
        return len(self._question & unit.keys)

    def has_asked_numbers(self, unit: Unit) -> bool:
        """Whether the passage of a sentence holds every number of the question."""
        return self._question_numbers <= self._numbers_in({unit.passage})

    def _numbers_in(self, passages: set[int]) -> frozenset[str]:
        return frozenset().union(*(u.numbers for u in self.units if u.passage in passages))

    def _is_about(self, words: Sequence[Word], units: Sequence[Unit]) -> bool:
        """Whether claim or question share two words with the units, and the claim, if it says
        more than numbers, more than a number.
        """
        held = frozenset().union(*(unit.keys for unit in units))
        claimed = {word.key for word in words}
        plain = {word.key for word in words if not word.is_number}
        shares_plain = not plain or not held.isdisjoint(plain)
        return shares_plain and len(held & (claimed | self._question)) >= min(2, len(held))

    def _weights(self, words: Iterable[Word]) -> dict[str, float]:
        weights = {}
        for word in words:
            rarity = log(1 + self._count / (self._frequency.get(word.key, 0) or 1))
            factor = NUMBER_WEIGHT if word.is_number else NAME_WEIGHT if word.is_name else 1.0
            weights[word.key] = rarity * factor
        return weights

    @staticmethod
    def _score(keys: frozenset[str], weights: dict[str, float]) -> float:
        return sum(weight for key, weight in weights.items() if key in keys)

    def _nearness(self, unit: Unit) -> float:
        if not self._question:
            return 0.0
        return QUESTION_SHARE * len(self._question & unit.keys) / len(self._question)


def read_units(number: int, passage: Passage) -> list[Unit]:
    """The sentences of a passage; long ones are cut, since a quotation is read at a glance."""
    units = []
    for span in find_sentences(passage.text, page_starts=(), max_characters=LONGEST_QUOTE):
        words = tuple(read_words(passage.text[span.start : span.end]))
        if words:
            keys = frozenset(word.key for word in words)
            numbers = frozenset(word.key for word in words if word.is_number)
            units.append(Unit(number, span.start, span.end, keys, numbers))
    return units
