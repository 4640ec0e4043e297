"""Every door into the API: keys, sessions, and what neither is."""

import pytest

from altiplano.accounts.interfaces.auth import authenticate_bearer
from altiplano.kernel.errors import NotSignedInError

pytestmark = pytest.mark.django_db


def test_key_stands_for_its_maker(alice, django_assert_num_queries):
    authenticate_bearer(f"Bearer {alice.key}")
    with django_assert_num_queries(1):
        principal = authenticate_bearer(f"Bearer {alice.key}")
    assert (principal.user_id, principal.organization_id) == (alice.user.id, alice.organization.id)
    assert principal.scopes == {"read", "write", "run"}, "a key never manages"


def test_other_schemes_are_refused(alice):
    with pytest.raises(NotSignedInError):
        authenticate_bearer(f"Basic {alice.key}")


def test_unknown_route_is_a_problem(client):
    response = client.get("/api/v1/nothing-here")
    assert response.status_code == 404
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == "not_found"
