"""The capabilities of a call's context as LangChain objects.

They are for LangChain components that ask a model, an embedding or a search of their own: what
was not granted raises PermanentError (``not_granted``) when it is used.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from typing import Any, TypeVar

from langchain_core.callbacks import (
    AsyncCallbackManagerForLLMRun,
    AsyncCallbackManagerForRetrieverRun,
    CallbackManagerForLLMRun,
    CallbackManagerForRetrieverRun,
)
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.retrievers import BaseRetriever
from pydantic import PrivateAttr

from altiplano_sdk import (
    ChatMessage,
    Context,
    GenerationDone,
    GenerationRequest,
    Passage,
    PermanentError,
    SearchMode,
    TextDelta,
    Usage,
)
from altiplano_sdk.langchain.vectors import rows_of

CHUNK_ID = "altiplano_chunk_id"
"""Names the passage in a document's metadata."""

_ROLES = {"system": "system", "human": "user", "ai": "assistant"}

T = TypeVar("T")


def document_of(passage: Passage) -> Document:
    """The passage as a LangChain document, with what is known of it as metadata."""
    return Document(
        page_content=passage.text,
        id=str(passage.chunk_id),
        metadata={
            CHUNK_ID: passage.chunk_id,
            "source": passage.document_name,
            "document_id": passage.document_id,
            "page": passage.page,
            "start": passage.start,
            "end": passage.end,
            "language": passage.language,
            "score": passage.score,
        },
    )


class GrantedEmbeddings(Embeddings):
    """The embedding model of the app's collections; the plugin needs ``embedding_use``."""

    def __init__(self, ctx: Context) -> None:
        self._granted = _need(ctx.embed, "embedding_use")
        self._waiter = _Waiter()

    async def aembed_documents(self, texts: list[str]) -> list[list[float]]:
        return rows_of(await self._granted.embed_passages(texts)) if texts else []

    async def aembed_query(self, text: str) -> list[float]:
        return rows_of(await self._granted.embed_query(text))[0]

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return self._waiter.wait(self.aembed_documents(texts))

    def embed_query(self, text: str) -> list[float]:
        return self._waiter.wait(self.aembed_query(text))


class GrantedRetriever(BaseRetriever):
    """Search in the app's own collections; the plugin needs ``index_use``.

    Passages found by both signals come first by the sum of their reciprocal ranks. ``seen`` holds
    every passage that was ever returned, by chunk id.
    """

    k: int = 8
    _ctx: Context = PrivateAttr()
    _seen: dict[int, Passage] = PrivateAttr(default_factory=dict)
    _waiter: _Waiter = PrivateAttr()

    def __init__(self, ctx: Context, *, k: int = 8) -> None:
        super().__init__(k=k)  # type: ignore[call-arg]  # pydantic's own signature
        self._ctx = ctx
        self._waiter = _Waiter()

    @property
    def seen(self) -> dict[int, Passage]:
        return self._seen

    async def _aget_relevant_documents(
        self, query: str, *, run_manager: AsyncCallbackManagerForRetrieverRun, k: int | None = None
    ) -> list[Document]:
        return await self._search(query, k or self.k)

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun, k: int | None = None
    ) -> list[Document]:
        return self._waiter.wait(self._search(query, k or self.k))

    async def _search(self, query: str, wanted: int) -> list[Document]:
        index = _need(self._ctx.index, "index_use")
        ranks: dict[int, float] = {}
        for mode in (SearchMode.DENSE, SearchMode.LEXICAL):
            for rank, passage in enumerate(await index.search(query, mode=mode, k=wanted)):
                self._seen.setdefault(passage.chunk_id, passage)
                # Reciprocal rank fusion (Cormack, Clarke, Buettcher 2009), with their k of 60.
                ranks[passage.chunk_id] = ranks.get(passage.chunk_id, 0.0) + 1 / (61 + rank)
        best = sorted(ranks, key=lambda chunk_id: (-ranks[chunk_id], chunk_id))[:wanted]
        return [document_of(self._seen[chunk_id]) for chunk_id in best]


class GrantedChatModel(BaseChatModel):
    """The app's model endpoint; the plugin needs ``model_use``."""

    model_name: str = "granted"
    max_tokens: int = 512
    temperature: float = 0.0
    _ctx: Context = PrivateAttr()
    _waiter: _Waiter = PrivateAttr()

    def __init__(self, ctx: Context, **fields: Any) -> None:
        super().__init__(**fields)
        self._ctx = ctx
        self._waiter = _Waiter()

    @property
    def _llm_type(self) -> str:
        return "altiplano"

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        request = GenerationRequest(
            tuple(_message_from(message) for message in messages),
            max_tokens=int(kwargs.get("max_tokens") or self.max_tokens),
            temperature=float(kwargs.get("temperature", self.temperature)),
            stop=tuple(stop or ()),
        )
        async for event in _need(self._ctx.llm, "model_use").stream(request):
            if isinstance(event, TextDelta):
                chunk = AIMessageChunk(content=event.text)
                if run_manager is not None:
                    await run_manager.on_llm_new_token(event.text)
            elif isinstance(event, GenerationDone):
                chunk = AIMessageChunk(
                    content="",
                    usage_metadata=_usage(event.usage),
                    response_metadata={
                        "finish_reason": event.finish_reason,
                        "model_name": self.model_name,
                    },
                )
            else:  # no tools were offered, so nothing was to be called
                continue
            yield ChatGenerationChunk(message=chunk)

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        whole = AIMessageChunk(content="")
        async for chunk in self._astream(messages, stop, None, **kwargs):
            whole = whole + chunk.message  # type: ignore[assignment]
        message = AIMessage(
            content=whole.content,
            usage_metadata=whole.usage_metadata,
            response_metadata=whole.response_metadata,
        )
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return self._waiter.wait(self._agenerate(messages, stop, None, **kwargs))

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        async def collect() -> list[ChatGenerationChunk]:
            return [chunk async for chunk in self._astream(messages, stop, None, **kwargs)]

        yield from self._waiter.wait(collect())


class _Waiter:
    """Lets LangChain's synchronous methods use what is asynchronous.

    Made where an event loop runs, it sends the work there; the caller must then be in another
    thread, as LangChain's are. Without a loop the work gets one of its own.
    """

    def __init__(self) -> None:
        try:
            self._loop: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
        except RuntimeError:
            self._loop = None
        self._thread = threading.get_ident()

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        if self._loop is None or not self._loop.is_running():
            return asyncio.run(work)
        if threading.get_ident() == self._thread:
            work.close()
            raise PermanentError(
                "This would block the event loop: use the method's asynchronous form.",
                code="would_block",
            )
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


def _need(capability: T | None, grant: str) -> T:
    if capability is None:
        raise PermanentError(f"The plugin was not granted {grant}.", code="not_granted")
    return capability


def _message_from(message: BaseMessage) -> ChatMessage:
    return ChatMessage(_ROLES.get(message.type, "user"), str(message.text))  # type: ignore[arg-type]


def _usage(usage: Usage | None) -> UsageMetadata | None:
    if usage is None:
        return None
    return UsageMetadata(
        input_tokens=usage.prompt_tokens,
        output_tokens=usage.completion_tokens,
        total_tokens=usage.prompt_tokens + usage.completion_tokens,
    )
