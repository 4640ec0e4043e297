"""Embedders for tests and benchmarks: one that knows words, one that costs nothing.

Both are ordinary plugins, registered through entry points where real worker processes run
(:func:`tests.fakes.plugin_home.write_plugin_home`).
"""

import hashlib
import re
import zlib
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from pydantic import BaseModel, ConfigDict

import altiplano_sdk as sdk

DIMENSION = 64
POISON = "poison"
_WORD = re.compile(r"\w+")


class Config(BaseModel):
    """``model`` stands for the weights: another one makes other vectors."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str = "words-1"


class WordsEmbedder:
    """Texts that share words are near each other. A text with the word “poison” is refused."""

    manifest: ClassVar[sdk.Manifest] = sdk.Manifest(
        id="words",
        version="1.0.0",
        kind=sdk.StageKind.EMBEDDER,
        title="Words",
        summary="For tests: nearness is the share of common words.",
    )
    Config: ClassVar[type[BaseModel]] = Config
    dimension = DIMENSION
    calls: ClassVar[list[int]] = []
    """How many texts each call of any instance was given."""

    def __init__(self, config: Config) -> None:
        self.model_id = config.model

    async def embed_passages(self, texts: Sequence[str], ctx: sdk.Context) -> sdk.VectorBatch:
        self.calls.append(len(texts))
        if any(POISON in text for text in texts):
            raise sdk.PermanentError("The model cannot read this text.", code="not_embeddable")
        rows = [self._vector(text) for text in texts]
        return sdk.VectorBatch(DIMENSION, len(rows), np.array(rows, dtype="<f4").tobytes())

    async def embed_query(self, text: str, ctx: sdk.Context) -> sdk.VectorBatch:
        return sdk.VectorBatch(DIMENSION, 1, self._vector(text).astype("<f4").tobytes())

    def _vector(self, text: str) -> np.ndarray:
        vector = np.full(DIMENSION, 1e-3)
        for word in _WORD.findall(text.lower()):
            digest = hashlib.blake2b(f"{self.model_id} {word}".encode(), digest_size=2).digest()
            vector[int.from_bytes(digest) % DIMENSION] += 1
        return vector / np.linalg.norm(vector)


_POOL_SIZE = 4096
_POOL_DIMENSION = 384


class FreeEmbedder:
    """Vectors from a pool by checksum: next to no cost, so that all else is what is measured."""

    manifest: ClassVar[sdk.Manifest] = sdk.Manifest(
        id="free",
        version="1.0.0",
        kind=sdk.StageKind.EMBEDDER,
        title="Free",
        summary="For benchmarks: vectors that cost nothing and mean nothing.",
    )
    Config: ClassVar[type[BaseModel]] = Config
    model_id = "free-1"
    dimension = _POOL_DIMENSION
    _pool: ClassVar[list[bytes]] = []

    def __init__(self, config: Config) -> None:
        if not self._pool:
            rows = np.random.default_rng(1).normal(size=(_POOL_SIZE, _POOL_DIMENSION))
            rows /= np.linalg.norm(rows, axis=1, keepdims=True)
            self._pool.extend(row.tobytes() for row in rows.astype("<f4"))

    async def embed_passages(self, texts: Sequence[str], ctx: sdk.Context) -> sdk.VectorBatch:
        data = b"".join(self._pool[zlib.crc32(text.encode()) % _POOL_SIZE] for text in texts)
        return sdk.VectorBatch(_POOL_DIMENSION, len(texts), data)

    async def embed_query(self, text: str, ctx: sdk.Context) -> sdk.VectorBatch:
        return await self.embed_passages([text], ctx)
