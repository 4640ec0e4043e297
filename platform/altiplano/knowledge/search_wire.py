"""What the portal and a worker say to each other about one search, through Redis.

The portal appends a request to one list and waits at a list of its own for the reply; a worker
takes requests as they come. Both lists are short-lived: a search is worth nothing once nobody
waits for it, so there is no job and nothing to make up for after a crash.
"""

import uuid
from dataclasses import asdict, dataclass
from typing import Any

import orjson

REQUESTS_KEY = "altiplano:search:requests"
REPLY_SECONDS = 30
"""How long an answer that nobody fetched stays."""

MAX_WAITING = 500
"""Requests in the list; beyond it a new one would only wait for its own deadline."""


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """Ids in it were resolved in the organization's scope, and are so again where it is answered.

    ``deadline`` is in seconds since the epoch: later nobody waits any more.
    """

    id: str
    organization_id: uuid.UUID
    collection_id: uuid.UUID
    query: str
    mode: str
    k: int
    document_ids: tuple[str, ...]
    languages: tuple[str, ...]
    deadline: float

    def encode(self) -> bytes:
        return orjson.dumps(self)

    @classmethod
    def decode(cls, data: bytes) -> "SearchRequest":
        """Raises ValueError or TypeError for anything that :meth:`encode` did not write."""
        values: dict[str, Any] = orjson.loads(data)
        values["organization_id"] = uuid.UUID(values["organization_id"])
        values["collection_id"] = uuid.UUID(values["collection_id"])
        values["document_ids"] = tuple(values["document_ids"])
        values["languages"] = tuple(values["languages"])
        return cls(**values)


@dataclass(frozen=True, slots=True)
class SearchHit:
    """A passage as the API shows it; offsets are in the document's extracted text."""

    chunk_id: int
    document_id: str
    document_name: str
    page: int
    start: int
    end: int
    text: str
    score: float


@dataclass(frozen=True, slots=True)
class SearchReply:
    """Hits, best first; or a ``code`` with a sentence."""

    hits: tuple[SearchHit, ...] = ()
    code: str = ""
    message: str = ""

    def encode(self) -> bytes:
        return orjson.dumps(asdict(self))

    @classmethod
    def decode(cls, data: bytes) -> "SearchReply":
        values = orjson.loads(data)
        hits = tuple(SearchHit(**hit) for hit in values["hits"])
        return cls(hits=hits, code=values["code"], message=values["message"])


def reply_key(request_id: str) -> str:
    return f"altiplano:search:reply:{request_id}"
