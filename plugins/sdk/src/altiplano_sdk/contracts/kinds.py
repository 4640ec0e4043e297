"""The thirteen stage kinds and the number of the contract they are written down in."""

from enum import StrEnum

CONTRACT_VERSION = 1
"""Raised only when a Protocol or a dataclass changes so that an old plugin would break."""


class StageKind(StrEnum):
    """What a stage does in a pipeline; the contract its plugin fulfils."""

    LOADER = "loader"
    PARSER = "parser"
    SPLITTER = "splitter"
    EMBEDDER = "embedder"
    INDEX = "index"
    RETRIEVER = "retriever"
    RERANKER = "reranker"
    QUERY = "query"
    PROMPT = "prompt"
    GUARD = "guard"
    GENERATOR = "generator"
    TOOL = "tool"
    EVALUATOR = "evaluator"
