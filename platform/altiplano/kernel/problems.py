"""RFC 9457 problem documents: how every error under ``/api/`` is said."""

import json
from collections.abc import Mapping
from http import HTTPStatus

from django.http import HttpResponse

from altiplano.kernel.errors import DomainError

CONTENT_TYPE = "application/problem+json"


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    fields: Mapping[str, str] | None = None,
    retry_after: int | None = None,
    instance: str | None = None,
    extra: Mapping[str, object] | None = None,
) -> HttpResponse:
    """A response ``{type, title, status, code, detail}``, with ``fields`` when some are at fault.

    ``type`` is ``about:blank``: the stable word for programs is ``code``. ``instance`` names this
    one occurrence, so that a person can quote it and an operator can find it in the log. ``extra``
    are further members, of which none takes the place of these.
    """
    document: dict[str, object] = {
        **(extra or {}),
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
    }
    if fields:
        document["fields"] = dict(fields)
    if instance is not None:
        document["instance"] = instance
    response = HttpResponse(json.dumps(document), status=status, content_type=CONTENT_TYPE)
    response["Content-Length"] = str(len(response.content))
    if retry_after is not None:
        response["Retry-After"] = str(retry_after)
    if status == HTTPStatus.UNAUTHORIZED:
        response["WWW-Authenticate"] = 'Bearer realm="Altiplano"'
    return response


def problem_from_error(error: DomainError) -> HttpResponse:
    return problem(
        error.status,
        error.code,
        error.message,
        fields=error.fields,
        retry_after=error.retry_after,
        extra=error.extra,
    )
