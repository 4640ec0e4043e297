"""Puts sentences together into passages."""

from collections.abc import Iterable
from dataclasses import dataclass

from altiplano_plugins.splitter_sentence.sentences import Sentence
from altiplano_sdk import Span


@dataclass(frozen=True, slots=True)
class Sizes:
    """What a passage may weigh.

    Below ``tiny`` words a passage is too little to be found alone; from ``section`` on it may end
    where a section ends, from ``enough`` on where a paragraph ends; ``full`` is what it may
    stretch to so that nothing tiny is left over.
    """

    target: int
    overlap: int
    max_characters: int

    @property
    def tiny(self) -> int:
        return max(1, self.target // 6)

    @property
    def section(self) -> int:
        return max(1, self.target // 3)

    @property
    def enough(self) -> int:
        return max(1, self.target * 3 // 5)

    @property
    def full(self) -> int:
        return self.target * 5 // 4


def pack_sentences(sentences: Iterable[Sentence], sizes: Sizes) -> tuple[Span, ...]:
    """Spans of consecutive sentences: each sentence in at least one, none cut."""
    packer = _Packer(sizes)
    for sentence in sentences:
        packer.add(sentence)
    return packer.finish()


class _Packer:
    def __init__(self, sizes: Sizes) -> None:
        self._sizes = sizes
        self._spans: list[Span] = []
        self._open: list[Sentence] = []
        self._last_page = -1
        self._words = 0
        self._repeated = 0  # how many of the open sentences the passage before already holds

    def add(self, sentence: Sentence) -> None:
        if self._open and self._must_close(sentence):
            if len(self._open) > self._repeated:
                self._close_before(sentence)
            else:  # only an overlap, and no room for it
                self._begin([], repeated=0)
        self._open.append(sentence)
        self._words += sentence.words

    def finish(self) -> tuple[Span, ...]:
        if len(self._open) > self._repeated and not self._absorb_remainder():
            self._emit()
        return tuple(self._spans)

    def _must_close(self, sentence: Sentence) -> bool:
        sizes = self._sizes
        if sentence.end - self._open[0].start > sizes.max_characters:
            return True
        if sentence.page != self._open[-1].page:
            return self._new_words() >= sizes.tiny or self._can_absorb_remainder()
        if self._open[-1].heading and self._trailing_heading_words() < sizes.tiny:
            return False  # a heading is not parted from what it names
        if sentence.heading:
            return self._new_words() >= (sizes.section if sentence.set_off else sizes.enough)
        if sentence.opens_block and self._words >= sizes.enough:
            return self._words + sentence.words > sizes.target
        return self._words + sentence.words > sizes.full or self._words >= sizes.target

    def _close_before(self, sentence: Sentence) -> None:
        """Ends the open passage; headings at its end or an overlap move on with ``sentence``."""
        last = self._open[-1]
        if sentence.page != last.page and self._absorb_remainder():
            self._begin([], repeated=0)
            return
        kept = self._movable_headings(sentence)
        if kept:
            headings = self._open[-kept:]
            del self._open[-kept:]
            self._emit()
            self._begin(headings, repeated=0)
        else:
            repeats = self._may_repeat(last, sentence)
            self._emit()
            self._begin([last] if repeats else [], repeated=int(repeats))

    def _trailing_heading_words(self) -> int:
        return sum(sentence.words for sentence in self._open[-self._count_trailing_headings() :])

    def _count_trailing_headings(self) -> int:
        count = 0
        while count < len(self._open) and self._open[-1 - count].heading:
            count += 1
        return count

    def _movable_headings(self, sentence: Sentence) -> int:
        """How many headings at the end of the open passage go with ``sentence`` instead.

        None if they are on an earlier page (a line at its foot looks like a heading), if nothing
        would be left before them, or if there is no room.
        """
        count = self._count_trailing_headings()
        if not 0 < count < len(self._open) - self._repeated:
            return 0
        first = self._open[-count]
        fits = sentence.end - first.start <= self._sizes.max_characters
        return count if fits and first.page == sentence.page else 0

    def _may_repeat(self, last: Sentence, sentence: Sentence) -> bool:
        return (
            len(self._open) > 1
            and not sentence.heading
            and not last.heading
            and sentence.page == last.page
            and last.words <= self._sizes.overlap
            and sentence.end - last.start <= self._sizes.max_characters
        )

    def _new_words(self) -> int:
        return sum(sentence.words for sentence in self._open[self._repeated :])

    def _can_absorb_remainder(self) -> bool:
        """Whether what is open is so little that the passage before should hold it too."""
        if not self._spans or self._new_words() >= self._sizes.tiny:
            return False
        fits = self._open[-1].end - self._spans[-1].start <= self._sizes.max_characters
        return fits and self._last_page == self._open[-1].page

    def _absorb_remainder(self) -> bool:
        """Lengthens the passage before by a remainder; False when there is none or no room."""
        if not self._can_absorb_remainder():
            return False
        self._spans[-1] = Span(self._spans[-1].start, self._open[-1].end)
        return True

    def _emit(self) -> None:
        self._spans.append(Span(self._open[0].start, self._open[-1].end))
        self._last_page = self._open[-1].page

    def _begin(self, sentences: list[Sentence], *, repeated: int) -> None:
        self._open = list(sentences)
        self._words = sum(sentence.words for sentence in sentences)
        self._repeated = repeated
