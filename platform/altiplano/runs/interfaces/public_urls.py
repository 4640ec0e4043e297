"""The doors for people who are not members: a page, a frame for websites, and its script."""

from collections.abc import Callable
from typing import Any

from django.urls import URLPattern, URLResolver, include, path
from django.views.decorators.csrf import csrf_exempt

from altiplano.runs.interfaces import public_sources, public_views, widget

View = Callable[..., Any]
APP = "a/<slug:organization>/<slug:app>/"


def _as_it_is(view: View) -> View:
    return view


def _chat(dress: Callable[[View], View]) -> list[URLPattern | URLResolver]:
    """The routes of a chat, whatever stands before them."""
    return [
        path("", dress(public_views.chat), name="chat"),
        path("runs/<str:run_id>/", dress(public_views.show_run), name="run"),
        path("runs/<str:run_id>/events/", dress(public_views.follow), name="events"),
        path("runs/<str:run_id>/cancel/", dress(public_views.cancel), name="cancel"),
        path("runs/<str:run_id>/feedback/", dress(public_views.judge), name="judge"),
        path("runs/<str:run_id>/report/", dress(public_views.report), name="report"),
        path(
            "runs/<str:run_id>/sources/<str:document_id>/",
            dress(public_sources.show_source),
            name="source",
        ),
        path("documents/<str:document_id>/", dress(public_sources.show_document), name="document"),
    ]


_frame: list[URLPattern | URLResolver] = [
    path("embed/", public_views.enter_frame, name="enter"),
    path("embed/theme.json", widget.show_theme, name="theme"),
    # No cookie speaks for anybody here: the key in the address is the proof that CSRF tokens are.
    path("embed/<str:key>/", include(_chat(csrf_exempt))),
]

urlpatterns = [
    path("widget.js", widget.serve_script, name="widget"),
    path(APP, include((_frame, "frame"))),
    path(APP, include((_chat(_as_it_is), "visit"))),
]
