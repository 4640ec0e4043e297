"""Identifiers sort by time and carry the marks of UUID version 7."""

from altiplano.kernel.ids import new_id


def test_new_id_is_a_version_7_uuid():
    identifier = new_id()
    assert (identifier.version, identifier.variant) == (7, "specified in RFC 4122")


def test_new_ids_differ_and_grow_with_the_clock(monkeypatch):
    moments = iter([1_000_000_000_000_000_000, 1_000_000_000_001_000_000])
    monkeypatch.setattr("time.time_ns", lambda: next(moments))
    earlier, later = new_id(), new_id()
    assert earlier < later


def test_new_ids_of_one_moment_differ(monkeypatch):
    monkeypatch.setattr("time.time_ns", lambda: 1_000_000_000_000_000_000)
    assert len({new_id() for _ in range(200)}) == 200
