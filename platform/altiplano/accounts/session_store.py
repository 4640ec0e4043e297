"""Sessions in the database, asked for only by keys that the platform could have given out."""

from typing import Any, Final

from django.contrib.sessions.backends import db

SHORTEST_KEY: Final = 8
"""Django's own lower bound."""


class SessionStore(db.SessionStore):
    """Django's own store, for which a cookie of other characters names no session.

    PostgreSQL refuses to be asked for a text with a NUL, which would end in an error instead of
    the answer that every unknown session gets.
    """

    def _validate_session_key(self, key: Any) -> bool:
        return isinstance(key, str) and len(key) >= SHORTEST_KEY and key.isascii() and key.isalnum()
