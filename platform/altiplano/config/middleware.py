"""Errors that no view said itself, in the words of whoever asked: a program or a person."""

from collections.abc import Awaitable, Callable
from typing import cast

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from altiplano.config.api_errors import as_openai_error, as_problem, plain_problem

PROBLEM_PATHS = ("/api/", "/mcp/", "/healthz", "/readyz", "/metrics")
"""Only programs ask here, whatever they say that they accept."""
OPENAI_PATH = "/v1/"

Sync = Callable[[HttpRequest], HttpResponseBase]
Async = Callable[[HttpRequest], Awaitable[HttpResponseBase]]


@sync_and_async_middleware
def program_errors(get_response: Sync | Async) -> Sync | Async:
    """Errors that Django itself answers reach programs as documents and people as pages.

    Below ``/v1/`` the document is the one of OpenAI's protocol, for other programs a problem. A NUL
    in an address is refused here for all: PostgreSQL cannot even be asked for it.
    """
    if iscoroutinefunction(get_response):

        async def handle_async(request: HttpRequest) -> HttpResponseBase:
            if _holds_nul(request):
                return _say(request, plain_problem(400))
            return _say(request, await cast("Async", get_response)(request))

        return handle_async

    def handle(request: HttpRequest) -> HttpResponseBase:
        if _holds_nul(request):
            return _say(request, plain_problem(400))
        return _say(request, cast("Sync", get_response)(request))

    return handle


def _holds_nul(request: HttpRequest) -> bool:
    return "\x00" in request.path or "%00" in request.META.get("QUERY_STRING", "")


def _say(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    if response.status_code < 400:
        return response
    if request.path.startswith(OPENAI_PATH):
        return as_openai_error(response)
    return as_problem(response) if _is_program(request) else response


def _is_program(request: HttpRequest) -> bool:
    """Whether the caller reads documents: by its address, or because it takes JSON and no page."""
    return request.path.startswith(PROBLEM_PATHS) or (
        request.accepts("application/json") and not request.accepts("text/html")
    )
