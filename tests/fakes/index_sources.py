"""Indexes from packages: an honest one that computes, and what a hostile one would change."""

from textwrap import dedent
from typing import Any

import altiplano_sdk as sdk

EXACT = dedent(
    '''
    """Every vector is compared with the question's."""

    import array
    import math
    import os
    import struct

    import altiplano_sdk as sdk


    class Open:
        def __init__(self, held, dimension):
            self.held = held
            self.dimension = dimension

        @property
        def count(self):
            return len(self.held)

        def search(self, query):
            if query.vector is None:
                return ()
            wanted = array.array("f", query.vector.data)
            if query.vector.dimension != self.dimension or not all(map(math.isfinite, wanted)):
                return ()
            if not any(wanted):
                return ()
            hits = [
                sdk.IndexHit(key, math.fsum(a * b for a, b in zip(wanted, row, strict=True)))
                for key, row in self.held.items()
                if key not in query.excluded
            ]
            hits.sort(key=lambda hit: (-hit.score, hit.chunk_id))
            return tuple(hits[: query.k])

        def close(self): ...


    class Plugin:
        signal = "dense"

        def __init__(self, config): ...

        def extend(self, previous, target, batch):
            held, dimension = read(previous) if previous else ({}, batch.vectors.dimension)
            rows = array.array("f", batch.vectors.data)
            step = batch.vectors.dimension
            if step != dimension or min(batch.ids) < 1 or held.keys() & set(batch.ids):
                raise sdk.PermanentError("This does not fit.")
            for place, key in enumerate(batch.ids):
                row = rows[place * step : (place + 1) * step]
                if not all(map(math.isfinite, row)) or not any(row):
                    raise sdk.PermanentError("A vector has no direction.")
                held[key] = row
            write(target, held, dimension)

        def compact(self, previous, target, removed):
            held, dimension = read(previous)
            write(target, {k: v for k, v in held.items() if k not in removed}, dimension)

        def open(self, directory):
            return Open(*read(directory))


    def read(directory):
        data = (directory / "rows").read_bytes()
        dimension, count = struct.unpack_from("<ii", data)
        ids = struct.unpack_from(f"<{count}q", data, 8)
        rows = array.array("f", data[8 + 8 * count :])
        step = dimension
        return {k: rows[i * step : (i + 1) * step] for i, k in enumerate(ids)}, dimension


    def write(directory, held, dimension):
        with (directory / "rows").open("wb") as file:
            file.write(struct.pack("<ii", dimension, len(held)))
            file.write(struct.pack(f"<{len(held)}q", *held))
            for row in held.values():
                file.write(row.tobytes())
            file.flush()
            os.fsync(file.fileno())
    '''
)


def searching(body: str) -> str:
    """:data:`EXACT` with another ``search``."""
    return EXACT + "\n\ndef search(self, query):\n    " + body + "\n\n\nOpen.search = search\n"


def extending(body: str) -> str:
    """:data:`EXACT` with another ``extend``."""
    return (
        EXACT
        + "\n\ndef extend(self, previous, target, batch):\n    "
        + body
        + "\n\n\nPlugin.extend = extend\n"
    )


def batch_of(rows: Any, *, first_id: int = 1) -> sdk.IndexBatch:
    """The rows of a numpy array under ascending ids."""
    count, dimension = rows.shape
    return sdk.IndexBatch(
        ids=tuple(range(first_id, first_id + count)),
        texts=tuple(f"Text {number}." for number in range(count)),
        languages=("en",) * count,
        vectors=sdk.VectorBatch(dimension, count, rows.astype("<f4").tobytes()),
    )
