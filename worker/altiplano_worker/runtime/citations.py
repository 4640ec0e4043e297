"""From a guard's spans, which point into passages, to citations, which point into documents."""

from __future__ import annotations

from typing import Any

import altiplano_sdk as sdk


def citation_fields(
    spans: tuple[sdk.CitationSpan, ...], *, answer: str, passages: tuple[sdk.Passage, ...]
) -> tuple[dict[str, Any], ...]:
    """The fields of each citation, in the order of the answer and without repeats.

    ``n`` is the number under which the model knew the passage, which is also what ``[n]`` in the
    answer means. A span that points outside the answer or the passage is left out: a citation
    that cannot be opened is worse than none.
    """
    sound = {span for span in spans if _is_sound(span, answer=answer, passages=passages)}
    ordered = sorted(sound, key=lambda s: (s.answer_start, s.answer_end, s.passage, s.start))
    return tuple(_fields(span, passages[span.passage]) for span in ordered)


def _is_sound(span: sdk.CitationSpan, *, answer: str, passages: tuple[sdk.Passage, ...]) -> bool:
    return (
        0 <= span.passage < len(passages)
        and 0 <= span.start < span.end <= len(passages[span.passage].text)
        and 0 <= span.answer_start < span.answer_end <= len(answer)
    )


def _fields(span: sdk.CitationSpan, passage: sdk.Passage) -> dict[str, Any]:
    return {
        "n": span.passage + 1,
        "chunk_id": passage.chunk_id,
        "document_id": passage.document_id,
        "document_name": passage.document_name,
        "page": passage.page,
        "start": passage.start + span.start,
        "end": passage.start + span.end,
        "quote": passage.text[span.start : span.end],
        "answer_start": span.answer_start,
        "answer_end": span.answer_end,
    }
