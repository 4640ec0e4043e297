"""What the index suites add and look for: words that are far from each other in both ways."""

import hashlib
import struct
from collections.abc import Sequence
from pathlib import Path

from altiplano_sdk.contracts.retrieval import VectorBatch

WORDS = (
    "compost", "rainwater", "lavender", "hedgehog", "greenhouse", "orchard", "seedling", "trowel",
    "earthworm", "pumpkin", "beehive", "mulch", "strawberry", "nettle", "wheelbarrow", "sunflower",
)  # fmt: skip
"""Text ``n`` is about word ``n``, and vector ``n`` points where no other does."""

DIMENSION = len(WORDS)


def pointing_at(numbers: Sequence[int]) -> VectorBatch:
    """One unit vector per number, along that axis."""
    return vectors([[float(axis == number) for axis in range(DIMENSION)] for number in numbers])


def vectors(rows: Sequence[Sequence[float]]) -> VectorBatch:
    width = len(rows[0]) if rows else DIMENSION
    data = b"".join(struct.pack(f"<{width}f", *row) for row in rows)
    return VectorBatch(width, len(rows), data)


def contents(directory: Path) -> dict[str, str]:
    """A digest of every file but locks, by relative path."""
    return {
        path.relative_to(directory).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(directory.rglob("*"))
        if path.is_file() and not path.name.endswith(".lock")
    }
