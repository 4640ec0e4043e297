"""What every index does: find what was added, nothing else, and never change what it wrote."""

import hashlib
import math
import struct
from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from altiplano_sdk import IndexBatch, IndexQuery, PermanentError, StageKind, VectorBatch
from altiplano_sdk.testing.base import ConformanceSuite

WORDS = (
    "compost", "rainwater", "lavender", "hedgehog", "greenhouse", "orchard", "seedling", "trowel",
    "earthworm", "pumpkin", "beehive", "mulch", "strawberry", "nettle", "wheelbarrow", "sunflower",
)  # fmt: skip
"""Text ``n`` is about word ``n``, and vector ``n`` points where no other does."""

DIMENSION = len(WORDS)


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

    def test_hits_are_sorted_unique_and_finite(self, plugin: Any, written: Path) -> None:
        hits = plugin.open(written).search(self.query_for(2, k=6))
        scores = [hit.score for hit in hits]
        assert scores == sorted(scores, reverse=True)
        assert all(math.isfinite(score) for score in scores)
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

    def test_duplicate_ids_are_refused(self, plugin: Any, written: Path, tmp_path: Path) -> None:
        target = tmp_path / "refused"
        target.mkdir()
        with pytest.raises(PermanentError):
            plugin.extend(written, target, self.batch([5, 6]))

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


def pointing_at(numbers: Sequence[int]) -> VectorBatch:
    """One unit vector per number, along that axis."""
    return vectors([[float(axis == number) for axis in range(DIMENSION)] for number in numbers])


def vectors(rows: Sequence[Sequence[float]]) -> VectorBatch:
    width = len(rows[0]) if rows else DIMENSION
    data = b"".join(struct.pack(f"<{width}f", *row) for row in rows)
    return VectorBatch(width, len(rows), data)


def contents(directory: Path) -> dict[str, str]:
    """A digest of every file but locks, by relative path."""
    return {
        path.relative_to(directory).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(directory.rglob("*"))
        if path.is_file() and not path.name.endswith(".lock")
    }
