"""Configuration of stages, judged by the schemas that the workers reported."""

import pytest

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]

GENERATOR = {"kind": "generator", "plugin": "openai-chat"}


def make(bob, collection, *stages):
    body = {"name": "Garden", "collections": [str(collection.id)], "pipeline": list(stages)}
    return bob.api.post("/api/v1/apps", body, content_type="application/json")


def retriever(**config):
    return {"kind": "retriever", "plugin": "hybrid", "config": config}


CITED = {"kind": "prompt", "plugin": "cited"}


def test_configuration_that_fits_is_stored(bob, collection):
    made = make(bob, collection, retriever(k=3, mode="lexical"), CITED, GENERATOR)
    assert made.json()["draft"]["pipeline"][0]["config"] == {"k": 3, "mode": "lexical"}


@pytest.mark.parametrize(
    ("config", "field", "reason"),
    [
        ({"k": 0}, "pipeline.0.config.k", "must be at least 1"),
        ({"k": 21}, "pipeline.0.config.k", "must be at most 20"),
        ({"k": "six"}, "pipeline.0.config.k", "must be of type integer"),
        ({"mode": "psychic"}, "pipeline.0.config.mode", "must be one of"),
        ({"kk": 1}, "pipeline.0.config", "there is no such option; there are: k, mode"),
    ],
)
def test_configuration_that_does_not_fit_is_refused_by_name(bob, collection, config, field, reason):
    refused = make(bob, collection, retriever(**config), CITED, GENERATOR)
    assert (refused.status_code, refused.json()["code"]) == (400, "pipeline_invalid")
    assert reason in refused.json()["fields"][field]
    assert refused.json()["detail"].startswith("Stage 1 (retriever “hybrid”)")


def test_required_option_is_named(bob, collection):
    strict = {"kind": "prompt", "plugin": "strict"}
    refused = make(bob, collection, strict, GENERATOR)
    assert "system" in refused.json()["detail"]
    long = {**strict, "config": {"system": "x" * 101}}
    assert "at most 100 characters" in make(bob, collection, long, GENERATOR).json()["detail"]
    free = {**strict, "config": {"system": "x", "anything": {"goes": [1]}}}
    assert make(bob, collection, free, GENERATOR).status_code == 201


@pytest.mark.parametrize("plugin", ["nobody", "broken", "hybrid' --", "../../etc"])
def test_unknown_or_quarantined_plugin_is_refused(bob, collection, plugin):
    stage = {"kind": "reranker", "plugin": plugin}
    refused = make(bob, collection, retriever(), stage, CITED, GENERATOR)
    assert refused.json()["fields"] == {"pipeline.1.plugin": "unknown plugin"}


@pytest.mark.parametrize(
    "text", ["{{7*7}}", "{% include 'x' %}", "{0.__class__}", "{x:>999999999}", "${HOME}", "%s%n"]
)
def test_template_syntax_in_configuration_stays_text(bob, collection, text):
    stage = {"kind": "prompt", "plugin": "strict", "config": {"system": text}}
    made = make(bob, collection, stage, GENERATOR)
    assert made.json()["draft"]["pipeline"][0]["config"]["system"] == text
    refused = make(bob, collection, retriever(mode=text), CITED, GENERATOR)
    assert refused.status_code == 400


def test_huge_pipeline_is_refused(bob, collection):
    stage = {
        "kind": "prompt",
        "plugin": "strict",
        "config": {"system": "x", "more": "y" * 200_000},
    }
    assert make(bob, collection, stage, GENERATOR).json()["fields"] == {
        "pipeline": "at most 100,000 characters"
    }


def test_plugins_are_listed_without_the_operators_reasons(vera, django_assert_num_queries):
    vera.api.get("/api/v1/plugins")
    with django_assert_num_queries(3):
        response = vera.api.get("/api/v1/plugins")
    rows = {row["plugin"]: row for row in response.json()}
    assert rows["broken"]["state"] == "quarantined"
    assert rows["hybrid"]["config_schema"]["properties"]["k"]["maximum"] == 20
    assert rows["hybrid"]["grants"] == {"model_use": True}
    assert "/secret/path" not in response.content.decode()
