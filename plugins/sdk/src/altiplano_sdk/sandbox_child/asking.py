"""What the plugin asked the platform for and is waiting for."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

from altiplano_sdk.errors import PluginError
from altiplano_sdk.wire import Failure, WireError, broker_codec, failure_error
from altiplano_sdk.wire.messages import (
    Answer,
    AnswerEnd,
    AnswerError,
    AnswerItem,
    Ask,
    Forget,
    Message,
)

Send = Callable[[Message, bytes], None]
_END = object()


class Questions:
    """All open questions of the process, answered in any order."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._ids = itertools.count(1)
        self._open: dict[int, tuple[str, asyncio.Queue[Any]]] = {}

    def receive(self, message: Answer | AnswerItem | AnswerEnd | AnswerError, body: bytes) -> None:
        """Hands an answer to the one that waits; one for nobody is dropped."""
        if message.id not in self._open:
            return
        name, answers = self._open[message.id]
        if isinstance(message, (Answer, AnswerItem)):
            answers.put_nowait(broker_codec(name).result.decode(body))
        elif isinstance(message, AnswerEnd):
            answers.put_nowait(_END)
        else:
            failure = Failure(message.kind, message.code, message.message)
            answers.put_nowait(
                failure_error(failure) or PluginError("The platform did not answer.")
            )

    async def ask(self, call: int, name: str, arguments: tuple[Any, ...]) -> Any:
        """The answer; raises the error that the platform answered with."""
        asked, answers = self._begin(call, name, arguments)
        try:
            answer = await answers.get()
        finally:
            del self._open[asked]
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def ask_stream(
        self, call: int, name: str, arguments: tuple[Any, ...]
    ) -> AsyncIterator[Any]:
        asked, answers = self._begin(call, name, arguments)
        ended = False
        try:
            while (answer := await answers.get()) is not _END:
                if isinstance(answer, Exception):
                    ended = True
                    raise answer
                yield answer
            ended = True
        finally:
            del self._open[asked]
            if not ended:
                self._send(Forget(asked), b"")

    def _begin(
        self, call: int, name: str, arguments: tuple[Any, ...]
    ) -> tuple[int, asyncio.Queue[Any]]:
        try:
            body = broker_codec(name).arguments.encode(arguments)
        except WireError as error:
            raise TypeError(f"{name} was called with a wrong argument: {error}") from None
        asked = next(self._ids)
        answers: asyncio.Queue[Any] = asyncio.Queue()
        self._open[asked] = (name, answers)
        self._send(Ask(asked, call, name), body)
        return asked, answers


@dataclass(frozen=True, slots=True)
class CallQuestions:
    """The questions of one call."""

    questions: Questions
    call: int

    async def ask(self, name: str, *arguments: Any) -> Any:
        return await self.questions.ask(self.call, name, arguments)

    def ask_stream(self, name: str, *arguments: Any) -> AsyncIterator[Any]:
        return self.questions.ask_stream(self.call, name, arguments)
