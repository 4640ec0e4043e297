"""Who may do what: one row for every route and method of the portal.

A route of the URLconf without a row fails ``test_access``, and so does a row without a route. A new
route begins here: decide who may use it, then write it.
"""

from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import Any, Final

from tests.contract.third_party_routes import THIRD_PARTY  # noqa: F401 - a part of the matrix

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


class Needs(Enum):
    """What a caller must hold."""

    NOTHING = "nothing"
    SIGN_IN = "any credential"
    READ = "read"
    WRITE = "write"
    RUN = "run"
    READ_OR_RUN = "read or run"
    PERSON = "a signed-in person"
    MANAGE = "a signed-in owner"
    OWN_OR_MANAGE = "the one it belongs to, or a signed-in owner"


class Door(Enum):
    """Which credentials a route looks at, and how it sends strangers away."""

    API = "API key or session; 401"
    OPENAI = "API key; 401"
    PAGE = "session; to the sign-in page"
    VISITOR = "a cookie of the app; 404"
    FRAME = "a key in the address; 404, or to where frames begin"


@dataclass(frozen=True, slots=True)
class Row:
    """``ok`` is the answer to whoever may, against the world of ``world.py``.

    Where carrying it out would need a worker or a broker, ``ok`` is the refusal that comes right
    after the check of rights (409, 503). ``denied`` and ``foreign`` differ from 403 and 404 where
    a page answers with a redirect and a sentence instead; ``person_ok`` from ``ok`` where people
    who are signed in are sent elsewhere.
    """

    method: str
    route: str
    needs: Needs
    door: Door
    ok: int
    body: Any = None
    content_type: str = JSON
    denied: int = 403
    foreign: int = 404
    person_ok: int | None = None

    @property
    def id(self) -> str:
        return f"{self.method} {self.route}"


def _api(method: str, route: str, needs: Needs, ok: int = 200, **more: Any) -> Row:
    return Row(method, f"api/v1/{route}", needs, Door.API, ok, **more)


def _page(method: str, route: str, needs: Needs, ok: int = 200, **more: Any) -> Row:
    return Row(method, route, needs, Door.PAGE, ok, content_type=FORM, **more)


def _public(method: str, route: str, ok: int, **more: Any) -> Row:
    """Open to everybody; but the world's run is a member's, and so nobody's here."""
    address = f"a/<slug:organization>/<slug:app>/{route}"
    return Row(method, address, Needs.NOTHING, Door.VISITOR, ok, content_type=FORM, **more)


def _framed(method: str, route: str, ok: int, **more: Any) -> Row:
    """As :func:`_public`, with a key that is none: a look leads to where frames begin."""
    address = f"a/<slug:organization>/<slug:app>/embed/<str:key>/{route}"
    return Row(method, address, Needs.NOTHING, Door.FRAME, ok, content_type=FORM, **more)


NAME: Final = MappingProxyType({"name": "New"})
PIPELINE_APP: Final = MappingProxyType({"name": "New", "template": "chat"})
SAME_STAGE: Final = MappingProxyType(
    {"revision": "1", "position": "0", "kind": "retriever", "plugin": "hybrid", "config.k": "6"}
)
NO_LOADER: Final = MappingProxyType({"name": "New", "plugin": "no-such-loader"})
NO_GUARD: Final = MappingProxyType({"revision": "1", "position": "1", "do": "remove"})
READ_KEY: Final = MappingProxyType({"name": "New", "scopes": ["read"]})
ANOTHER_TEXT: Final = MappingProxyType(
    {"document": "acceptable-use", "version": 1, "language": "en", "sha256": "0" * 64,
     "capacity": "director", "has_authority": True}
)  # fmt: skip
QUESTION: Final = MappingProxyType({"input": "How long does compost take?"})

API_ROWS: Final = (
    _api("GET", "openapi.json", Needs.NOTHING),
    _api("GET", "me", Needs.SIGN_IN),
    _api("GET", "tokens", Needs.READ),
    _api("POST", "tokens", Needs.PERSON, 201, body=READ_KEY),
    _api("DELETE", "tokens/<token_id>", Needs.OWN_OR_MANAGE, 204),
    _api("GET", "members", Needs.READ),
    _api("POST", "members", Needs.MANAGE, 201, body={"email": "n@example.org", "role": "viewer"}),
    _api("PATCH", "members/<member_id>", Needs.MANAGE, body={"role": "builder"}),
    _api("DELETE", "members/<member_id>", Needs.OWN_OR_MANAGE, 204),
    _api("GET", "legal", Needs.NOTHING),
    _api("GET", "challenges", Needs.NOTHING),
    _api("GET", "challenges/<edition>", Needs.NOTHING),
    _api("GET", "organization/consents", Needs.READ),
    _api("POST", "organization/consents", Needs.MANAGE, 409, body=ANOTHER_TEXT),
    _api("GET", "plugins", Needs.READ),
    _api("POST", "plugins/releases", Needs.WRITE, 400),
    _api("GET", "plugins/releases/<release_id>", Needs.READ),
    _api("POST", "plugins/releases/<release_id>/withdraw", Needs.WRITE),
    _api("PUT", "plugins/drafts/<package>", Needs.WRITE, 400, foreign=400),
    _api("DELETE", "plugins/drafts/<package>", Needs.WRITE, 204),
    _api("GET", "plugins/drafts/<package>/events", Needs.WRITE),
    _api("GET", "collections", Needs.READ),
    _api("POST", "collections", Needs.WRITE, 201, body=NAME),
    _api("GET", "collections/<collection_id>", Needs.READ),
    _api("PATCH", "collections/<collection_id>", Needs.WRITE, body=NAME),
    _api("DELETE", "collections/<collection_id>", Needs.WRITE, 204),
    _api("GET", "collections/<collection_id>/documents", Needs.READ),
    _api("POST", "collections/<collection_id>/documents", Needs.WRITE, 202,
         body={"url": "https://example.org/report.pdf"}),
    _api("GET", "collections/<collection_id>/reading", Needs.READ),
    _api("PATCH", "collections/<collection_id>/reading", Needs.WRITE, body={}),
    _api("POST", "collections/<collection_id>/reading/again", Needs.WRITE, 202),
    _api("POST", "collections/<collection_id>/reading/stop", Needs.WRITE, body={}),
    _api("GET", "collections/<collection_id>/sources", Needs.READ),
    _api("POST", "collections/<collection_id>/sources", Needs.WRITE, 400, body=NO_LOADER),
    _api("GET", "sources/<source_id>", Needs.READ),
    _api("PATCH", "sources/<source_id>", Needs.WRITE, 400, body=NAME),
    _api("DELETE", "sources/<source_id>", Needs.WRITE, 204),
    _api("POST", "sources/<source_id>/load", Needs.WRITE, 202),
    _api("POST", "sources/<source_id>/stop", Needs.WRITE, 409),
    _api("POST", "collections/<collection_id>/search", Needs.READ, 503, body={"query": "compost"}),
    _api("GET", "documents/<document_id>", Needs.READ),
    _api("DELETE", "documents/<document_id>", Needs.WRITE, 204),
    _api("POST", "documents/<document_id>/cancel", Needs.WRITE, 409),
    _api("POST", "documents/<document_id>/retry", Needs.WRITE, 409),
    _api("GET", "documents/<document_id>/text", Needs.READ),
    _api("GET", "documents/<document_id>/versions", Needs.READ),
    _api("GET", "documents/<document_id>/file", Needs.READ),
    _api("GET", "apps", Needs.READ),
    _api("POST", "apps", Needs.WRITE, 201, body=PIPELINE_APP),
    _api("GET", "apps/<app_id>", Needs.READ),
    _api("PATCH", "apps/<app_id>", Needs.WRITE, body=NAME),
    _api("DELETE", "apps/<app_id>", Needs.WRITE, 204),
    _api("GET", "apps/<app_id>/versions", Needs.READ),
    _api("POST", "apps/<app_id>/versions", Needs.WRITE, 201),
    _api("POST", "apps/<app_id>/publish", Needs.WRITE, body={"version": 1}),
    _api("DELETE", "apps/<app_id>/publish", Needs.WRITE),
    _api("GET", "apps/<app_id>/runs", Needs.READ),
    _api("POST", "apps/<app_id>/runs", Needs.RUN, 503, body=QUESTION),
    _api("GET", "runs/<run_id>", Needs.READ_OR_RUN),
    _api("GET", "runs/<run_id>/events", Needs.READ_OR_RUN),
    _api("POST", "runs/<run_id>/cancel", Needs.RUN, 409),
    _api("POST", "runs/<run_id>/decision", Needs.RUN, 409, body={"yes": True}),
    _api("POST", "runs/<run_id>/feedback", Needs.RUN, body={"verdict": "good"}),
)  # fmt: skip

OPENAI_ROWS: Final = (
    Row("GET", "v1/models", Needs.READ_OR_RUN, Door.OPENAI, 200),
    Row("GET", "v1/models/<str:organization>/<str:app>", Needs.READ_OR_RUN, Door.OPENAI, 200),
    Row("POST", "v1/chat/completions", Needs.RUN, Door.OPENAI, 503, body={
        "model": "green-schools/garden", "messages": [{"role": "user", "content": "Compost?"}],
    }),
)  # fmt: skip

MCP_ROWS: Final = (
    Row("POST", "mcp/<str:organization>/<str:app>", Needs.READ_OR_RUN, Door.OPENAI, 200,
        body={"jsonrpc": "2.0", "id": 1, "method": "tools/list"}),
)  # fmt: skip

PAGE_ROWS: Final = (
    _page("GET", "healthz", Needs.NOTHING),
    _page("GET", "readyz", Needs.NOTHING, 503),
    _page("GET", "metrics", Needs.NOTHING),
    _page("GET", "", Needs.NOTHING, person_ok=302),
    _page("POST", "language/setlang/", Needs.NOTHING, 302, body={"language": "fr"}),
    _page("GET", "home/", Needs.READ),
    _page("GET", "keys/", Needs.READ),
    _page("POST", "keys/", Needs.PERSON, body={"name": "New", "scopes": "read", "lifetime": "90"}),
    _page("POST", "keys/<str:token_id>/revoke/", Needs.OWN_OR_MANAGE, 302),
    _page("GET", "organizations/new/", Needs.PERSON),
    _page("POST", "organizations/new/", Needs.PERSON, 302, body={"name": "N", "kind": "public"}),
    _page("POST", "organizations/switch/", Needs.PERSON, 404),
    _page("GET", "organization/", Needs.READ),
    _page("POST", "organization/", Needs.MANAGE, 302, body={"name": "N", "kind": "public"}),
    _page("GET", "organization/delete/", Needs.MANAGE),
    _page("POST", "organization/delete/", Needs.MANAGE, 400, body={"name": "Another name"}),
    _page("GET", "organization/history/", Needs.MANAGE),
    _page("GET", "organization/consents/", Needs.READ),
    _page("GET", "organization/consents/consents.csv", Needs.MANAGE),
    _page("GET", "organization/consents/give/<slug:document>/<str:number>/", Needs.MANAGE,
          foreign=200),
    _page("POST", "organization/consents/give/<slug:document>/<str:number>/", Needs.MANAGE, 400,
          foreign=400),
    _page("GET", "organization/consents/<str:consent_id>/withdraw/", Needs.MANAGE),
    _page("POST", "organization/consents/<str:consent_id>/withdraw/", Needs.MANAGE, 302),
    _page("GET", "challenge/", Needs.NOTHING),
    _page("GET", "challenge/clock", Needs.NOTHING),
    _page("GET", "challenge/feed.xml", Needs.NOTHING),
    _page("GET", "challenge/<slug:edition>/", Needs.NOTHING),
    _page("GET", "legal/", Needs.NOTHING),
    _page("GET", "legal/<slug:document>/", Needs.NOTHING),
    _page("GET", "legal/<slug:document>/<str:number>/", Needs.NOTHING),
    _page("GET", "legal/<slug:document>/<str:number>/changes/", Needs.NOTHING, 404),
    _page("GET", "legal/<slug:document>/<str:number>/<str:language>.txt", Needs.NOTHING),
    _page("GET", "members/", Needs.READ),
    _page("POST", "members/", Needs.MANAGE, 302, body={"email": "n@example.org", "role": "viewer"}),
    _page("GET", "members/<str:member_id>/role/", Needs.MANAGE),
    _page("POST", "members/<str:member_id>/role/", Needs.MANAGE, 302, body={"role": "builder"}),
    _page("GET", "members/<str:member_id>/remove/", Needs.OWN_OR_MANAGE),
    _page("POST", "members/<str:member_id>/remove/", Needs.OWN_OR_MANAGE, 302),
    _page("POST", "invitations/<str:invitation_id>/send/", Needs.MANAGE, 302),
    _page("POST", "invitations/<str:invitation_id>/withdraw/", Needs.MANAGE, 302),
    _page("GET", "join/<str:token>/", Needs.NOTHING, 404),
    _page("POST", "join/<str:token>/", Needs.NOTHING, 302, person_ok=404),
    _page("GET", "profile/", Needs.PERSON),
    _page("POST", "profile/", Needs.PERSON, 302, body={"name": "N", "language": "fr"}),
    _page("GET", "profile/delete/", Needs.PERSON),
    _page("POST", "profile/delete/", Needs.PERSON, 400, body={"email": "another@example.org"}),
    _page("GET", "mail/", Needs.NOTHING, 404),
    _page("GET", "collections/", Needs.READ),
    _page("GET", "collections/new/", Needs.WRITE),
    _page("POST", "collections/new/", Needs.WRITE, 302, body=NAME),
    _page("GET", "collections/<str:collection_id>/", Needs.READ),
    _page("GET", "collections/<str:collection_id>/documents/", Needs.READ),
    _page("POST", "collections/<str:collection_id>/documents/", Needs.WRITE, 302),
    _page("GET", "collections/<str:collection_id>/changes/", Needs.READ),
    _page("POST", "collections/<str:collection_id>/selected/", Needs.WRITE, 302,
          body={"action": "delete"}),
    _page("POST", "collections/<str:collection_id>/undo/", Needs.WRITE, 302, body={"deletion": "x"}),
    _page("GET", "collections/<str:collection_id>/search/", Needs.READ),
    _page("GET", "collections/<str:collection_id>/reading/", Needs.READ),
    _page("POST", "collections/<str:collection_id>/reading/", Needs.WRITE, 400,
          body={"part": "splitter", "plugin": "another"}),
    _page("GET", "collections/<str:collection_id>/reading/progress/", Needs.READ),
    _page("POST", "collections/<str:collection_id>/reading/again/", Needs.WRITE, 302),
    _page("POST", "collections/<str:collection_id>/reading/stop/", Needs.WRITE, 302),
    _page("GET", "collections/<str:collection_id>/sources/", Needs.READ),
    _page("POST", "collections/<str:collection_id>/sources/", Needs.WRITE, 400, body=NO_LOADER),
    _page("GET", "collections/<str:collection_id>/sources/progress/", Needs.READ),
    _page("GET", "sources/<str:source_id>/", Needs.READ),
    _page("POST", "sources/<str:source_id>/", Needs.WRITE, 400, body=NAME),
    _page("POST", "sources/<str:source_id>/load/", Needs.WRITE, 302),
    _page("POST", "sources/<str:source_id>/stop/", Needs.WRITE, 409),
    _page("POST", "sources/<str:source_id>/delete/", Needs.WRITE, 302, body={"documents": "keep"}),
    _page("GET", "collections/<str:collection_id>/settings/", Needs.READ),
    _page("POST", "collections/<str:collection_id>/settings/", Needs.WRITE, 302, body=NAME),
    _page("GET", "collections/<str:collection_id>/delete/", Needs.WRITE),
    _page("POST", "collections/<str:collection_id>/delete/", Needs.WRITE, 302,
          body={"name": "Garden"}),
    _page("GET", "documents/<str:document_id>/", Needs.READ),
    _page("POST", "documents/<str:document_id>/retry/", Needs.WRITE, 409),
    _page("POST", "documents/<str:document_id>/cancel/", Needs.WRITE, 409),
    _page("GET", "documents/<str:document_id>/file/", Needs.READ),
    _page("GET", "documents/<str:document_id>/pages/<int:page>/picture/", Needs.READ, 404),
    _page("POST", "documents/<str:document_id>/delete/", Needs.WRITE, 302),
    _page("GET", "apps/new/", Needs.WRITE),
    _page("POST", "apps/new/", Needs.WRITE, 302, body=PIPELINE_APP),
    _page("GET", "apps/", Needs.READ),
    _page("GET", "apps/<str:app_id>/about/", Needs.READ),
    _page("POST", "apps/<str:app_id>/rename/", Needs.WRITE, 302, body=NAME),
    _page("POST", "apps/<str:app_id>/duplicate/", Needs.WRITE, 302),
    _page("GET", "apps/<str:app_id>/build/", Needs.WRITE),
    _page("POST", "apps/<str:app_id>/build/stage/", Needs.WRITE, 302, body=SAME_STAGE),
    _page("POST", "apps/<str:app_id>/build/stages/", Needs.WRITE, 302, body=NO_GUARD),
    _page("POST", "apps/<str:app_id>/build/undo/", Needs.WRITE, 409),
    _page("POST", "apps/<str:app_id>/build/sources/", Needs.WRITE, 409),
    _page("POST", "apps/<str:app_id>/trial/", Needs.WRITE, 503, body=QUESTION),
    _page("GET", "apps/<str:app_id>/trial/<str:run_id>/", Needs.WRITE, 302),
    _page("POST", "apps/<str:app_id>/trial/<str:run_id>/decision/", Needs.WRITE, 409,
          body={"yes": "1"}),
    _page("GET", "apps/<str:app_id>/versions/", Needs.READ),
    _page("GET", "apps/<str:app_id>/versions/compare/", Needs.READ),
    _page("POST", "apps/<str:app_id>/versions/freeze/", Needs.WRITE, 302),
    _page("GET", "apps/<str:app_id>/versions/<str:number>/restore/", Needs.WRITE),
    _page("POST", "apps/<str:app_id>/versions/<str:number>/restore/", Needs.WRITE, 302),
    _page("POST", "apps/<str:app_id>/withdraw/", Needs.WRITE, 302),
    _page("GET", "apps/<str:app_id>/publish/", Needs.WRITE),
    _page("POST", "apps/<str:app_id>/publish/", Needs.WRITE, 302),
    _page("GET", "apps/<str:app_id>/delete/", Needs.WRITE),
    _page("POST", "apps/<str:app_id>/delete/", Needs.WRITE, 302, body={"name": "Garden"}),
    _page("GET", "apps/<str:app_id>/", Needs.READ),
    _page("POST", "apps/<str:app_id>/", Needs.RUN, 503, body=QUESTION),
    _page("GET", "conversations/", Needs.SIGN_IN),
    _page("GET", "conversations/<str:conversation_id>/", Needs.PERSON, 302),
    _page("POST", "conversations/<str:conversation_id>/rename/", Needs.PERSON, 302,
          body={"title": "New"}),
    _page("GET", "conversations/<str:conversation_id>/delete/", Needs.PERSON),
    _page("POST", "conversations/<str:conversation_id>/delete/", Needs.PERSON, 302),
    _page("GET", "reports/", Needs.WRITE),
    _page("POST", "reports/<str:report_id>/close/", Needs.WRITE, 302),
    _page("GET", "runs/<str:run_id>/", Needs.READ_OR_RUN),
    _page("GET", "runs/<str:run_id>/trace/", Needs.READ),
    _page("POST", "runs/<str:run_id>/cancel/", Needs.RUN, 302),
    _page("POST", "runs/<str:run_id>/decision/", Needs.RUN, 409, body={"yes": "1"}),
    _page("GET", "usage/", Needs.READ),
    _page("GET", "usage/days.csv", Needs.READ),
    _page("GET", "usage/apps.csv", Needs.READ),
    _page("GET", "usage/doors.csv", Needs.READ),
    _page("GET", "usage/details.csv", Needs.READ),
    _page("GET", "usage/people.csv", Needs.MANAGE),
    _page("POST", "stand-in/end/", Needs.PERSON, 403),
    _page("POST", "runs/<str:run_id>/feedback/", Needs.RUN, 302, body={"verdict": "good"}),
    _page("POST", "runs/<str:run_id>/report/", Needs.RUN, 302, body={"reason": "wrong"}),
    _page("GET", "runs/<str:run_id>/sources/<str:document_id>/", Needs.READ_OR_RUN, 404),
)  # fmt: skip

PLUGIN_ROWS: Final = (
    _page("GET", "plugins/", Needs.READ),
    _page("GET", "plugins/mine/", Needs.WRITE),
    _page("POST", "plugins/mine/", Needs.WRITE, 400),
    _page("GET", "plugins/mine/installed/", Needs.READ),
    _page("GET", "plugins/mine/keys/", Needs.WRITE),
    _page("POST", "plugins/mine/keys/", Needs.MANAGE, 400, body={"name": "New", "public_key": "x"}),
    _page("POST", "plugins/mine/keys/<str:author_key_id>/end/", Needs.MANAGE, 302),
    _page("POST", "plugins/mine/releases/<str:release_id>/withdraw/", Needs.WRITE, 302),
    _page("GET", "plugins/mine/packages/<slug:slug>/", Needs.WRITE),
    _page("POST", "plugins/mine/packages/<slug:slug>/draft/discard/", Needs.WRITE, 302),
    _page("GET", "plugins/<slug:slug>/", Needs.READ),
    _page("POST", "plugins/<slug:slug>/", Needs.READ, 302, body={"text": "It is slow."}),
    _page("GET", "plugins/<slug:slug>/install/", Needs.MANAGE, 302),
    _page("POST", "plugins/<slug:slug>/install/", Needs.MANAGE, 302),
    _page("GET", "plugins/<slug:slug>/grants/", Needs.MANAGE),
    _page("POST", "plugins/<slug:slug>/grants/", Needs.MANAGE, 302),
    _page("POST", "plugins/<slug:slug>/switch/", Needs.MANAGE, 302, body={"do": "off"}),
    _page("POST", "plugins/<slug:slug>/try-again/", Needs.MANAGE, 302),
    _page("GET", "plugins/<slug:slug>/uninstall/", Needs.MANAGE),
    _page("POST", "plugins/<slug:slug>/uninstall/", Needs.MANAGE, 400, body={"name": "another"}),
    _page("GET", "plugins/<slug:slug>/upgrade/", Needs.MANAGE, 302),
    _page("POST", "plugins/<slug:slug>/upgrade/", Needs.MANAGE, 302),
)  # fmt: skip

SHARE_ROWS: Final = (
    _page("GET", "apps/<str:app_id>/share/", Needs.READ),
    _page("POST", "apps/<str:app_id>/share/open/", Needs.WRITE, 302),
    _page("POST", "apps/<str:app_id>/share/close/", Needs.WRITE, 302),
    _page("POST", "apps/<str:app_id>/share/look/", Needs.WRITE, 302, body={"accent": "plum"}),
    _page("POST", "apps/<str:app_id>/share/limits/", Needs.WRITE, 302,
          body={"questions_per_visitor": "5", "questions_per_day": "50"}),
    _page("GET", "apps/<str:app_id>/share/website/", Needs.READ),
    _page("POST", "apps/<str:app_id>/share/website/", Needs.WRITE, 302,
          body={"domains": "www.school.example"}),
    _page("GET", "apps/<str:app_id>/share/preview/", Needs.READ),
    _page("GET", "apps/<str:app_id>/share/api/", Needs.READ),
    _page("GET", "apps/<str:app_id>/share/address.svg", Needs.READ),
    _page("GET", "apps/<str:app_id>/share/address.png", Needs.READ),
)  # fmt: skip

VISITOR_ROWS: Final = (
    Row("GET", "widget.js", Needs.NOTHING, Door.VISITOR, 200),
    _public("GET", "", 200),
    _public("POST", "", 503, body=QUESTION),
    _public("GET", "embed/", 200),
    _public("GET", "embed/theme.json", 200),
    *(
        _public(method, route, 404)
        for method, route in (
            ("GET", "runs/<str:run_id>/"),
            ("GET", "runs/<str:run_id>/events/"),
            ("POST", "runs/<str:run_id>/cancel/"),
            ("POST", "runs/<str:run_id>/feedback/"),
            ("POST", "runs/<str:run_id>/report/"),
            ("GET", "runs/<str:run_id>/sources/<str:document_id>/"),
            ("GET", "documents/<str:document_id>/"),
        )
    ),
    *(
        _framed(method, route, 302 if method == "GET" and not route.endswith("events/") else 404)
        for method, route in (
            ("GET", ""),
            ("POST", ""),
            ("GET", "runs/<str:run_id>/"),
            ("GET", "runs/<str:run_id>/events/"),
            ("POST", "runs/<str:run_id>/cancel/"),
            ("POST", "runs/<str:run_id>/feedback/"),
            ("POST", "runs/<str:run_id>/report/"),
            ("GET", "runs/<str:run_id>/sources/<str:document_id>/"),
            ("GET", "documents/<str:document_id>/"),
        )
    ),
)

MATRIX: Final = (
    *API_ROWS,
    *OPENAI_ROWS,
    *MCP_ROWS,
    *PAGE_ROWS,
    *PLUGIN_ROWS,
    *SHARE_ROWS,
    *VISITOR_ROWS,
)

ANY_METHOD: Final = frozenset({"language/setlang/"})
"""Django's own view: it acts on POST alone, and answers everything with a redirect."""

STAFF_PREFIX: Final = "admin/"
"""The admin dashboard: staff alone, walked as a whole by ``test_access_dashboard``."""

NOT_A_PAGE: Final = frozenset({"api/v1/"})
"""Ninja's root: there for reversing addresses, always a 404."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Someone who calls. ``scopes`` is what the credential can reach, ``person`` a session."""

    name: str
    scopes: frozenset[str] = field(default_factory=frozenset)
    is_person: bool = False
    is_known: bool = True
    is_foreign: bool = False

    def may(self, needs: Needs) -> bool:
        match needs:
            case Needs.NOTHING | Needs.SIGN_IN:
                return True
            case Needs.READ_OR_RUN:
                return bool(self.scopes & {"read", "run"})
            case Needs.PERSON:
                return self.is_person
            case Needs.MANAGE | Needs.OWN_OR_MANAGE:
                return self.is_person and "manage" in self.scopes
            case _:
                return needs.value in self.scopes


_ALL = frozenset({"read", "write", "run"})
_VIEW = frozenset({"read", "run"})
_OWN = _ALL | {"manage"}

ACTORS: Final = (
    Actor("anonymous", is_known=False),
    Actor("revoked key", is_known=False),
    Actor("viewer's key", _VIEW),
    Actor("builder's key", _ALL),
    Actor("builder's key to read", frozenset({"read"})),
    Actor("builder's key to run", frozenset({"run"})),
    Actor("owner's key", _ALL),
    Actor("outsider's key", _ALL, is_foreign=True),
    Actor("viewer", _VIEW, is_person=True),
    Actor("builder", _ALL, is_person=True),
    Actor("owner", _OWN, is_person=True),
    Actor("outsider", _OWN, is_person=True, is_foreign=True),
)


def expected_status(row: Row, actor: Actor) -> int:
    """The one answer that is right."""
    if row.needs is Needs.NOTHING:
        return row.person_ok if row.person_ok and actor.is_person else row.ok
    if not actor.is_known or not _door_sees(row.door, actor):
        return 302 if row.door is Door.PAGE else 401
    # Whose it is decides about rights to one's own things, so that is looked up first.
    may = actor.may(row.needs) or (actor.is_foreign and row.needs is Needs.OWN_OR_MANAGE)
    if not may:
        return row.denied
    return row.ok if _sees_object(row, actor) else row.foreign


def _sees_object(row: Row, actor: Actor) -> bool:
    """Whether what the route names exists for the actor.

    A run is seen by who asked it, here the viewer, and by whoever may change the app.
    """
    if "run_id" in row.route and not actor.name.startswith("viewer"):
        return not actor.is_foreign and {"read", "write"} <= actor.scopes
    if "conversation_id" in row.route:  # nobody else's, whatever the role
        return actor.name.startswith("viewer")
    names_object = "<" in row.route or row.route == "v1/chat/completions"
    return not (actor.is_foreign and names_object)


def _door_sees(door: Door, actor: Actor) -> bool:
    match door:
        case Door.API:
            return True
        case Door.OPENAI:
            return not actor.is_person
        case Door.PAGE:
            return actor.is_person
