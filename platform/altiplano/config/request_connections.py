"""A request's database connections end with the request.

Under ASGI each request runs in a thread and a context of its own, so a connection that stayed open
for the next one (``CONN_MAX_AGE``) would never be found again and pile up at the server. Long-lived
threads, of workers and of ``kernel.database_threads``, keep theirs.
"""

from typing import Any

from django.core.signals import request_finished
from django.db import connections


def close_with_requests() -> None:
    """From now on this process closes what a request opened when the request is over."""
    request_finished.connect(close_connections, dispatch_uid="altiplano.close-with-requests")


def close_connections(**_: Any) -> None:
    """No connection of this thread and context is open, but for one inside a transaction.

    There the request is only part of somebody's work, such as a test's.
    """
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close()
