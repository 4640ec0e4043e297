"""Who may knock at all: a page of another website must not reach an MCP server through a browser.

By DNS rebinding a hostile page can make a browser believe that this server is its own; then the
browser sends what the page likes, from inside the person's network. What gives it away are the two
headers that no page can set: ``Host`` names the page's own server, ``Origin`` the page's.
"""

from collections.abc import Awaitable, Callable
from typing import Final, cast
from urllib.parse import urlsplit

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware
from django.utils.translation import gettext

from altiplano.kernel.problems import problem

PREFIX: Final = "/mcp/"

Sync = Callable[[HttpRequest], HttpResponseBase]
Async = Callable[[HttpRequest], Awaitable[HttpResponseBase]]


@sync_and_async_middleware
def refuse_foreign_pages(get_response: Sync | Async) -> Sync | Async:
    """Below ``/mcp/`` a request with a foreign ``Host`` or ``Origin`` is a 403, before any work."""
    if iscoroutinefunction(get_response):

        async def handle_async(request: HttpRequest) -> HttpResponseBase:
            return _refusal_of(request) or await cast("Async", get_response)(request)

        return handle_async

    def handle(request: HttpRequest) -> HttpResponseBase:
        return _refusal_of(request) or cast("Sync", get_response)(request)

    return handle


def _refusal_of(request: HttpRequest) -> HttpResponseBase | None:
    if not request.path.startswith(PREFIX):
        return None
    try:
        host = request.get_host()
    except DisallowedHost:
        return problem(403, "foreign_host", gettext("This address is not one of this platform."))
    origin = request.headers.get("Origin")
    if origin is None or _is_own(origin, host):
        return None
    return problem(
        403, "foreign_origin", gettext("Pages of other websites cannot use this address.")
    )


def _is_own(origin: str, host: str) -> bool:
    """Whether a page of this platform asks: by its public address, or by the one that was asked."""
    if origin in settings.CSRF_TRUSTED_ORIGINS:
        return True
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and parts.netloc == host
