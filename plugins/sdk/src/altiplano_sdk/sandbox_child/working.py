"""The plugin's instances and the calls that run on them."""

from __future__ import annotations

import asyncio
import json
import traceback
from collections.abc import AsyncIterator
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from altiplano_sdk.contracts.documents import SourceFile
from altiplano_sdk.contracts.kinds import StageKind
from altiplano_sdk.errors import PermanentError
from altiplano_sdk.manifest import PackageManifest
from altiplano_sdk.packaging import LoadError
from altiplano_sdk.packaging.loading import load_package
from altiplano_sdk.sandbox_child.asking import CallQuestions, Questions
from altiplano_sdk.sandbox_child.capabilities import fields_json, remote_context
from altiplano_sdk.sandbox_child.sending import Sender
from altiplano_sdk.wire import LoadedFile, attributes_codec, describe_failure, method_codec
from altiplano_sdk.wire.messages import (
    Call,
    Configure,
    Configured,
    End,
    Error,
    Item,
    Load,
    Log,
    Ready,
    Result,
)

current_call: ContextVar[int] = ContextVar("current_call", default=0)
"""The call whose code is running, for what is printed; 0 between calls."""


class Work:
    """Everything that runs the author's code. Whatever it raises becomes an error message."""

    def __init__(self, send: Sender, questions: Questions) -> None:
        self._send = send
        self._questions = questions
        self._classes: dict[StageKind, type[Any]] = {}
        self._instances: dict[int, tuple[StageKind, Any]] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._room: dict[int, asyncio.Semaphore] = {}
        self._directory = Path()
        self._explain = False

    def load(self, message: Load, body: bytes) -> None:
        self._directory = Path(message.directory)
        self._explain = message.explain
        try:
            manifest = PackageManifest.model_validate_json(body)
            self._classes = load_package(self._directory, manifest)
        except LoadError as error:
            self._tell_failure(0, error.__cause__ or error)
        else:
            self._send(Ready(tuple(self._classes)))

    def configure(self, message: Configure, body: bytes) -> None:
        try:
            cls = self._classes[message.kind]
            plugin = cls(_read_config(cls.Config, body))
            attributes = attributes_codec(message.kind).read(plugin)
            if message.kind is StageKind.INDEX:
                # Asked for only here: whoever has no index needs none of it.
                from altiplano_sdk.sandbox_child.held_indexes import HeldIndexes

                plugin = HeldIndexes(plugin, Path("indexes", str(message.id)))
        except BaseException as error:  # noqa: BLE001 - it may raise anything, also SystemExit
            self._tell_failure(message.id, error)
        else:
            self._instances[message.id] = (message.kind, plugin)
            self._send(Configured(message.id), attributes)

    def begin_call(self, message: Call, body: bytes, blob: bytes) -> None:
        """The call runs; its result, or its error, is sent when it ends."""
        self._room[message.id] = asyncio.Semaphore(0)
        task = asyncio.get_running_loop().create_task(self._run(message, body, blob))
        self._tasks[message.id] = task

    def give_room(self, call: int, count: int) -> None:
        if call in self._room:
            for _ in range(count):
                self._room[call].release()

    def cancel(self, call: int) -> None:
        if call in self._tasks:
            self._tasks[call].cancel()

    async def _run(self, message: Call, body: bytes, blob: bytes) -> None:
        current_call.set(message.id)
        try:
            await self._work(message, body, blob)
        except BaseException as error:  # noqa: BLE001 - as above
            self._tell_failure(message.id, error)
        finally:
            del self._tasks[message.id], self._room[message.id]

    async def _work(self, message: Call, body: bytes, blob: bytes) -> None:
        kind, plugin = self._instances[message.instance]
        codec = method_codec(kind, message.method)
        arguments = codec.arguments.decode(body)
        if codec.attaches:
            arguments = (*arguments, blob)

        def say(level: Any, event: str, fields: bytes) -> None:
            self._send(Log(message.id, level, event[:200]), fields)

        platform = CallQuestions(self._questions, message.id)
        context = remote_context(message.offered, platform, say)
        answer = getattr(plugin, message.method)(*arguments, context)
        if not codec.streams:
            self._send(Result(message.id), codec.result.encode(await answer))
            return
        await self._stream(message.id, answer, codec.result)
        self._send(End(message.id))

    async def _stream(self, call: int, items: AsyncIterator[Any], codec: Any) -> None:
        room = self._room[call]
        try:
            async for item in items:
                blob = b""
                value = item
                if isinstance(item, SourceFile):
                    blob = item.path.read_bytes()
                    item.path.unlink(missing_ok=True)
                    value = LoadedFile(item.name, item.media_type)
                await room.acquire()
                self._send(Item(call), codec.encode(value), blob)
        finally:
            close = getattr(items, "aclose", None)
            if close is not None:
                await close()

    def _tell_failure(self, call: int, error: BaseException) -> None:
        """The author hears where it went wrong; the words only of a draft, as they may quote."""
        fields = {"error": type(error).__name__, "where": self._place(error)}
        if self._explain:
            fields["message"] = str(error)
        self._send(Log(call, "warning", "plugin_raised"), fields_json(fields))
        failure = describe_failure(error)
        self._send(Error(call, failure.kind, failure.code, failure.message))

    def _place(self, error: BaseException) -> str:
        """File and line of the innermost frame in the package."""
        try:
            frames = traceback.extract_tb(error.__traceback__)
        except Exception:  # noqa: BLE001 - the error object is the plugin's, too
            return ""
        for frame in reversed(frames):
            if frame.filename.startswith(str(self._directory)):
                inside = frame.filename[len(str(self._directory)) :].lstrip("/")
                return f"{inside.removeprefix('code/')}:{frame.lineno}"
        return ""


def _read_config(model: type[BaseModel], body: bytes) -> BaseModel:
    try:
        return model.model_validate(json.loads(body))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "config"
        raise PermanentError(f"{where}: {first['msg']}", code="plugin_config") from None
