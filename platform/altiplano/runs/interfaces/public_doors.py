"""How a request reaches a public app: by the page itself, or by a frame on somebody's website.

On the page a signed cookie of this app alone says who the visitor is; it is set with the first
question. A frame on another website may have no cookies, so there the visitor is in the address:
whoever has the key in it is the visitor, and no other proof is needed or given. Nothing else tells
the two apart.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any, Final

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from altiplano.kernel.errors import DomainError, NotFoundError
from altiplano.runs.interfaces.asking import is_part
from altiplano.runs.interfaces.chat_routes import DOCUMENT, RUN, ChatRoutes, pattern
from altiplano.runs.visitors import Visitor
from altiplano.studio.public_apps import PublicApp, find_public_app
from altiplano.web.errors import render_error
from altiplano.web.middleware import CONTENT_SECURITY_POLICY

COOKIE: Final = "altiplano_visitor"
KEY_SECONDS: Final = 7 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Visit:
    """A request to a public app. ``is_known`` is whether the visitor was one before it."""

    visitor: Visitor
    routes: ChatRoutes
    is_known: bool
    frame_language: str = ""

    @property
    def public(self) -> PublicApp:
        return self.visitor.public

    @property
    def is_framed(self) -> bool:
        return bool(self.frame_language)


def open_visit(request: HttpRequest, organization: str, app: str, key: str = "") -> Visit:
    """Raises NotFoundError where no public app is, or for a key that is not, or no longer, valid."""
    public = find_public_app(organization, app)
    if key:
        visitor, language = _read_key(public, key)
        return Visit(visitor, _routes("frame", public, key), is_known=True, frame_language=language)
    known = _visitor_in_cookie(request, public)
    return Visit(
        known or Visitor(uuid.uuid4(), public), _routes("visit", public), is_known=known is not None
    )


def remember_visitor(response: HttpResponse, visit: Visit) -> None:
    """The browser will be the same visitor at its next request to this app."""
    if visit.is_framed or visit.is_known:
        return
    response.set_signed_cookie(
        COOKIE,
        visit.visitor.id.hex,
        salt=_salt("cookie", visit.public),
        max_age=settings.VISITOR_DAYS * 24 * 3600,
        path=visit.routes.new,
        secure=settings.SECURE_COOKIES,
        httponly=True,
        samesite="Lax",
    )


def new_frame_visit(public: PublicApp, language: str) -> Visit:
    """A frame that was just opened: a visitor that nobody was before."""
    visitor = Visitor(uuid.uuid4(), public)
    key = signing.dumps([visitor.id.hex, language], salt=_salt("frame", public))
    return Visit(visitor, _routes("frame", public, key), is_known=False, frame_language=language)


def visited(
    view: Callable[..., HttpResponse],
) -> Callable[..., HttpResponse]:
    """For the views of a public app: their second argument is the :class:`Visit`.

    What they refuse in a frame is said within the frame; browsers would not show another page there.
    """

    @wraps(view)
    def opened(
        request: HttpRequest, organization: str, app: str, key: str = "", **kwargs: Any
    ) -> HttpResponse:
        try:
            visit = open_visit(request, organization, app, key)
        except _WornKeyError as error:
            if is_part(request):
                raise
            if request.method == "GET":
                return redirect("frame:enter", organization, app)
            anew = new_frame_visit(find_public_app(organization, app), known_language(""))
            return _refuse_in_frame(request, anew, error)
        if not visit.is_framed:
            return view(request, visit, **kwargs)
        with translation.override(visit.frame_language):
            try:
                response = view(request, visit, **kwargs)
            except DomainError as error:
                if is_part(request):
                    raise
                return _refuse_in_frame(request, visit, error)
            return dress_frame(request, response, visit.public)

    return opened


def words_of(visit: Visit) -> dict[str, object]:
    """What ``runs/public_base.html`` says around whatever a visitor reads."""
    public = visit.public
    return {"public": public, "sharing": public.sharing, "visit": visit, "routes": visit.routes}


def _refuse_in_frame(request: HttpRequest, visit: Visit, error: DomainError) -> HttpResponse:
    """What went wrong, within the frame, with the way back to its chat."""
    page = "runs/public_error.html"
    response = render_error(request, error, page=page, words=words_of(visit))
    return dress_frame(request, response, visit.public)


def dress_frame(request: HttpRequest, response: HttpResponse, public: PublicApp) -> HttpResponse:
    """The response may stand in a frame on the app's websites, and sets no cookie there."""
    ancestors = " ".join(["'self'", *public.sharing.domains])
    response["Content-Security-Policy"] = CONTENT_SECURITY_POLICY.replace(
        "frame-ancestors 'none'", f"frame-ancestors {ancestors}"
    )
    response.xframe_options_exempt = True
    request.META.pop("CSRF_COOKIE_NEEDS_UPDATE", None)
    return response


class _WornKeyError(NotFoundError):
    """The frame was opened too long ago."""


def _read_key(public: PublicApp, key: str) -> tuple[Visitor, str]:
    try:
        raw, language = signing.loads(key, salt=_salt("frame", public), max_age=KEY_SECONDS)
        return Visitor(uuid.UUID(hex=raw), public), known_language(language)
    except (signing.BadSignature, ValueError, TypeError):
        raise _WornKeyError(_("This chat was opened too long ago. Open it again.")) from None


def known_language(wish: str) -> str:
    """The language of ours that a page's ``lang`` such as ``fr-CA`` asks for.

    For a page in another language, or one that names none, the reader's own: what the browser asks
    for, which Django has made the active one.
    """
    languages = [code for code, _name in settings.LANGUAGES]
    stem = wish.lower().partition("-")[0]
    return stem if stem in languages else translation.get_language() or languages[0]


def _visitor_in_cookie(request: HttpRequest, public: PublicApp) -> Visitor | None:
    try:
        raw = request.get_signed_cookie(
            COOKIE, salt=_salt("cookie", public), max_age=settings.VISITOR_DAYS * 24 * 3600
        )
        return Visitor(uuid.UUID(hex=raw), public)
    except (KeyError, signing.BadSignature, ValueError):
        return None


def _salt(purpose: str, public: PublicApp) -> str:
    """What is signed for one app is worth nothing at another, nor in another place."""
    return f"altiplano.visitor.{purpose}.{public.app.id}"


def _routes(door: str, public: PublicApp, *key: str) -> ChatRoutes:
    place = (public.organization.slug, public.app.slug, *key)
    chat = reverse(f"{door}:chat", args=place)
    routes = ChatRoutes(
        new=chat,
        ask=chat,
        run=pattern(f"{door}:run", *place, RUN),
        events=pattern(f"{door}:events", *place, RUN),
        cancel=pattern(f"{door}:cancel", *place, RUN),
        feedback=pattern(f"{door}:judge", *place, RUN),
        report=pattern(f"{door}:report", *place, RUN),
        source=pattern(f"{door}:source", *place, RUN, DOCUMENT),
    )
    if public.sharing.opens_documents:
        routes = replace(routes, document=pattern(f"{door}:document", *place, DOCUMENT))
    return routes
