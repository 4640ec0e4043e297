"""From a claimed run to its outcome: the pipeline, the capabilities, the language."""

import asyncio
from collections.abc import Mapping
from typing import Any

import structlog
from django.conf import settings

import altiplano_sdk as sdk
from altiplano.kernel.job_context import traced_as
from altiplano.runs.domain.execution import EngineAddress, RunWork
from altiplano_sdk.events import RunEvent
from altiplano_worker.adapters.engine import EndpointConfig, EngineClient
from altiplano_worker.adapters.event_bus import RunChannel
from altiplano_worker.runtime.context import EndpointLanguageModel, stage_log
from altiplano_worker.runtime.outcome import RunInput, RunLimits, RunOutcome
from altiplano_worker.runtime.parse_language import detect_language
from altiplano_worker.runtime.pipeline import PipelineError, PipelineSpec, StageSpec
from altiplano_worker.runtime.recorder import RunRecorder
from altiplano_worker.runtime.runner import execute_pipeline
from altiplano_worker.tasks.plugin_host import plugin_host
from altiplano_worker.tasks.run_decisions import read_decision
from altiplano_worker.tasks.run_passages import open_capabilities
from altiplano_worker.tasks.tool_servers import with_tool_servers

log = structlog.get_logger(__name__)

SETTINGS = ("answer_tokens", "temperature", "top_p", "seed")
"""What of a stored pipeline is a plain value and no stage."""
FAULT = "The answer failed because of a fault in the platform. Please report it."


async def answer_question(work: RunWork, channel: RunChannel, engines: EngineClient) -> RunOutcome:
    """The outcome of the run; every event but the terminal one went into the channel.

    Nothing is raised: what goes wrong, and cancellation, is an outcome, too.
    """
    try:
        with traced_as(work.claim):
            return await _execute(work, channel, engines)
    except asyncio.CancelledError:
        if (task := asyncio.current_task()) is not None:
            task.uncancel()
        return _ended_before_it_began(work, channel, "cancelled")
    except sdk.PluginError as error:
        return _ended_before_it_began(work, channel, "failed", error.code, error.message)
    except Exception:
        log.exception("run.failed", run=str(work.run_id))
        return _ended_before_it_began(work, channel, "failed", "internal_error", FAULT)


async def _execute(work: RunWork, channel: RunChannel, engines: EngineClient) -> RunOutcome:
    pipeline = read_pipeline(work.pipeline)
    if work.engine is None or work.problem:
        raise sdk.PermanentError(work.problem, code=work.problem_code)
    retrieves = any(stage.kind is sdk.StageKind.RETRIEVER for stage in pipeline.stages)
    # The model that tells languages apart takes a second to load, and the loop is everyone's.
    language = await asyncio.to_thread(detect_language, work.question) if retrieves else None
    async with (
        open_capabilities(work) as capabilities,
        plugin_host.registry_for(work) as plugins,
        with_tool_servers(work, plugins) as registry,
        plugin_host.feed_of(work) as feed,
    ):

        def emit(event: RunEvent) -> None:
            channel.emit(event)
            feed.hear(event)

        context = sdk.Context(
            log=feed.log_beside(stage_log(run_id=str(work.run_id))),
            llm=EndpointLanguageModel(engines, endpoint_of(work.engine), work.engine.salt),
            embed=capabilities.embed,
            index=capabilities.index,
        )
        outcome = await execute_pipeline(
            pipeline,
            RunInput(
                str(work.run_id),
                query_of(work, language),
                rights=work.rights,
                decision=read_decision(work.decision),
            ),
            registry=registry,
            context=context,
            emit=emit,
            limits=RunLimits(seconds=settings.RUN_SECONDS),
        )
        feed.end(outcome)
        return outcome


def read_pipeline(stored: Mapping[str, Any]) -> PipelineSpec:
    """The pipeline as it was frozen. Raises PipelineError when it is not one."""
    try:
        return PipelineSpec(
            stages=tuple(
                StageSpec(
                    sdk.StageKind(stage["kind"]),
                    str(stage["plugin"]),
                    stage.get("config") or {},
                    may_send_with_passages=stage.get("may_send_with_passages") is True,
                )
                for stage in stored["stages"]
            ),
            stop=tuple(stored.get("stop", ())),
            **{name: stored[name] for name in SETTINGS if name in stored},
        )
    except (KeyError, TypeError, ValueError) as error:
        raise PipelineError("The app's pipeline cannot be read.") from error


def endpoint_of(engine: EngineAddress) -> EndpointConfig:
    return EndpointConfig(
        base_url=engine.base_url,
        model=engine.model,
        api_key=engine.api_key,
        context_tokens=engine.context_tokens,
        provider=engine.provider,  # type: ignore[arg-type]  # the column's choices are the same
        first_token_seconds=settings.ENGINE_FIRST_TOKEN_SECONDS,
        silence_seconds=settings.ENGINE_SILENCE_SECONDS,
        total_seconds=settings.RUN_SECONDS,
    )


def query_of(work: RunWork, language: str | None) -> sdk.Query:
    history = tuple(
        sdk.ChatMessage(message["role"], message["content"])  # type: ignore[arg-type]
        for message in work.history
    )
    return sdk.Query(work.question, language=language, history=history)


def _ended_before_it_began(
    work: RunWork, channel: RunChannel, state: Any, code: str = "", message: str = ""
) -> RunOutcome:
    recorder = RunRecorder(channel.emit)
    recorder.start_run(str(work.run_id))
    return recorder.outcome(state, code=code, message=message)
