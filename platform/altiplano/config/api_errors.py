"""Whatever goes wrong under ``/api/``, said as a problem document."""

from collections.abc import Iterable
from typing import Any

import structlog
from django.core.exceptions import (
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFilesSent,
)
from django.db import DataError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.http.response import HttpResponseBase
from ninja.errors import HttpError, ValidationError

from altiplano.kernel.errors import DomainError
from altiplano.kernel.ids import new_id
from altiplano.kernel.problems import CONTENT_TYPE, problem, problem_from_error

log = structlog.get_logger(__name__)

SENTENCES = {
    400: ("bad_request", "The request cannot be understood."),
    401: ("not_signed_in", "Sign in first, or send an API key."),
    403: ("not_allowed", "This is not allowed."),
    404: ("not_found", "There is nothing at this address."),
    405: ("method_not_allowed", "This address does not answer to this method."),
    413: ("too_large", "The request is too large."),
    415: ("unsupported_media_type", "This content type is not understood here."),
    503: ("unavailable", "A part of the platform does not answer at the moment; try again soon."),
}


def handle_error(request: HttpRequest, error: Exception | type[Exception]) -> HttpResponse:
    """The problem document for any exception; only the unforeseen ones are logged, with an id."""
    if isinstance(error, HttpError) and isinstance(error.__cause__, DomainError):
        error = error.__cause__  # what our parser raised; Ninja wraps it
    if isinstance(error, DomainError):
        return problem_from_error(error)
    if isinstance(error, ValidationError):
        return _invalid(error.errors)
    status = _status_of(error)
    return _unforeseen(request, error) if status is None else plain_problem(status)


def _status_of(error: object) -> int | None:
    match error:
        case HttpError():
            return error.status_code
        case Http404():
            return 404
        case PermissionDenied():
            return 403
        case RequestDataTooBig() | TooManyFilesSent():
            return 413
        case SuspiciousOperation() | MultiPartParserError() | DataError():
            return 400
        case _:
            return None


def _unforeseen(request: HttpRequest, error: object) -> HttpResponse:
    """A 500 that tells the caller an id and the log everything else."""
    incident = str(new_id())
    log.error(
        "request.failed",
        incident=incident,
        method=request.method,
        path=request.path,
        exc_info=error if isinstance(error, BaseException) else None,
    )
    return problem(
        500,
        "internal_error",
        f"Something went wrong on our side. If it happens again, quote {incident}.",
        instance=f"urn:uuid:{incident}",
    )


def plain_problem(status: int) -> HttpResponse:
    """A problem without a word of what was asked, for errors that need none."""
    code, sentence = SENTENCES.get(
        status,
        ("failed", "The request could not be answered.") if status >= 500 else SENTENCES[400],
    )
    return problem(status, code, sentence)


def _invalid(errors: Iterable[dict[str, Any]]) -> HttpResponse:
    """Each field at fault by its dotted name, and a sentence that names the first."""
    fields: dict[str, str] = {}
    for item in errors:
        fields.setdefault(_name_of(item["loc"]), _reason_of(item))
    name, reason = next(iter(fields.items()))
    return problem(422, "invalid", f"“{name}”: {reason}.", fields=fields)


def _name_of(location: tuple[str | int, ...]) -> str:
    """``("body", "payload", "stages", 0, "kind")`` names ``stages.0.kind``."""
    inner = location[2:] if len(location) > 2 and location[0] in {"body", "form"} else location[1:]
    name = ".".join(str(part) for part in inner)[:100]
    return name if name and name.isprintable() else str(location[0])


def _reason_of(item: dict[str, Any]) -> str:
    if item["type"] == "extra_forbidden":
        return "there is no such field"
    if item["type"] == "missing":
        return "is missing"
    reason = str(item["msg"]).removeprefix("Value error, ").rstrip(".")
    return reason[:1].lower() + reason[1:]


def as_problem(response: HttpResponseBase) -> HttpResponseBase:
    """An error response of Django itself, said as a problem; anything else as it is."""
    if response.status_code < 400 or response.get("Content-Type", "").startswith(CONTENT_TYPE):
        return response
    said = plain_problem(response.status_code)
    for header in ("Allow", "Retry-After"):
        if header in response:
            said[header] = response[header]
    return said
