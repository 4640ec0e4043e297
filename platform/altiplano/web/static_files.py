"""Static files from the process itself: no build step, no collecting, no web server in front.

What is text is compressed once, when the process starts, into a folder that goes with the process.
"""

from __future__ import annotations

import gzip
import hashlib
import logging
import os
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast
from wsgiref.headers import Headers

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler
from servestatic import ServeStaticASGI
from servestatic.responders import StaticFile

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from asgiref.typing import ASGI3Application
    from django.core.handlers.asgi import ASGIHandler

MAX_AGE_SECONDS = 300
COMPRESSED: Final = (".css", ".js", ".svg", ".json", ".txt")
MIN_BYTES: Final = 600
"""Below this, the head of the answer outweighs what compression saves."""
log = logging.getLogger(__name__)


def _add_headers(headers: Headers, _path: str, _url: str) -> None:
    headers["X-Content-Type-Options"] = "nosniff"


class _Compressing(ServeStaticASGI):  # type: ignore[misc]
    """Serves a text file compressed to those who accept it, under the same address.

    Both forms have one weak tag, since they are one file in two encodings.
    """

    def get_static_file(
        self, path: str, url: str, stat_cache: dict[str, os.stat_result] | None = None
    ) -> StaticFile:
        packed = _compressed_copy(Path(path))
        if packed is None:
            return super().get_static_file(path, url, stat_cache)
        about = Path(path).stat()
        headers = Headers([("ETag", f'W/"{int(about.st_mtime):x}-{about.st_size:x}"')])
        self.add_mime_headers(headers, path, url)
        self.add_cache_headers(headers, path, url)
        _add_headers(headers, path, url)
        return StaticFile(path, headers.items(), encodings={"gzip": str(packed)})


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    """Where compressed copies lie; it is removed when the process ends."""
    return tempfile.TemporaryDirectory(prefix="altiplano-static-")


@cache
def _compressed_copy(path: Path) -> Path | None:
    """The compressed copy; None for what does not gain by it or cannot be written."""
    if path.suffix not in COMPRESSED or path.stat().st_size < MIN_BYTES:
        return None
    content = gzip.compress(path.read_bytes(), mtime=0)
    if len(content) >= path.stat().st_size:
        return None
    try:
        packed = Path(_folder().name, f"{hashlib.sha256(bytes(path)).hexdigest()}.gz")
        packed.write_bytes(content)
    except OSError:
        log.warning("static files are served as they are: no room for compressed copies")
        return None
    return packed


def with_static_files(application: ASGI3Application) -> Callable[..., Awaitable[None]]:
    """The application, with the static files of every installed app answered before it.

    They are looked up once, at start; while debugging, for each request. Files keep their names, so
    browsers ask again after five minutes and are told by ``Last-Modified`` whether anything changed.
    """
    if settings.DEBUG:
        return ASGIStaticFilesHandler(cast("ASGIHandler", application))
    served = _Compressing(
        application,
        max_age=MAX_AGE_SECONDS,
        allow_all_origins=False,
        add_headers_function=_add_headers,
    )
    prefix = "/" + settings.STATIC_URL.strip("/") + "/"
    for finder in reversed(list(get_finders())):
        for path, storage in finder.list([]):
            served.add_file_to_dictionary(prefix + path.replace("\\", "/"), storage.path(path))
    return cast("Callable[..., Awaitable[None]]", served)
