"""From a request to a Principal: by API key, or by the signed-in session.

A request that carries an ``Authorization`` header is judged by that header alone; a wrong key
never falls back to the session that a browser may send along.
"""

import uuid
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
from django.http.response import HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from ninja.security.base import AuthBase

from altiplano.accounts.domain.sessions import principal_of_user
from altiplano.accounts.domain.tokens import authenticate_token
from altiplano.accounts.models import User
from altiplano.accounts.principal import Principal
from altiplano.accounts.stand_in import stand_in_of
from altiplano.kernel.errors import NotAllowedError, NotSignedInError
from altiplano.kernel.way_back import way_back

SESSION_KEY = "organization_id"
"""Where the session keeps the organization that a person with several works in."""


class _CsrfCheck(CsrfViewMiddleware):
    """Django's check without its page: the API says the refusal in its own words."""

    def _reject(self, request: HttpRequest, reason: str) -> HttpResponseForbidden:
        return HttpResponseForbidden()


class ApiRequest(HttpRequest):
    """What a route of the API receives: authentication has put the principal there."""

    auth: Principal


def authenticate_bearer(header: str) -> Principal:
    """The principal behind ``Authorization: Bearer KEY``. Raises NotSignedInError."""
    scheme, _space, key = header.partition(" ")
    if scheme.lower() != "bearer":
        raise NotSignedInError(_("Send your API key as “Authorization: Bearer KEY”."))
    return authenticate_token(key.strip(" "))


def authenticate_session(request: HttpRequest) -> Principal:
    """The principal of the signed-in person. Raises NotSignedInError or NotAllowedError."""
    user = request.user
    if not isinstance(user, User) or not user.is_active:
        raise NotSignedInError(_("Sign in first, or send an API key."))
    principal = principal_of_user(user, organization_id=_chosen_organization(request))
    stand_in = stand_in_of(request.session)
    return principal if stand_in is None else replace(principal, stand_in=stand_in)


def _chosen_organization(request: HttpRequest) -> uuid.UUID | None:
    raw = request.session.get(SESSION_KEY)
    try:
        return uuid.UUID(str(raw)) if raw else None
    except ValueError:
        return None


def authenticate_request(request: HttpRequest) -> Principal:
    """The principal of an API request, by key or by session.

    A session must prove with the CSRF token that its own page sent the request.
    """
    header = request.headers.get("Authorization")
    if header is not None:
        return authenticate_bearer(header)
    principal = authenticate_session(request)
    if not _has_csrf_token(request):
        raise NotAllowedError(
            _("The request did not come from one of our pages; reload the page and try again."),
            code="csrf_failed",
        )
    return principal


def _has_csrf_token(request: HttpRequest) -> bool:
    """True for methods that change nothing, and for a request with its session's token.

    Django did not check: the routes of the API are exempt because keys need no such proof.
    """

    def view(_: HttpRequest) -> HttpResponse:
        return HttpResponse()

    check = _CsrfCheck(view)
    request.csrf_processing_done = False  # type: ignore[attr-defined]
    check.process_request(request)
    return check.process_view(request, view, (), {}) is None


class KeyOrSession(AuthBase):
    """The API's only authentication; puts the Principal on ``request.auth``."""

    openapi_type = "http"
    openapi_scheme = "bearer"
    openapi_description = "An API key (`alti_…`), made on the page “API keys” or by `POST /tokens`."

    def __call__(self, request: HttpRequest) -> Principal:
        return authenticate_request(request)


def member_required(
    view: Callable[..., HttpResponseBase],
) -> Callable[..., HttpResponseBase]:
    """For pages: the view's second argument is the Principal.

    Strangers go to the sign-in page, people without an organization to the page that makes one.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            principal = authenticate_session(request)
        except NotSignedInError:
            return redirect_to_login(way_back(request))
        except NotAllowedError as error:
            if error.code != "no_organization":
                raise
            return redirect("accounts:organization-create")
        return view(request, principal, *args, **kwargs)

    return guarded
