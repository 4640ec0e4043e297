"""Vectors of benchmark texts, kept on disk between runs in shards keyed by what they hold.

Embedding is by far the slowest step of a quality run, and an interrupted run should lose
minutes, not an hour: each shard of texts is one file, named by the digest of model, purpose and
texts, so a changed text or model is simply another file.
"""

import hashlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SHARD = 128

Vectors = NDArray[np.float32]


class EmbeddingCache:
    """Reads vectors from ``directory``, or has them made and writes them there."""

    def __init__(self, directory: Path, *, model_id: str) -> None:
        self._directory = directory
        self._model_id = model_id
        directory.mkdir(parents=True, exist_ok=True)

    def embed(
        self,
        texts: Sequence[str],
        *,
        purpose: str,
        make: Callable[[Sequence[str]], Vectors],
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> Vectors:
        """One row per text, in order. ``purpose`` keeps query and passage vectors apart."""
        rows: list[Vectors] = []
        for start in range(0, len(texts), SHARD):
            shard = list(texts[start : start + SHARD])
            path = self._directory / f"{self._digest(shard, purpose)}.npy"
            if path.exists():
                rows.append(np.load(path, allow_pickle=False))
            else:
                rows.append(make(shard))
                unfinished = path.with_suffix(".tmp")
                with unfinished.open("wb") as file:
                    np.save(file, rows[-1], allow_pickle=False)
                os.replace(unfinished, path)  # noqa: PTH105 - atomic, also over an older file
            progress(min(start + SHARD, len(texts)), len(texts))
        return np.concatenate(rows)

    def _digest(self, texts: Sequence[str], purpose: str) -> str:
        digest = hashlib.sha256(f"{self._model_id}\0{purpose}\0".encode())
        for text in texts:
            data = text.encode("utf-8", "replace")
            digest.update(len(data).to_bytes(8, "little") + data)
        return digest.hexdigest()[:32]
