"""C41: nobody but the operator brings in a command, its arguments, code or a template to be run.

What people may send are bundles (packages), pipelines and settings. None of them has a place for a
command, and what is sent all the same is refused before anything happens.
"""

import subprocess

import pytest
from django.urls import get_resolver

from altiplano.catalog.domain.reading import PackageRefusedError, read_archive
from altiplano.catalog.package_models import Package
from altiplano.studio.models import App
from tests.factories.archives import toml_of, write_archive
from tests.factories.packages import manifest_of, publish
from tests.factories.studio import report_all_plugins

pytestmark = pytest.mark.django_db

COMMANDS = {
    "command": "/bin/sh",
    "args": ["-c", "touch /tmp/owned"],
    "code": "import os",
    "template": "{{ 7 * 7 }}",
    "stdio": True,
    "env": {"PATH": "/"},
}


@pytest.fixture(autouse=True)
def _nothing_is_started(monkeypatch, settings, tmp_path):
    settings.BLOB_ROOT = tmp_path / "blobs"
    report_all_plugins()

    def started(*arguments, **_):
        pytest.fail(f"something was started: {arguments}")

    monkeypatch.setattr(subprocess, "Popen", started)


@pytest.mark.parametrize("name", COMMANDS)
def test_c41_package_that_names_a_command_is_refused(alice, tmp_path, name, monkeypatch):
    value = {"command": '"/bin/sh"', "args": '["-c"]', "stdio": "true"}.get(name, '"x"')
    text = f"{name} = {value}\n" + toml_of(manifest_of("glossary-guard"))
    path = write_archive(tmp_path, extra={"altiplano-plugin.toml": text.encode()})
    with pytest.raises(PackageRefusedError) as refused:
        read_archive(path)
    assert name in refused.value.findings[0].message
    with path.open("rb") as file:
        told = alice.api.post("/api/v1/plugins/releases", {"file": file})
    assert told.status_code == 400
    assert not Package.unscoped.exists()


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("place", ["app", "stage", "config"])
def test_c41_pipeline_that_names_a_command_is_refused(alice, name, place):
    stage = {"kind": "generator", "plugin": "openai-chat", "config": {}}
    app = {"name": "New", "pipeline": [{"kind": "prompt", "plugin": "chat"}, stage]}
    {"app": app, "stage": stage, "config": stage["config"]}[place][name] = COMMANDS[name]
    told = alice.api.post("/api/v1/apps", app, content_type="application/json")
    assert 400 <= told.status_code < 500
    assert told.json()["fields"]
    assert not App.unscoped.exists()


@pytest.mark.parametrize("plugin", ["mcp-stdio", "/bin/sh", "../../x", "os:system"])
def test_c41_stage_can_only_name_what_is_there(alice, plugin):
    stages = [{"kind": "prompt", "plugin": "chat"}, {"kind": "generator", "plugin": plugin}]
    told = alice.api.post(
        "/api/v1/apps", {"name": "New", "pipeline": stages}, content_type="application/json"
    )
    assert told.json()["code"] == "pipeline_invalid"


@pytest.mark.parametrize("name", COMMANDS)
def test_c41_rights_page_takes_no_command(alice, name):
    publish("glossary-guard")
    browser = alice.browser
    browser.handler.enforce_csrf_checks = False
    browser.post("/plugins/glossary-guard/install/", {name: str(COMMANDS[name])})
    listed = alice.api.get("/api/v1/plugins").json()
    installed = next(each for each in listed if each["source"] == "installed")
    assert name not in installed["grants"]


def test_c41_no_route_runs_what_it_is_sent():
    """Only the operator's dashboard could, and its pages are models and operations."""
    words = ("exec", "eval", "command", "stdio", "run-code", "shell")
    routes = [
        str(pattern.pattern)
        for pattern in get_resolver().url_patterns
        if not str(pattern.pattern).startswith("admin/")
    ]
    assert routes
    assert not [route for route in routes if any(word in route for word in words)]
