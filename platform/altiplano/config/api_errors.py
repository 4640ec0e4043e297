"""Whatever goes wrong where programs ask, said as the document that they understand."""

from collections.abc import Iterable
from itertools import takewhile
from typing import Any

import orjson
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
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from ninja.errors import HttpError, ValidationError

from altiplano.config.field_reasons import reason_of
from altiplano.kernel.errors import DomainError
from altiplano.kernel.ids import new_id
from altiplano.kernel.problems import CONTENT_TYPE, problem, problem_from_error
from altiplano.knowledge.domain.receiving import too_many_files
from altiplano.runs.interfaces.openai_answer import error_object

log = structlog.get_logger(__name__)

SENTENCES = {
    400: ("bad_request", _("The request cannot be understood.")),
    401: ("not_signed_in", _("Sign in first, or send an API key.")),
    403: ("not_allowed", _("This is not allowed.")),
    404: ("not_found", _("There is nothing at this address.")),
    405: ("method_not_allowed", _("This address does not answer to this method.")),
    413: ("too_large", _("The request is too large.")),
    415: ("unsupported_media_type", _("This content type is not understood here.")),
    503: (
        "unavailable",
        _("A part of the platform does not answer at the moment; try again soon."),
    ),
}


def handle_error(request: HttpRequest, error: Exception | type[Exception]) -> HttpResponse:
    """The problem document for any exception; only the unforeseen ones are logged, with an id."""
    if isinstance(error, HttpError) and isinstance(error.__cause__, DomainError):
        error = error.__cause__  # what our parser raised; Ninja wraps it
    if isinstance(error, DomainError):
        return problem_from_error(error)
    if isinstance(error, ValidationError):
        return _invalid(error.errors)
    if isinstance(error, TooManyFilesSent):
        return problem_from_error(too_many_files())
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
        case RequestDataTooBig():
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
        _("Something went wrong on our side. If it happens again, quote %(incident)s.")
        % {"incident": incident},
        instance=f"urn:uuid:{incident}",
    )


def plain_problem(status: int) -> HttpResponse:
    """A problem without a word of what was asked, for errors that need none."""
    code, sentence = sentence_for(status)
    return problem(status, code, sentence)


def sentence_for(status: int) -> tuple[str, str]:
    """The code and the sentence for an error of which nothing but its status is known."""
    failed = ("failed", _("The request could not be answered."))
    code, sentence = SENTENCES.get(status, failed if status >= 500 else SENTENCES[400])
    return code, str(sentence)


def _invalid(errors: Iterable[dict[str, Any]]) -> HttpResponse:
    """Each field at fault by its dotted name, and a sentence that names the first.

    A field that may be of several kinds has a reason for each; they are alternatives.
    """
    reasons: dict[str, list[str]] = {}
    for item in errors:
        reasons.setdefault(_name_of(item), []).append(reason_of(item))
    either = gettext(", or ")
    fields = {name: either.join(dict.fromkeys(each)) for name, each in reasons.items()}
    name, reason = next(iter(fields.items()))
    detail = gettext("“%(name)s”: %(reason)s.") % {"name": name, "reason": reason}
    return problem(422, "invalid", detail, fields=fields)


def _name_of(item: dict[str, Any]) -> str:
    """``("body", "payload", "stages", 0, "kind")`` names ``stages.0.kind``.

    In a field of several kinds the place goes on with the kind that was tried, as in
    ``version.constrained-int``; that is our affair and left out.
    """
    place = item["loc"]
    inner = place[2:] if place[0] in {"body", "form"} and len(place) > 1 else place[1:]
    if item["type"] != "extra_forbidden":
        inner = tuple(takewhile(lambda part: str(part).replace("_", "a").isalnum(), inner))
    name = ".".join(str(part) for part in inner)[:100]
    return name if name and name.isprintable() else str(place[0])


def as_problem(response: HttpResponseBase) -> HttpResponseBase:
    """An error page of Django itself, said as a problem; what a view said itself, as it is."""
    if _is_document(response):
        return response
    return _with_headers_of(response, plain_problem(response.status_code))


def as_openai_error(response: HttpResponseBase) -> HttpResponseBase:
    """The same in the form of OpenAI's protocol, which its clients show to people."""
    if _is_document(response) and not response["Content-Type"].startswith(CONTENT_TYPE):
        return response
    status = response.status_code
    code, sentence = sentence_for(status)
    said = HttpResponse(
        orjson.dumps(error_object(status, sentence, code=code)),
        status=status,
        content_type="application/json",
    )
    said["Content-Length"] = str(len(said.content))
    return _with_headers_of(response, said)


def _is_document(response: HttpResponseBase) -> bool:
    return response.get("Content-Type", "").startswith("application/")


def _with_headers_of(response: HttpResponseBase, said: HttpResponse) -> HttpResponse:
    for header in ("Allow", "Content-Language", "Retry-After", "Vary"):
        if header in response:
            said[header] = response[header]
    return said
