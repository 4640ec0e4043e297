"""Vectors out of the letters of words: no model, no meaning, and no download."""

import math
import struct
import zlib
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field

import altiplano_sdk as sdk


class MyPlugin:
    """Texts that share runs of letters are near each other."""

    class Config(BaseModel):
        model_config = ConfigDict(frozen=True, extra="forbid")

        dimension: int = Field(
            default=256, ge=16, le=4096, description="Numbers per vector; more are finer."
        )

    def __init__(self, config: Config) -> None:
        self.dimension = config.dimension
        # Changes whenever vectors of before can be compared with those of now no more.
        self.model_id = f"my-plugin/{config.dimension}"

    async def embed_passages(self, texts: Sequence[str], ctx: sdk.Context) -> sdk.VectorBatch:
        data = b"".join(self._embed(text) for text in texts)
        return sdk.VectorBatch(self.dimension, len(texts), data)

    async def embed_query(self, text: str, ctx: sdk.Context) -> sdk.VectorBatch:
        return sdk.VectorBatch(self.dimension, 1, self._embed(text))

    def _embed(self, text: str) -> bytes:
        """Your part: turn a text into ``dimension`` numbers; here, each run of three counts."""
        counts = [0.0] * self.dimension
        padded = f" {text.casefold()} "
        for start in range(len(padded) - 2):
            run = padded[start : start + 3].encode("utf-8", errors="replace")
            counts[zlib.crc32(run) % self.dimension] += 1.0
        if not any(counts):
            counts[0] = 1.0
        length = math.sqrt(math.fsum(count * count for count in counts))
        return struct.pack(f"<{self.dimension}f", *(count / length for count in counts))
