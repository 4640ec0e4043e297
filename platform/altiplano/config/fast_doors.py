"""What takes the fast lane: a question to an app, streamed, and a search in a collection."""

import re
from collections.abc import Awaitable
from functools import cache
from io import BytesIO
from typing import Any, Final

import orjson
import structlog
from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.common import CommonMiddleware
from django.middleware.locale import LocaleMiddleware
from django.middleware.security import SecurityMiddleware
from django.utils.translation import get_language_from_request
from pydantic import ValidationError

from altiplano.accounts.interfaces.auth import authenticate_bearer
from altiplano.config.api_errors import handle_error
from altiplano.config.fast_lane import Answer, Door, KeyRequest
from altiplano.config.json_body import parse_json
from altiplano.kernel.database_threads import read_database
from altiplano.kernel.errors import DomainError
from altiplano.kernel.problems import problem, problem_from_error
from altiplano.knowledge import search
from altiplano.knowledge.interfaces.schemas import SearchIn, SearchOut
from altiplano.runs.interfaces.api import stream_run
from altiplano.runs.interfaces.openai import (
    answer_chat,
    error_response,
    fault_response,
    principal_of,
)
from altiplano.runs.interfaces.schemas import RunIn
from altiplano.web.middleware import security_headers

log = structlog.get_logger(__name__)

CHAT_PATH: Final = "/v1/chat/completions"
FAULT: Final = "Something went wrong on our side. Please try again."


def _open_chat(request: KeyRequest) -> Answer:
    return lambda: _for_program(_answer_chat(request))


def _open_run(request: KeyRequest) -> Answer | None:
    try:
        wish = RunIn.model_validate(parse_json(request.body))
    except (DomainError, ValidationError):
        return None
    if not wish.stream:
        return None
    return lambda: _for_program(_answer_run(request.authorization, request.match[1], wish))


async def _for_program(answer: Awaitable[HttpResponseBase]) -> HttpResponseBase:
    response = await answer
    response["X-Content-Type-Options"] = "nosniff"
    response["Referrer-Policy"] = "same-origin"
    return response


async def _answer_chat(asked: KeyRequest) -> HttpResponseBase:
    try:
        language = get_language_from_request(ASGIRequest(asked.scope, BytesIO()))
        return await answer_chat(asked.authorization, asked.body, language=language)
    except DomainError as error:
        return error_response(error)
    except Exception:
        log.exception("request.failed", path=CHAT_PATH)
        return fault_response()


async def _answer_run(authorization: str, app_id: str, wish: RunIn) -> HttpResponseBase:
    try:
        return await stream_run(lambda: principal_of(authorization), app_id, wish)
    except DomainError as error:
        return problem_from_error(error)
    except Exception:
        log.exception("request.failed", path="/api/v1/apps/…/runs")
        return problem(500, "internal_error", FAULT)


def _open_search(asked: KeyRequest) -> Answer | None:
    """Not for a request with a cookie or a query, of which the middleware would make something."""
    headers = asked.scope["headers"]
    if asked.scope.get("query_string") or any(name == b"cookie" for name, _ in headers):
        return None
    if len(asked.body) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
        return None
    request = ASGIRequest(asked.scope, BytesIO(asked.body))
    try:
        request.get_host()
        wish = SearchIn.model_validate(parse_json(asked.body))
    except (DisallowedHost, DomainError, ValidationError):
        return None
    return lambda: _answer_search(request, asked, wish)


async def _answer_search(request: HttpRequest, asked: KeyRequest, wish: SearchIn) -> HttpResponse:
    _locale().process_request(request)  # for the sentences of errors; holds for this task only
    try:
        prepared = await read_database(
            lambda: search.prepare_search(
                principal=authenticate_bearer(asked.authorization),
                collection_id=asked.match[1],
                **wish.as_search(),
            )
        )
        result = await search.await_worker(prepared)
        content = SearchOut.of(result).model_dump(mode="json")
        response = HttpResponse(
            orjson.dumps(content), content_type="application/json; charset=utf-8"
        )
    except Exception as error:  # noqa: BLE001 - as the API's routes: every one has its document
        response = handle_error(request, error)
    return _seal(request, response)


@cache
def _locale() -> LocaleMiddleware:
    return LocaleMiddleware(lambda _: HttpResponse())


def _seal(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """The response with the headers that Django's middleware would give it.

    It is the same middleware, of which only the parts that look at the response are called, all
    in this thread: none of them waits for anything.
    """
    chain: Any = XFrameOptionsMiddleware(lambda _: response)
    for middleware in (CommonMiddleware, LocaleMiddleware, security_headers, SecurityMiddleware):
        chain = middleware(chain)
    sealed: HttpResponse = chain(request)
    return sealed


DOORS: Final = (
    Door(re.compile(re.escape(CHAT_PATH)), _open_chat),
    Door(re.compile(r"/api/v1/apps/([0-9a-fA-F-]{36})/runs"), _open_run),
    Door(re.compile(r"/api/v1/collections/([0-9a-fA-F-]{36})/search"), _open_search),
)
