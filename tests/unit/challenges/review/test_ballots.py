import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altiplano.challenges.review.ballots import Ballot, count_ballots, draw_lot

NAMES = ("a", "b", "c", "d")


@st.composite
def rankings(draw):
    """Complete and partial ballots, with equal wishes."""
    named = draw(st.permutations(NAMES))[: draw(st.integers(0, len(NAMES)))]
    groups: list[set[str]] = []
    for name in named:
        if groups and draw(st.booleans()):
            groups[-1].add(name)
        else:
            groups.append({name})
    return Ballot(tuple(map(frozenset, groups)))


VOTES = st.lists(rankings(), max_size=9)
FULL_VOTES = st.lists(st.permutations(NAMES).map(lambda order: Ballot.of(*order)), max_size=9)


def count(ballots, proposals=NAMES, seed="s"):
    return count_ballots(proposals=proposals, ballots=ballots, seed=seed)


def beats(result):
    """Every ordered pair with the number of ballots that prefer the first."""
    votes = {}
    for duel in result.duels:
        votes[duel.first, duel.second] = duel.votes_first
        votes[duel.second, duel.first] = duel.votes_second
    return votes


def test_example_of_the_paper_comes_out_as_printed():
    """Schulze's 45 voters: a circle of duels, and E > A > C > B > D."""
    groups = {
        "ACBED": 5, "ADECB": 5, "BEDAC": 8, "CABED": 3,
        "CAEBD": 7, "CBADE": 2, "DCEBA": 7, "EBADC": 8,
    }  # fmt: skip
    ballots = [Ballot.of(*order) for order, times in groups.items() for _ in range(times)]
    result = count(ballots, "ABCDE")
    assert "".join(result.order) == "EACBD"
    assert [one.rank for one in result.rounds] == [1, 2, 3, 4, 5]
    a_b = result.duels[0]
    assert (a_b.votes_first, a_b.votes_second) == (20, 25)
    assert (a_b.path_first, a_b.path_second, a_b.winner) == (28, 25, "A")


@given(VOTES)
def test_proposal_that_wins_every_duel_wins_alone(ballots):
    result = count(ballots)
    votes = beats(result)
    champions = [
        one for one in NAMES if all(votes[one, o] > votes[o, one] for o in NAMES if o != one)
    ]
    if champions:
        assert list(result.winners) == champions


@given(VOTES)
def test_paths_are_the_strongest_of_all_chains(ballots):
    result = count(ballots)
    votes = beats(result)
    won = {pair: v if v > votes[pair[::-1]] else 0 for pair, v in votes.items()}
    for duel in result.duels:
        between = [one for one in NAMES if one not in (duel.first, duel.second)]
        chains = [
            (duel.first, *middle, duel.second)
            for length in range(len(between) + 1)
            for middle in itertools.permutations(between, length)
        ]
        best = max(min(won[step] for step in itertools.pairwise(chain)) for chain in chains)
        assert duel.path_first == best


@given(VOTES, st.data())
def test_moving_a_winner_up_never_harms_it(ballots, data):
    if not ballots:
        return
    winner = data.draw(st.sampled_from(count(ballots).winners))
    at = data.draw(st.integers(0, len(ballots) - 1))
    rest = tuple(group - {winner} for group in ballots[at].groups)
    position = next((i for i, group in enumerate(ballots[at].groups) if winner in group), len(rest))
    higher = data.draw(st.integers(0, position))
    groups = (*rest[:higher], frozenset({winner}), *rest[higher:])
    raised = Ballot(tuple(group for group in groups if group))
    changed = [*ballots[:at], raised, *ballots[at + 1 :]]
    assert winner in count(changed).winners


@given(FULL_VOTES)
def test_turning_every_ballot_round_unseats_a_lone_winner(ballots):
    result = count(ballots)
    turned = count([Ballot(ballot.groups[::-1]) for ballot in ballots])
    if len(result.winners) == 1:
        assert turned.winners != result.winners


@given(VOTES, st.randoms(use_true_random=False))
def test_order_of_ballots_and_proposals_changes_nothing(ballots, random):
    shuffled, names = list(ballots), list(NAMES)
    random.shuffle(shuffled)
    random.shuffle(names)
    assert count(shuffled, names) == count(ballots)


@given(VOTES)
def test_every_proposal_gets_one_place_and_no_place_is_beaten_by_a_later_one(ballots):
    result = count(ballots)
    assert sorted(result.order) == sorted(NAMES)
    rank = {name: one.rank for one in result.rounds for name in one.placed}
    for duel in result.duels:
        if duel.winner:
            loser = duel.second if duel.winner == duel.first else duel.first
            assert rank[duel.winner] < rank[loser]


def test_ties_share_a_place_and_are_ordered_by_the_published_lot():
    result = count([], seed="drawn on 3 March")
    assert len(result.rounds) == 1
    lots = [draw_lot(name, seed="drawn on 3 March") for name in result.order]
    assert lots == sorted(lots)
    orders = {count([], seed=str(number)).order for number in range(40)}
    assert len(orders) > 10, "another seed draws another order"


def test_lot_does_not_reach_beyond_a_tie():
    for number in range(20):
        result = count([Ballot.of("c", "a")], seed=str(number))
        assert result.order[:2] == ("c", "a")
        assert [one.rank for one in result.rounds] == [1, 2, 3]


def test_no_proposals_have_no_winners():
    assert count([], ()).winners == ()


def test_ballots_that_cannot_be_read_are_refused():
    with pytest.raises(ValueError, match="twice"):
        Ballot.of("a", "a")
    with pytest.raises(ValueError, match="not voted on"):
        count([Ballot.of("z")])
