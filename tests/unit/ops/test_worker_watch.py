"""Whom the supervisor replaces when queues fall silent."""

import pytest

from altiplano.ops.supervisor.worker_watch import Stuck, WorkerWatch

PARTS = {"runs": "runs", "ingest": "ingest", "index": "ingest", "upkeep": "ingest"}
ALL = frozenset(PARTS)


@pytest.fixture
def watch() -> WorkerWatch:
    return WorkerWatch(PARTS, patience=45, every=15)


def look_every_15_seconds(watch, *looks):
    return [watch.look(frozenset(silent), 15.0 * number) for number, silent in enumerate(looks)]


RUNS_IS_STUCK = Stuck("runs", "lives but takes nothing from the queue 'runs'")


def test_worker_that_is_silent_for_long_is_replaced_once(watch):
    seen = look_every_15_seconds(watch, *[{"runs"}] * 6)
    assert seen == [None, None, None, RUNS_IS_STUCK, None, None]


def test_worker_that_is_replaced_in_vain_is_replaced_again(watch):
    seen = look_every_15_seconds(watch, *[{"runs"}] * 8)
    assert [number for number, stuck in enumerate(seen) if stuck] == [3, 7]


def test_a_single_proof_of_life_is_enough(watch):
    assert look_every_15_seconds(watch, {"runs"}, {"runs"}, {}, {"runs"}, {"runs"}) == [None] * 5


def test_worker_of_several_queues_is_replaced_for_one_of_them(watch):
    seen = look_every_15_seconds(watch, *[{"index", "upkeep"}] * 4)
    assert seen[-1] == Stuck("ingest", "lives but takes nothing from the queue 'index'")
    assert watch.look(frozenset({"index", "upkeep"}), 60.0) is None


def test_silence_everywhere_is_the_fault_of_whoever_asks(watch):
    seen = look_every_15_seconds(watch, *[ALL] * 10)
    assert [stuck.part for stuck in seen if stuck] == ["beat", "ingest", "runs"]


def test_nobody_is_to_blame_while_nothing_is_known(watch):
    look_every_15_seconds(watch, {"runs"}, {"runs"}, {"runs"})
    watch.forget()
    assert watch.look(frozenset({"runs"}), 45.0) is None


def test_machine_that_slept_gives_its_workers_time(watch):
    look_every_15_seconds(watch, {"runs"})
    assert watch.look(frozenset({"runs"}), 3600.0) is None


def test_other_parts_than_queues_are_not_its_business(watch):
    assert look_every_15_seconds(watch, *[{"engine"}] * 6) == [None] * 6
