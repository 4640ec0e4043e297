"""The one file of a request that brings a package."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from django.core.files.uploadedfile import TemporaryUploadedFile
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from altiplano.kernel.errors import InvalidInputError, TooLargeError
from altiplano.kernel.sentences import Size
from altiplano_sdk.packaging.layout import LIMITS

FIELD: Final = "file"
UPLOAD_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": [FIELD],
                    "properties": {FIELD: {"type": "string", "format": "binary"}},
                }
            }
        },
    }
}


@contextmanager
def uploaded_package(request: HttpRequest) -> Iterator[Path]:
    """Where the file of the form lies on the disk, for the time of the block.

    Django reads forms that were posted only; this also reads one that was put. Raises
    InvalidInputError when there is not exactly one file, TooLargeError.
    """
    if request.method == "POST":
        files = request.FILES
    elif request.content_type == "multipart/form-data":
        _post, files = request.parse_file_upload(request.META, request)
    else:
        files = None
    found = [] if files is None else files.getlist(FIELD)
    try:
        if len(found) != 1 or not isinstance(found[0], TemporaryUploadedFile):
            raise InvalidInputError(
                _("Send one package as multipart/form-data in the field “file”."),
                fields={FIELD: _("exactly one file")},
            )
        if (found[0].size or 0) > LIMITS.archive:
            raise TooLargeError(
                _("A package has at most %(limit)s."),
                params={"limit": Size(LIMITS.archive)},
                fields={FIELD: _("too large")},
            )
        yield Path(found[0].temporary_file_path())
    finally:
        for file in found:
            with suppress(FileNotFoundError):  # moved away
                file.close()
