"""The OpenAPI document is valid, complete, and says how each operation fails."""

import importlib
import json
import pkgutil

import pydantic
import pytest
import schemathesis

from altiplano.config.api import api
from tests.contract.access_matrix import API_ROWS, Needs

AREAS = ("accounts", "catalog", "challenges", "knowledge", "runs", "studio")
METHODS = {"get", "post", "put", "patch", "delete"}


def address_of(row) -> str:
    return f"{row.method} /{row.route.replace('<', '{').replace('>', '}')}"


OPEN_TO_ALL = {
    "GET /api/v1/legal",
    "GET /api/v1/challenges",
    "GET /api/v1/challenges/{edition}",
}
"""Operations that need no key; all others that need none are about the API itself."""
UNDESCRIBED = [
    row for row in API_ROWS if row.needs is Needs.NOTHING and address_of(row) not in OPEN_TO_ALL
]


@pytest.fixture(scope="module")
def schema() -> dict:
    """As a client reads it: through JSON."""
    return json.loads(json.dumps(api.get_openapi_schema(path_prefix="/api/v1/")))


def operations(schema: dict):
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def test_document_is_valid_openapi(schema):
    schemathesis.openapi.from_dict(schema).validate()
    assert schema["openapi"].startswith("3.1")
    assert schema["info"]["title"] == "Altiplano"
    assert schema["info"]["version"]


def test_document_holds_every_route_of_the_access_matrix(schema):
    described = {f"{method.upper()} {path}" for path, method, _ in operations(schema)}
    assert described == {address_of(row) for row in API_ROWS if row not in UNDESCRIBED}


def test_operations_are_named_apart(schema):
    ids = [operation["operationId"] for _, _, operation in operations(schema)]
    assert len(ids) == len(set(ids)), sorted(one for one in ids if ids.count(one) > 1)


def test_operations_say_what_they_do_and_how_they_fail(schema):
    for path, method, operation in operations(schema):
        where = f"{method} {path}"
        assert method in METHODS
        assert operation["summary"], where
        statuses = set(operation["responses"])
        if f"{method.upper()} {path}" in OPEN_TO_ALL:
            assert "security" not in operation, where
        else:
            assert operation["security"] == [{"KeyOrSession": []}], where
            assert {"401", "403"} <= statuses, where
        assert {"400", "500"} <= statuses, where
        assert any(status.startswith("2") for status in statuses), where
        if "{" in path:
            assert "404" in statuses, where
        for status, response in operation["responses"].items():
            if not status.startswith("2"):
                assert list(response["content"]) == ["application/problem+json"], where


def test_schemas_are_named_apart():
    """Ninja keeps one schema per class name: a second class of that name would replace the first."""
    owners: dict[str, set[str]] = {}
    for area in AREAS:
        interfaces = importlib.import_module(f"altiplano.{area}.interfaces")
        for module in pkgutil.iter_modules(interfaces.__path__, f"{interfaces.__name__}."):
            if not module.name.endswith(("api", "schemas")):
                continue
            for model in vars(importlib.import_module(module.name)).values():
                if isinstance(model, type) and issubclass(model, pydantic.BaseModel):
                    owners.setdefault(model.__name__, set()).add(model.__module__)
    assert owners
    assert {name: places for name, places in owners.items() if len(places) > 1} == {}


def test_only_bearer_keys_are_advertised(schema):
    (scheme,) = schema["components"]["securitySchemes"].values()
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")


def test_contract_rows_are_there(schema):
    """Every REST row of the public contract, by its words."""
    promised = """
        GET /me · POST /collections · GET /collections · GET /collections/{collection_id}
        · PATCH /collections/{collection_id} · DELETE /collections/{collection_id}
        · POST /collections/{collection_id}/documents · GET /documents/{document_id}
        · DELETE /documents/{document_id} · POST /documents/{document_id}/cancel
        · POST /documents/{document_id}/retry · GET /documents/{document_id}/text
        · POST /collections/{collection_id}/search · GET /plugins · POST /apps
        · POST /apps/{app_id}/versions · POST /apps/{app_id}/publish · POST /apps/{app_id}/runs
        · GET /runs/{run_id} · GET /runs/{run_id}/events · POST /runs/{run_id}/cancel
        · POST /runs/{run_id}/feedback
    """
    described = {f"{method.upper()} {path}" for path, method, _ in operations(schema)}
    wanted = {" ".join(row.split()) for row in promised.split("·")}
    assert {row.replace(" /", " /api/v1/") for row in wanted} <= described


def test_no_plugin_asks_for_a_secret_in_its_configuration():
    """Configuration is shown to those who may read an app; secrets come by ``ctx.secrets``."""
    from altiplano_worker.runtime.loader import installed_plugins

    for plugin in installed_plugins().plugins.values():
        for name, field in plugin.config_schema().get("properties", {}).items():
            where = f"{plugin.manifest.id}.{name}"
            assert field.get("format") != "password", where
            assert not field.get("writeOnly"), where
            assert not {"secret", "password", "token"} & set(name.lower().split("_")), where
