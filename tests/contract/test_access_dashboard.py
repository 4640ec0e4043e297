"""Every route of the admin dashboard, as the URLconf has it: for staff alone."""

import re

import pytest

from tests.contract.access_matrix import STAFF_PREFIX
from tests.contract.routes import all_routes
from tests.contract.world import fingerprint

pytestmark = pytest.mark.django_db

PLACEHOLDER = re.compile(r"<[^>]+>|\(\?P<[^)]+\)")


def dashboard_paths() -> list[str]:
    routes = {route for route in all_routes() if route.startswith(STAFF_PREFIX)}
    cleaned = {re.sub(r"[$^\\?]|\(\?!.*", "", PLACEHOLDER.sub("1", route)) for route in routes}
    return sorted("/" + path for path in cleaned)


def test_dashboard_is_for_staff_alone(world):
    paths = dashboard_paths()
    assert len(paths) > 100
    before = fingerprint()
    for path in paths:
        for method in ("GET", "POST"):
            stranger = world.clients["anonymous"].generic(method, path)
            assert stranger.status_code in {301, 302, 404}, f"{method} {path}"
            member = world.clients["owner"].generic(method, path)
            assert member.status_code in {301, 403, 404}, f"{method} {path}"
    assert fingerprint() == before
