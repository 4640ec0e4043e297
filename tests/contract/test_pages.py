"""No page is forgotten by the runs over pages: every route that shows one has a row in pages.py."""

from types import MappingProxyType
from typing import Final

from django.urls import resolve

from tests.contract.access_matrix import MATRIX, THIRD_PARTY, Door
from tests.contract.routes import all_routes
from tests.e2e.pages import DASHBOARD, PAGES

FILE = "a file"
PART = "a part of a page, which its script asks for"
PROGRAM = "read by programs"
ELSEWHERE = "leads to another page"
SAME = "the page of a visitor's frame, with a cookie in place of the key"
STORY = "tests/e2e/test_accounts_story.py goes there with a second factor and looks at it"
UNUSED = "needs what the demo has none of: a provider, a code by mail, an account without password"
VISIT = "a/<slug:organization>/<slug:app>/"

NO_PAGE: Final = MappingProxyType(
    {
        "healthz": PROGRAM,
        "readyz": PROGRAM,
        "metrics": PROGRAM,
        "challenge/clock": PROGRAM,
        "challenge/feed.xml": PROGRAM,
        "widget.js": PROGRAM,
        f"{VISIT}embed/theme.json": PROGRAM,
        f"{VISIT}embed/<str:key>/": "the frame, which embed/ leads to",
        f"{VISIT}embed/<str:key>/runs/<str:run_id>/events/": PROGRAM,
        f"{VISIT}runs/<str:run_id>/events/": PROGRAM,
        f"{VISIT}runs/<str:run_id>/": SAME,
        f"{VISIT}runs/<str:run_id>/sources/<str:document_id>/": SAME,
        f"{VISIT}documents/<str:document_id>/": SAME,
        "apps/<str:app_id>/share/address.png": FILE,
        "apps/<str:app_id>/share/address.svg": FILE,
        "documents/<str:document_id>/file/": FILE,
        "documents/<str:document_id>/pages/<int:page>/picture/": FILE,
        "legal/<slug:document>/<str:number>/<str:language>.txt": FILE,
        "organization/consents/consents.csv": FILE,
        **{f"usage/{name}.csv": FILE for name in ("apps", "days", "details", "doors", "people")},
        "collections/<str:collection_id>/changes/": PART,
        "collections/<str:collection_id>/documents/": PART,
        "collections/<str:collection_id>/reading/progress/": PART,
        "collections/<str:collection_id>/sources/progress/": PART,
        "apps/<str:app_id>/trial/<str:run_id>/": PART,
        "conversations/<str:conversation_id>/": ELSEWHERE,
        "accounts/2fa/authenticate/": STORY,
        "accounts/2fa/reauthenticate/": STORY,
        "accounts/2fa/recovery-codes/": STORY,
        "accounts/2fa/recovery-codes/generate/": STORY,
        "accounts/2fa/recovery-codes/download/": FILE,
        "accounts/2fa/totp/deactivate/": STORY,
        "accounts/2fa/webauthn/keys/<int:pk>/edit/": STORY,
        "accounts/2fa/webauthn/keys/<int:pk>/remove/": STORY,
        "accounts/2fa/webauthn/login/": PROGRAM,
        "accounts/2fa/webauthn/reauthenticate/": STORY,
        "accounts/login/code/confirm/": UNUSED,
        "accounts/password/set/": UNUSED,
        "accounts/3rdparty/signup/": UNUSED,
        "accounts/oidc/<str:provider_id>/login/": UNUSED,
        "accounts/oidc/<str:provider_id>/login/callback/": UNUSED,
        "accounts/oidc/(?P<provider_id>[/]+)/login/": UNUSED,
        "accounts/oidc/(?P<provider_id>[/]+)/login/callback/": UNUSED,
        **{
            f"accounts/social/{name}/": "an older address of a page under accounts/3rdparty/"
            for name in ("connections", "login/cancelled", "login/error", "signup")
        },
    }
)
"""What answers a look and is no page to look at."""

FILLED: Final = MappingProxyType(
    {
        "public": "school/app",
        "source": "document/?start=0&end=1",
        "visit": "a/school/app/embed/key/runs/run",
        "visited_source": "a/school/app/embed/key/runs/run/sources/document/",
        "visited_document": "a/school/app/embed/key/documents/document/",
    }
)
"""Places that are more than one part of an address."""


class _Places(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return name.replace("_", "-")


def test_every_page_is_among_those_that_are_looked_at():
    doors = {Door.PAGE, Door.VISITOR, Door.FRAME}
    shown = {row.route for row in MATRIX if row.method == "GET" and row.door in doors}
    walked = {_route_of(page.address) for page in PAGES}
    forgotten = {_plain(route) for route in shown | THIRD_PARTY} - walked - NO_PAGE.keys()
    assert forgotten == set(), "add them to tests/e2e/pages.py, or say here why they are no pages"


def test_exceptions_are_routes_that_are_there_and_looked_at_nowhere():
    walked = {_route_of(page.address) for page in (*PAGES, *DASHBOARD)}
    assert NO_PAGE.keys() & walked == set()
    assert NO_PAGE.keys() - {_plain(route) for route in all_routes()} == set()


def test_pages_have_names_of_their_own():
    names = [page.name for page in (*PAGES, *DASHBOARD)]
    assert len(names) == len(set(names))


def _route_of(address: str) -> str:
    path = address.partition("?")[0].format_map(_Places(FILLED)).partition("?")[0]
    if path == "/nowhere/":
        return ""
    return _plain(resolve(path).route)


def _plain(route: str) -> str:
    return route.replace("^", "").replace("$", "")
