"""Beat keeps its pace whatever the clock does."""

from datetime import timedelta

import pytest
from celery.beat import PersistentScheduler

from altiplano_worker.app import app
from altiplano_worker.schedule import SteadyScheduler

SHORTEST = 10
HOUR = timedelta(hours=1)


def start(kind: type[PersistentScheduler], folder) -> PersistentScheduler:
    scheduler = kind(app, schedule_filename=str(folder / "schedule"))
    scheduler.published, scheduler.producer = [], None
    scheduler.apply_entry = lambda entry, producer=None: scheduler.published.append(entry.name)
    return scheduler


@pytest.fixture
def scheduler(tmp_path):
    running = start(SteadyScheduler, tmp_path)
    yield running
    running.close()


def shift(scheduler: PersistentScheduler, by: timedelta) -> None:
    """The clock jumps: all that is remembered is as much further off."""
    for entry in scheduler.schedule.values():
        entry.last_run_at += by


def test_the_workers_schedule_is_kept_by_it():
    assert app.conf.beat_scheduler == "altiplano_worker.schedule:SteadyScheduler"


def test_a_clock_set_back_does_not_silence_the_schedule(scheduler):
    scheduler.tick()
    shift(scheduler, HOUR)
    assert 0 < scheduler.tick() <= SHORTEST, "the next is due after its usual interval"
    now = {name: entry.default_now() for name, entry in scheduler.schedule.items()}
    assert all(entry.last_run_at <= now[name] for name, entry in scheduler.schedule.items())


def test_celerys_own_would_be_silent_as_long(tmp_path):
    """The reason for this class; should this fail one day, it can go."""
    plain = start(PersistentScheduler, tmp_path)
    shift(plain, HOUR)
    assert plain.tick() > SHORTEST
    plain.close()


def test_a_clock_that_jumps_ahead_makes_everything_due_once(scheduler):
    shift(scheduler, -HOUR)
    while scheduler.tick() == 0:
        pass
    short = [name for name, entry in app.conf.beat_schedule.items() if entry["schedule"] <= 3600]
    assert sorted(scheduler.published) == sorted(short)


def test_an_even_clock_changes_nothing(scheduler):
    before = {name: entry.last_run_at for name, entry in scheduler.schedule.items()}
    scheduler.tick()
    assert {name: entry.last_run_at for name, entry in scheduler.schedule.items()} == before
