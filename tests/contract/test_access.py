"""C01, C07: the access matrix, walked by everyone through every door.

Each refused request leaves every row as it was, and another organization's object answers exactly
as one that does not exist.
"""

import json
from functools import partial

import pytest
from django.db import transaction
from django.http import HttpResponse

from tests.contract.access_matrix import (
    ACTORS,
    ANY_METHOD,
    MATRIX,
    NOT_A_PAGE,
    STAFF_PREFIX,
    THIRD_PARTY,
    Actor,
    Door,
    Needs,
    Row,
    expected_status,
)
from tests.contract.routes import METHODS, all_routes, path_of
from tests.contract.world import World, fingerprint

pytestmark = pytest.mark.django_db


def call(world: World, row: Row, actor: Actor, ids: dict[str, str]) -> HttpResponse:
    body = dict(row.body or {})
    data = json.dumps(body) if row.content_type == "application/json" else None
    client = world.clients[actor.name]
    path = path_of(row.route, ids)
    if row.method == "GET":
        return client.get(path)
    if data is None:
        return client.post(path, body)
    content = data if row.body is not None else ""
    return client.generic(row.method, path, content, content_type=row.content_type)


def undone(act, before: str):
    """The response of ``act`` and whether it changed anything, with all changes taken back."""
    with transaction.atomic():
        response = act()
        if response.streaming and not response.is_async:
            response.getvalue()  # to its end, so that the test client closes it
        # A view whose own transaction failed changed nothing; here it is part of the test's.
        is_changed = not transaction.get_rollback() and fingerprint() != before
        transaction.set_rollback(True)
    return response, is_changed


def test_every_route_has_a_row_and_every_row_a_route():
    routes = {route for route in all_routes() if not route.startswith(STAFF_PREFIX)}
    decided = {row.route for row in MATRIX} | THIRD_PARTY | NOT_A_PAGE
    assert routes - decided == set(), "decide in access_matrix.py who may use these"
    assert decided - routes == set(), "these routes are gone"


@pytest.mark.parametrize("row", MATRIX, ids=lambda row: row.id)
def test_matrix_holds(world, row):
    before = fingerprint()
    for actor in ACTORS:
        response, is_changed = undone(partial(call, world, row, actor, world.ids), before)
        expected = expected_status(row, actor)
        assert response.status_code == expected, f"{actor.name}: {_said(response)}"
        _check_refusal(row, actor, response, is_changed=is_changed)


def _said(response: HttpResponse) -> str:
    return "" if response.streaming else response.content.decode()[:300]


def _check_refusal(row: Row, actor: Actor, response: HttpResponse, *, is_changed: bool) -> None:
    is_refused = expected_status(row, actor) != row.ok or (actor.is_foreign and "<" in row.route)
    if is_refused or row.method == "GET":
        assert not is_changed, f"{actor.name} changed something"
    if response.status_code == 302 and not actor.is_person and row.needs is not Needs.NOTHING:
        assert response["Location"].startswith("/accounts/login/"), actor.name
    if response.status_code >= 400 and row.door is Door.API:
        assert response["Content-Type"] == "application/problem+json"
    if response.status_code == 401:
        assert response["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    "row",
    [
        row
        for row in MATRIX
        if "<" in row.route
        and row.door not in {Door.VISITOR, Door.FRAME}
        and "<slug:document>" not in row.route  # legal texts belong to nobody
        and "edition>" not in row.route  # nor do the editions of a challenge
    ],
    ids=lambda row: row.id,
)
def test_c01_foreign_object_answers_like_an_unknown_one(world, row):
    for actor in (one for one in ACTORS if one.is_foreign):
        foreign = call(world, row, actor, world.ids)
        unknown = call(world, row, actor, world.unknown_ids())
        assert foreign.status_code == unknown.status_code, actor.name
        if row.door is Door.API:
            assert foreign.content == unknown.content


@pytest.mark.parametrize("route", sorted({row.route for row in MATRIX} - ANY_METHOD))
def test_c01_methods_without_a_row_are_not_allowed(world, route):
    known = {row.method for row in MATRIX if row.route == route}
    before = fingerprint()
    for method in set(METHODS) - known:
        for name in ("anonymous", "owner", "outsider"):
            response = world.clients[name].generic(method, path_of(route, world.ids))
            assert response.status_code == 405, f"{method} by {name}"
    assert fingerprint() == before


@pytest.mark.parametrize(
    "row",
    [
        row
        for row in MATRIX
        if row.method != "GET" and row.door in {Door.API, Door.PAGE, Door.VISITOR}
    ],
    ids=lambda row: row.id,
)
def test_session_must_prove_that_its_own_page_asked(world, row):
    client = world.clients["owner"]
    client.handler.enforce_csrf_checks = True
    before = fingerprint()
    response = call(world, row, ACTORS[-2], world.ids)
    assert response.status_code == 403
    assert fingerprint() == before


@pytest.mark.parametrize("route", sorted(THIRD_PARTY - {r for r in THIRD_PARTY if "^" in r}))
def test_sign_in_pages_answer_everyone(world, route):
    for name in ("anonymous", "owner"):
        for method in ("GET", "POST"):
            assert world.clients[name].generic(method, "/" + route).status_code < 500
