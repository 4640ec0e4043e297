"""Sentences by how near their meaning is to a question, whatever language either is in."""

from collections.abc import Sequence

import numpy as np

from altiplano_sdk.contracts import TextEmbedder


async def closeness(question: str, texts: Sequence[str], embed: TextEmbedder) -> list[float]:
    """The cosine of the question with each text. The question's vector is usually cached."""
    asked = np.frombuffer((await embed.embed_query(question)).data, "<f4")
    batch = await embed.embed_passages(list(texts))
    rows = np.frombuffer(batch.data, "<f4").reshape(batch.count, batch.dimension)
    return [float(cosine) for cosine in rows @ asked]
