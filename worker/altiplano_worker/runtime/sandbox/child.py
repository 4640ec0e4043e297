"""Our end of one plugin process: what it was asked, what it asks, and when it has to go."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import altiplano_sdk as sdk
from altiplano_sdk.wire import (
    Codec,
    Frame,
    WireError,
    attributes_codec,
    method_codec,
)
from altiplano_sdk.wire.messages import (
    Ask,
    Call,
    Cancel,
    Configure,
    Configured,
    End,
    Error,
    Forget,
    Item,
    Load,
    Log,
    Message,
    More,
    Offered,
    Ready,
    Result,
    Started,
)
from altiplano_worker.runtime.sandbox.broker import Broker
from altiplano_worker.runtime.sandbox.channel import ChildChannel
from altiplano_worker.runtime.sandbox.exchange import (
    BadAnswerError,
    CallFailedError,
    ChildLostError,
    Pending,
)
from altiplano_worker.runtime.sandbox.launcher import Launched
from altiplano_worker.runtime.sandbox.releases import ReleaseOnDisk
from altiplano_worker.runtime.sandbox.weight import holds_index
from altiplano_worker.runtime.sandbox.workspace import watch_folder

START_SECONDS: Final = 20.0
CANCEL_SECONDS: Final = 1.0
"""How long a plugin may take to notice that its call was cancelled."""
MOST_STRAY_MESSAGES: Final = 500
MOST_LINES: Final = 200
"""Log lines between two calls; what is said within one is counted by its broker."""
ITEMS_AHEAD: Final = 16
FILES_AHEAD: Final = 1


class SandboxChild:
    """One process with one package loaded. For one event loop, and for one organization."""

    def __init__(
        self,
        launched: Launched,
        *,
        on_lost: Callable[[SandboxChild], None],
        on_log: Callable[[Log, bytes], None],
    ) -> None:
        self.launched = launched
        self.calls_open = 0
        self._on_lost = on_lost
        self._on_log = on_log
        self._channel = ChildChannel(
            launched, on_message=self._receive, on_lost=self._release_waiting
        )
        self._ids = itertools.count(1)
        self._pending: dict[int, Pending] = {}
        self._instances: dict[tuple[sdk.StageKind, str], tuple[int, Mapping[str, Any]]] = {}
        self._configuring = asyncio.Lock()
        self._stray = 0
        self._lines = 0
        self._watching: asyncio.Task[None] | None = None

    @property
    def lost(self) -> str | None:
        """Why the process is gone, as the second half of a sentence; None while it lives."""
        return self._channel.lost

    @property
    def is_at_fault(self) -> bool:
        return self._channel.is_at_fault

    @property
    def instance_count(self) -> int:
        return len(self._instances)

    async def start(self, release: ReleaseOnDisk, *, memory_bytes: int) -> None:
        """The doors are closed and the package is loaded.

        Raises ChildLostError, or CallFailedError with what the import raised. The child is useless
        after either and has been killed.
        """
        workspace = self.launched.make_workspace() if holds_index(release) else None
        takes_files = any(p.kind is sdk.StageKind.LOADER for p in release.manifest.provides)
        try:
            async with asyncio.timeout(START_SECONDS):
                directory = await asyncio.to_thread(self.launched.admit, release)
                first = self.launched.first_message(
                    directory, memory_bytes=memory_bytes, workspace=workspace
                )
                await self._channel.connect(takes_files=takes_files)
                await self._ask_once(0, first, b"", Started)
                manifest = release.manifest.model_dump_json().encode()
                await self._ask_once(0, Load(directory, release.draft), manifest, Ready)
            if workspace is not None:
                self._watch(workspace)
        except TimeoutError:
            self.kill("did not start in time")
            raise ChildLostError("did not start in time") from None
        except BaseException:
            self.kill("could not be started")
            raise

    def _watch(self, workspace: Path) -> None:
        """The process ends when it fills its folder, and the watch with the process."""
        self._watching = asyncio.get_running_loop().create_task(
            watch_folder(
                workspace,
                most=self.launched.scratch_bytes,
                tell=lambda: self.kill("wrote more to its folder than it was granted memory"),
            )
        )

    async def configure(self, kind: sdk.StageKind, config: str) -> tuple[int, Mapping[str, Any]]:
        """The number and the attributes of an instance; made once per configuration."""
        async with self._configuring:
            known = self._instances.get((kind, config))
            if known is None:
                number = next(self._ids)
                frame = await self._ask_once(
                    number, Configure(number, kind), config.encode(), Configured
                )
                try:
                    attributes = attributes_codec(kind).decode(frame.body)
                except WireError as error:
                    raise BadAnswerError(str(error)) from error
                known = self._instances[kind, config] = (number, attributes)
            return known

    async def call(
        self,
        kind: sdk.StageKind,
        instance: int,
        method: str,
        arguments: tuple[Any, ...],
        *,
        offered: Offered,
        broker: Broker,
        blob: bytes = b"",
    ) -> Any:
        """What the method returned, decoded and not yet judged.

        Raises CallFailedError, BadAnswerError or ChildLostError. When it is cancelled, so is the
        plugin; one that does not notice is killed.
        """
        codec = method_codec(kind, method)
        number = next(self._ids)
        body = codec.arguments.encode(arguments)
        with self._open(number, broker) as pending:
            self._channel.send(Call(number, instance, method, offered), body, blob)
            message, frame = await pending.next()
            pending.done = True
        if not isinstance(message, Result):
            raise self._channel.break_off("answered out of turn")
        return _decode(codec.result, frame.body)

    async def stream(
        self,
        kind: sdk.StageKind,
        instance: int,
        method: str,
        arguments: tuple[Any, ...],
        *,
        offered: Offered,
        broker: Broker,
    ) -> AsyncIterator[tuple[Any, bytes]]:
        """Each item that the method yields, with its blob; raises what :meth:`call` does.

        The plugin is never more than a few items ahead of the reader.
        """
        codec = method_codec(kind, method)
        number = next(self._ids)
        body = codec.arguments.encode(arguments)
        ahead = FILES_AHEAD if kind is sdk.StageKind.LOADER else ITEMS_AHEAD
        with self._open(number, broker) as pending:
            pending.room = ahead
            self._channel.send(Call(number, instance, method, offered), body)
            self._channel.send(More(number, ahead))
            while True:
                message, frame = await pending.next()
                if isinstance(message, End):
                    pending.done = True
                    return
                if not isinstance(message, Item):
                    raise self._channel.break_off("answered out of turn")
                yield _decode(codec.result, frame.body), frame.blob
                pending.room += 1
                self._channel.send(More(number, 1))

    def kill(self, reason: str, *, at_fault: bool = True) -> None:
        """The process is gone, and everyone who waits for it hears the reason. Idempotent."""
        self._channel.kill(reason, at_fault=at_fault)

    def _release_waiting(self, reason: str) -> None:
        watching, self._watching = self._watching, None
        if watching is not None:
            watching.cancel()
        for pending in self._pending.values():
            pending.answers.put_nowait(ChildLostError(reason))
            if pending.broker is not None:
                pending.broker.close()
        self._on_lost(self)

    # what happens to messages

    def _receive(self, message: Message, frame: Frame) -> None:
        match message:
            case Ask():
                self._receive_question(message, frame.body)
            case Forget():
                for pending in self._pending.values():
                    if pending.broker is not None:
                        pending.broker.forget(message.id)
            case Log():
                self._receive_log(message, frame.body)
            case Result() | End() | Error() | Item() | Configured():
                self._receive_answer(message.id, message, frame)
            case Started() | Ready():
                self._receive_answer(0, message, frame)
            case _:
                self.kill("sent a message that is not for us")

    def _receive_answer(self, number: int, message: Message, frame: Frame) -> None:
        pending = self._pending.get(number)
        if pending is None or pending.has_ended:
            self._count_stray()
            return
        if not isinstance(message, Item):
            pending.has_ended = True
        elif pending.room > 0:
            pending.room -= 1
        else:
            self.kill("sent more than it was asked for")
            return
        pending.answers.put_nowait((message, frame))

    def _receive_question(self, message: Ask, body: bytes) -> None:
        pending = self._pending.get(message.call)
        if pending is None or pending.broker is None:
            self._count_stray()
        elif not pending.broker.receive(message, body):
            self.kill("asked for more than it may")

    def _receive_log(self, message: Log, body: bytes) -> None:
        pending = self._pending.get(message.call)
        if pending is None or pending.broker is None:
            self._lines += 1
            if self._lines <= MOST_LINES:
                self._on_log(message, body)
            elif self._lines > 20 * MOST_LINES:
                self.kill("wrote more log lines than it may")
        elif not pending.broker.log(message, body):
            self.kill("wrote more log lines than it may")

    def _count_stray(self) -> None:
        """Late answers to cancelled calls are honest; a flood of them is not."""
        self._stray += 1
        if self._stray > MOST_STRAY_MESSAGES:
            self.kill("talks without being asked")

    # waiting

    async def _ask_once(
        self, number: int, message: Message, body: bytes, expected: type[Message]
    ) -> Frame:
        with self._open(number, None) as pending:
            self._channel.send(message, body)
            answer, frame = await pending.next()
            pending.done = True
        if not isinstance(answer, expected):
            raise self._channel.break_off("answered out of turn")
        return frame

    @contextmanager
    def _open(self, number: int, broker: Broker | None) -> Iterator[Pending]:
        """Answers to ``number`` are expected within; left early, the plugin is told to stop."""
        pending = self._pending[number] = Pending(broker)
        if broker is not None:
            broker.connect(self._channel.send_in_time)
        self.calls_open += 1
        self._lines = self._stray = 0
        try:
            yield pending
        finally:
            del self._pending[number]
            self.calls_open -= 1
            if broker is not None:
                broker.close()
            if not pending.done and self.lost is None:
                self._stop_call(number)

    def _stop_call(self, number: int) -> None:
        """The call is over for us. The plugin has a moment to say that it is over for it, too."""
        pending = self._pending[number] = Pending(room=2**31)
        with suppress(ChildLostError):
            self._channel.send(Cancel(number))
        loop = asyncio.get_running_loop()
        waiting = loop.create_task(self._await_end(number, pending))
        waiting.add_done_callback(lambda task: task.exception())

    async def _await_end(self, number: int, pending: Pending) -> None:
        try:
            async with asyncio.timeout(CANCEL_SECONDS):
                while isinstance((await pending.next())[0], Item):
                    pass
        except TimeoutError:
            self.kill("did not stop when it was told to")
        except (CallFailedError, ChildLostError):
            pass
        finally:
            self._pending.pop(number, None)


def _decode(codec: Codec, body: bytes) -> Any:
    try:
        return codec.decode(body)
    except WireError as error:
        raise BadAnswerError(str(error)) from error
