"""The language of the pages: a click chooses it, the browser and the account remember it."""

from collections.abc import Awaitable, Callable
from typing import Any, cast

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.decorators import sync_and_async_middleware
from django.views import i18n

from altiplano.accounts.domain.profiles import remember_language
from altiplano.accounts.models import User
from altiplano.kernel.errors import InvalidInputError

PROGRAM_PATHS = ("/api/", "/v1/", "/mcp/")

Sync = Callable[[HttpRequest], HttpResponse]
Async = Callable[[HttpRequest], Awaitable[HttpResponse]]


def set_language(request: HttpRequest) -> HttpResponse:
    """The way back, in the language chosen; this browser keeps it, and so does the account."""
    response = i18n.set_language(request)
    user = request.user
    if request.method == "POST" and isinstance(user, User):
        try:
            remember_language(user=user, language=request.POST.get("language", ""))
        except InvalidInputError:
            return response  # Django's view, too, answers nonsense with the way back
    return response


def set_language_cookie(response: HttpResponse, language: str) -> None:
    """This browser shows the language from now on."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=settings.LANGUAGE_COOKIE_AGE,
        secure=settings.SECURE_COOKIES,
        samesite="Lax",
    )


def _use_remembered(
    request: HttpRequest, _view: object, _args: object, _kwargs: object
) -> HttpResponse | None:
    """In a browser where nobody chose a language, the account's is used."""
    if settings.LANGUAGE_COOKIE_NAME in request.COOKIES or request.path.startswith(PROGRAM_PATHS):
        return None
    user: Any = request.user
    if user.is_authenticated and user.language and user.language != translation.get_language():
        translation.activate(user.language)
        request.LANGUAGE_CODE = translation.get_language()
    return None


@sync_and_async_middleware
def remembered_language(get_response: Sync | Async) -> Sync | Async:
    """Pages speak the language of the account where the browser does not say otherwise."""
    if iscoroutinefunction(get_response):

        async def handle_async(request: HttpRequest) -> HttpResponse:
            return await cast("Async", get_response)(request)

        handle_async.process_view = _use_remembered  # type: ignore[attr-defined]
        return handle_async

    def handle(request: HttpRequest) -> HttpResponse:
        return cast("Sync", get_response)(request)

    handle.process_view = _use_remembered  # type: ignore[attr-defined]
    return handle
