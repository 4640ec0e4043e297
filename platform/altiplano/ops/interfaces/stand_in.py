"""Taking a person's place and giving it back, and what nobody does in another's place."""

from collections.abc import Awaitable, Callable
from typing import Any, Final, cast

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.contrib.auth import logout
from django.contrib.auth.signals import user_logged_out
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.decorators import sync_and_async_middleware
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from hijack.views import AcquireUserView, ReleaseUserView

from altiplano.accounts.models import User
from altiplano.accounts.stand_in import HISTORY_KEY, LABEL_KEY, REASON_KEY, stand_in_of
from altiplano.kernel.errors import InvalidInputError, NotAllowedError
from altiplano.ops.impersonation import (
    LONGEST_REASON,
    may_stand_in,
    read_reason,
    record_end,
    record_start,
)
from altiplano.web.errors import render_error

SIGN_IN_PAGES: Final = "/accounts/"
SIGN_OUT: Final = "/accounts/logout/"
OWN_PAGES: Final = ("/keys/", "/profile/")
"""Read in another's place, but not changed."""


def _signed_in(request: HttpRequest) -> User:
    """As they are in the database, and no proxy that becomes someone else."""
    return User.objects.get(pk=cast("User", request.user).pk)


class _Acquire(AcquireUserView):  # type: ignore[misc]  # hijack has no types
    """django-hijack's exchange, with the reason recorded in the same transaction."""

    def get_success_url(self) -> str:
        return reverse("studio:home")

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        operator, person = _signed_in(request), self.get_object()
        reason = read_reason(request.POST.get("reason", ""))
        response = cast("HttpResponse", super().post(request, *args, **kwargs))
        request.session[LABEL_KEY] = operator.email
        request.session[REASON_KEY] = reason
        record_start(operator=operator, person=person, reason=reason)
        return response


class _Release(ReleaseUserView):  # type: ignore[misc]
    """The way back, recorded with the reason of the way in."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        person = _signed_in(request)
        operator = get_object_or_404(User, pk=request.session[HISTORY_KEY][-1])
        reason = str(request.session.get(REASON_KEY, ""))
        self.success_url = reverse("admin:accounts_user_change", args=[person.pk])
        response = cast("HttpResponse", super().post(request, *args, **kwargs))
        request.session.pop(LABEL_KEY, None)
        request.session.pop(REASON_KEY, None)
        record_end(operator=operator, person=person, reason=reason)
        if not operator.is_active:
            logout(request)
        return response


def ask_for_reason(
    request: HttpRequest, person_id: str, *, context: dict[str, Any]
) -> HttpResponseBase:
    """The page on which an operator says why; a POST with a reason takes the place."""
    person = get_object_or_404(User, pk=person_id)
    if not may_stand_in(hijacker=cast("User", request.user), hijacked=person):
        raise PermissionDenied
    problem, status = "", 200
    if request.method == "POST":
        if request.POST.get("user_pk") != str(person.pk):
            raise PermissionDenied
        try:
            return cast("HttpResponseBase", _Acquire.as_view()(request))
        except InvalidInputError as error:
            problem, status = str(error), 400
    context |= {
        "title": _("Work in a person's place"),
        "person": person,
        "problem": problem,
        "longest_reason": LONGEST_REASON,
    }
    return TemplateResponse(request, "ops/stand_in.html", context, status=status)


@require_POST
def give_back(request: HttpRequest) -> HttpResponseBase:
    """The operator is themselves again, on the person's page of the dashboard."""
    if not request.user.is_authenticated:
        return redirect_to_login(reverse("web:landing"))
    if stand_in_of(request.session) is None:
        raise PermissionDenied
    return cast("HttpResponseBase", _Release.as_view()(request))


@receiver(user_logged_out)
def note_sign_out(request: HttpRequest | None, user: Any, **_kwargs: Any) -> None:
    """Signing out altogether ends it as well."""
    stand_in = stand_in_of(request.session) if request is not None else None
    if request is None or stand_in is None or not isinstance(user, User):
        return
    operator = User.objects.filter(pk=stand_in.user_id).first()
    if operator is not None:
        reason = str(request.session.get(REASON_KEY, ""))
        record_end(operator=operator, person=user, reason=reason)


Sync = Callable[[HttpRequest], HttpResponseBase]
Async = Callable[[HttpRequest], Awaitable[HttpResponseBase]]


@sync_and_async_middleware
def leave_their_keys_alone(get_response: Sync | Async) -> Sync | Async:
    """In another's place nobody sees or changes how that person signs in, nor changes their keys.

    Other addresses are passed on without a look at the session.
    """
    if iscoroutinefunction(get_response):

        async def handle_async(request: HttpRequest) -> HttpResponseBase:
            if _is_personal(request):
                refusal = await sync_to_async(_refusal)(request)
                if refusal is not None:
                    return refusal
            return await cast("Async", get_response)(request)

        return handle_async

    def handle(request: HttpRequest) -> HttpResponseBase:
        refusal = _refusal(request) if _is_personal(request) else None
        return refusal or cast("Sync", get_response)(request)

    return handle


def _is_personal(request: HttpRequest) -> bool:
    path = request.path
    if path.startswith(SIGN_IN_PAGES):
        return path != SIGN_OUT
    return path.startswith(OWN_PAGES) and request.method not in {"GET", "HEAD", "OPTIONS"}


def _refusal(request: HttpRequest) -> HttpResponse | None:
    if stand_in_of(request.session) is None:
        return None
    text = _("While you work in someone's place, their keys and sign-in stay as they are.")
    return render_error(request, NotAllowedError(text, code="person_required"))
