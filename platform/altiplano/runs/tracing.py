"""How an answer came about: its passages, stages, prompt and figures, for those who build apps.

``runs/_trace.html`` with a :class:`Trace` as ``trace`` shows it. It holds the app's instructions
and passages of its documents, so it is for members alone (:func:`trace_for`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from altiplano.accounts.principal import Principal
from altiplano.kernel.reasons import in_my_language
from altiplano.runs import queries
from altiplano.runs.models import Answer, Run
from altiplano.runs.trace_words import CALL_STATES, say_detail
from altiplano.studio.plugins import plugin_titles
from altiplano.studio.stage_edits import KIND_NAMES

Titles = Mapping[tuple[str, str], str]
"""What plugins are called, by kind and id."""


@dataclass(frozen=True, slots=True)
class TracedPassage:
    """A passage that was found; ``is_cited`` when the answer names it as its source."""

    rank: int
    document_id: str
    document_name: str
    page: int
    start: int
    end: int
    text: str
    score: float | None
    is_cited: bool


@dataclass(frozen=True, slots=True)
class TracedStage:
    """One stage. ``begun`` and ``share`` are parts of the whole time, from 0 to 100.

    ``plugin`` is an id; its ``plugin_title`` is empty where nobody knows the plugin any more.
    """

    name: str
    plugin: str
    plugin_title: str
    ms: float
    begun: float
    share: float
    details: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class TracedCall:
    """A tool call that the model wished. ``content`` is the beginning of what it was told."""

    name: str
    plugin: str
    plugin_title: str
    state: str
    is_done: bool
    arguments: str
    content: str


@dataclass(frozen=True, slots=True)
class Trace:
    """Everything but the answer itself. Of a run under way, all is empty but ``run``."""

    run: Run
    passages: tuple[TracedPassage, ...] = ()
    stages: tuple[TracedStage, ...] = ()
    calls: tuple[TracedCall, ...] = ()
    prompt: tuple[Mapping[str, str], ...] = ()
    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_ms: float = 0.0
    first_token_ms: float = 0.0
    generate_ms: float = 0.0

    @property
    def is_empty(self) -> bool:
        return not (self.stages or self.calls or self.passages or self.prompt)

    @property
    def tokens_per_second(self) -> float:
        """Of the model, from the moment it was sent the prompt; 0 where that is not known."""
        return self.completion_tokens * 1000 / self.generate_ms if self.generate_ms > 0 else 0.0


def trace_for(principal: Principal, run_id: object) -> Trace:
    """The trace of a run that ``principal`` may see. Raises NotFoundError or NotAllowedError."""
    principal.require("read")
    return trace_of(queries.get_visible_run(principal, run_id))


def trace_of(run: Run) -> Trace:
    """The trace of the run; five queries."""
    answer = Answer.objects.filter(run_id=run.id).first()
    if answer is None:
        return Trace(run)
    cited = set(run.citations.values_list("chunk_id", flat=True))
    titles = _titles_in(run, answer)
    total = float(answer.timings.get("total_ms") or 0.0)
    return Trace(
        run=run,
        passages=_passages_in(answer.events, cited),
        stages=_stages_in(answer.events, total, titles),
        calls=_calls_in(answer, titles),
        prompt=tuple(answer.prompt),
        prompt_tokens=answer.prompt_tokens,
        completion_tokens=answer.completion_tokens,
        total_ms=total,
        first_token_ms=float(answer.timings.get("first_token_ms") or 0.0),
        generate_ms=float(answer.timings.get("generate_ms") or 0.0),
    )


def _passages_in(events: Sequence[Mapping[str, Any]], cited: set[int]) -> tuple[TracedPassage, ...]:
    found = next((each for each in events if each.get("type") == "passages.found"), {})
    return tuple(
        TracedPassage(
            rank=rank,
            document_id=str(passage["document_id"]),
            document_name=passage["document_name"],
            page=passage["page"],
            start=passage["start"],
            end=passage["end"],
            text=passage["text"],
            score=passage.get("score"),
            is_cited=passage["chunk_id"] in cited,
        )
        for rank, passage in enumerate(found.get("passages", ()), start=1)
    )


def _titles_in(run: Run, answer: Answer) -> Titles:
    named = {str(each["plugin"]) for each in answer.events if "plugin" in each}
    return plugin_titles(run.organization_id, named)


def _stages_in(
    events: Sequence[Mapping[str, Any]], total: float, titles: Titles
) -> tuple[TracedStage, ...]:
    """One after the other, as stages run; what lies between them is not worth a bar."""
    finished = [each for each in events if each.get("type") == "stage.finished"]
    whole = max(total, sum(float(each["ms"]) for each in finished), 0.001)
    stages: list[TracedStage] = []
    begun = 0.0
    for event in finished:
        ms = float(event["ms"])
        kind = str(event["kind"])
        stages.append(
            TracedStage(
                name=str(KIND_NAMES.get(kind, kind)),
                plugin=str(event["plugin"]),
                plugin_title=titles.get((kind, str(event["plugin"])), ""),
                ms=ms,
                begun=round(100 * begun / whole, 2),
                share=round(100 * ms / whole, 2),
                details=_details_of(event.get("detail") or {}),
            )
        )
        begun += ms
    return tuple(stages)


def _calls_in(answer: Answer, titles: Titles) -> tuple[TracedCall, ...]:
    return tuple(
        TracedCall(
            name=call["name"],
            plugin=call["plugin"],
            plugin_title=titles.get(("tool", call["plugin"]), ""),
            state=str(CALL_STATES.get(call["state"], call["state"])),
            is_done=call["state"] == "done",
            arguments=json.dumps(call["arguments"], ensure_ascii=False),
            content=in_my_language(call["content"]),
        )
        for call in queries.tool_calls_of(answer)
    )


def _details_of(detail: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """What the stage had to tell, without what it left empty."""
    return tuple(say_detail(name, value) for name, value in detail.items() if value or value == 0)
