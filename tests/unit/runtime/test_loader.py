"""Plugins come in through one door; what is broken stays outside, with a reason."""

import sys
import types
from importlib.metadata import EntryPoint
from typing import ClassVar

import pytest
from pydantic import BaseModel, Field

import altiplano_sdk as sdk
from altiplano_worker.runtime.loader import (
    PluginConfigError,
    UnknownPluginError,
    installed_plugins,
    load_plugins,
)


class ShoutConfig(BaseModel):
    times: int = Field(default=1, ge=1, le=3)


class Shout:
    """A query rewriter that shouts."""

    manifest: ClassVar = sdk.Manifest(
        id="shout", version="1.0.0", kind=sdk.StageKind.QUERY, title="Shout", summary="Shouts."
    )
    Config = ShoutConfig

    def __init__(self, config: ShoutConfig) -> None:
        self.config = config

    async def rewrite(self, query: sdk.Query, ctx: sdk.Context) -> sdk.Query:
        return sdk.Query(text=query.text + "!" * self.config.times)


@pytest.fixture
def module(monkeypatch):
    """An importable module to hang plugin classes on."""
    module = types.ModuleType("loader_test_plugins")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    module.Shout = Shout
    return module


def point(value: str, *, name: str = "shout", group: str = "altiplano.query") -> EntryPoint:
    return EntryPoint(name=name, value=f"loader_test_plugins:{value}", group=group)


def refusal(module, **attributes) -> str:
    """Why a class like Shout, but with these attributes, is not admitted."""
    module.Changed = type("Changed", (Shout,), attributes)
    registry = load_plugins([point("Changed")])
    assert not registry.plugins
    (quarantined,) = registry.quarantined
    return quarantined.reason


async def test_loaded_plugin_is_created_with_its_configuration(module):
    registry = load_plugins([point("Shout")])
    shout = registry.create(sdk.StageKind.QUERY, "shout", {"times": 2})
    assert (await shout.rewrite(sdk.Query("hey"), sdk.Context(log=None))).text == "hey!!"


def test_configuration_error_names_the_field(module):
    registry = load_plugins([point("Shout")])
    with pytest.raises(PluginConfigError, match="shout is not valid: times"):
        registry.create(sdk.StageKind.QUERY, "shout", {"times": 9})


def test_unknown_plugin_is_a_permanent_error(module):
    with pytest.raises(UnknownPluginError, match="no query plugin called 'whisper'"):
        load_plugins([point("Shout")]).get(sdk.StageKind.QUERY, "whisper")


def test_module_that_cannot_be_imported_is_quarantined_and_the_rest_loads(module):
    broken = EntryPoint(name="gone", value="no_such_module_anywhere:X", group="altiplano.query")
    registry = load_plugins([broken, point("Shout")])
    assert [plugin.manifest.id for plugin in registry.of_kind(sdk.StageKind.QUERY)] == ["shout"]
    assert "ModuleNotFoundError" in registry.quarantined[0].reason


def test_class_without_manifest_is_refused(module):
    assert "no Manifest" in refusal(module, manifest=None)


def test_class_of_another_kind_is_refused(module):
    manifest = Shout.manifest.model_copy(update={"kind": sdk.StageKind.GUARD})
    assert "its manifest says guard" in refusal(module, manifest=manifest)


def test_class_for_a_later_contract_is_refused(module):
    manifest = Shout.manifest.model_copy(update={"contract": sdk.CONTRACT_VERSION + 1})
    assert "needs contract" in refusal(module, manifest=manifest)


def test_class_without_config_model_is_refused(module):
    assert "no pydantic Config" in refusal(module, Config=dict)


def test_class_that_misses_a_method_is_refused(module):
    assert "does not fulfil QueryRewriter: rewrite missing" in refusal(module, rewrite=None)


def test_second_plugin_of_the_same_name_is_refused(module):
    registry = load_plugins([point("Shout"), point("Shout", name="again")])
    assert len(registry.plugins) == 1
    assert "a second query plugin calls itself 'shout'" in registry.quarantined[0].reason


def test_names_off_the_allow_list_are_not_even_imported(module):
    never = EntryPoint(name="never", value="no_such_module_anywhere:X", group="altiplano.query")
    registry = load_plugins([never, point("Shout")], allowed=frozenset({"shout"}))
    assert registry.quarantined == ()


def test_every_built_in_is_admitted():
    registry = installed_plugins()
    assert registry.quarantined == ()
    assert {kind for kind, _ in registry.plugins} >= {
        sdk.StageKind.PARSER,
        sdk.StageKind.SPLITTER,
        sdk.StageKind.EMBEDDER,
        sdk.StageKind.INDEX,
        sdk.StageKind.RETRIEVER,
        sdk.StageKind.PROMPT,
        sdk.StageKind.GENERATOR,
        sdk.StageKind.GUARD,
    }
