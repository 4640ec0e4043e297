"""Which kinds of stages make a pipeline that answers, and in which order.

The order of work is always the same: guards on the question, query, retriever, rerankers, guards
on the evidence, prompt, tools that the model may call, generator, guards on the answer, and once it is
sent the evaluators, which judge it. A guard may stand anywhere; every other stage stands where it
works, so that what an owner reads is what happens.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from altiplano_sdk.contracts.kinds import StageKind

MAX_STAGES: Final = 32
MAX_TOOLS: Final = 8
"""Each costs room in every prompt, and small models choose badly among many."""

ORDER: Final = (
    StageKind.QUERY,
    StageKind.RETRIEVER,
    StageKind.RERANKER,
    StageKind.PROMPT,
    StageKind.TOOL,
    StageKind.GENERATOR,
    StageKind.EVALUATOR,
)
EXACTLY_ONE: Final = (StageKind.PROMPT, StageKind.GENERATOR)
AT_MOST_ONE: Final = (StageKind.QUERY, StageKind.RETRIEVER)


def order_problem(stages: Sequence[StageKind]) -> str | None:
    """The sentence that tells an owner what to change; None for stages that can answer."""
    if len(stages) > MAX_STAGES:
        return f"A pipeline has at most {MAX_STAGES} stages."
    kinds = [kind for kind in stages if kind is not StageKind.GUARD]
    for kind in kinds:
        if kind not in ORDER:
            return f"A {kind} stage does not belong in a pipeline that answers."
    problem = _count_problem(kinds)
    if problem is not None:
        return problem
    for earlier, later in pairwise(kinds):
        if ORDER.index(earlier) > ORDER.index(later):
            return f"The {later} stage must come before the {earlier} stage."
    return None


def _count_problem(kinds: Sequence[StageKind]) -> str | None:
    for kind in EXACTLY_ONE:
        if kinds.count(kind) != 1:
            return f"A pipeline needs exactly one {kind} stage."
    for kind in AT_MOST_ONE:
        if kinds.count(kind) > 1:
            return f"A pipeline has at most one {kind} stage."
    if kinds.count(StageKind.TOOL) > MAX_TOOLS:
        return f"There may be at most {MAX_TOOLS} tools in a pipeline."
    if StageKind.RERANKER in kinds and StageKind.RETRIEVER not in kinds:
        return "A reranker stage needs a retriever stage before it."
    return None
