"""Judges what comes out of the sandbox, beyond its type: a plugin may only say what is its own.

Types, finite numbers and depth were checked while the answer was read. Here it is held against what
the plugin was given. Every function raises BadAnswerError, or returns what may be used.
"""

from __future__ import annotations

import json
import math
from collections.abc import Container, Iterable, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any, Final

import numpy as np

import altiplano_sdk as sdk
from altiplano_worker.runtime.sandbox.exchange import BadAnswerError

MOST_TEXT: Final = 100_000
MOST_DOCUMENT_TEXT: Final = 5_000_000
MOST_VARIANTS: Final = 16
MOST_CITATIONS: Final = 1000
MOST_SCORES: Final = 50
MOST_SCHEMA: Final = 32_768
MOST_PAGES: Final = 100_000
_UNIT_TOLERANCE: Final = 1e-3


def check_known_passages(
    passages: tuple[sdk.Passage, ...], known: Iterable[sdk.Passage]
) -> tuple[sdk.Passage, ...]:
    """The passages with new scores; all else, text and place above all, is as it was known.

    A passage that comes back altered would put words into a document.
    """
    originals = {passage.chunk_id: passage for passage in known}
    seen: set[int] = set()
    checked = []
    for passage in passages:
        original = originals.get(passage.chunk_id)
        if original is None or passage.chunk_id in seen:
            raise BadAnswerError("a passage that it was not given, or one twice")
        seen.add(passage.chunk_id)
        scored = replace(
            original,
            score=passage.score,
            dense_score=passage.dense_score,
            lexical_score=passage.lexical_score,
        )
        if scored != passage:
            raise BadAnswerError("a passage whose text or place was changed")
        checked.append(scored)
    return tuple(checked)


def check_verdict(verdict: sdk.GuardVerdict, request: sdk.GuardRequest) -> sdk.GuardVerdict:
    _check_text("message", verdict.message)
    _check_text("reason", verdict.reason, most=2000)
    if len(verdict.citations) > MOST_CITATIONS:
        raise BadAnswerError("too many citations")
    for citation in verdict.citations:
        if not 0 <= citation.passage < len(request.passages):
            raise BadAnswerError("a citation of a passage that it was not given")
    _check_scores(verdict.scores or {})
    return verdict


def check_query(query: sdk.Query, given: sdk.Query) -> sdk.Query:
    """The rewritten question. What was said before is not a plugin's to change."""
    for text in (query.text, *query.variants):
        _check_text("question", text, most=20_000)
    if len(query.variants) > MOST_VARIANTS:
        raise BadAnswerError("too many variants of the question")
    if query.language is not None:
        _check_text("language", query.language, most=16)
    if not set(query.history) <= set(given.history):
        raise BadAnswerError("a history that did not happen")
    return query


def check_prompt(prompt: sdk.PromptResult, request: sdk.PromptRequest) -> sdk.PromptResult:
    for message in prompt.messages:
        _check_text("message", message.content, most=MOST_DOCUMENT_TEXT)
        if message.role == "tool" or message.tool_calls:
            raise BadAnswerError("a tool's turn, which only the platform writes")
    for sentence in prompt.trimmed[:100]:
        _check_text("note", sentence, most=1000)
    if len(prompt.trimmed) > 100 or len(prompt.messages) > 1000:
        raise BadAnswerError("too many messages or notes")
    passages = check_known_passages(prompt.passages, request.passages)
    return replace(prompt, passages=passages)


def check_document(document: sdk.ParsedDocument) -> sdk.ParsedDocument:
    _check_text("text", document.text, most=MOST_DOCUMENT_TEXT)
    _check_text("title", document.title or "", most=1000)
    _check_text("language", document.language or "", most=16)
    if len(document.warnings) > 100 or len(document.pages) > MOST_PAGES:
        raise BadAnswerError("too many pages or warnings")
    for sentence in document.warnings:
        _check_text("warning", sentence, most=1000)
    end = 0
    for page in document.pages:
        if not (end <= page.start <= page.end <= len(document.text) and page.number >= 1):
            raise BadAnswerError("pages that overlap or lie outside the text")
        end = page.end
    return document


def check_spans(spans: tuple[sdk.Span, ...], document: sdk.ParsedDocument) -> tuple[sdk.Span, ...]:
    """Spans in order, none empty, that leave out nothing but space."""
    text = document.text
    for span in spans:
        if not 0 <= span.start < span.end <= len(text):
            raise BadAnswerError("a span that is empty or lies outside the text")
    if any(first.start > second.start for first, second in pairwise(spans)):
        raise BadAnswerError("spans out of order")
    reached = 0
    for span in spans:
        if span.start > reached and not text[reached : span.start].isspace():
            raise BadAnswerError("spans that leave out a part of the text")
        reached = max(reached, span.end)
    if text[reached:].strip():
        raise BadAnswerError("spans that leave out the end of the text")
    return spans


def check_vectors(vectors: sdk.VectorBatch, *, count: int, dimension: int) -> sdk.VectorBatch:
    if (vectors.count, vectors.dimension) != (count, dimension):
        raise BadAnswerError(
            f"{vectors.count} vectors of {vectors.dimension} values instead of {count} of "
            f"{dimension}"
        )
    rows = np.frombuffer(vectors.data, "<f4").reshape(count, dimension)
    lengths = np.linalg.norm(rows.astype(np.float64), axis=1)
    # A value that is not finite makes a length that is not; no comparison with it is true.
    if not bool(np.all(np.abs(lengths - 1.0) <= _UNIT_TOLERANCE)):
        raise BadAnswerError("vectors that are not finite or not of unit length")
    return vectors


def check_hits(
    hits: tuple[sdk.IndexHit, ...], *, k: int, held: Container[int], signal: str
) -> tuple[sdk.IndexHit, ...]:
    """The hits on passages that the index was given, best first; others are dropped.

    A dense score is a cosine: guards read it as one.
    """
    if len(hits) > k:
        raise BadAnswerError(f"{len(hits)} passages where {k} were asked for")
    known: dict[int, sdk.IndexHit] = {}
    for hit in hits:
        if not math.isfinite(hit.score):
            raise BadAnswerError("a score that is not finite")
        if signal == "dense" and abs(hit.score) > 1.0 + _UNIT_TOLERANCE:
            raise BadAnswerError("a score that is no cosine")
        if hit.chunk_id in held:
            known.setdefault(hit.chunk_id, hit)
    return tuple(sorted(known.values(), key=lambda hit: (-hit.score, hit.chunk_id)))


def check_tool_result(result: sdk.ToolResult) -> sdk.ToolResult:
    _check_text("content", result.content)
    return result


def check_evaluation(evaluation: sdk.Evaluation) -> sdk.Evaluation:
    _check_scores(evaluation.scores)
    if any(not 0.0 <= score <= 1.0 for score in evaluation.scores.values()):
        raise BadAnswerError("a score that is not between 0 and 1")
    _check_text("explanation", evaluation.explanation, most=5000)
    return evaluation


def check_event(event: sdk.GenerationEvent) -> sdk.GenerationEvent:
    if isinstance(event, sdk.TextDelta):
        _check_text("text", event.text)
        return event
    if isinstance(event, sdk.ToolCall):
        for text in (event.id, event.name):
            _check_text("name of a tool", text, most=200)
        _check_text("tool's arguments", event.arguments)
        return event
    _check_text("finish reason", event.finish_reason, most=40)
    usage = event.usage
    if usage is not None and not all(
        0 <= tokens <= 10**9 for tokens in (usage.prompt_tokens, usage.completion_tokens)
    ):
        raise BadAnswerError("a usage that cannot be")
    return event


def check_attributes(attributes: Mapping[str, Any]) -> Mapping[str, Any]:
    for name, value in attributes.items():
        texts = [value] if isinstance(value, str) else value if isinstance(value, tuple) else []
        for text in texts:
            _check_text(name, str(text), most=2000)
    if len(json.dumps(attributes.get("parameters", {}))) > MOST_SCHEMA:
        raise BadAnswerError("a schema of its arguments that is too large")
    if not 1 <= attributes.get("dimension", 1) <= 65_536:
        raise BadAnswerError("a dimension that cannot be")
    return attributes


def check_file_name(name: str) -> str:
    """The last part of the name; nothing that a file system or a page could take for more."""
    last = name.replace("\\", "/").rpartition("/")[2].strip()
    if not last or last in {".", ".."} or not last.isprintable() or len(last.encode()) > 200:
        raise BadAnswerError("a file without a usable name")
    return last


def _check_scores(scores: Mapping[str, float]) -> None:
    if len(scores) > MOST_SCORES:
        raise BadAnswerError("too many scores")
    for name, score in scores.items():
        _check_text("name of a score", name, most=100)
        if not math.isfinite(score):
            raise BadAnswerError("a score that is not finite")


def _check_text(what: str, text: str, *, most: int = MOST_TEXT) -> None:
    """Length, and no NUL, which databases refuse. Markup is text: pages show it as such."""
    if len(text) > most:
        raise BadAnswerError(f"a {what} of more than {most:,} characters")
    if "\0" in text:
        raise BadAnswerError(f"a {what} with a NUL character")
