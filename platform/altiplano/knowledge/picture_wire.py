"""What the portal and a worker say to each other about one picture, through Redis.

As with searches: nobody needs the picture once nobody waits for it, so there is no job.
"""

import uuid
from dataclasses import asdict, dataclass
from typing import Any

import orjson

REQUESTS_KEY = "altiplano:pictures:requests"
REPLY_SECONDS = 60
MAX_WAITING = 200


@dataclass(frozen=True, slots=True)
class PictureRequest:
    """``passage`` is marked if it stands on the page, or the one after ``skipped`` equal ones.

    Later than ``deadline`` nobody waits.
    """

    id: str
    organization_id: uuid.UUID
    version_id: uuid.UUID
    page: int
    passage: str
    skipped: int
    deadline: float

    def encode(self) -> bytes:
        return orjson.dumps(self)

    @classmethod
    def decode(cls, data: bytes) -> "PictureRequest":
        """Raises ValueError or TypeError for anything that :meth:`encode` did not write."""
        values: dict[str, Any] = orjson.loads(data)
        values["organization_id"] = uuid.UUID(values["organization_id"])
        values["version_id"] = uuid.UUID(values["version_id"])
        return cls(**values)


@dataclass(frozen=True, slots=True)
class PictureReply:
    """The picture lies where both look for it; or a ``code`` with a sentence."""

    code: str = ""
    message: str = ""

    def encode(self) -> bytes:
        return orjson.dumps(asdict(self))

    @classmethod
    def decode(cls, data: bytes) -> "PictureReply":
        return cls(**orjson.loads(data))


def reply_key(request_id: str) -> str:
    return f"altiplano:pictures:reply:{request_id}"
