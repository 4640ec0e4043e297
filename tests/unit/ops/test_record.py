import os

import pytest

from altiplano.ops.supervisor import record as records
from altiplano.ops.supervisor.control import Status, running_record
from altiplano.ops.supervisor.home import prepare_home
from altiplano.ops.supervisor.record import ChildRecord, Record, own_record


@pytest.fixture
def home(tmp_path):
    return prepare_home(tmp_path)


def test_record_is_read_as_it_was_written(home):
    record = Record(1, "2", "http://x", "ready", (ChildRecord("web", 3, "4", "working"),))

    records.write_record(home, record)

    assert records.read_record(home) == record


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}', '{"children": 5}', "null"])
def test_damaged_record_counts_as_none(home, text):
    (home.run / "supervisor.json").write_text(text)

    assert records.read_record(home) is None


def test_record_of_this_process_is_alive(home):
    records.write_record(home, own_record("http://x"))

    assert running_record(home).pid == os.getpid()


def test_record_of_an_earlier_process_with_the_same_number_is_dead(home):
    records.write_record(home, Record(os.getpid(), "an earlier start", "http://x"))

    assert running_record(home) is None


def test_home_is_held_by_one_at_a_time(home):
    with (
        records.holding_home(home),
        pytest.raises(records.AlreadyRunningError, match="altiplano down"),
        records.holding_home(home),
    ):
        pass


def test_home_can_be_held_again_afterwards(home):
    with records.holding_home(home):
        pass
    with records.holding_home(home):
        assert (home.run / "lock").exists()


def test_process_that_only_shares_a_number_is_not_ended(home, monkeypatch):
    ended = []
    monkeypatch.setattr(records, "signal_group", lambda pid, *, kill: ended.append((pid, kill)))

    left = records.end_leftovers(
        Record(1, "", "", "ready", (ChildRecord("web", os.getpid(), "another time", "working"),))
    )

    assert (left, ended) == ([], [])


def test_child_that_outlived_its_supervisor_is_ended(home, monkeypatch):
    ended = []
    monkeypatch.setattr(records, "signal_group", lambda pid, *, kill: ended.append((pid, kill)))
    me = own_record("")

    left = records.end_leftovers(
        Record(1, "", "", "ready", (ChildRecord("web", me.pid, me.started_at, "working"),))
    )

    assert (left, ended) == (["web"], [(me.pid, True)])


def test_status_without_a_supervisor_says_how_to_start():
    assert "altiplano up" in Status(record=None).as_text()


def test_status_names_what_is_not_ready():
    status = Status(
        record=Record(1, "", "http://x", "starting"),
        readiness={"engine": {"ok": False, "says": "Cannot be reached."}, "broker": {"ok": True}},
    )

    assert "engine: Cannot be reached." in status.as_text()
    assert "broker" not in status.as_text()
