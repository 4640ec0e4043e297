"""Connections end with the request that opened them, and never in the middle of a transaction."""

from dataclasses import dataclass

from django.core.signals import request_finished

from altiplano.config import request_connections


@dataclass
class Connection:
    in_atomic_block: bool
    is_open: bool = True

    def close(self) -> None:
        self.is_open = False


class Connections:
    def __init__(self, *connections: Connection) -> None:
        self._connections = connections

    def all(self, *, initialized_only: bool) -> tuple[Connection, ...]:
        assert initialized_only, "asking must not open what was never used"
        return self._connections


def test_connection_is_closed_unless_it_is_in_a_transaction(monkeypatch):
    idle, busy = Connection(in_atomic_block=False), Connection(in_atomic_block=True)
    monkeypatch.setattr(request_connections, "connections", Connections(idle, busy))
    request_connections.close_connections()
    assert (idle.is_open, busy.is_open) == (False, True)


def test_a_process_listens_once():
    before = len(request_finished.receivers)
    for _ in range(2):
        request_connections.close_with_requests()
    assert len(request_finished.receivers) <= before + 1
