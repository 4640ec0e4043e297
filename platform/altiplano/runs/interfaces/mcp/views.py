"""``/mcp/{organization}/{app}``: a published app as an MCP server over streamable HTTP.

Only keys open this door. It keeps no sessions: a session id, whoever brings it, was never given out
here and is a 404. The order of the checks is that of the refusals: 403 for a foreign page (in
:mod:`.border`), 401, 404, and only then is the message read.
"""

from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from typing import Any, Final

import orjson
import structlog
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt

from altiplano.accounts.interfaces.auth import authenticate_bearer
from altiplano.accounts.principal import Principal
from altiplano.kernel.database_threads import write_database
from altiplano.kernel.errors import DomainError, NotFoundError, TooLargeError
from altiplano.kernel.problems import problem, problem_from_error
from altiplano.runs.interfaces.mcp import protocol
from altiplano.runs.interfaces.mcp.protocol import Message, ProtocolError
from altiplano.runs.interfaces.mcp.tools import call_tool, tools_of
from altiplano.studio.models import App

log = structlog.get_logger(__name__)

LIST_SECONDS: Final = 60
"""So long a client may keep the list of tools; a key's scopes change rarely."""
SESSION_HEADER: Final = "Mcp-Session-Id"


@csrf_exempt
async def serve_app(request: HttpRequest, organization: str, app: str) -> HttpResponse:
    if request.method != "POST" and SESSION_HEADER not in request.headers:
        return _wrong_method()  # a client that asks whether there are streams or sessions
    try:
        # Noting that a key was used is a write.
        principal, found = await write_database(lambda: _admit(request, organization, app))
        if SESSION_HEADER in request.headers:
            raise NotFoundError(_("There is no such session."), code="session_not_found")
        if request.content_type != "application/json":
            return problem(
                415,
                "unsupported_media_type",
                gettext("Send the body as JSON, with Content-Type: application/json."),
            )
        return await _answer(request, principal, found)
    except DomainError as error:
        return problem_from_error(error)


def _admit(request: HttpRequest, organization: str, app: str) -> tuple[Principal, App]:
    """Who asks, and the published app. Raises NotSignedInError, NotAllowedError, NotFoundError."""
    principal = authenticate_bearer(request.headers.get("Authorization", ""))
    if "run" not in principal.scopes:
        principal.require("read")
    apps = App.objects.within(principal.organization_id).select_related("published_version")
    found = apps.filter(slug=app, published_version__isnull=False).first()
    if found is None or organization != principal.organization_slug:
        raise NotFoundError(
            _("There is no published app at this address that this key may ask."),
            code="app_not_found",
        )
    return principal, found


async def _answer(request: HttpRequest, principal: Principal, app: App) -> HttpResponse:
    message = None
    try:
        message = protocol.read_message(_body(request), request.headers)
        if message.is_notification:
            return HttpResponse(status=202)
        result = await _result_of(message, principal, app)
        return _respond(200, protocol.result_message(message, result, server=_server(app)))
    except ProtocolError as error:
        return _respond(error.status, error.as_message())
    except DomainError:
        raise
    except Exception:
        log.exception("mcp.request_failed", method=message.method if message else "")
        failure = ProtocolError(
            protocol.INTERNAL_ERROR,
            "Something went wrong on our side",
            request_id=message.id if message else None,
        )
        return _respond(500, failure.as_message())


async def _result_of(message: Message, principal: Principal, app: App) -> Mapping[str, Any]:
    """The result of the method. Raises ProtocolError."""
    match message.method, message.has_envelope:
        case "initialize", False:
            return {
                "protocolVersion": protocol.negotiated_version(message.params),
                "serverInfo": _server(app),
                "capabilities": {"tools": {}},
            }
        case "ping", False:
            return {}
        case "server/discover", True:
            return {
                "supportedVersions": list(protocol.ENVELOPE_VERSIONS),
                "capabilities": {"tools": {}},
                **_kept(message),
            }
        case "tools/list", _:
            tools = [tool.describe(app) for tool in tools_of(principal, app)]
            return {"tools": tools, **_kept(message)}
        case "tools/call", _:
            return await _call(message, principal, app)
    raise message.error(protocol.METHOD_NOT_FOUND, "There is no such method here")


def _kept(message: Message) -> Mapping[str, Any]:
    if not message.has_envelope:
        return {}
    return {"ttlMs": LIST_SECONDS * 1000, "cacheScope": "private"}


async def _call(message: Message, principal: Principal, app: App) -> Mapping[str, Any]:
    name, arguments = message.params.get("name"), message.params.get("arguments") or {}
    tool = next((each for each in tools_of(principal, app) if each.name == name), None)
    if tool is None:
        raise message.error(protocol.INVALID_PARAMS, "There is no such tool for this key")
    if not isinstance(arguments, dict):
        raise message.error(protocol.INVALID_PARAMS, "“arguments” is an object")
    return (await call_tool(tool, principal, app, arguments)).as_result()


def _server(app: App) -> dict[str, str]:
    return {"name": f"altiplano/{app.slug}", "title": app.name, "version": _platform_version()}


@cache
def _platform_version() -> str:
    return version("altiplano-platform")


def _body(request: HttpRequest) -> bytes:
    try:
        return request.body
    except RequestDataTooBig:
        raise TooLargeError(_("The request is too large.")) from None


def _wrong_method() -> HttpResponse:
    response = problem(
        405, "method_not_allowed", gettext("This address does not answer to this method.")
    )
    response["Allow"] = "POST"
    return response


def _respond(status: int, body: Mapping[str, Any]) -> HttpResponse:
    return HttpResponse(orjson.dumps(body), status=status, content_type="application/json")
