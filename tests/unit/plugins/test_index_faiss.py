"""Segments: how they merge, what quantization keeps, and that damage is not searched."""

import numpy as np
import pytest

from altiplano_plugins.index_faiss import FaissConfig, FaissIndex
from altiplano_plugins.index_faiss.quantized import clusters_for, pad
from altiplano_plugins.index_faiss.segments import list_segments, read_shape
from altiplano_plugins.index_faiss.writing import MERGE_AT
from altiplano_sdk import IndexBatch, IndexQuery, PermanentError, VectorBatch

DIMENSION = 30  # not a multiple of four: padding is part of what is tested


def make_vectors(count, seed=0, dimension=DIMENSION):
    """Unit vectors around a dozen directions, as texts of a few topics are."""
    random = np.random.default_rng(seed)
    topics = random.standard_normal((12, dimension))
    rows = topics[random.integers(12, size=count)] + 0.6 * random.standard_normal(
        (count, dimension)
    )
    rows = rows.astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def make_batch(vectors, first_id=1):
    count, dimension = vectors.shape
    ids = tuple(range(first_id, first_id + count))
    data = VectorBatch(dimension, count, vectors.tobytes())
    return IndexBatch(ids, ("",) * count, ("en",) * count, data)


def query(vector, k=10, excluded=()):
    return IndexQuery("", VectorBatch(len(vector), 1, vector.tobytes()), k, frozenset(excluded))


@pytest.fixture
def folder(tmp_path):
    """Makes numbered directories."""

    def make(name):
        path = tmp_path / str(name)
        path.mkdir()
        return path

    return make


@pytest.fixture(scope="module")
def quantized(tmp_path_factory):
    """2,000 vectors in one quantized segment, with the plugin and the vectors."""
    vectors = make_vectors(2000)
    plugin = FaissIndex(FaissConfig(flat_limit=256))
    flat, target = tmp_path_factory.mktemp("flat"), tmp_path_factory.mktemp("quantized")
    plugin.extend(None, flat, make_batch(vectors))
    plugin.compact(flat, target, frozenset())
    return plugin, target, vectors


def test_many_small_batches_end_in_few_segments(folder):
    plugin, previous = FaissIndex(FaissConfig()), None
    vectors = make_vectors(200)
    for step in range(200):
        target = folder(step)
        plugin.extend(previous, target, make_batch(vectors[step : step + 1], first_id=step + 1))
        previous = target
    counts = [read_shape(segment.vectors)[0] for segment in list_segments(previous)]
    assert sum(counts) == 200
    assert len(counts) < 3 * MERGE_AT
    opened = plugin.open(previous)
    assert [opened.search(query(vectors[at], k=1))[0].chunk_id for at in range(0, 200, 17)] == [
        at + 1 for at in range(0, 200, 17)
    ]


def test_generations_share_loaded_segments(folder):
    plugin, vectors = FaissIndex(FaissConfig()), make_vectors(20)
    first, second = folder("first"), folder("second")
    plugin.extend(None, first, make_batch(vectors[:10]))
    plugin.extend(first, second, make_batch(vectors[10:], first_id=11))
    before, after = plugin.open(first), plugin.open(second)
    assert before._segments[0] is after._segments[0]


def test_large_segments_are_quantized_at_compaction(quantized):
    _, target, vectors = quantized
    (segment,) = list_segments(target)
    assert segment.is_quantized
    assert segment.quantized.stat().st_size < 0.5 * vectors.nbytes


def test_quantized_search_finds_nearly_all_true_neighbours(quantized):
    plugin, target, vectors = quantized
    opened = plugin.open(target)
    found = 0
    for at in range(0, 2000, 40):
        truth = set(np.argsort(-(vectors @ vectors[at]))[:10] + 1)
        found += len(truth & {hit.chunk_id for hit in opened.search(query(vectors[at]))})
    assert found / 500 >= 0.97


def test_quantized_scores_are_exact(quantized):
    plugin, target, vectors = quantized
    hits = plugin.open(target).search(query(vectors[5]))
    exact = [float(vectors[hit.chunk_id - 1] @ vectors[5]) for hit in hits]
    assert [hit.score for hit in hits] == pytest.approx(exact, abs=1e-6)


def test_exclusions_are_made_up_for_in_a_quantized_segment(quantized):
    plugin, target, vectors = quantized
    order = np.argsort(-(vectors @ vectors[7])) + 1
    opened = plugin.open(target)
    hits = opened.search(query(vectors[7], k=5, excluded=order[:1500].tolist()))
    assert [hit.chunk_id for hit in hits] == order[1500:1505].tolist()
    assert opened.search(query(vectors[7], excluded=range(1, 2001))) == ()


def test_more_than_everything_is_everything(quantized):
    plugin, target, vectors = quantized
    hits = plugin.open(target).search(query(vectors[0], k=5000))
    assert {hit.chunk_id for hit in hits} == set(range(1, 2001))


def test_compaction_links_a_large_segment_and_rewrites_the_small(quantized, folder):
    plugin, large, _ = quantized
    extended, target = folder("extended"), folder("target")
    plugin.extend(large, extended, make_batch(make_vectors(300, seed=1), first_id=5001))
    plugin.compact(extended, target, frozenset({5001}))
    big, small = list_segments(target)
    assert big.vectors.samefile(list_segments(large)[0].vectors)
    assert read_shape(small.vectors) == (299, DIMENSION)
    assert small.is_quantized


def test_compaction_rewrites_a_large_segment_that_loses_something(quantized, folder):
    plugin, large, vectors = quantized
    target = folder("target")
    plugin.compact(large, target, frozenset({1}))
    (segment,) = list_segments(target)
    assert read_shape(segment.vectors)[0] == 1999
    assert plugin.open(target).search(query(vectors[0], k=1))[0].chunk_id != 1


def test_compaction_to_nothing_leaves_an_empty_index(folder):
    plugin, source, target = FaissIndex(FaissConfig()), folder("source"), folder("target")
    vectors = make_vectors(2)
    plugin.extend(None, source, make_batch(vectors))
    plugin.compact(source, target, frozenset({1, 2}))
    opened = plugin.open(target)
    assert opened.count == 0
    assert opened.search(query(vectors[0])) == ()


def test_a_question_of_another_dimension_is_refused(folder):
    plugin, target = FaissIndex(FaissConfig()), folder("target")
    plugin.extend(None, target, make_batch(make_vectors(2)))
    with pytest.raises(PermanentError, match="another model"):
        plugin.open(target).search(query(np.ones(8, dtype=np.float32)))


@pytest.mark.parametrize("damage", [b"", b"short", b"x" * 64, b"ALTVEC01" + b"\xff" * 100])
def test_a_file_that_is_no_segment_is_refused(folder, damage):
    target = folder("target")
    (target / "000001.vectors").write_bytes(damage)
    with pytest.raises(PermanentError, match="damaged"):
        FaissIndex(FaissConfig()).open(target)


def test_halves_of_different_segments_are_refused(quantized, folder):
    plugin, large, _ = quantized
    target = folder("target")
    plugin.extend(None, target, make_batch(make_vectors(5)))
    (segment,) = list_segments(target)
    segment.quantized.write_bytes(list_segments(large)[0].quantized.read_bytes())
    with pytest.raises(PermanentError, match="belong together"):
        FaissIndex(FaissConfig()).open(target)


def test_the_same_vectors_are_quantized_the_same(quantized, folder):
    plugin, large, vectors = quantized
    flat, again = folder("flat"), folder("again")
    plugin.extend(None, flat, make_batch(vectors))
    plugin.compact(flat, again, frozenset())
    hits = plugin.open(large).search(query(vectors[3], k=50))
    assert plugin.open(again).search(query(vectors[3], k=50)) == hits


@pytest.mark.parametrize(
    ("count", "clusters"), [(1, 16), (50_000, 256), (10**6, 1024), (10**9, 4096)]
)
def test_clusters_grow_with_the_square_root(count, clusters):
    assert clusters_for(count) == clusters


def test_padding_keeps_inner_products():
    rows = make_vectors(3, dimension=5)
    padded = pad(rows)
    assert padded.shape == (3, 8)
    np.testing.assert_allclose(padded @ padded.T, rows @ rows.T, atol=1e-6)
