"""Ranking measures, as trec_eval computes them."""

import math
from collections.abc import Mapping, Sequence


def ndcg(ranked: Sequence[str], judged: Mapping[str, int], *, at: int) -> float:
    """Discounted gain of the first ``at``, as a share of the best order there could be."""
    best = sorted((gain for gain in judged.values() if gain > 0), reverse=True)
    ideal = _discounted(best[:at])
    gains = [max(0, judged.get(text_id, 0)) for text_id in ranked[:at]]
    return _discounted(gains) / ideal if ideal else 0.0


def recall(ranked: Sequence[str], judged: Mapping[str, int], *, at: int) -> float:
    """Share of the relevant texts that are among the first ``at``."""
    relevant = {text_id for text_id, gain in judged.items() if gain > 0}
    return len(relevant.intersection(ranked[:at])) / len(relevant) if relevant else 0.0


def _discounted(gains: Sequence[int]) -> float:
    return sum(gain / math.log2(place + 2) for place, gain in enumerate(gains))
