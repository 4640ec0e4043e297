"""Every stage runs inside a budget; whatever goes wrong in it becomes one tree of errors."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar

import structlog
from opentelemetry import trace
from opentelemetry.trace import Status, StatusCode

import altiplano_sdk as sdk
from altiplano_worker.runtime.context import narrow_context
from altiplano_worker.runtime.pipeline import PlannedStage
from altiplano_worker.runtime.recorder import RunRecorder

log = structlog.get_logger("altiplano.runner")

_tracer = trace.get_tracer("altiplano.stages")

Value = TypeVar("Value")


class PluginFailedError(sdk.PluginError):
    """A plugin raised what it must not raise, or returned what its contract does not allow."""

    code = "plugin_failed"


@asynccontextmanager
async def stage_budget(stage: PlannedStage, recorder: RunRecorder) -> AsyncIterator[dict[str, Any]]:
    """Runs a stage's work and records it; what is put into the yielded dict shows in the trace.

    Raises BudgetExceededError when the work outlives the plugin's grant, PluginFailedError for
    an exception that is none of the SDK's; those of the SDK pass, and so does cancellation. A
    stage that failed is finished in the stream, too, with the error's code; one that was
    cancelled stays open, as does the run around it.
    """
    recorder.start_stage(stage)
    begun = time.perf_counter()
    detail: dict[str, Any] = {}
    failure: sdk.PluginError | None = None
    timeout = asyncio.timeout(stage.grants.seconds)
    try:
        with _traced(stage):
            async with timeout:
                yield detail
    except sdk.PluginError as error:
        failure = error
    except TimeoutError as error:
        failure = _overrun(stage) if timeout.expired() else _fault(stage, error)
    except Exception as error:  # noqa: BLE001 - a plugin may raise anything
        failure = _fault(stage, error)
    if failure is not None:
        detail["error"] = failure.code
    recorder.finish_stage(stage, ms=(time.perf_counter() - begun) * 1000, detail=detail)
    if failure is not None:
        raise failure


@asynccontextmanager
async def run_stage(
    stage: PlannedStage, *, context: sdk.Context, recorder: RunRecorder
) -> AsyncIterator[tuple[sdk.Context, dict[str, Any]]]:
    """As :func:`stage_budget`; yields, too, what of ``context`` the stage was granted."""
    async with stage_budget(stage, recorder) as detail:
        yield narrow_context(context, stage.grants), detail


@contextmanager
def _traced(stage: PlannedStage) -> Iterator[None]:
    """A span of the stage. Of an error its kind is told, not its words: they may quote documents."""
    with _tracer.start_as_current_span(
        f"{stage.kind}: {stage.plugin_id}", record_exception=False, set_status_on_exception=False
    ) as span:
        try:
            yield
        except Exception as error:
            span.set_status(Status(StatusCode.ERROR, type(error).__name__))
            raise


def check_result(stage: PlannedStage, value: Any, expected: type[Value]) -> Value:
    """``value``, which is an ``expected``; raises PluginFailedError when it is not."""
    if not isinstance(value, expected):
        raise PluginFailedError(
            f"The plugin {stage.plugin_id} returned something that is no {expected.__name__}."
        )
    return value


def check_passages(
    stage: PlannedStage, value: Any, *, known: tuple[sdk.Passage, ...] | None = None
) -> tuple[sdk.Passage, ...]:
    """``value``, a tuple of passages without repeats, and when given all out of ``known``."""
    passages = check_result(stage, value, tuple)
    for passage in passages:
        check_result(stage, passage, sdk.Passage)
    ids = [passage.chunk_id for passage in passages]
    allowed = None if known is None else {passage.chunk_id for passage in known}
    if len(set(ids)) != len(ids) or (allowed is not None and not allowed.issuperset(ids)):
        raise PluginFailedError(
            f"The plugin {stage.plugin_id} returned passages twice or out of nowhere."
        )
    return passages


def _overrun(stage: PlannedStage) -> sdk.BudgetExceededError:
    return sdk.BudgetExceededError(
        f"The {stage.kind} stage took longer than its {stage.grants.seconds:g} seconds."
    )


def _fault(stage: PlannedStage, error: Exception) -> PluginFailedError:
    # An exception's text may quote a document or a key, so the log keeps only its type.
    log.error(
        "plugin_failed", plugin=stage.plugin_id, kind=stage.kind.value, error=type(error).__name__
    )
    failure = PluginFailedError(
        f"The plugin {stage.plugin_id} failed in the {stage.kind} stage. "
        "The operator finds the kind of error in the worker's log."
    )
    failure.__cause__ = error
    return failure
