"""Apps, their collections, and a catalogue as a worker would have reported it."""

import factory

from altiplano.catalog.models import Plugin, PluginRelease
from altiplano.knowledge.models import Collection
from altiplano.studio.models import App
from altiplano.studio.pipeline_templates import CHAT
from altiplano.studio.pipelines import to_stored
from tests.factories.accounts import OrganizationFactory
from tests.factories.scoped import ScopedFactory

EMPTY_CONFIG = {"type": "object", "properties": {}}
RETRIEVER_CONFIG = {
    "type": "object",
    "properties": {
        "k": {"type": "integer", "minimum": 1, "maximum": 20, "default": 6},
        "mode": {"enum": ["hybrid", "dense", "lexical"]},
    },
}
PROMPT_CONFIG = {
    "type": "object",
    "properties": {"system": {"type": "string", "maxLength": 100}},
    "required": ["system"],
    "additionalProperties": True,
}


class CollectionFactory(ScopedFactory):
    class Meta:
        model = Collection

    organization = factory.SubFactory(OrganizationFactory)
    name = factory.Sequence(lambda n: f"Collection {n}")


class AppFactory(ScopedFactory):
    class Meta:
        model = App

    organization = factory.SubFactory(OrganizationFactory)
    name = factory.Sequence(lambda n: f"App {n}")
    slug = factory.Sequence(lambda n: f"app-{n}")
    draft_pipeline = factory.LazyFunction(lambda: to_stored(CHAT.stages))


def report_plugin(
    kind: str, slug: str, schema: dict | None = None, *, state: str = "active"
) -> PluginRelease:
    plugin, _ = Plugin.objects.get_or_create(kind=kind, slug=slug)
    return PluginRelease.objects.create(
        plugin=plugin,
        version="1.0.0",
        manifest={"id": slug, "kind": kind, "title": slug.title(), "grants": {"model_use": True}},
        config_schema=schema or EMPTY_CONFIG,
        state=state,
        reason="ImportError: /secret/path" if state == "quarantined" else "",
    )


def report_all_plugins() -> None:
    """What the built-in templates need, and one plugin in quarantine."""
    report_plugin("retriever", "hybrid", RETRIEVER_CONFIG)
    report_plugin("guard", "abstention")
    report_plugin("guard", "citations")
    report_plugin("prompt", "cited")
    report_plugin("prompt", "chat")
    report_plugin("prompt", "strict", PROMPT_CONFIG)
    report_plugin("generator", "openai-chat")
    report_plugin("reranker", "broken", state="quarantined")
