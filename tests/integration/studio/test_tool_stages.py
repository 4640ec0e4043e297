"""Tools in a pipeline: where they stand, and the owner's word that one may send things out."""

import pytest

from altiplano.studio.models import App
from tests.factories.studio import report_all_plugins, report_plugin

pytestmark = pytest.mark.django_db

TOOL = {"kind": "tool", "plugin": "convert", "config": {}}


@pytest.fixture(autouse=True)
def plugins():
    report_all_plugins()
    report_plugin("tool", "convert")


def create(member, *stages):
    body = {"name": "Units", "pipeline": list(stages)}
    return member.api.post("/api/v1/apps", body, content_type="application/json")


def pipeline(*tools):
    return (
        {"kind": "prompt", "plugin": "chat"},
        *tools,
        {"kind": "generator", "plugin": "openai-chat"},
    )


def test_tool_stands_between_the_prompt_and_the_generator(alice):
    assert create(alice, *pipeline(TOOL)).status_code == 201
    refused = create(alice, TOOL, *pipeline())
    assert "The prompt stage must come before the tool stage." in refused.json()["detail"]


def test_there_is_a_limit_to_tools(alice):
    refused = create(alice, *pipeline(*[TOOL] * 9))
    assert refused.json()["detail"] == "A pipeline has at most 8 tool stages."


@pytest.mark.parametrize("may_send", [True, False])
def test_owners_word_is_stored_and_shown(alice, may_send):
    app = create(alice, *pipeline({**TOOL, "may_send_with_passages": may_send})).json()
    shown = alice.api.get(f"/api/v1/apps/{app['id']}").json()["draft"]["pipeline"][1]
    assert shown["may_send_with_passages"] is may_send
    stored = App.unscoped.get(id=app["id"]).draft_pipeline["stages"]
    assert ("may_send_with_passages" in stored[1]) is may_send
    assert "may_send_with_passages" not in stored[0]


def test_only_a_tool_may_be_allowed_to_send(alice):
    prompt, generator = pipeline()
    refused = create(alice, prompt, {**generator, "may_send_with_passages": True})
    assert refused.status_code in {400, 422}
    assert "pipeline.1.may_send_with_passages" in refused.json()["fields"]
