"""Closeness in meaning, for what shares too few words with a passage, as across languages."""

import numpy as np
from numpy.typing import NDArray

from altiplano_plugins.guard_citations.support import Unit
from altiplano_sdk import Passage, VectorBatch
from altiplano_sdk.contracts import TextEmbedder


async def compare_meaning(
    claims: list[str], units: list[Unit], passages: tuple[Passage, ...], embed: TextEmbedder
) -> NDArray[np.float32]:
    """The cosine of each claim (row) with each unit (column)."""
    quotes = [passages[unit.passage].text[unit.start : unit.end] for unit in units]
    vectors = rows(await embed.embed_passages([*claims, *quotes]))
    cosines: NDArray[np.float32] = vectors[: len(claims)] @ vectors[len(claims) :].T
    return cosines


async def compare_question(question: str, texts: list[str], embed: TextEmbedder) -> list[float]:
    """The cosine of the question with each text. The question's vector is usually cached."""
    asked = rows(await embed.embed_query(question))[0]
    return [float(cosine) for cosine in rows(await embed.embed_passages(texts)) @ asked]


def rows(batch: VectorBatch) -> NDArray[np.float32]:
    return np.frombuffer(batch.data, "<f4").reshape(batch.count, batch.dimension)
