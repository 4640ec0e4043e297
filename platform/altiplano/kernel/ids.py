"""Identifiers: time-ordered, unguessable, safe to show.

UUID version 7 (RFC 9562, section 5.7): 48 bits of milliseconds, 74 random bits. Time order keeps
index pages warm; the random part keeps them from being guessed. They are never secrets.
"""

import secrets
import time
import uuid


def new_id() -> uuid.UUID:
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds & ((1 << 48) - 1)) << 80
    value |= 0x7 << 76
    value |= secrets.randbits(12) << 64
    value |= 0b10 << 62
    value |= secrets.randbits(62)
    return uuid.UUID(int=value)


def first_id_at(moment: float) -> uuid.UUID:
    """The smallest id that a row made at this moment (seconds since 1970) can have.

    A range of ids is a range of the primary key, so it costs nothing on a table of any size.
    """
    return uuid.UUID(int=max(0, int(moment * 1000)) << 80)
