"""C26, the cap: a person and an organization have so many answers open and no more."""

import threading
import uuid

import pytest

from altiplano.accounts.principal import Principal
from altiplano.kernel.errors import LimitReachedError
from altiplano.runs.limits import OpenStreams

HOME = uuid.uuid4()


def principal(organization=HOME):
    return Principal(uuid.uuid4(), "a", organization, "home", "owner", frozenset({"run"}))


@pytest.fixture(autouse=True)
def small_limits(settings):
    settings.STREAMS_PER_PERSON = 2
    settings.STREAMS_PER_ORGANIZATION = 3


def test_c26_a_person_may_not_open_more_and_others_still_may():
    streams, alice = OpenStreams(), principal()
    streams.take(alice)
    streams.take(alice)
    with pytest.raises(LimitReachedError) as caught:
        streams.take(alice)
    assert (caught.value.status, caught.value.code) == (429, "too_many_streams")
    assert caught.value.retry_after
    streams.take(principal())


def test_c26_an_organization_may_not_open_more_and_others_still_may():
    streams = OpenStreams()
    for _ in range(3):
        streams.take(principal())
    with pytest.raises(LimitReachedError):
        streams.take(principal())
    streams.take(principal(uuid.uuid4()))


def test_a_place_given_back_is_free_again():
    streams, alice = OpenStreams(), principal()
    for _ in range(20):
        streams.take(alice)
        streams.give_back(alice)
    streams.take(alice)
    streams.take(alice)


def test_places_are_counted_right_by_many_threads():
    streams, alice = OpenStreams(), principal()

    def hurry():
        for _ in range(200):
            try:
                streams.take(alice)
            except LimitReachedError:
                continue
            streams.give_back(alice)

    threads = [threading.Thread(target=hurry) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    streams.take(alice)
    streams.take(alice)
    with pytest.raises(LimitReachedError):
        streams.take(alice)
