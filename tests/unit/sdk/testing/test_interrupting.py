import signal

import pytest

from altiplano_sdk.testing.plugin import HungError, ended_within


def test_a_loop_without_end_is_interrupted():
    def go_on_forever():
        with ended_within(0.05):
            while True:
                pass

    with pytest.raises(HungError, match=r"0\.05 seconds"):
        go_on_forever()


def test_nothing_is_left_behind():
    before = signal.getsignal(signal.SIGALRM)
    with ended_within(30):
        assert signal.getsignal(signal.SIGALRM) is not before
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_what_ends_in_time_is_not_disturbed():
    with ended_within(30):
        ended = True
    assert ended
