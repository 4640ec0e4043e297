"""The documents' own words, for when a model's words rest on nothing in them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from altiplano_plugins.guard_citations.support import Evidence, Unit
from altiplano_sdk import CitationSpan, Passage
from altiplano_sdk.contracts import TextEmbedder

COVERAGE_WEIGHT: Final = 0.1
"""What all words of the question add to the cosine of a sentence that holds them."""
LEAST_SHARED_WORDS: Final = 2
LONGEST_HEADLINE: Final = 5
"""In words that carry meaning."""
_FULL_STOP: Final = re.compile("[.!?:;\u2026\u3002][\\s\"'\u201d\u2019\u00bb)\\]*]*\\Z")
_BULLET: Final = re.compile(r"(?:[-*\u2022\u2013]|\d{1,2}[.)])\s+")

_FRAMES: Final = {
    "en": ("The documents say: ", "\u201c", "\u201d"),
    "fr": ("Les documents disent\u00a0: ", "\u00ab\u00a0", "\u00a0\u00bb"),
    "es": ("Los documentos dicen: ", "\u00ab", "\u00bb"),
    "de": ("In den Dokumenten steht: ", "\u201e", "\u201c"),
    "it": ("I documenti dicono: ", "\u00ab", "\u00bb"),
    "pt": ("Os documentos dizem: ", "\u201c", "\u201d"),
    "nl": ("In de documenten staat: ", "\u201c", "\u201d"),
}


@dataclass(frozen=True, slots=True)
class Limits:
    """From when a sentence answers: by closeness where meaning is known, else by coverage."""

    closeness: float
    coverage: float


@dataclass(frozen=True, slots=True)
class Quotation:
    """``passages[passage].text[start:end]`` answers the question; ``score`` says how surely."""

    passage: int
    start: int
    end: int
    score: float


async def find_quotation(
    evidence: Evidence,
    passages: Sequence[Passage],
    *,
    question: str,
    limits: Limits,
    embed: TextEmbedder | None,
    most: int,
) -> Quotation | None:
    """The sentence that answers ``question`` best, or None when none reaches its limit.

    Headlines repeat a question's words and answer nothing, so they are passed over, and so are
    passages that lack a number of the question. By meaning only the ``most`` first sentences are
    compared.
    """
    units = [
        unit
        for unit in evidence.units
        if not _is_headline(unit, _text(unit, passages)) and evidence.has_asked_numbers(unit)
    ]
    coverage = {unit: evidence.coverage(unit) for unit in units}
    if embed is not None:
        from altiplano_plugins.guard_citations.meaning import compare_question

        units = units[:most]
        texts = [" ".join(_text(unit, passages).split()) for unit in units]
        cosines = await compare_question(question, texts, embed) if texts else []
        scores = [
            cosine + COVERAGE_WEIGHT * coverage[unit]
            for unit, cosine in zip(units, cosines, strict=True)
        ]
        limit = limits.closeness
    else:
        units = [u for u in units if evidence.shared_with_question(u) >= LEAST_SHARED_WORDS]
        scores = [coverage[unit] for unit in units]
        limit = limits.coverage
    best = max(range(len(units)), key=scores.__getitem__, default=None)
    if best is None or scores[best] < limit:
        return None
    unit = units[best]
    bullet = _BULLET.match(_text(unit, passages))
    start = unit.start + (bullet.end() if bullet else 0)
    return Quotation(unit.passage, start, unit.end, scores[best])


def write_quotation(
    quotation: Quotation, passages: Sequence[Passage], *, language: str | None
) -> tuple[str, CitationSpan]:
    """An answer that says that it quotes, in ``language`` or else in English, and its citation.

    The citation's part of the answer is the quotation with its marks.
    """
    lead_in, opening, closing = _FRAMES.get((language or "en").lower()[:2], _FRAMES["en"])
    words = passages[quotation.passage].text[quotation.start : quotation.end]
    answer = f"{lead_in}{opening}{words}{closing}"
    return answer, CitationSpan(
        passage=quotation.passage,
        start=quotation.start,
        end=quotation.end,
        answer_start=len(lead_in),
        answer_end=len(answer),
    )


def _text(unit: Unit, passages: Sequence[Passage]) -> str:
    return passages[unit.passage].text[unit.start : unit.end]


def _is_headline(unit: Unit, text: str) -> bool:
    """Short, without a figure, and not ended as a sentence is."""
    return (
        len(unit.keys) <= LONGEST_HEADLINE and not unit.numbers and _FULL_STOP.search(text) is None
    )
