"""Domain errors on pages: a heading, a sentence and a way on, never a bare code.

The API answers the same errors as problem documents; see ``altiplano.kernel.problems``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from altiplano.kernel.errors import DomainError

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


@dataclass(frozen=True, slots=True)
class ErrorText:
    heading: StrPromise
    advice: StrPromise


_NOTHING_CHANGED = _("Nothing was changed.")

_TEXTS: dict[int, ErrorText] = {
    HTTPStatus.FORBIDDEN: ErrorText(
        _("You may not do this"),
        _("Nothing was changed. An owner of your organization can give you another role."),
    ),
    HTTPStatus.NOT_FOUND: ErrorText(
        _("There is nothing here"),
        _("It may have been deleted, or it belongs to another organization."),
    ),
    HTTPStatus.CONFLICT: ErrorText(
        _("This is not possible at the moment"),
        _("Nothing was changed. Go back and look at the present state."),
    ),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ErrorText(_("This is too large"), _NOTHING_CHANGED),
    HTTPStatus.TOO_MANY_REQUESTS: ErrorText(
        _("A limit is reached"), _("Nothing was lost. Try again later.")
    ),
    HTTPStatus.SERVICE_UNAVAILABLE: ErrorText(
        _("A part of the platform does not answer"),
        _("Nothing was lost. Try again in a minute."),
    ),
}
_FALLBACK = ErrorText(_("This did not work"), _NOTHING_CHANGED)


def render_error(
    request: HttpRequest,
    error: DomainError,
    *,
    page: str = "web/error.html",
    words: Mapping[str, object] | None = None,
) -> HttpResponse:
    """The whole page about ``error``, with its status.

    ``page`` is the portal's unless another says the same in a frame of its own, with ``words`` for it.
    """
    text = _TEXTS.get(error.status, _FALLBACK)
    context = {
        "heading": text.heading,
        "sentence": error.message,
        "advice": text.advice,
        **(words or {}),
    }
    response = render(request, page, context, status=error.status)
    if error.retry_after is not None:
        response["Retry-After"] = str(error.retry_after)
    return response
