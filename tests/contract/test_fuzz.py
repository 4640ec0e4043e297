"""Requests made up from the OpenAPI document, with Alice's key: no answer is a 500.

Each made-up request is sent twice, as it is and with the ids of things that exist.
"""

import json

import hypothesis
import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from altiplano.config.api import api

pytestmark = pytest.mark.django_db

SCHEMA = schemathesis.openapi.from_dict(
    json.loads(json.dumps(api.get_openapi_schema(path_prefix="/api/v1/")))
).exclude(  # endless answers, which WSGI cannot give
    operation_id=["follow_run_events", "follow_draft"]
)
CHECKS = [content_type_conformance, response_schema_conformance, status_code_conformance]
UNAVAILABLE = {"no_model_endpoint", "unavailable", "search_unavailable"}
EXAMPLES = 8


@pytest.fixture
def application(settings):
    settings.ALLOWED_HOSTS = ["*"]
    handler = WSGIHandler()
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)  # the test's transaction lives on one of them

    def call(environ, start_response):
        response = handler(environ, start_response)
        body = b"".join(response)
        response.close()  # with the files of the request, which a test client leaves open
        return [body]

    yield call
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@SCHEMA.parametrize()
@hypothesis.settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(hypothesis.HealthCheck),
    phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
)
def test_made_up_requests_are_answered(case, world, application):
    send(case, world, application)
    known = {name: world.ids[name] for name in case.path_parameters or {}}
    if known:
        case.path_parameters = known
        send(case, world, application)


def send(case, world, application) -> None:
    with transaction.atomic():
        response = case.call(
            app=application, headers={"Authorization": f"Bearer {world.owner.key}"}
        )
        transaction.set_rollback(True)
    if response.status_code == 503:
        assert response.json()["code"] in UNAVAILABLE
    else:
        assert response.status_code < 500, response.text
    case.validate_response(response, checks=CHECKS)
