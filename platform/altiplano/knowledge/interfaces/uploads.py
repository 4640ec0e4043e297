"""Taking files in: streamed to the disk, never past the limit for one document."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.http import HttpRequest

from altiplano.knowledge.blobs import told_when_full
from altiplano.knowledge.domain.receiving import Upload


class BoundedUploadHandler(TemporaryFileUploadHandler):
    """Writes each file of a form to the disk, up to the limit for one document.

    What is longer is read to its end, so that the other files of the request are not lost with it,
    but no longer kept; its true size tells that. A full disk raises StorageFullError.
    """

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if start < settings.MAX_DOCUMENT_BYTES:
            with self._closed_on_error(), told_when_full():
                super().receive_data_chunk(raw_data, start)

    def file_complete(self, file_size: int) -> "UploadedFile[Any] | None":
        with self._closed_on_error(), told_when_full():
            return super().file_complete(file_size)

    @contextmanager
    def _closed_on_error(self) -> Iterator[None]:
        """Django closes the files that arrived whole, but not the one under way."""
        try:
            yield
        except BaseException:
            self.file.close()
            raise


def uploads_of(request: HttpRequest, field: str = "file") -> list[Upload]:
    """The files of the form's ``field``, in the order they were sent."""
    uploads = []
    for file in request.FILES.getlist(field):
        size, path = file.size or 0, None
        if isinstance(file, TemporaryUploadedFile) and size <= settings.MAX_DOCUMENT_BYTES:
            path = Path(file.temporary_file_path())
        uploads.append(Upload(file.name or "", path, size, is_temporary=True))
    return uploads
