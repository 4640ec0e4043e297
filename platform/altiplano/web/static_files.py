"""Static files from the process itself: no build step, no collecting, no web server in front."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler
from servestatic import ServeStaticASGI

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from wsgiref.headers import Headers

    from asgiref.typing import ASGI3Application
    from django.core.handlers.asgi import ASGIHandler

MAX_AGE_SECONDS = 300


def _add_headers(headers: Headers, _path: str, _url: str) -> None:
    headers["X-Content-Type-Options"] = "nosniff"


def with_static_files(application: ASGI3Application) -> Callable[..., Awaitable[None]]:
    """The application, with the static files of every installed app answered before it.

    They are looked up once, at start; while debugging, for each request. Files keep their names, so
    browsers ask again after five minutes and are told by ``Last-Modified`` whether anything changed.
    """
    if settings.DEBUG:
        return ASGIStaticFilesHandler(cast("ASGIHandler", application))
    served = ServeStaticASGI(
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
