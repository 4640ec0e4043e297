"""Giving back original files, which may be anything: never shown, never run, only saved."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import cast

from django.http import FileResponse
from django.utils.translation import gettext_lazy as _

from altiplano.kernel.errors import NotFoundError
from altiplano.knowledge.blobs import BlobName
from altiplano.knowledge.domain.documents import has_file
from altiplano.knowledge.models import Document


class StoredFile(FileResponse):
    """A file that is read while it is sent; Django's own class reads all of it into memory first
    where the server is asynchronous.
    """

    block_size = 64 * 1024

    async def __aiter__(self) -> AsyncIterator[bytes]:
        pieces = cast("Iterator[bytes]", self.streaming_content)
        while piece := await asyncio.to_thread(next, pieces, b""):
            yield piece


def original_file(document: Document) -> StoredFile:
    """The latest version's file as a download that no browser displays. Raises NotFoundError.

    ``document`` comes with its latest version.
    """
    version = document.latest_version
    if version is None or not has_file(version):
        raise NotFoundError(_("The file of this document was not kept."), code="no_file")
    blob = BlobName(version.organization_id, version.sha256, version.id)
    try:
        file = blob.path.open("rb")
    except FileNotFoundError:  # deleted at this moment
        raise NotFoundError(_("The file of this document was not kept."), code="no_file") from None
    response = StoredFile(
        file,
        as_attachment=True,
        filename=document.name,
        content_type="application/octet-stream",
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response
