"""What can come of asking a plugin in another process, beside an answer."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from altiplano_sdk.wire import Failure, Frame
from altiplano_sdk.wire.messages import Error, Message
from altiplano_worker.runtime.sandbox.broker import Broker


class ChildLostError(Exception):
    """The process has ended, or had to be ended; ``reason`` is the second half of a sentence."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class CallFailedError(Exception):
    """The plugin answered with an error."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.kind)
        self.failure = failure


class BadAnswerError(Exception):
    """The plugin answered with something that its contract does not allow; the message says what."""


@dataclass(slots=True)
class Pending:
    """A question to the plugin that is open.

    ``room`` is how many items of a stream may still come. ``has_ended`` is set when the last answer
    arrived, ``done`` when it was read.
    """

    broker: Broker | None = None
    answers: asyncio.Queue[tuple[Message, Frame] | Exception] = field(default_factory=asyncio.Queue)
    room: int = 0
    has_ended: bool = False
    done: bool = False

    async def next(self) -> tuple[Message, Frame]:
        """The next answer. Raises ChildLostError or CallFailedError, after which none comes."""
        answer = await self.answers.get()
        if isinstance(answer, Exception):
            self.done = True
            raise answer
        message, _ = answer
        if isinstance(message, Error):
            self.done = True
            raise CallFailedError(Failure(message.kind, message.code, message.message))
        return answer
