"""What a store holds after each of its verbs."""

import pytest

import altiplano_sdk as sdk
from altiplano_worker.runtime.index_errors import (
    IndexBatchError,
    IndexBusyError,
    IndexMissingError,
    IndexModelMismatchError,
)
from altiplano_worker.runtime.index_lock import exclusive_lock
from tests.factories.index_batches import (
    DIMENSION,
    assert_holds,
    dense_query,
    make_batch,
    make_store,
    real_engines,
)


@pytest.fixture
def store(tmp_path):
    return make_store(tmp_path / "index")


def test_added_chunks_are_found_by_meaning_and_word(store):
    assert store.add(make_batch([1, 2, 3])) == 1
    assert store.add(make_batch([4])) == 2
    assert_holds(store, [1, 2, 3, 4])


def test_adding_again_skips_what_is_there(store):
    store.add(make_batch([1, 2]))
    assert store.add(make_batch([2, 3])) == 2
    assert store.add(make_batch([1, 2, 3])) == 2
    assert_holds(store, [1, 2, 3])


def test_contains_knows_each_chunk(store):
    store.add(make_batch([7]))
    assert store.contains(7)
    assert not store.contains(8)


def test_a_never_written_store_is_missing(store):
    for ask in (store.open, store.ids, lambda: store.compact(frozenset())):
        with pytest.raises(IndexMissingError):
            ask()
    assert store.collect_garbage(0) == 0


def test_compaction_removes_chunks_for_good(store):
    store.add(make_batch([1, 2, 3]))
    assert store.compact(frozenset({2, 99})) == 2
    assert_holds(store, [1, 3])
    store.add(make_batch([2]))
    assert_holds(store, [1, 2, 3])


def test_a_store_emptied_by_compaction_finds_nothing_and_fills_again(store):
    store.add(make_batch([1]))
    store.compact(frozenset({1}))
    assert_holds(store, [])
    with store.open() as reader:
        assert reader.search("dense", dense_query(1)) == ()
    store.add(make_batch([5]))
    assert_holds(store, [5])


def test_reset_empties(store):
    store.add(make_batch([1, 2]))
    assert store.reset() == 2
    assert_holds(store, [])


def test_rebuild_holds_exactly_its_batches(store):
    store.add(make_batch([1, 2]))
    store.rebuild([make_batch([3, 4]), make_batch([5])])
    assert_holds(store, [3, 4, 5])


def test_rebuild_refuses_a_chunk_in_two_batches_and_changes_nothing(store):
    store.add(make_batch([1]))
    with pytest.raises(IndexBatchError):
        store.rebuild([make_batch([3]), make_batch([3])])
    assert_holds(store, [1])


def test_rebuild_adopts_another_model(store, tmp_path):
    store.add(make_batch([1]))
    other = make_store(tmp_path / "index", model_id="test/2")
    with pytest.raises(IndexModelMismatchError):
        other.open()
    with pytest.raises(IndexModelMismatchError):
        other.add(make_batch([2]))
    other.rebuild([make_batch([2])])
    assert_holds(other, [2])
    with pytest.raises(IndexModelMismatchError):
        store.open()


def test_other_engines_need_a_rebuild(store, tmp_path):
    store.add(make_batch([1]))
    engines = {"faiss": real_engines()["faiss"]}
    with pytest.raises(IndexModelMismatchError):
        make_store(tmp_path / "index", engines=engines).open()


def test_readers_keep_their_generation(store):
    store.add(make_batch([1, 2]))
    with store.open() as old:
        store.compact(frozenset({1}))
        store.collect_garbage(0)
        with store.open() as new:
            assert (old.generation, new.generation) == (1, 2)
            assert new.search("dense", dense_query(1))[0].chunk_id == 2
        assert old.search("dense", dense_query(1))[0].chunk_id == 1


def test_an_unchanged_store_opens_the_same_reader(store):
    store.add(make_batch([1]))
    with store.open() as first, store.open() as second:
        assert first is second


def test_another_process_view_sees_commits(store, tmp_path):
    store.add(make_batch([1]))
    elsewhere = make_store(tmp_path / "index")
    assert_holds(elsewhere, [1])
    store.add(make_batch([2]))
    assert_holds(elsewhere, [1, 2])


def test_garbage_within_its_grace_stays(store, tmp_path):
    for chunk_id in (1, 2, 3):
        store.add(make_batch([chunk_id]))
    assert store.collect_garbage(3600) == 0
    assert store.collect_garbage(0) == 2
    assert [path.name for path in (tmp_path / "index" / "generations").iterdir()] == ["3"]
    assert_holds(store, [1, 2, 3])


def test_what_a_crashed_writer_left_is_garbage_at_once(store, tmp_path):
    store.add(make_batch([1]))
    generations = tmp_path / "index" / "generations"
    (generations / ".building-9").mkdir()
    (generations / "9").mkdir()
    assert store.collect_garbage(3600) == 2
    assert_holds(store, [1])
    assert store.add(make_batch([2])) == 2


def test_generation_numbers_are_never_used_twice(store, tmp_path):
    store.add(make_batch([1]))
    (tmp_path / "index" / "generations" / "5").mkdir()
    assert store.add(make_batch([2])) == 6


def test_a_second_writer_waits_and_then_gives_up(tmp_path):
    store = make_store(tmp_path / "index", lock_seconds=0.05)
    store.add(make_batch([1]))
    with (
        exclusive_lock(tmp_path / "index" / "writer.lock", seconds=0),
        pytest.raises(IndexBusyError),
    ):
        store.add(make_batch([2]))
    store.add(make_batch([2]))
    assert_holds(store, [1, 2])


def test_a_failing_engine_changes_nothing(tmp_path):
    class DiskFull(type(real_engines()["tantivy"])):
        def extend(self, previous, target, batch):
            super().extend(previous, target, batch)
            raise OSError(28, "No space left on device")

    directory = tmp_path / "index"
    make_store(directory).add(make_batch([1]))
    engines = dict(real_engines())
    engines["tantivy"] = DiskFull(engines["tantivy"]._config)
    with pytest.raises(OSError, match="No space left"):
        make_store(directory, engines=engines).add(make_batch([2]))
    assert [path.name for path in (directory / "generations").iterdir()] == ["1"]
    store = make_store(directory)
    assert_holds(store, [1])
    store.add(make_batch([2]))
    assert_holds(store, [1, 2])


def test_compaction_is_due_after_much_was_added_or_removed(store, monkeypatch):
    monkeypatch.setattr("altiplano_worker.runtime.index_store._COMPACT_AFTER", 4)
    store.add(make_batch([1, 2, 3]))
    assert not store.is_compaction_due()
    assert store.is_compaction_due(removed=1)
    store.add(make_batch([4]))
    assert store.is_compaction_due()
    store.compact(frozenset())
    assert not store.is_compaction_due()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"ids": (1, 1)}, "twice"),
        ({"ids": (1, 0)}, "positive"),
        ({"ids": (1, 2**63)}, "positive"),
        ({"ids": (1,)}, "as many"),
        ({"texts": ("a",)}, "as many"),
        ({"vectors": sdk.VectorBatch(2, 2, b"\0" * 16)}, "dimensions"),
        ({"vectors": sdk.VectorBatch(DIMENSION, 2, b"\0" * (8 * DIMENSION))}, "unit length"),
        (
            {"vectors": sdk.VectorBatch(DIMENSION, 2, b"\xff" * (8 * DIMENSION))},
            "unit length",
        ),
    ],
    ids=["twice", "zero", "too-large", "ids", "texts", "dimension", "zero-vector", "nan"],
)
def test_batches_that_break_a_rule_are_refused(store, changes, sentence):
    good = make_batch([1, 2])
    fields = {name: getattr(good, name) for name in ("ids", "texts", "languages", "vectors")}
    with pytest.raises(IndexBatchError, match=sentence):
        store.add(sdk.IndexBatch(**(fields | changes)))
    with pytest.raises(IndexMissingError):
        store.open()


def test_readers_do_not_trust_engines(tmp_path):
    class Careless:
        signal = "dense"

        def extend(self, previous, target, batch):
            (target / "file").write_bytes(b"x")

        def compact(self, previous, target, removed):
            raise NotImplementedError

        def open(self, directory):
            return self

        count = 1

        def search(self, query):
            return tuple(sdk.IndexHit(chunk_id, 1.0) for chunk_id in (-1, 3, 3, 0, 4, 5, 6))

        def close(self):
            self.signal = "closed"

    store = make_store(tmp_path, engines={"careless": Careless()})
    store.add(make_batch([3]))
    with store.open() as reader:
        query = sdk.IndexQuery("", None, 2, frozenset({4}))
        assert [hit.chunk_id for hit in reader.search("dense", query)] == [3, 5]
        assert reader.search("lexical", query) == ()
