"""What a website loads to show a chat: one small script, and how the chat looks there."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Final

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import condition, require_safe

from altiplano.kernel.errors import NotFoundError
from altiplano.runs.interfaces.public_doors import known_language
from altiplano.studio.models import Accent
from altiplano.studio.public_apps import find_public_app

SCRIPT: Final = Path(__file__).parents[1] / "static/runs/widget.js"
KEEP_SECONDS: Final = 3600

ACCENTS: Final = {
    Accent.INDIGO: "#3D3A8C",
    Accent.FOREST: "#2F6B46",
    Accent.OCEAN: "#1F5F7A",
    Accent.PLUM: "#7A2E6B",
    Accent.BRICK: "#9A3412",
    Accent.SLATE: "#3F4756",
}
"""The button's ground, below white; the same as in ``runs/accents.css`` on light ground."""


@cache
def _script() -> tuple[bytes, str]:
    source = SCRIPT.read_bytes()
    return source, f'"{hashlib.sha256(source).hexdigest()[:32]}"'


@require_safe
@condition(etag_func=lambda _request: _script()[1])
def serve_script(_request: HttpRequest) -> HttpResponse:
    """The script, which every website may load; browsers ask each hour whether it is still so."""
    response = HttpResponse(_script()[0], content_type="text/javascript; charset=utf-8")
    response["Cache-Control"] = f"public, max-age={KEEP_SECONDS}, must-revalidate"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@require_safe
def show_theme(request: HttpRequest, organization: str, app: str) -> HttpResponse:
    """Colour and words of the button, for pages that may embed the app.

    There is nothing in it that the public page does not say. A website that is not allowed gets a
    404, so that no button appears there.
    """
    public = find_public_app(organization, app)
    origin = request.headers.get("Origin")
    own = f"{request.scheme}://{request.get_host()}"
    if origin is not None and origin != own and not public.may_be_embedded_by(origin):
        raise NotFoundError(_("This website may not show the chat."))
    with translation.override(known_language(request.GET.get("lang", ""))):
        theme = {
            "title": public.title,
            "accent": ACCENTS[Accent(public.sharing.accent)],
            "open": _("Ask “%(title)s”") % {"title": public.title},
            "close": _("Close the chat"),
        }
    response = JsonResponse(theme)
    if origin is not None:
        response["Access-Control-Allow-Origin"] = origin
    patch_vary_headers(response, ["Origin"])
    response["Cache-Control"] = "public, max-age=300"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response
