from hypothesis import given
from hypothesis import strategies as st

from altiplano.ops.supervisor.keeper import Patience

deaths = st.integers(min_value=1, max_value=60)


@given(deaths=deaths)
def test_pause_never_shrinks_with_more_deaths(deaths):
    patience = Patience()

    assert patience.pause(deaths) <= patience.pause(deaths + 1)


@given(deaths=deaths)
def test_pause_is_bounded(deaths):
    patience = Patience()

    assert patience.first_pause <= patience.pause(deaths) <= patience.failing_pause


def test_pause_doubles_until_the_part_counts_as_broken():
    patience = Patience(first_pause=1, longest_pause=3, failing_pause=60, quick_deaths=5)

    assert [patience.pause(deaths) for deaths in range(1, 7)] == [1, 2, 3, 3, 60, 60]
