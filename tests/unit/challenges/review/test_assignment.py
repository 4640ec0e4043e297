import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altiplano.challenges.review.assignment import Lack, assign_reviewers, expertise
from altiplano.challenges.review.eligibility import (
    Barrier,
    Edit,
    EditKind,
    Entry,
    Pair,
    Refusal,
    Reviewer,
)

TRACKS = ("environment", "education")
LANGUAGES = ("en", "fr")
SECTORS = ("public", "company", "academic")
TOPICS = ("water", "soil", "schools")


def some(values, *, least=0):
    return st.frozensets(st.sampled_from(values), min_size=least)


def person(name="r", *, capacity=9, sector="public", tracks=TRACKS, languages=("en",), topics=()):
    return Reviewer(
        name, capacity, sector, frozenset(tracks), frozenset(languages), frozenset(topics)
    )


def work(name="e", *, track="education", languages=("en",), sectors=("company",), topics=()):
    return Entry(name, track, frozenset(languages), frozenset(sectors), frozenset(topics))


@st.composite
def juries(draw):
    """People, entries, conflicts and edits of every kind, sensible or not."""
    people = [
        Reviewer(
            f"r{i}",
            draw(st.integers(0, 4)),
            draw(st.sampled_from(SECTORS)),
            draw(some(TRACKS)),
            draw(some(LANGUAGES)),
            draw(some(TOPICS)),
        )
        for i in range(draw(st.integers(0, 5)))
    ]
    works = [
        Entry(
            f"e{i}",
            draw(st.sampled_from(TRACKS)),
            draw(some(LANGUAGES, least=1)),
            draw(some(SECTORS, least=1)),
            draw(some(TOPICS)),
        )
        for i in range(draw(st.integers(0, 5)))
    ]
    pairs = st.builds(
        Pair,
        st.sampled_from([*(one.id for one in people), "gone"]),
        st.sampled_from([*(one.id for one in works), "gone"]),
    )
    edits = st.lists(st.builds(Edit, pairs, st.sampled_from(EditKind)), max_size=4)
    return {
        "reviewers": people,
        "entries": works,
        "conflicts": draw(st.lists(pairs, max_size=5)),
        "edits": draw(edits),
        "reviews_per_entry": draw(st.integers(0, 3)),
        "seed": draw(st.text(max_size=3)),
    }


def may(jury, pair):
    reviewer = next(one for one in jury["reviewers"] if one.id == pair.reviewer_id)
    entry = next(one for one in jury["entries"] if one.id == pair.entry_id)
    last = {edit.pair: edit.kind for edit in jury["edits"]}
    return (
        pair not in jury["conflicts"]
        and entry.track in reviewer.tracks
        and bool(entry.languages & reviewer.languages)
        and last.get(pair) is not EditKind.FORBID
    )


@given(juries())
def test_no_constraint_is_ever_broken(jury):
    result = assign_reviewers(**jury)
    assert all(may(jury, pair) for pair in result.pairs)
    assert len(set(result.pairs)) == len(result.pairs)
    capacity = {one.id: one.capacity for one in jury["reviewers"]}
    assert result.loads == {
        each: sum(pair.reviewer_id == each for pair in result.pairs) for each in capacity
    }
    assert all(load <= capacity[each] for each, load in result.loads.items())


@given(juries(), st.randoms(use_true_random=False))
def test_same_seed_gives_the_same_result_in_whatever_order_things_come(jury, lot):
    shuffled = jury | {
        key: lot.sample(jury[key], len(jury[key])) for key in ("reviewers", "entries", "conflicts")
    }
    assert assign_reviewers(**shuffled) == assign_reviewers(**jury)


@given(juries())
def test_edits_hold_or_are_refused_with_a_reason(jury):
    result = assign_reviewers(**jury)
    refused = {one.edit: one for one in result.refused}
    for edit in {edit.pair: edit for edit in jury["edits"]}.values():
        if edit in refused:
            assert (refused[edit].refusal is Refusal.BARRED) == bool(refused[edit].barriers)
        else:
            assert (edit.pair in result.pairs) == (edit.kind is EditKind.KEEP)


@given(juries())
def test_every_lack_is_explained_and_nothing_else(jury):
    result = assign_reviewers(**jury)
    given_to = Counter(pair.entry_id for pair in result.pairs)
    missing = {
        one.id: lack
        for one in jury["entries"]
        if (lack := jury["reviews_per_entry"] - given_to[one.id]) > 0
    }
    of_reviews = (Lack.TOO_FEW_ELIGIBLE, Lack.PEOPLE_ARE_FULL)
    told = {one.entry_id: one.missing for one in result.shortfalls if one.lack in of_reviews}
    assert told == missing
    for one in result.shortfalls:
        assert one.reason.endswith(".")
        if one.lack is Lack.PEOPLE_ARE_FULL:
            assert one.full >= one.eligible - given_to[one.entry_id] > 0


@given(juries())
def test_as_many_reviews_are_given_as_any_assignment_could_give(jury):
    jury["edits"] = []
    assert len(assign_reviewers(**jury).pairs) == most_reviews(jury)


def most_reviews(jury):
    """The largest number of pairs there can be, one augmenting path (Ford, Fulkerson) at a time."""
    taken: set[Pair] = set()
    capacity = {one.id: one.capacity for one in jury["reviewers"]}

    def place(entry, seen):
        for reviewer in jury["reviewers"]:
            pair = Pair(reviewer.id, entry)
            if pair in taken or pair in seen or not may(jury, pair):
                continue
            seen.add(pair)
            held = sorted(one for one in taken if one.reviewer_id == reviewer.id)
            taken.add(pair)
            if len(held) < capacity[reviewer.id]:
                return True
            for other in held:
                taken.remove(other)
                if place(other.entry_id, seen | {other}):
                    return True
                taken.add(other)
            taken.remove(pair)
        return False

    wishes = [one.id for one in jury["entries"] for _ in range(jury["reviews_per_entry"])]
    return sum(place(wish, set()) for wish in wishes)


@given(st.integers(1, 6), st.integers(0, 9), st.integers(0, 3), st.text(max_size=3))
def test_equal_people_get_equal_loads(people, works, wanted, seed):
    result = assign_reviewers(
        reviewers=[person(f"r{i}", capacity=40) for i in range(people)],
        entries=[work(f"e{i}") for i in range(works)],
        conflicts=[],
        reviews_per_entry=wanted,
        seed=seed,
    )
    assert max(result.loads.values()) - min(result.loads.values()) <= 1
    assert len(result.pairs) == works * min(wanted, people)


def test_lack_is_spread_so_that_nobody_goes_without():
    result = assign_reviewers(
        reviewers=[person(f"r{i}", capacity=1) for i in range(3)],
        entries=[work(f"e{i}") for i in range(3)],
        conflicts=[],
        seed="s",
    )
    assert Counter(pair.entry_id for pair in result.pairs) == {"e0": 1, "e1": 1, "e2": 1}
    assert {one.lack for one in result.shortfalls} == {Lack.PEOPLE_ARE_FULL}
    assert result.shortfalls[0].reason == (
        "Reviews missing: 2. 3 may review it, of whom 3 have no place left."
    )


def test_one_review_comes_from_another_sector_even_from_one_who_knows_less():
    insiders = [person(f"in{i}", sector="company", topics=["water"]) for i in range(3)]
    jury = [*insiders, person("out", sector="public")]
    result = assign_reviewers(
        reviewers=jury, entries=[work(topics=["water"])], conflicts=[], seed="s"
    )
    assert "out" in result.reviewers_of("e")
    assert result.shortfalls == ()
    alone = assign_reviewers(reviewers=insiders, entries=[work()], conflicts=[], seed="s")
    assert len(alone.pairs) == 3
    assert [one.lack for one in alone.shortfalls] == [Lack.NO_OTHER_SECTOR]


def test_review_is_never_given_up_for_the_sake_of_a_sector():
    """Only ``out`` may review ``lonely``; the other entry then stays with its own sector."""
    result = assign_reviewers(
        reviewers=[
            person("in", sector="company", tracks=["education"]),
            person("out", capacity=1),
        ],
        entries=[work("lonely", track="environment"), work("served")],
        conflicts=[],
        reviews_per_entry=1,
        seed="s",
    )
    assert result.pairs == (Pair("in", "served"), Pair("out", "lonely"))
    assert [(one.entry_id, one.lack) for one in result.shortfalls] == [
        ("served", Lack.OTHER_SECTOR_IS_FULL)
    ]


def test_those_who_know_the_topics_review_while_their_load_stays_fair():
    result = assign_reviewers(
        reviewers=[person("knows", topics=["water", "soil"]), person("half", topics=["water"])],
        entries=[work(f"e{i}", topics=["water", "soil"]) for i in range(4)],
        conflicts=[],
        reviews_per_entry=1,
        seed="s",
    )
    assert result.loads == {"knows": 3, "half": 1}, "50 hundredths outweigh two reviews, not three"
    assert expertise(person(topics=["water"]), work(topics=["water", "soil"])) == 50
    assert expertise(person(), work()) == 100


def test_too_few_eligible_is_said_with_what_keeps_the_others_away():
    result = assign_reviewers(
        reviewers=[
            person("a"),
            person("b", languages=["fr"]),
            person("c", tracks=[]),
            person("d"),
            person("e"),
        ],
        entries=[work("w")],
        conflicts=[Pair("d", "w")],
        edits=[Edit(Pair("e", "w"), EditKind.FORBID)],
        seed="s",
    )
    (lack,) = result.shortfalls
    assert (lack.lack, lack.missing, lack.eligible) == (Lack.TOO_FEW_ELIGIBLE, 2, 1)
    assert lack.barriers == dict.fromkeys(Barrier, 1)
    assert lack.reason == (
        "Reviews missing: 2. Only 1 may review it (in conflict: 1, not versed in its track: 1, "
        "without its language: 1, taken off by hand: 1)."
    )


def test_edits_by_hand_survive_another_seed_and_count_towards_load():
    keep = Edit(Pair("r0", "e0"), EditKind.KEEP)
    for seed in "abcdef":
        result = assign_reviewers(
            reviewers=[person(f"r{i}", capacity=1) for i in range(3)],
            entries=[work("e0"), work("e1")],
            conflicts=[],
            edits=[keep],
            reviews_per_entry=1,
            seed=seed,
        )
        assert result.reviewers_of("e0") == ("r0",)
        assert result.loads["r0"] == 1


def test_edits_that_break_a_constraint_are_refused():
    edits = [Edit(Pair(who, "e"), EditKind.KEEP) for who in ("foe", "idle", "nobody")]
    result = assign_reviewers(
        reviewers=[person("foe"), person("idle", capacity=0)],
        entries=[work()],
        conflicts=[Pair("foe", "e")],
        edits=edits,
        seed="s",
    )
    assert result.pairs == ()
    assert [(one.edit, one.refusal) for one in result.refused] == [
        (edits[0], Refusal.BARRED),
        (edits[1], Refusal.FULL),
        (edits[2], Refusal.UNKNOWN),
    ]


def test_sectors_chosen_by_hand_are_said_to_be():
    result = assign_reviewers(
        reviewers=[person("in", sector="company"), person("out")],
        entries=[work()],
        conflicts=[],
        edits=[Edit(Pair("in", "e"), EditKind.KEEP)],
        reviews_per_entry=1,
        seed="s",
    )
    assert [one.lack for one in result.shortfalls] == [Lack.SECTORS_KEPT_BY_HAND]


def test_lot_decides_only_between_equals_and_differs_by_seed():
    drawn = {
        assign_reviewers(
            reviewers=[person(f"r{i}") for i in range(4)],
            entries=[work()],
            conflicts=[],
            reviews_per_entry=1,
            seed=str(seed),
        ).pairs
        for seed in range(30)
    }
    assert len(drawn) == 4


def test_edition_of_sixty_entries_and_twenty_reviewers_is_shared_out_fairly():
    lot = random.Random(5)
    reviewers = [
        person(f"r{i:02}", capacity=12, sector=lot.choice(SECTORS), topics=lot.sample(TOPICS, 2))
        for i in range(20)
    ]
    entries = [
        work(f"e{i:02}", sectors=[lot.choice(SECTORS)], topics=lot.sample(TOPICS, 1))
        for i in range(60)
    ]
    conflicts = [Pair(f"r{lot.randrange(20):02}", f"e{lot.randrange(60):02}") for _ in range(80)]
    result = assign_reviewers(reviewers=reviewers, entries=entries, conflicts=conflicts, seed="s")
    assert len(result.pairs) == 180
    assert result.shortfalls == ()
    assert not set(result.pairs) & set(conflicts)
    assert min(result.loads.values()) >= 7
    assert max(result.loads.values()) <= 11


def test_fewer_than_no_reviews_is_refused():
    with pytest.raises(ValueError, match="fewer than no"):
        assign_reviewers(reviewers=[], entries=[], conflicts=[], seed="s", reviews_per_entry=-1)
