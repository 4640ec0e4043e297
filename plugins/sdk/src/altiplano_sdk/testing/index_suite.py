"""What every index does: find what was added, nothing else, and never change what it wrote."""

import math
from abc import abstractmethod
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar

import pytest

from altiplano_sdk import (
    IndexBatch,
    IndexHit,
    IndexQuery,
    PermanentError,
    StageKind,
)
from altiplano_sdk.testing.base import ConformanceSuite
from altiplano_sdk.testing.index_data import DIMENSION, WORDS, contents, pointing_at, vectors
from altiplano_sdk.testing.rules import (
    CONCURRENCY,
    HUGE_INPUT,
    ISOLATION,
    ODD_INPUT,
    REPEATABLE,
    SHAPES,
    TAXONOMY,
    proves,
)
from altiplano_sdk.testing.shapes import assert_shape
from altiplano_sdk.testing.texts import ODD_TEXTS, huge_text


class IndexSuite(ConformanceSuite):
    """Set ``plugin_class`` and inherit through :class:`DenseIndexSuite` or
    :class:`LexicalIndexSuite`, which know how to ask for a text.
    """

    kind = StageKind.INDEX
    signal: ClassVar[str]

    @abstractmethod
    def query_for(self, number: int, *, k: int = 5, excluded: frozenset[int] = frozenset()) -> Any:
        """A query whose best answer is text ``number`` (from 0)."""

    def batch(self, numbers: Sequence[int], *, first_id: int = 1) -> IndexBatch:
        """Texts ``numbers`` under the ids ``first_id + number``."""
        return IndexBatch(
            ids=tuple(first_id + number for number in numbers),
            texts=tuple(f"A page about the {WORDS[number]}." for number in numbers),
            languages=("en",) * len(numbers),
            vectors=pointing_at(numbers),
        )

    @pytest.fixture
    def written(self, plugin: Any, tmp_path: Path) -> Path:
        """A directory with texts 0 to 5 under the ids 1 to 6."""
        target = tmp_path / "written"
        target.mkdir()
        plugin.extend(None, target, self.batch(range(6)))
        return target

    def ids(self, opened: Any, query: IndexQuery) -> list[int]:
        return [hit.chunk_id for hit in opened.search(query)]

    def test_signal_is_dense_or_lexical(self, plugin: Any) -> None:
        assert plugin.signal == self.signal

    def test_every_text_is_found_first(self, plugin: Any, written: Path) -> None:
        opened = plugin.open(written)
        assert opened.count == 6
        assert [self.ids(opened, self.query_for(number))[0] for number in range(6)] == [
            1, 2, 3, 4, 5, 6,
        ]  # fmt: skip

    @proves(SHAPES)
    def test_hits_are_sorted_unique_and_finite(self, plugin: Any, written: Path) -> None:
        hits = plugin.open(written).search(self.query_for(2, k=6))
        assert_shape(hits, tuple[IndexHit, ...])
        scores = [hit.score for hit in hits]
        assert scores == sorted(scores, reverse=True)
        assert len({hit.chunk_id for hit in hits}) == len(hits)

    def test_k_bounds_the_hits(self, plugin: Any, written: Path) -> None:
        opened = plugin.open(written)
        assert len(self.ids(opened, self.query_for(0, k=1))) == 1
        assert set(self.ids(opened, self.query_for(0, k=1000))) <= {1, 2, 3, 4, 5, 6}

    def test_excluded_ids_never_come_back(self, plugin: Any, written: Path) -> None:
        opened = plugin.open(written)
        assert 3 not in self.ids(opened, self.query_for(2, excluded=frozenset({3})))
        everything = frozenset(range(1, 7))
        assert self.ids(opened, self.query_for(2, excluded=everything)) == []

    def test_extending_keeps_what_was_there(
        self, plugin: Any, written: Path, tmp_path: Path
    ) -> None:
        target = tmp_path / "extended"
        target.mkdir()
        plugin.extend(written, target, self.batch([6, 7]))
        opened = plugin.open(target)
        assert opened.count == 8
        assert [self.ids(opened, self.query_for(number))[0] for number in (0, 7)] == [1, 8]

    def test_a_written_directory_never_changes(
        self, plugin: Any, written: Path, tmp_path: Path
    ) -> None:
        """Readers of the previous generation go on while the next ones are written."""
        before, reader = contents(written), plugin.open(written)
        previous = written
        for step in range(10):
            target = tmp_path / f"step{step}"
            target.mkdir()
            plugin.extend(previous, target, self.batch([6 + step % 8], first_id=100 * (step + 1)))
            previous = target
        compacted = tmp_path / "compacted"
        compacted.mkdir()
        plugin.compact(previous, compacted, frozenset({1, 2}))
        assert contents(written) == before
        assert self.ids(reader, self.query_for(0))[0] == 1
        assert plugin.open(previous).count == 16

    def test_compaction_removes_for_good(self, plugin: Any, written: Path, tmp_path: Path) -> None:
        target = tmp_path / "compacted"
        target.mkdir()
        plugin.compact(written, target, frozenset({2, 999}))
        opened = plugin.open(target)
        assert opened.count == 5
        assert 2 not in self.ids(opened, self.query_for(1, k=6))
        assert self.ids(opened, self.query_for(4))[0] == 5

    @proves(TAXONOMY)
    def test_duplicate_ids_are_refused(self, plugin: Any, written: Path, tmp_path: Path) -> None:
        target = tmp_path / "refused"
        target.mkdir()
        with pytest.raises(PermanentError):
            plugin.extend(written, target, self.batch([5, 6]))

    @proves(TAXONOMY)
    def test_ids_below_one_are_refused(self, plugin: Any, tmp_path: Path) -> None:
        target = tmp_path / "refused"
        target.mkdir()
        with pytest.raises(PermanentError):
            plugin.extend(None, target, self.batch([0], first_id=-1))

    def test_large_ids_survive(self, plugin: Any, tmp_path: Path) -> None:
        target = tmp_path / "large"
        target.mkdir()
        plugin.extend(None, target, self.batch([0, 1], first_id=2**62))
        assert self.ids(plugin.open(target), self.query_for(1))[0] == 2**62 + 1

    @proves(CONCURRENCY)
    def test_searches_at_once_do_not_mix(self, plugin: Any, written: Path) -> None:
        """Runs of many people search one opened generation from many threads."""
        opened, queries = plugin.open(written), [self.query_for(n, k=6) for n in range(6)] * 8
        alone = [opened.search(query) for query in queries]
        with ThreadPoolExecutor(max_workers=8) as threads:
            assert list(threads.map(opened.search, queries)) == alone

    @proves(REPEATABLE)
    def test_same_batches_give_the_same_hits(
        self, plugin: Any, written: Path, tmp_path: Path
    ) -> None:
        """Written again from the truth in the database, an index answers as it did."""
        again = tmp_path / "again"
        again.mkdir()
        self.make_plugin().extend(None, again, self.batch(range(6)))
        first, second = plugin.open(written), plugin.open(again)
        for number in range(6):
            query = self.query_for(number, k=6)
            assert self.ids(first, query)[:1] == self.ids(second, query)[:1]

    @proves(ISOLATION)
    def test_directories_share_nothing(self, plugin: Any, written: Path, tmp_path: Path) -> None:
        """One process writes and searches for many organizations."""
        other = tmp_path / "other"
        other.mkdir()
        plugin.extend(None, other, self.batch([8, 9], first_id=500))
        assert set(self.ids(plugin.open(written), self.query_for(8, k=50))) <= set(range(1, 7))
        assert set(self.ids(plugin.open(other), self.query_for(0, k=50))) <= {508, 509}

    @proves(ODD_INPUT)
    def test_odd_texts_are_held(self, plugin: Any, tmp_path: Path) -> None:
        """Any chunk of any document has its place, whatever its text."""
        texts = tuple(ODD_TEXTS.values())
        batch = IndexBatch(
            ids=tuple(range(1, len(texts) + 1)),
            texts=texts,
            languages=("",) * len(texts),
            vectors=pointing_at([n % DIMENSION for n in range(len(texts))]),
        )
        plugin.extend(None, tmp_path, batch)
        assert plugin.open(tmp_path).count == len(texts)

    @proves(HUGE_INPUT)
    def test_many_and_long_texts_are_held(self, plugin: Any, tmp_path: Path) -> None:
        count = 2_000
        numbers = [n % DIMENSION for n in range(count)]
        batch = IndexBatch(
            ids=tuple(range(1, count + 1)),
            texts=(huge_text(100_000), *(f"A page about the {WORDS[n]}." for n in numbers[1:])),
            languages=("en",) * count,
            vectors=pointing_at(numbers),
        )
        plugin.extend(None, tmp_path, batch)
        opened = plugin.open(tmp_path)
        assert opened.count == count
        assert len(opened.search(self.query_for(3, k=100))) == 100

    def test_closing_is_safe(self, plugin: Any, written: Path) -> None:
        plugin.open(written).close()
        assert self.ids(plugin.open(written), self.query_for(3))[0] == 4


class DenseIndexSuite(IndexSuite):
    """For indexes that search by vector."""

    signal = "dense"

    def query_for(
        self, number: int, *, k: int = 5, excluded: frozenset[int] = frozenset()
    ) -> IndexQuery:
        return IndexQuery("", pointing_at([number]), k, excluded)

    def test_scores_are_cosines(self, plugin: Any, written: Path) -> None:
        best, *others = plugin.open(written).search(self.query_for(0, k=6))
        assert best.score == pytest.approx(1.0, abs=1e-5)
        assert [hit.score for hit in others] == pytest.approx([0.0] * 5, abs=1e-5)

    @pytest.mark.parametrize("value", [math.nan, math.inf, 0.0], ids=["nan", "inf", "zero"])
    def test_a_vector_without_direction_finds_nothing(
        self, plugin: Any, written: Path, value: float
    ) -> None:
        query = IndexQuery("", vectors([[value] * DIMENSION]), 5)
        assert self.ids(plugin.open(written), query) == []

    @pytest.mark.parametrize("value", [math.nan, math.inf, 0.0], ids=["nan", "inf", "zero"])
    def test_a_vector_without_direction_is_refused(
        self, plugin: Any, tmp_path: Path, value: float
    ) -> None:
        batch = IndexBatch((1,), ("text",), ("en",), vectors([[value] * DIMENSION]))
        with pytest.raises(PermanentError):
            plugin.extend(None, tmp_path, batch)

    def test_another_dimension_is_refused(self, plugin: Any, written: Path, tmp_path: Path) -> None:
        target = tmp_path / "refused"
        target.mkdir()
        batch = IndexBatch((50,), ("text",), ("en",), vectors([[1.0, 0.0]]))
        with pytest.raises(PermanentError):
            plugin.extend(written, target, batch)

    def test_no_vector_finds_nothing(self, plugin: Any, written: Path) -> None:
        assert self.ids(plugin.open(written), IndexQuery("compost", None, 5)) == []


class LexicalIndexSuite(IndexSuite):
    """For indexes that search by words."""

    signal = "lexical"

    def query_for(
        self, number: int, *, k: int = 5, excluded: frozenset[int] = frozenset()
    ) -> IndexQuery:
        return IndexQuery(f"Where is the {WORDS[number]}?", None, k, excluded)

    def test_unknown_words_find_nothing(self, plugin: Any, written: Path) -> None:
        assert self.ids(plugin.open(written), IndexQuery("xylophone", None, 5)) == []

    @pytest.mark.parametrize(
        "text",
        [
            "", " ", "\0", "\ud800", '"', "(", "compost) OR id:[* TO *]", "id:1", "+", "*", "a" * 9999,
            "NOT compost", "terms:/.*/", "\\", "compost^1e999", "🌱",
        ],
    )  # fmt: skip
    def test_questions_are_words_not_a_query_language(
        self, plugin: Any, written: Path, text: str
    ) -> None:
        """At most the page whose word is in the text comes back, and nothing is raised."""
        assert set(self.ids(plugin.open(written), IndexQuery(text, None, 5))) <= {1}
