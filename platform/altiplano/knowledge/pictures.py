"""Pictures of pages: kept on the disk by content, drawn by a worker when one is missing.

The portal never opens a stranger's file. It looks for the picture and, if there is none, asks a
worker, which draws it in a process that can be killed and puts it where both look.
"""

import hashlib
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import redis
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from altiplano.kernel.errors import NotFoundError, UnavailableError
from altiplano.kernel.reasons import lazily_in_my_language
from altiplano.knowledge import picture_wire as wire
from altiplano.knowledge.models import Document, DocumentState, DocumentText, DocumentVersion
from altiplano.knowledge.search import broker

PDF: Final = "application/pdf"
WIDTH: Final = 1000
SECONDS: Final = 12
MAX_PASSAGE_CHARS: Final = 8_000


@dataclass(frozen=True, slots=True)
class PictureName:
    """Where a picture lies: by content, so that all versions with that content share it."""

    organization_id: uuid.UUID
    sha256: str
    page: int
    passage: str = ""
    skipped: int = 0

    @property
    def path(self) -> Path:
        marked = "plain"
        if self.passage:
            key = f"{self.skipped} {self.passage}".encode()
            marked = hashlib.sha256(key).hexdigest()[:20]
        folder = folder_of(self.organization_id, self.sha256)
        return folder / f"{self.page}-{WIDTH}-{marked}.webp"


def folder_of(organization_id: uuid.UUID, sha256: str) -> Path:
    """All pictures of one content; empty it at any time, it is a cache."""
    return Path(settings.PICTURE_ROOT) / organization_id.hex / sha256[:2] / sha256[2:]


def can_be_drawn(version: DocumentVersion | None) -> bool:
    return (
        version is not None
        and version.media_type == PDF
        and version.state == DocumentState.READY
        and bool(version.sha256)
    )


def picture_of_page(
    document: Document, *, page: int, passage: tuple[int, int] | None = None
) -> Path:
    """The file with the picture of the answering version's page, as it was or newly drawn.

    ``passage`` is a span of the extracted text; what of it stands on the page is marked. The caller
    has made sure that the reader may see ``document``, and loaded its versions.

    Raises NotFoundError when there is nothing to draw, UnavailableError when no worker answers.
    """
    version = document.active_version
    if version is None or not can_be_drawn(version) or not 1 <= page <= version.page_count:
        raise NotFoundError(_("There is no picture of this page."), code="no_picture")
    text, skipped = _text_on_page(version, page, passage) if passage else ("", 0)
    name = PictureName(version.organization_id, version.sha256, page, text, skipped)
    if not name.path.exists():
        _ask_worker(
            wire.PictureRequest(
                id=uuid.uuid4().hex,
                organization_id=version.organization_id,
                version_id=version.id,
                page=page,
                passage=text,
                skipped=skipped,
                deadline=time.time() + SECONDS,
            )
        )
        if not name.path.exists():
            raise UnavailableError(_("The picture is gone again; reload the page."), retry_after=5)
    return name.path


def _text_on_page(version: DocumentVersion, page: int, passage: tuple[int, int]) -> tuple[str, int]:
    """The part of the passage on this page, and how often the page says the same before it."""
    stored = DocumentText.objects.filter(version_id=version.id).first()
    for number, first, last in stored.pages if stored else ():
        start, end = max(passage[0], first), min(passage[1], last)
        if stored and number == page and start < end:
            text = stored.text[start : min(end, start + MAX_PASSAGE_CHARS)]
            return text, stored.text[first:start].lower().count(text.lower())
    return "", 0


def _ask_worker(request: wire.PictureRequest) -> None:
    """Raises NotFoundError for a page that cannot be drawn, UnavailableError for other troubles."""
    client, encoded = broker(), request.encode()
    try:
        if client.rpush(wire.REQUESTS_KEY, encoded) > wire.MAX_WAITING:
            client.lrem(wire.REQUESTS_KEY, -1, encoded.decode())
            raise UnavailableError(
                _("Too many pictures wait at the moment; try again soon."), retry_after=5
            )
        answer = cast("Any", client.blpop([wire.reply_key(request.id)], timeout=SECONDS))
        if answer is None:
            client.lrem(wire.REQUESTS_KEY, 1, encoded.decode())
            raise UnavailableError(_("No worker has drawn the picture in time."), retry_after=5)
    except redis.RedisError as error:
        raise UnavailableError(
            _("The message broker does not answer; try again soon."), retry_after=5
        ) from error
    reply = wire.PictureReply.decode(answer[1])
    if reply.code:
        raise NotFoundError(lazily_in_my_language(reply.message), code=reply.code)
