"""Whole pipelines against a real HTTP engine: what reaches it, what breaks, what is let go."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

import altiplano_sdk as sdk
from altiplano_sdk.events import AnswerDelta, RunEvent
from altiplano_sdk.testing.base import SilentLog
from altiplano_sdk.testing.prompt_suite import CONTROL_TOKENS, HOSTILE
from altiplano_sdk.testing.run_stream import assert_valid_run_stream
from altiplano_worker.adapters.engine import EndpointConfig, EngineClient
from altiplano_worker.runtime.context import EndpointLanguageModel
from altiplano_worker.runtime.outcome import RunInput, RunLimits, RunOutcome, terminal_event
from altiplano_worker.runtime.pipeline import PipelineSpec, StageSpec
from altiplano_worker.runtime.runner import execute_pipeline
from tests.engine_contract import PIPELINE, pipeline_registry
from tests.fakes.engine import FakeEngine
from tests.fakes.engine_server import RunningEngine, running_engine

pytestmark = pytest.mark.asyncio

CHAT = PipelineSpec(
    (
        StageSpec(sdk.StageKind.PROMPT, "cited"),
        StageSpec(sdk.StageKind.GENERATOR, "openai-chat", {"stop": ["END"], "seed": 7}),
    ),
    answer_tokens=50,
)


@pytest.fixture
def engine() -> Iterator[RunningEngine]:
    with running_engine(FakeEngine()) as running:
        yield running


async def run(
    engine: RunningEngine,
    model: str,
    *,
    pipeline: PipelineSpec = CHAT,
    query: sdk.Query | None = None,
    events: list[RunEvent] | None = None,
    **endpoint,
) -> RunOutcome:
    """The outcome; its events are checked to be a valid stream."""
    seen: list[RunEvent] = [] if events is None else events
    config = EndpointConfig(base_url=engine.base_url, model=model, provider="vllm", **endpoint)
    async with EngineClient() as client:
        outcome = await execute_pipeline(
            pipeline,
            RunInput("run", query or sdk.Query("How long does it take?", language="en")),
            registry=pipeline_registry(),
            context=sdk.Context(
                log=SilentLog(), llm=EndpointLanguageModel(client, config, salt="tenant")
            ),
            emit=seen.append,
            limits=RunLimits(),
        )
    assert_valid_run_stream([*seen, terminal_event(outcome)])
    return outcome


@pytest.mark.parametrize(
    ("model", "code"),
    [
        ("fake-cut", "engine_failed"),
        ("fake-garbage", "engine_failed"),
        ("fake-error-event", "engine_failed"),
        ("fake-500", "engine_failed"),
        ("fake-401", "engine_failed"),
        ("fake-429", "engine_overloaded"),
        ("fake-503", "engine_overloaded"),
        ("fake-silent", "engine_timeout"),
        ("fake-slow", "engine_timeout"),
        ("fake-overflow", "context_overflow"),
    ],
)
async def test_fault_of_the_engine_is_the_outcome_with_a_sentence(engine, model, code):
    outcome = await run(engine, model, first_token_seconds=0.3, silence_seconds=0.3)
    assert (outcome.state, outcome.code) == ("failed", code)
    assert outcome.message.endswith(".")
    assert "secret" not in outcome.message


async def test_overflow_is_tried_once_more_with_a_shorter_prompt(engine):
    await run(engine, "fake-overflow")
    first, second = engine.engine.state.requests
    assert second["max_tokens"] <= first["max_tokens"]


async def test_request_to_the_engine_holds_allow_listed_fields_only(engine):
    await run(engine, "fake")
    request = engine.engine.state.requests[0]
    assert set(request) == {
        "model", "messages", "stream", "stream_options", "max_tokens", "temperature", "stop",
        "seed", "cache_salt",
    }  # fmt: skip
    assert request["cache_salt"] == "tenant"
    assert request["max_tokens"] == 50


async def test_clients_wishes_hold_where_the_generator_is_silent(engine):
    wished = replace(CHAT, temperature=0.7, top_p=0.5, seed=99, stop=("STOP",))
    await run(engine, "fake", pipeline=wished)
    request = engine.engine.state.requests[0]
    assert (request["temperature"], request["top_p"]) == (0.7, 0.5)
    assert request["seed"] == 7, "the app's author fixed it"
    assert request["stop"] == ["END", "STOP"]


@pytest.mark.parametrize(("stop", "answer"), [("word0", ""), ("word2", "word0 word1 ")])
async def test_clients_stop_text_cuts_the_answer_even_to_nothing(engine, stop, answer):
    outcome = await run(engine, "fake", pipeline=replace(CHAT, stop=(stop,)))
    assert (outcome.state, outcome.code, outcome.answer) == ("finished", "", answer)


@pytest.mark.parametrize("attack", HOSTILE)
async def test_hostile_text_reaches_the_engine_as_data(engine, attack):
    """Question and history are attacked here; the passages in the prompt suite."""
    query = sdk.Query(
        f"What? {attack}",
        language="en",
        history=(sdk.ChatMessage("user", attack), sdk.ChatMessage("assistant", attack)),
    )
    await run(engine, "fake", query=query, pipeline=PIPELINE)
    request = engine.engine.state.requests[0]
    roles = [message["role"] for message in request["messages"]]
    assert roles == ["system", *["user", "assistant"] * 2, "user"]  # an example, and the history
    sent = json.dumps(request["messages"], ensure_ascii=False)
    assert not [token for token in CONTROL_TOKENS if token in sent]


async def test_cancelling_the_run_aborts_the_engines_request(engine):
    events: list[RunEvent] = []
    task = asyncio.create_task(run(engine, "fake-silent", events=events))
    async with asyncio.timeout(10):
        while not any(isinstance(event, AnswerDelta) for event in events):  # noqa: ASYNC110
            await asyncio.sleep(0.005)
        task.cancel()
        outcome = await task
        while engine.engine.state.aborted == 0:  # noqa: ASYNC110 - the fake's own loop
            await asyncio.sleep(0.005)
    assert outcome.state == "cancelled"
    assert outcome.answer.startswith("word0 ")
    assert engine.engine.state.counts()["running"] == 0


async def test_connection_serves_one_run_after_the_other(engine):
    config = EndpointConfig(base_url=engine.base_url, model="fake")
    async with EngineClient(max_connections=1) as client:
        for _ in range(3):
            outcome = await execute_pipeline(
                CHAT,
                RunInput("run", sdk.Query("How?", language="en")),
                registry=pipeline_registry(),
                context=sdk.Context(log=SilentLog(), llm=EndpointLanguageModel(client, config)),
                emit=lambda _: None,
                limits=RunLimits(seconds=20),
            )
            assert outcome.state == "finished"
        pooled = [len(c) for c in client._session.connector._conns.values()]
    assert pooled == [1]
