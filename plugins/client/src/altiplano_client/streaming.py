"""From a run's events to the text as it grows and the answer at its end. No input or output."""

from __future__ import annotations

import json
from typing import Any

from altiplano_client.records import AltiplanoError, Answer, Citation


class AnswerReader:
    """Fed with the events of one run, in order.

    ``answer`` is None until the run has finished.
    """

    def __init__(self) -> None:
        self.answer: Answer | None = None
        self._run_id = ""
        self._text = ""
        self._abstained = False
        self._replaced = False
        self._citations: list[Citation] = []

    def read(self, data: str) -> str:
        """The text that this event adds; empty for events that add none.

        Raises AltiplanoError when the event says that the run failed or was cancelled.
        """
        if not data:  # a field that only concerns the connection, such as retry
            return ""
        event: dict[str, Any] = json.loads(data)
        match event["type"]:
            case "run.started":
                self._run_id = event["run_id"]
            case "answer.delta":
                return str(event["text"])
            case "citation.added":
                self._citations.append(Citation.of(event))
            case "answer.finished":
                self._text = event["text"]
                self._abstained = event["abstained"]
                self._replaced = event["replaced"]
            case "run.finished":
                self.answer = Answer(
                    self._text,
                    run_id=self._run_id,
                    abstained=self._abstained,
                    replaced=self._replaced,
                    citations=tuple(self._citations),
                    usage=event["usage"],
                    timings=event["timings"],
                )
            case "run.failed":
                raise AltiplanoError(event["message"], code=event["code"])
            case "run.cancelled":
                raise AltiplanoError("The run was cancelled.", code="cancelled")
        return ""

    def finish(self) -> Answer:
        """The whole answer. Raises AltiplanoError when the events ended before it."""
        if self.answer is None:
            raise AltiplanoError("The answer broke off. Ask again.", code="broken_stream")
        return self.answer
