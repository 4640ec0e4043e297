"""Numbers a run's events, keeps its trace and times, and becomes its outcome."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, Final, Literal

import altiplano_sdk as sdk
from altiplano_sdk.events import (
    AnswerDelta,
    AnswerFinished,
    CitationAdded,
    PassagesFound,
    RunEvent,
    RunStarted,
    StageFinished,
    StageStarted,
    ToolAnswered,
    ToolCalled,
)
from altiplano_worker.runtime.outcome import RunOutcome, WaitingCall
from altiplano_worker.runtime.pipeline import PlannedStage

Emit = Callable[[RunEvent], None]

SHOWN_CHARACTERS: Final = 2_000
"""Of a tool's result; the model may have read more."""


class RunRecorder:
    """``emit`` must neither block nor raise: it is called from the loop of all streams."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._seq = 0
        self._begun = time.perf_counter()
        self._deltas: list[str] = []
        self._length = 0
        self._passages: tuple[sdk.Passage, ...] = ()
        self._citations: list[CitationAdded] = []
        self._usage = sdk.Usage(0, 0)
        self._usage_known = True
        self._trace: list[dict[str, Any]] = []
        self._prompt: tuple[sdk.ChatMessage, ...] = ()
        self._timings: dict[str, float] = {}
        self._answer: AnswerFinished | None = None

    @property
    def streamed(self) -> str:
        """The text that was streamed so far."""
        return "".join(self._deltas)

    @property
    def streamed_length(self) -> int:
        return self._length

    def start_run(self, run_id: str) -> None:
        self._emit(RunStarted(self._next(), run_id))

    def start_stage(self, stage: PlannedStage) -> None:
        self._emit(StageStarted(self._next(), stage.position, stage.kind.value, stage.plugin_id))

    def finish_stage(self, stage: PlannedStage, *, ms: float, detail: dict[str, Any]) -> None:
        """The stage is in the stream and in the trace, with what it has to tell."""
        event = StageFinished(
            self._next(),
            stage=stage.position,
            kind=stage.kind.value,
            plugin=stage.plugin_id,
            ms=round(ms, 3),
            detail=detail,
        )
        self._emit(event)
        self._trace.append(
            {
                "stage": event.stage,
                "kind": event.kind,
                "plugin": event.plugin,
                "ms": event.ms,
                "detail": detail,
            }
        )

    def find_passages(self, passages: tuple[sdk.Passage, ...]) -> None:
        self._passages = passages
        self._emit(PassagesFound(self._next(), [asdict(passage) for passage in passages]))

    def call_tool(self, call: int, name: str, plugin: str, arguments: Mapping[str, Any]) -> None:
        self._emit(ToolCalled(self._next(), call, name, plugin, dict(arguments)))

    def answer_tool(self, call: int, state: str, content: str) -> None:
        self._emit(ToolAnswered(self._next(), call, state, content[:SHOWN_CHARACTERS]))

    def keep_prompt(self, messages: tuple[sdk.ChatMessage, ...]) -> None:
        """``messages`` are what the model is sent; of several prompts the last one is kept.

        They are not streamed: readers of an answer need not be those who wrote the instructions.
        """
        self._prompt = messages

    def add_text(self, text: str) -> None:
        """``text`` is streamed as it is."""
        if not self._deltas:
            self._timings["first_token_ms"] = self.elapsed_ms()
        self._deltas.append(text)
        self._length += len(text)
        self._emit(AnswerDelta(self._next(), text))

    def add_usage(self, usage: sdk.Usage | None) -> None:
        """What an engine counted is added to the run's usage; None marks it as not known."""
        if usage is None:
            self._usage_known = False
            return
        self._usage = sdk.Usage(
            self._usage.prompt_tokens + usage.prompt_tokens,
            self._usage.completion_tokens + usage.completion_tokens,
        )

    def finish_answer(
        self, text: str, *, abstained: bool, citations: tuple[dict[str, Any], ...] = ()
    ) -> None:
        """The answer is ``text``: its citations are streamed, then the whole text.

        A text of which nothing was streamed yet is streamed first.
        """
        if text and not self._deltas:
            self.add_text(text)
        for fields in citations:
            citation = CitationAdded(seq=self._next(), **fields)
            self._citations.append(citation)
            self._emit(citation)
        replaced = text != self.streamed
        self._answer = AnswerFinished(self._next(), text, abstained, replaced)
        self._emit(self._answer)

    def add_time(self, name: str, ms: float) -> None:
        self._timings[name] = self._timings.get(name, 0.0) + ms

    def elapsed_ms(self) -> float:
        return (time.perf_counter() - self._begun) * 1000

    def outcome(
        self,
        state: Literal["finished", "failed", "cancelled"],
        *,
        code: str = "",
        message: str = "",
        waiting: WaitingCall | None = None,
    ) -> RunOutcome:
        """All that happened; nothing is emitted."""
        timings = {
            name: round(self._timings.get(name, 0.0), 3)
            for name in ("retrieve_ms", "first_token_ms", "generate_ms")
        }
        answer = self._answer
        return RunOutcome(
            state=state,
            answer=self.streamed if answer is None else answer.text,
            abstained=answer is not None and answer.abstained,
            replaced=answer is not None and answer.replaced,
            passages=self._passages,
            citations=tuple(self._citations),
            usage=self._usage,
            usage_known=self._usage_known,
            timings={**timings, "total_ms": round(self.elapsed_ms(), 3)},
            next_seq=self._seq + 1,
            trace=list(self._trace),
            prompt=self._prompt,
            code=code,
            message=message,
            waiting=waiting,
        )

    def _next(self) -> int:
        self._seq += 1
        return self._seq
