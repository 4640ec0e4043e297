"""What the platform answers, as frozen values. Fields that a newer platform adds are ignored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Self


class AltiplanoError(Exception):
    """The platform refused or failed. ``code`` is stable, ``message`` a sentence for a person.

    ``status`` is the HTTP status, 0 where there was none.
    """

    def __init__(self, message: str, *, code: str = "unknown", status: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.status = status


@dataclass(frozen=True, slots=True)
class Message:
    """Something said earlier in the conversation."""

    role: Literal["user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Citation:
    """Answer mark ``[n]`` rests on ``quote``, ``text[start:end]`` of the document's text."""

    n: int
    chunk_id: int
    document_id: str
    document_name: str
    page: int
    start: int
    end: int
    quote: str

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        return cls(**{name: data[name] for name in cls.__slots__})


@dataclass(frozen=True, slots=True)
class Passage:
    """A search hit. ``start`` and ``end`` are character offsets in the document's text."""

    chunk_id: int
    document_id: str
    document_name: str
    page: int
    start: int
    end: int
    text: str
    score: float

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        return cls(**{name: data[name] for name in cls.__slots__})


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished run. ``abstained`` says that the documents do not hold the answer.

    ``replaced`` is true when what was streamed before gave way to ``text``.
    """

    text: str
    run_id: str = ""
    abstained: bool = False
    replaced: bool = False
    citations: tuple[Citation, ...] = ()
    usage: Mapping[str, int] = field(default_factory=dict)
    timings: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """From the API's run. Raises AltiplanoError when the run did not finish."""
        if data["state"] != "finished":
            error = data.get("error") or {}
            raise AltiplanoError(
                error.get("message") or f"The run ended as {data['state']}.",
                code=error.get("code") or data["state"],
            )
        return cls(
            text=data["answer"],
            run_id=str(data["id"]),
            abstained=data["abstained"],
            citations=citations_of(data["citations"]),
            usage=data.get("usage") or {},
            timings=data.get("timings") or {},
        )


def citations_of(items: Sequence[Mapping[str, Any]]) -> tuple[Citation, ...]:
    return tuple(Citation.of(item) for item in items)
