"""Problem documents say the same thing to people and to programs."""

import json

from altiplano.kernel.errors import LimitReachedError, NotSignedInError
from altiplano.kernel.problems import problem, problem_from_error


def test_domain_error_becomes_a_problem():
    error = LimitReachedError("Enough for today.", fields={"runs": "20 a day"}, retry_after=60)
    response = problem_from_error(error)
    assert (response.status_code, response["Retry-After"]) == (429, "60")
    assert response["Content-Type"] == "application/problem+json"
    assert json.loads(response.content) == {
        "type": "about:blank",
        "title": "Too Many Requests",
        "status": 429,
        "code": "limit_reached",
        "detail": "Enough for today.",
        "fields": {"runs": "20 a day"},
    }


def test_missing_credential_is_asked_for():
    assert problem_from_error(NotSignedInError("Sign in."))["WWW-Authenticate"].startswith("Bearer")


def test_occurrence_is_named_only_when_there_is_one():
    assert "instance" not in json.loads(problem(404, "not_found", "Not here.").content)
    named = json.loads(problem(500, "internal_error", "Sorry.", instance="urn:x").content)
    assert named["instance"] == "urn:x"
