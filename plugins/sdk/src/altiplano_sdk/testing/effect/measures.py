"""Which measures belong to which kind."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from altiplano_sdk.contracts.kinds import StageKind
from altiplano_sdk.testing.base import ConformanceSuite
from altiplano_sdk.testing.effect import answering, reading, searching
from altiplano_sdk.testing.report import Effect

_MEASURES: Final[Mapping[StageKind, Callable[[Any], Mapping[str, Effect]]]] = {
    StageKind.LOADER: reading.effect_of_loader,
    StageKind.PARSER: reading.effect_of_parser,
    StageKind.SPLITTER: reading.effect_of_splitter,
    StageKind.EMBEDDER: searching.effect_of_embedder,
    StageKind.INDEX: searching.effect_of_index,
    StageKind.RETRIEVER: searching.effect_of_retriever,
    StageKind.RERANKER: searching.effect_of_reranker,
    StageKind.QUERY: searching.effect_of_query,
    StageKind.PROMPT: answering.effect_of_prompt,
    StageKind.GUARD: answering.effect_of_guard,
    StageKind.GENERATOR: answering.effect_of_generator,
    StageKind.TOOL: answering.effect_of_tool,
    StageKind.EVALUATOR: answering.effect_of_evaluator,
}


def measure_effect(suite: ConformanceSuite) -> Mapping[str, Effect]:
    """By measure; without the plugin and with it. Empty when its author gave nothing to measure."""
    return _MEASURES[suite.kind](suite)
