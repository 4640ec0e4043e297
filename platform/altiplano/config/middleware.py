"""What holds for every address under ``/api/``, whichever layer answers."""

from collections.abc import Awaitable, Callable
from typing import cast

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from altiplano.config.api_errors import as_problem, plain_problem

API_PREFIX = "/api/"

Sync = Callable[[HttpRequest], HttpResponseBase]
Async = Callable[[HttpRequest], Awaitable[HttpResponseBase]]


@sync_and_async_middleware
def api_problems(get_response: Sync | Async) -> Sync | Async:
    """Errors below ``/api/`` are problem documents, also those that Django itself answers.

    A NUL in an address is refused here for all pages: PostgreSQL cannot even be asked for it.
    """
    if iscoroutinefunction(get_response):

        async def handle_async(request: HttpRequest) -> HttpResponseBase:
            if _holds_nul(request):
                return plain_problem(400)
            response = await cast("Async", get_response)(request)
            return as_problem(response) if request.path.startswith(API_PREFIX) else response

        return handle_async

    def handle(request: HttpRequest) -> HttpResponseBase:
        if _holds_nul(request):
            return plain_problem(400)
        response = cast("Sync", get_response)(request)
        return as_problem(response) if request.path.startswith(API_PREFIX) else response

    return handle


def _holds_nul(request: HttpRequest) -> bool:
    return "\x00" in request.path or "%00" in request.META.get("QUERY_STRING", "")
