"""Reading a server's answer as if it came from a stranger: order, count, shape and values."""

import math
import struct
from collections.abc import Mapping
from typing import Any

import altiplano_sdk as sdk


def read_vectors(answer: Mapping[str, Any], *, count: int, dimension: int) -> bytes:
    """``count`` unit vectors of ``dimension`` as little-endian float32, in the order asked.

    Raises EngineError with a sentence for the operator when the answer is anything else.
    """
    data = answer.get("data")
    if not isinstance(data, list) or len(data) != count:
        raise sdk.EngineError(
            f"The embedding server was sent {count} texts and did not answer with as many vectors."
        )
    rows: dict[int, bytes] = {}
    for position, item in enumerate(data):
        if not isinstance(item, Mapping):
            raise sdk.EngineError("The embedding server's answer is not in the OpenAI format.")
        index = item.get("index", position)
        if not isinstance(index, int) or not 0 <= index < count or index in rows:
            raise sdk.EngineError("The embedding server numbered its vectors wrongly.")
        rows[index] = _unit_row(item.get("embedding"), dimension)
    return b"".join(rows[index] for index in range(count))


def _unit_row(values: Any, dimension: int) -> bytes:
    if not isinstance(values, list) or not all(
        isinstance(value, int | float) and not isinstance(value, bool) for value in values
    ):
        raise sdk.EngineError("The embedding server sent a vector that is not a list of numbers.")
    if len(values) != dimension:
        raise sdk.EngineError(
            f"The embedding server sent vectors of {len(values)} dimensions; "
            f"this embedder is configured for {dimension}."
        )
    norm = math.hypot(*values)
    if not math.isfinite(norm) or norm == 0.0:
        raise sdk.EngineError("The embedding server sent a vector that is zero or not finite.")
    return struct.pack(f"<{dimension}f", *(value / norm for value in values))
