from hypothesis import given
from hypothesis import strategies as st

from altiplano.ops.supervisor.watchdog import watched_groups

groups = st.integers(min_value=1, max_value=99_999)


@given(events=st.lists(st.tuples(st.booleans(), groups)))
def test_watched_are_those_that_came_and_did_not_go(events):
    alive = set()
    for came, group in events:
        (alive.add if came else alive.discard)(group)

    assert watched_groups(f"{'+' if came else '-'}{group}\n" for came, group in events) == alive


@given(events=st.lists(groups))
def test_goodbye_leaves_nothing_to_stop(events):
    assert watched_groups([*(f"+{group}\n" for group in events), "bye\n"]) is None


@given(noise=st.lists(st.text(max_size=8)))
def test_noise_is_never_taken_for_a_process(noise):
    found = watched_groups(noise)

    assert found is None or all(f"+{group}" in {line.strip() for line in noise} for group in found)
