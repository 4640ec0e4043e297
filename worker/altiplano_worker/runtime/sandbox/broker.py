"""The only way out of the sandbox: what a plugin asks for is checked, counted and done for it."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

import structlog

import altiplano_sdk as sdk
from altiplano_sdk.contracts import HttpClient
from altiplano_sdk.wire import WireError, broker_codec, describe_failure
from altiplano_sdk.wire.messages import (
    Answer,
    AnswerEnd,
    AnswerError,
    AnswerItem,
    Ask,
    EmbedderFacts,
    Log,
    Message,
    ModelFacts,
    Offered,
)
from altiplano_sdk.wire.methods import BROKER

log = structlog.get_logger("altiplano.sandbox")

Send = Callable[[Message, bytes], Awaitable[None]]

_ASKS: Final = MappingProxyType({"llm": 20, "embed": 200, "index": 100, "http": 50, "store": 2000})


@dataclass(frozen=True, slots=True)
class BrokerLimits:
    """What one call of a plugin may ask for. ``asks`` are per capability."""

    asks: Mapping[str, int] = field(default_factory=lambda: _ASKS)
    at_once: int = 8
    waiting: int = 256
    waiting_bytes: int = 32 * 1024 * 1024
    log_lines: int = 200
    search_results: int = 200
    search_characters: int = 20_000
    texts: int = 512


class Broker:
    """Serves one call of one plugin, with the rights of the run that the call belongs to.

    ``context`` holds what was granted and nothing else. What the plugin found in the index is
    kept in ``found``: nothing else can become a passage.
    """

    def __init__(
        self,
        context: sdk.Context,
        *,
        plugin: str,
        limits: BrokerLimits | None = None,
    ) -> None:
        self.found: dict[int, sdk.Passage] = {}
        self._context = context
        self._plugin = plugin
        self._limits = limits or BrokerLimits()
        self._asked: Counter[str] = Counter()
        self._lines = 0
        self._waiting_bytes = 0
        self._at_once = asyncio.Semaphore(self._limits.at_once)
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._send: Send | None = None
        self._closed = False

    def connect(self, send: Send) -> None:
        """Answers go to ``send`` from now on."""
        self._send = send

    def offered(self) -> Offered:
        """What the plugin is told about its capabilities when the call begins."""
        context = self._context
        return Offered(
            llm=ModelFacts(context.llm.context_tokens) if context.llm else None,
            embed=(
                EmbedderFacts(context.embed.model_id, context.embed.dimension)
                if context.embed
                else None
            ),
            index=context.index is not None,
            http=context.http is not None,
            store=context.store is not None,
            secrets=dict(context.secrets or {}),
        )

    def receive(self, message: Ask, body: bytes) -> bool:
        """Begins to answer. False when no honest plugin would ask this."""
        self._asked["*"] += 1
        most = 2 * sum(self._limits.asks.values())
        is_sound = message.name in BROKER and message.id not in self._tasks
        self._waiting_bytes += len(body)
        crowded = (
            len(self._tasks) >= self._limits.waiting
            or self._waiting_bytes > self._limits.waiting_bytes
            or self._asked["*"] > most
        )
        if not is_sound or crowded or self._closed:
            return self._closed and is_sound
        task = asyncio.get_running_loop().create_task(self._serve(message, body))
        self._tasks[message.id] = task
        task.add_done_callback(lambda _: self._finish(message.id, len(body)))
        return True

    def _finish(self, asked: int, size: int) -> None:
        self._tasks.pop(asked, None)
        self._waiting_bytes -= size

    def forget(self, asked: int) -> None:
        """The plugin no longer waits for this answer."""
        if asked in self._tasks:
            self._tasks[asked].cancel()

    def log(self, message: Log, body: bytes) -> bool:
        """Passes a line on, marked as the plugin's. False when it wrote far too many."""
        self._lines += 1
        if self._lines <= self._limits.log_lines:
            write_line(self._context.log, self._plugin, message, body)
        return self._lines <= 20 * self._limits.log_lines

    def close(self) -> None:
        """Nothing is done for the plugin any more, and what was being done is given up."""
        self._closed = True
        for task in list(self._tasks.values()):
            task.cancel()

    async def _serve(self, message: Ask, body: bytes) -> None:
        try:
            async with self._at_once:
                await self._answer(message, body)
        except sdk.PluginError as error:
            await self._refuse(message, error)
        except WireError:
            await self._refuse(message, sdk.PermanentError("What was asked for is not valid."))
        except Exception as error:  # noqa: BLE001 - whatever it is, the plugin gets an answer
            log.warning(
                "broker_failed", plugin=self._plugin, asked=message.name, error=type(error).__name__
            )
            await self._refuse(message, sdk.RetryableError("The platform could not do this."))

    async def _refuse(self, message: Ask, error: sdk.PluginError) -> None:
        told = describe_failure(error)
        await self._tell(AnswerError(message.id, told.kind, told.code, told.message))

    async def _answer(self, message: Ask, body: bytes) -> None:
        capability = message.name.partition(".")[0]
        self._asked[capability] += 1
        if self._asked[capability] > self._limits.asks[capability]:
            raise sdk.BudgetExceededError(
                f"The plugin used {capability} more than {self._limits.asks[capability]} times in "
                "one call."
            )
        target = getattr(self._context, capability)
        if target is None:
            raise sdk.PermanentError(
                f"The plugin was not granted {capability}.", code="not_granted"
            )
        codec = broker_codec(message.name)
        arguments = codec.arguments.decode(body)
        if codec.streams:
            await self._stream(message.id, codec.result.encode, target.stream(*arguments))
            return
        result = await _DO[message.name](self, target, *arguments)
        await self._tell(Answer(message.id), codec.result.encode(result))

    async def _stream(
        self, asked: int, encode: Callable[[Any], bytes], items: AsyncIterator[Any]
    ) -> None:
        try:
            async for item in items:
                await self._tell(AnswerItem(asked), encode(item))
        finally:
            close = getattr(items, "aclose", None)
            if close is not None:
                await close()
        await self._tell(AnswerEnd(asked))

    async def _tell(self, message: Message, body: bytes = b"") -> None:
        if self._send is not None and not self._closed:
            await self._send(message, body)

    async def search(
        self,
        index: Any,
        text: str,
        mode: sdk.SearchMode,
        k: int,
        where: sdk.RetrievalFilter | None,
    ) -> tuple[sdk.Passage, ...]:
        limits = self._limits
        if not 1 <= k <= limits.search_results or len(text) > limits.search_characters:
            raise sdk.PermanentError(
                f"A search gives 1 to {limits.search_results} passages, for a text of at most "
                f"{limits.search_characters} characters."
            )
        found: tuple[sdk.Passage, ...] = await index.search(text, mode=mode, k=k, where=where)
        self.found.update((passage.chunk_id, passage) for passage in found)
        return found

    async def embed_passages(self, embed: Any, texts: tuple[str, ...]) -> Any:
        if len(texts) > self._limits.texts:
            raise sdk.PermanentError(f"At most {self._limits.texts} texts are embedded at once.")
        return await embed.embed_passages(texts)


async def _request(
    _: Broker,
    http: HttpClient,
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes,
) -> Any:
    _check_scheme(url)
    return await http.request(method, url, headers=headers, body=body)


async def _post_json(
    _: Broker, http: HttpClient, url: str, body: Mapping[str, Any], headers: Mapping[str, str]
) -> Any:
    _check_scheme(url)
    return await http.post_json(url, body, headers)


def _check_scheme(url: str) -> None:
    """Whatever client was handed in: nothing leaves the platform for a plugin in the clear."""
    if not url.lower().startswith("https://"):
        raise sdk.PermanentError("A plugin may use addresses with https only.", code="not_granted")


def _plainly(method: str) -> Callable[..., Awaitable[Any]]:
    async def do(_: Broker, target: Any, *arguments: Any) -> Any:
        return await getattr(target, method)(*arguments)

    return do


_DO: Final[Mapping[str, Callable[..., Awaitable[Any]]]] = {
    "index.search": Broker.search,
    "embed.embed_passages": Broker.embed_passages,
    "http.request": _request,
    "http.post_json": _post_json,
    **{
        name: _plainly(name.partition(".")[2])
        for name in (
            "embed.embed_query", "store.get", "store.put", "store.delete", "store.keys",
        )
    },
}  # fmt: skip


def write_line(target: Any, plugin: str, message: Log, body: bytes) -> None:
    """The plugin's words are values in the line, never its event or the names of its fields."""
    try:
        fields = json.loads(body or b"{}")
        text = json.dumps(fields)[:4096] if fields else ""
    except (ValueError, RecursionError):
        text = ""
    said = message.event[:200]
    write = target.warning if message.level == "warning" else target.info
    write("plugin_said", plugin=plugin, said=said, fields=text)


@dataclass(frozen=True, slots=True)
class PluginCapabilities:
    """What belongs to one installation, beside what belongs to the run."""

    http: HttpClient | None = None
    store: sdk.KeyValueStore | None = None
    secrets: Mapping[str, str] = field(default_factory=dict)
