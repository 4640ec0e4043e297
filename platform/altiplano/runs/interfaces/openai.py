"""OpenAI's chat protocol in front of published apps, for the clients that people have already.

``model`` is ``organization/app``. Only keys open this door, no sessions.
"""

import time
from collections.abc import AsyncIterator
from typing import Any

import orjson
import structlog
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import get_language_from_request
from django.views.decorators.csrf import csrf_exempt

from altiplano.accounts.interfaces.auth import authenticate_bearer
from altiplano.accounts.principal import Principal
from altiplano.kernel.database_threads import once_per_commit, read_database, write_database
from altiplano.kernel.errors import DomainError, NotFoundError, TooLargeError
from altiplano.runs import queries
from altiplano.runs.domain.starting import prepare_run
from altiplano.runs.interfaces.api import read_to_the_end
from altiplano.runs.interfaces.openai_answer import (
    CANCELLED,
    ChunkWriter,
    completion_of,
    error_object,
    error_of,
    failure_of,
)
from altiplano.runs.interfaces.openai_request import ChatRequest, read_chat_request
from altiplano.runs.interfaces.sse import HEARTBEAT, stream_response
from altiplano.runs.models import Run, RunState
from altiplano.runs.relay import Begun, RunReader, current_relay
from altiplano.runs.usage_models import Door
from altiplano.studio.models import App

log = structlog.get_logger(__name__)

OWNED_BY = "altiplano"


@csrf_exempt
async def chat_completions(request: HttpRequest) -> HttpResponseBase:
    """``POST /v1/chat/completions``, streamed or not."""
    if request.method != "POST":
        return _wrong_method("POST")
    try:
        return await answer_chat(
            request.headers.get("Authorization", ""),
            _body(request),
            language=get_language_from_request(request),
        )
    except DomainError as error:
        return error_response(error)
    except Exception:
        log.exception("openai.request_failed")
        return fault_response()


async def answer_chat(authorization: str, raw: bytes, *, language: str) -> HttpResponseBase:
    """The completion for a request's header and body. Raises DomainError before it begins.

    ``language`` is what the client reads, for what must be said about an answer.
    """
    created = int(time.time())
    asked: list[ChatRequest] = []

    def prepare(principal: Principal) -> Run:
        # After the key was checked: a stranger learns nothing about what a request may hold.
        asked.append(read_chat_request(raw))
        return prepare_chat(principal, asked[0])

    begun = await current_relay().begin(lambda: principal_of(authorization), prepare)
    begun.reader.grace = 0  # this protocol cannot come back to an answer
    chat = asked[0]
    if chat.stream:
        return stream_response(_chunks(begun, chat, created, language), begun.reader)
    return await _whole(begun, chat, created)


def principal_of(authorization: str) -> Principal:
    """As ``authenticate_bearer``; many requests of one key that are begun at once ask once."""
    return once_per_commit(("key", authorization), lambda: authenticate_bearer(authorization))


def prepare_chat(principal: Principal, chat: ChatRequest) -> Run:
    return prepare_run(
        principal=principal,
        app=once_per_commit(
            ("model", principal.organization_id, chat.model),
            lambda: find_app(principal, chat.organization, chat.app),
        ),
        question=chat.question,
        history=chat.history,
        sampling=chat.sampling,
        door=Door.OPENAI,
    )


def find_app(principal: Principal, organization: str, slug: str) -> App:
    """The published app of this name. Raises NotFoundError in the protocol's words."""
    apps = App.objects.within(principal.organization_id).filter(
        slug=slug, published_version__isnull=False
    )
    app = None
    if organization == principal.organization_slug:
        app = apps.select_related("published_version").first()
    if app is None:
        raise NotFoundError(
            f"There is no published app “{organization}/{slug}” that this key may ask.",
            code="model_not_found",
            fields={"model": "unknown"},
        )
    return app


async def _whole(begun: Begun, chat: ChatRequest, created: int) -> HttpResponse:
    await read_to_the_end(begun.reader)
    shown = await read_database(lambda: queries.show_run(Run.unscoped.get(id=begun.run.id)))
    if shown["state"] == RunState.FINISHED:
        return _respond(200, completion_of(shown, model=chat.model, created=created))
    return _respond(*failure_of(shown["error"] or CANCELLED))


async def _chunks(
    begun: Begun, chat: ChatRequest, created: int, language: str
) -> AsyncIterator[bytes]:
    reader: RunReader = begun.reader
    writer = ChunkWriter(
        run_id=str(begun.run.id),
        model=chat.model,
        created=created,
        include_usage=chat.include_usage,
        language=language,
    )
    try:
        yield writer.opening()
        async for batch in reader:
            chunk = b"".join(map(writer.write, batch)) if batch else HEARTBEAT
            if chunk:
                yield chunk
    finally:
        reader.close()


@csrf_exempt
async def list_models(request: HttpRequest) -> HttpResponse:
    """``GET /v1/models``: the published apps of the key's organization."""
    if request.method not in {"GET", "HEAD"}:
        return _wrong_method("GET, HEAD")

    def read() -> dict[str, Any]:
        principal = _reader_of(request)
        apps = App.objects.within(principal.organization_id).filter(published_version__isnull=False)
        return {
            "object": "list",
            "data": [_model(principal, app) for app in apps.order_by("slug")],
        }

    return await _answer(read)


@csrf_exempt
async def read_model(request: HttpRequest, organization: str, app: str) -> HttpResponse:
    """``GET /v1/models/{organization}/{app}``."""
    if request.method not in {"GET", "HEAD"}:
        return _wrong_method("GET, HEAD")

    def read() -> dict[str, Any]:
        principal = _reader_of(request)
        return _model(principal, find_app(principal, organization, app))

    return await _answer(read)


async def _answer(read: Any) -> HttpResponse:
    try:
        # Noting that a key was used is a write.
        return _respond(200, await write_database(read))
    except DomainError as error:
        return error_response(error)


def _reader_of(request: HttpRequest) -> Principal:
    principal = authenticate_bearer(request.headers.get("Authorization", ""))
    if "run" not in principal.scopes:
        principal.require("read")
    return principal


def _model(principal: Principal, app: App) -> dict[str, Any]:
    return {
        "id": f"{principal.organization_slug}/{app.slug}",
        "object": "model",
        "created": int(app.created_at.timestamp()),
        "owned_by": OWNED_BY,
    }


def _body(request: HttpRequest) -> bytes:
    try:
        return request.body
    except RequestDataTooBig:
        raise TooLargeError("The request is too large.") from None


def error_response(error: DomainError) -> HttpResponse:
    response = _respond(error.status, error_of(error))
    if error.retry_after is not None:
        response["Retry-After"] = str(error.retry_after)
    if error.status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="Altiplano"'
    return response


def fault_response() -> HttpResponse:
    return _respond(500, error_object(500, "Something went wrong on our side.", code="failed"))


def _wrong_method(allowed: str) -> HttpResponse:
    response = _respond(
        405,
        error_object(405, f"This address answers to {allowed} only.", code="method_not_allowed"),
    )
    response["Allow"] = allowed
    return response


def _respond(status: int, body: Any) -> HttpResponse:
    return HttpResponse(orjson.dumps(body), status=status, content_type="application/json")
