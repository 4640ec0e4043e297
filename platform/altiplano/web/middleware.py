"""What holds for every page: strict response headers, and domain errors said in sentences."""

import re
from collections.abc import Awaitable, Callable
from typing import cast
from urllib.parse import urlencode

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.cache import patch_vary_headers
from django.utils.decorators import sync_and_async_middleware
from django.utils.text import compress_string

from altiplano.kernel.errors import DomainError
from altiplano.kernel.way_back import way_back
from altiplano.web.errors import render_error

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "font-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)


MIN_COMPRESSED_BYTES = 600
RANDOM_BYTES = 100
GZIP_ACCEPTED = re.compile(r"\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))")


def _add_headers(response: HttpResponse) -> HttpResponse:
    response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
    response.headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
    if response.headers.get("Content-Type", "").startswith("text/html"):
        # A page is one person's, at one moment: neither a proxy nor the back button may keep it.
        response.headers.setdefault("Cache-Control", "private, no-store")
    return response


Sync = Callable[[HttpRequest], HttpResponse]
Async = Callable[[HttpRequest], Awaitable[HttpResponse]]


@sync_and_async_middleware
def security_headers(get_response: Sync | Async) -> Sync | Async:
    """Every response carries a strict content security policy, and no page is kept by a cache."""
    if iscoroutinefunction(get_response):

        async def handle_async(request: HttpRequest) -> HttpResponse:
            return _add_headers(await cast("Async", get_response)(request))

        return handle_async

    def handle(request: HttpRequest) -> HttpResponse:
        return _add_headers(cast("Sync", get_response)(request))

    return handle


def _compress(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    is_page = response.headers.get("Content-Type", "").startswith("text/html")
    if response.streaming or not is_page or len(response.content) < MIN_COMPRESSED_BYTES:
        return response
    patch_vary_headers(response, ("Accept-Encoding",))
    accepts = GZIP_ACCEPTED.search(request.headers.get("Accept-Encoding", ""))
    if accepts and not response.has_header("Content-Encoding"):
        response.content = compress_string(response.content, max_random_bytes=RANDOM_BYTES)
        response.headers["Content-Length"] = str(len(response.content))
        response.headers["Content-Encoding"] = "gzip"
    return response


@sync_and_async_middleware
def compressed_pages(get_response: Sync | Async) -> Sync | Async:
    """Pages are compressed for browsers that accept it; streams of answers never are.

    A page's only lasting secret is the CSRF token, which Django masks anew for each page; what is
    more, each page is lengthened by a random amount, so that its length tells nothing (BREACH).
    """
    if iscoroutinefunction(get_response):

        async def handle_async(request: HttpRequest) -> HttpResponse:
            return _compress(request, await cast("Async", get_response)(request))

        return handle_async

    def handle(request: HttpRequest) -> HttpResponse:
        return _compress(request, cast("Sync", get_response)(request))

    return handle


PROGRAM_PATHS = ("/api/", "/v1/", "/mcp/")
"""Where programs ask: their routes say errors in their own protocol."""


def _show_domain_error(request: HttpRequest, exception: Exception) -> HttpResponse | None:
    if not isinstance(exception, DomainError) or request.path.startswith(PROGRAM_PATHS):
        return None
    if exception.remedy:
        return redirect(f"{exception.remedy}?{urlencode({'next': way_back(request)})}")
    return render_error(request, exception)


@sync_and_async_middleware
def domain_error_pages(get_response: Sync | Async) -> Sync | Async:
    """A domain error that leaves a page's view becomes a page with its status, or leads to the page
    where what is missing can be done."""
    if iscoroutinefunction(get_response):

        async def handle_async(request: HttpRequest) -> HttpResponse:
            return await cast("Async", get_response)(request)

        handle_async.process_exception = _show_domain_error  # type: ignore[attr-defined]
        return handle_async

    def handle(request: HttpRequest) -> HttpResponse:
        return cast("Sync", get_response)(request)

    handle.process_exception = _show_domain_error  # type: ignore[attr-defined]
    return handle
