"""Tools in answers against a real HTTP engine: the wish in pieces, the call, and what goes back."""

from collections.abc import Iterator

import pytest

import altiplano_sdk as sdk
from altiplano_sdk.events import RunEvent, ToolAnswered
from altiplano_sdk.testing.base import SilentLog
from altiplano_sdk.testing.run_stream import assert_valid_run_stream
from altiplano_worker.adapters.engine import EndpointConfig, EngineClient
from altiplano_worker.runtime.context import EndpointLanguageModel
from altiplano_worker.runtime.loader import LoadedPlugin, PluginRegistry
from altiplano_worker.runtime.outcome import RunInput, RunLimits, RunOutcome, terminal_event
from altiplano_worker.runtime.pipeline import PipelineSpec, StageSpec
from altiplano_worker.runtime.runner import execute_pipeline
from tests.engine_contract import pipeline_registry
from tests.fakes.engine import FakeEngine
from tests.fakes.engine_server import RunningEngine, running_engine
from tests.unit.runtime.stages import NoConfig
from tests.unit.runtime.tool_stages import doubling

pytestmark = pytest.mark.asyncio

PIPELINE = PipelineSpec(
    (
        StageSpec(sdk.StageKind.PROMPT, "cited"),
        StageSpec(sdk.StageKind.TOOL, "double"),
        StageSpec(sdk.StageKind.GENERATOR, "openai-chat"),
    )
)


@pytest.fixture
def engine() -> Iterator[RunningEngine]:
    with running_engine(FakeEngine()) as running:
        yield running


async def ask(engine: RunningEngine, question: str) -> tuple[RunOutcome, list[RunEvent]]:
    tool = doubling()
    manifest = sdk.Manifest(
        id="double", version="1.0.0", kind=sdk.StageKind.TOOL, title="Double", summary="Doubles."
    )
    plugins = dict(pipeline_registry().plugins)
    plugins[sdk.StageKind.TOOL, "double"] = LoadedPlugin(manifest, lambda _: tool, NoConfig)
    seen: list[RunEvent] = []
    config = EndpointConfig(base_url=engine.base_url, model="fake-tools")
    async with EngineClient() as client:
        outcome = await execute_pipeline(
            PIPELINE,
            RunInput("run", sdk.Query(question, language="en")),
            registry=PluginRegistry(plugins),
            context=sdk.Context(log=SilentLog(), llm=EndpointLanguageModel(client, config)),
            emit=seen.append,
            limits=RunLimits(),
        )
    assert_valid_run_stream([*seen, terminal_event(outcome)])
    return outcome, seen


async def test_wish_that_comes_in_pieces_is_carried_out_and_told(engine):
    outcome, seen = await ask(engine, 'CALL double {"n": 21}')
    assert (outcome.state, outcome.answer) == ("finished", "42")
    (answered,) = (event for event in seen if isinstance(event, ToolAnswered))
    assert (answered.state, answered.content) == ("done", "42")
    first, second = engine.engine.state.requests
    assert first["tools"][0]["function"]["name"] == "double"
    wish = second["messages"][-2]["tool_calls"][0]
    assert wish["function"]["arguments"] == '{"n": 21}'
    assert second["messages"][-1] == {
        "role": "tool", "content": "42", "tool_call_id": wish["id"],
    }  # fmt: skip


async def test_several_wishes_of_one_turn_are_all_answered(engine):
    outcome, seen = await ask(
        engine, 'CALL double {"n": 1} CALL double {"n": -1}'.replace(" C", "\nC")
    )
    assert [event.state for event in seen if isinstance(event, ToolAnswered)] == ["done", "refused"]
    assert outcome.answer.startswith("The arguments do not fit")


async def test_question_without_a_wish_is_answered_at_once(engine):
    outcome, seen = await ask(engine, "Hello.")
    assert outcome.state == "finished"
    assert not [event for event in seen if isinstance(event, ToolAnswered)]
    assert len(engine.engine.state.requests) == 1
