"""Fusion's algebra, the support of similar passages, and the cap per document."""

import asyncio
import math
from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altiplano_plugins.retriever_hybrid import HybridConfig, HybridRetriever
from altiplano_plugins.retriever_hybrid.fusion import Signal, fuse_signals, rank, scale_to_unit
from altiplano_plugins.retriever_hybrid.neighbours import share_scores, words
from altiplano_plugins.retriever_hybrid.selection import select_with_cap
from altiplano_sdk import Context, Query
from altiplano_sdk.testing.base import SilentLog
from altiplano_sdk.testing.retriever_suite import ScriptedIndex, make_passage

scores = st.floats(-50, 50).map(lambda value: round(value, 3))
rankings = st.dictionaries(st.integers(1, 30), scores, max_size=20)
weights = st.floats(0.1, 1.0)
signals = st.builds(Signal, rankings, weights, st.none()) | st.builds(
    lambda found, weight: Signal({c: abs(s) for c, s in found.items()}, weight, 0.0),
    rankings,
    weights,
)


@given(st.lists(signals, max_size=3))
def test_fusion_scores_exactly_what_was_found(given_signals):
    found = {chunk for signal in given_signals for chunk in signal.scores}
    assert set(fuse_signals(given_signals)) == found
    assert sorted(rank(fuse_signals(given_signals))) == sorted(found)


@given(st.lists(signals, min_size=1, max_size=3), st.randoms())
def test_fusion_does_not_depend_on_order(given_signals, random):
    shuffled = []
    for signal in random.sample(given_signals, len(given_signals)):
        items = list(signal.scores.items())
        random.shuffle(items)
        shuffled.append(Signal(dict(items), signal.weight, signal.floor))
    assert rank(fuse_signals(shuffled)) == rank(fuse_signals(given_signals))


@given(st.lists(signals, min_size=1, max_size=3))
def test_what_is_better_in_every_signal_never_scores_lower(given_signals):
    fused = fuse_signals(given_signals)
    for one in fused:
        for other in fused:
            if all(is_at_least_as_good(signal, one, other) for signal in given_signals):
                assert fused[one] >= fused[other] - 1e-9


def is_at_least_as_good(signal, one, other):
    if other not in signal.scores:
        return True
    return one in signal.scores and signal.scores[one] >= signal.scores[other]


@given(
    st.lists(signals, min_size=1, max_size=2),
    st.integers(0, 19),
    st.floats(0.01, 30),
)
def test_raising_a_score_never_lowers_its_fused_score(given_signals, position, rise):
    first, *others = given_signals
    if not first.scores:
        return
    chunk = sorted(first.scores)[position % len(first.scores)]
    raised = Signal(first.scores | {chunk: first.scores[chunk] + rise}, first.weight, first.floor)
    before = fuse_signals([first, *others])[chunk]
    assert fuse_signals([raised, *others])[chunk] >= before - 1e-9


def test_nothing_found_fuses_to_nothing():
    assert fuse_signals([]) == {}
    assert fuse_signals([Signal({}, 0.5), Signal({}, 0.5)]) == {}


def test_a_certain_signal_beats_a_vague_one():
    """Rank fusion would see 1st + 3rd for both; the distance between scores decides here."""
    words_say = Signal({1: 30.0, 2: 10.0, 3: 9.9, 4: 9.8}, 0.5)
    meaning_says = Signal({3: 0.81, 2: 0.809, 1: 0.808, 4: 0.80}, 0.5)
    assert rank(fuse_signals([words_say, meaning_says]))[0] == 1


def test_a_single_word_match_counts_against_all_that_have_none():
    meaning = Signal({chunk: 0.8 - chunk / 1000 for chunk in range(1, 21)}, 0.5)
    match = Signal({15: 6.0}, 0.5, floor=0.0)
    assert rank(fuse_signals([meaning, match]))[0] == 15


@given(rankings)
def test_scaling_keeps_the_order_between_0_and_1(found):
    scaled = scale_to_unit(found)
    assert all(0.0 <= score <= 1.0 for score in scaled.values())
    assert [scaled[chunk] for chunk in rank(found)] == sorted(scaled.values(), reverse=True)


def test_similar_passages_support_each_other():
    texts = {
        1: "compost heap ripens slowly in winter",
        2: "the compost heap ripens in summer",
        3: "compost heap temperature and how it ripens",
        4: "library opening hours",
    }
    shared = share_scores({1: 0.5, 2: 0.9, 3: 0.9, 4: 0.55}, texts, share=0.5, neighbours=2)
    assert shared[1] > shared[4]


@given(
    st.dictionaries(st.integers(1, 9), st.floats(0, 1), max_size=8),
    st.floats(0, 2),
    st.integers(1, 5),
    st.text(max_size=40),
)
def test_support_keeps_scores_between_0_and_1(found, share, neighbours, text):
    texts = {chunk: f"{text} {chunk}" for chunk in found}
    shared = share_scores(found, texts, share=share, neighbours=neighbours)
    assert set(shared) == set(found)
    assert all(-1e-9 <= score <= 1.0 + 1e-9 for score in shared.values())


@pytest.mark.parametrize(
    ("text", "expected"),
    [("École d'été", ["ecole", "ete"]), ("Schools' composting", ["school", "compos"]), ("a b", [])],
)
def test_words_are_folded_and_cut(text, expected):
    assert words(text) == expected


@given(
    st.lists(st.tuples(st.integers(), st.sampled_from("abc")), max_size=20),
    st.integers(1, 12),
    st.integers(1, 5),
)
def test_the_cap_holds_while_others_have_something(ranked, k, cap):
    chosen = select_with_cap(list(enumerate(ranked)), k=k, cap=cap, group=lambda item: item[1][1])
    places = [place for place, _ in chosen]
    assert len(chosen) == min(k, len(ranked))
    assert places == sorted(set(places))
    counts = {name: sum(group == name for _, (_, group) in chosen) for name in "abc"}
    left_out = {group for place, (_, group) in enumerate(ranked) if place not in places}
    for name, count in counts.items():
        if count > cap:
            assert all(counts[other] >= cap for other in left_out - {name})


def retrieve(index, query="How?", **config):
    plugin = HybridRetriever(HybridConfig(**config))
    ctx = Context(log=SilentLog(), index=index)
    asked = query if isinstance(query, Query) else Query(query)
    return asyncio.run(plugin.retrieve(asked, ctx))


def passages(count, document):
    return [make_passage(number, f"text {number}", document=document) for number in range(count)]


def test_one_document_alone_is_not_starved_by_the_cap():
    index = ScriptedIndex(dense=[(p, 0.9 - p.chunk_id / 100) for p in passages(8, "only")])
    assert [p.chunk_id for p in retrieve(index, k=6, per_document=2)] == [0, 1, 2, 3, 4, 5]


def test_a_loud_document_leaves_room_for_another():
    loud = [(p, 0.9 - p.chunk_id / 100) for p in passages(8, "loud")]
    quiet = [(make_passage(100, "quiet words", document="quiet"), 0.5)]
    found = retrieve(ScriptedIndex(dense=loud + quiet), k=5, per_document=4, neighbour_share=0)
    assert [p.document_id for p in found] == ["loud"] * 4 + ["quiet"]


@pytest.mark.parametrize(("mode", "first"), [("dense", 1), ("lexical", 2)])
def test_a_single_mode_ranks_by_its_own_score(mode, first):
    one, two = make_passage(1, "one"), make_passage(2, "two")
    index = ScriptedIndex(dense=[(one, 0.9), (two, 0.8)], lexical=[(two, 7.0), (one, 3.0)])
    found = retrieve(index, mode=mode)
    assert found[0].chunk_id == first
    assert found[0].score == (found[0].dense_score or found[0].lexical_score)
    assert {asked_mode.value for _, asked_mode, _ in index.asked} == {mode}


def test_other_wordings_are_searched_too():
    index = ScriptedIndex(dense=[(make_passage(1, "one"), 0.9)])
    retrieve(index, Query("How?", variants=("In what way?", "How?")), mode="dense")
    assert [text for text, _, _ in index.asked] == ["How?", "In what way?"]


def shared_slowly(given_scores, texts, *, share, neighbours):
    """The same by the book: word by word, pair by pair."""
    chunks = sorted(given_scores)
    counts = {chunk: Counter(words(texts[chunk])) for chunk in chunks}
    spread = Counter(word for count in counts.values() for word in count)
    table = {
        chunk: {
            word: (1 + math.log(times)) * math.log((len(chunks) + 1) / spread[word])
            for word, times in counts[chunk].items()
        }
        for chunk in chunks
    }
    shared = {}
    for chunk in chunks:
        likeness = {
            other: cosine(table[chunk], table[other]) if other != chunk else 0.0 for other in chunks
        }
        bar = sorted(likeness.values())[-neighbours]
        near = {other: value for other, value in likeness.items() if value >= bar}
        support = sum(value * given_scores[other] for other, value in near.items())
        mean = support / max(sum(near.values()), 1e-9)
        shared[chunk] = (given_scores[chunk] + share * mean) / (1 + share)
    return shared


def cosine(one, other):
    lengths = math.sqrt(
        sum(weight**2 for weight in one.values()) * sum(weight**2 for weight in other.values())
    )
    product = sum(weight * other.get(word, 0.0) for word, weight in one.items())
    return product / lengths if lengths else 0.0


@pytest.mark.parametrize("seed", range(20))
def test_similarity_is_the_one_of_the_definition(seed):
    random = Random(seed)
    vocabulary = [
        f"{stem}{number}" for stem in ("soil", "Äpfel", "x", "compost") for number in range(9)
    ]
    texts = {
        chunk: " ".join(random.choices(vocabulary, k=random.randrange(40))) for chunk in range(15)
    }
    given_scores = {chunk: random.random() for chunk in texts}
    expected = shared_slowly(given_scores, texts, share=0.4, neighbours=3)
    found = share_scores(given_scores, texts, share=0.4, neighbours=3)
    assert found == pytest.approx(expected)
    assert rank(found) == rank(expected)
