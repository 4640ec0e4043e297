"""What every tool does: describe its arguments, answer calls, and refuse wrong ones in words."""

import asyncio
import json
import re
from collections.abc import Mapping
from typing import Any, Final, cast

import pytest

from altiplano_sdk import Context, PluginError, StageKind, ToolEffect, ToolResult
from altiplano_sdk.contracts.generation import effect_of, is_irreversible
from altiplano_sdk.testing.arguments import make_arguments, wrong_arguments
from altiplano_sdk.testing.calls import CallSuite, assert_is_for_people
from altiplano_sdk.testing.rules import ODD_INPUT, SHAPES, TAXONOMY, proves
from altiplano_sdk.testing.shapes import assert_shape
from altiplano_sdk.testing.texts import USUAL

NAME: Final = re.compile(r"^[a-zA-Z][a-zA-Z0-9_-]{0,63}$")
CONTENT_AT_MOST: Final = 100_000
"""Characters: a tool's result has to fit a prompt with everything else."""


class ToolSuite(CallSuite):
    """Set ``plugin_class``; ``samples.calls`` are calls whose content is known."""

    kind = StageKind.TOOL

    async def call(self, plugin: Any, ctx: Context, text: str) -> ToolResult:
        """Arguments that the schema allows, with ``text`` wherever it takes any text."""
        known = self.samples.calls[0].arguments if self.samples.calls else {}
        arguments = make_arguments(plugin.parameters, text)
        if text in ("", USUAL):
            arguments = {**arguments, **known}
        return await self.answer(plugin, ctx, arguments)

    async def answer(self, plugin: Any, ctx: Context, arguments: Mapping[str, Any]) -> ToolResult:
        given = json.loads(json.dumps(arguments))
        result = await plugin.call(given, ctx)
        assert_shape(result, ToolResult)
        assert given == arguments, "the arguments were changed"
        assert len(result.content) <= CONTENT_AT_MOST, "the content does not fit a prompt"
        if result.is_error:
            assert result.content.strip(), "an error without a sentence helps no model"
        return cast(ToolResult, result)

    @proves(SHAPES)
    def test_name_and_description_are_for_a_model(self, plugin: Any) -> None:
        assert NAME.match(plugin.name)
        assert 10 <= len(plugin.description) <= 2_000

    @proves(SHAPES)
    def test_parameters_are_a_schema_of_an_object(self, plugin: Any) -> None:
        """Each argument is described, and nothing else is accepted."""
        schema = plugin.parameters
        assert json.loads(json.dumps(schema)) == schema
        assert schema.get("type") == "object"
        assert schema.get("additionalProperties") is False
        properties = schema.get("properties", {})
        assert set(schema.get("required", [])) <= set(properties)
        assert [name for name, one in properties.items() if not one.get("description")] == []

    @proves(SHAPES)
    def test_effect_is_stated_in_the_contract_s_words(self, plugin: Any) -> None:
        """What it does to the world decides when the platform lets a model call it."""
        assert effect_of(plugin) in set(ToolEffect)
        assert is_irreversible(plugin) in {True, False}
        if is_irreversible(plugin):
            assert effect_of(plugin) is not ToolEffect.READ, "reading can be taken back"

    def test_known_calls_have_their_content(self, plugin: Any) -> None:
        if not self.samples.calls:
            pytest.skip("conformance.toml names no [[tool.calls]]")
        for known in self.samples.calls:
            result = asyncio.run(self.answer(plugin, self.make_context(), known.arguments))
            assert not result.is_error, result.content
            assert known.contains in result.content

    @proves(TAXONOMY)
    def test_wrong_arguments_are_refused_in_words(self, plugin: Any, ctx: Context) -> None:
        """A model sends anything: what the schema forbids is an error it can read and mend."""
        for arguments in wrong_arguments(plugin.parameters):
            result = self.refuse(plugin, ctx, arguments)
            assert result is None or result.is_error, f"{arguments} was accepted"

    @proves(ODD_INPUT)
    def test_odd_numbers_are_answered_or_refused(self, plugin: Any, ctx: Context) -> None:
        for number in (0, -1, 1e300, 10**30):
            arguments = make_arguments(plugin.parameters, USUAL, number=number)
            self.refuse(plugin, ctx, arguments)

    def refuse(self, plugin: Any, ctx: Context, arguments: Mapping[str, Any]) -> ToolResult | None:
        """The result, or None when the tool raised an error of the SDK."""
        try:
            return asyncio.run(self.answer(plugin, ctx, arguments))
        except PluginError as refusal:
            assert_is_for_people(refusal)
            return None
