"""Apps as Runnables and collections as retrievers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

from langchain_core.callbacks import (
    AsyncCallbackManagerForRetrieverRun,
    CallbackManagerForRetrieverRun,
)
from langchain_core.documents import Document
from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, convert_to_messages
from langchain_core.messages.ai import UsageMetadata
from langchain_core.prompt_values import PromptValue
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnableConfig
from pydantic import ConfigDict

from altiplano_client.client import Altiplano, SearchMode
from altiplano_client.records import Answer, Message, Passage

CORRECTION = "\n\nCorrection: "
"""Stands between what was streamed and the answer that took its place."""


class AltiplanoApp(Runnable[LanguageModelInput, AIMessage]):
    """An app to be asked: a question, a prompt or a conversation in, an AIMessage out.

    Citations (as dictionaries), ``abstained`` and ``run_id`` are in ``response_metadata``. System
    messages are left out: who the assistant is, is the app's business. When a streamed answer gave
    way to another, the last chunk says so after :data:`CORRECTION`.
    """

    def __init__(self, client: Altiplano, app: str) -> None:
        self.client = client
        self.app = app

    def invoke(
        self,
        input: LanguageModelInput,  # noqa: A002 - the name is LangChain's
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> AIMessage:
        return self._call_with_config(self._ask, input, config, run_type="llm")

    async def ainvoke(
        self,
        input: LanguageModelInput,  # noqa: A002 - the name is LangChain's
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> AIMessage:
        return await self._acall_with_config(self._aask, input, config, run_type="llm")

    def stream(
        self,
        input: LanguageModelInput,  # noqa: A002 - the name is LangChain's
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> Iterator[AIMessage]:
        question, history = read_conversation(input)
        for piece in self.client.stream(self.app, question, history=history):
            yield _chunk(piece)

    async def astream(
        self,
        input: LanguageModelInput,  # noqa: A002 - the name is LangChain's
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[AIMessage]:
        question, history = read_conversation(input)
        async for piece in self.client.astream(self.app, question, history=history):
            yield _chunk(piece)

    def _ask(self, given: LanguageModelInput) -> AIMessage:
        question, history = read_conversation(given)
        return _message(self.client.ask(self.app, question, history=history))

    async def _aask(self, given: LanguageModelInput) -> AIMessage:
        question, history = read_conversation(given)
        return _message(await self.client.aask(self.app, question, history=history))


class AltiplanoRetriever(BaseRetriever):
    """Search in one collection; every document knows where it stands in which file."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    client: Altiplano
    collection: str
    k: int = 5
    mode: SearchMode = "hybrid"

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun, k: int | None = None
    ) -> list[Document]:
        found = self.client.search(self.collection, query, k=k or self.k, mode=self.mode)
        return [document_of(passage) for passage in found]

    async def _aget_relevant_documents(
        self, query: str, *, run_manager: AsyncCallbackManagerForRetrieverRun, k: int | None = None
    ) -> list[Document]:
        found = await self.client.asearch(self.collection, query, k=k or self.k, mode=self.mode)
        return [document_of(passage) for passage in found]


def document_of(passage: Passage) -> Document:
    """The passage with its place and score as metadata."""
    return Document(
        page_content=passage.text,
        id=str(passage.chunk_id),
        metadata={
            "source": passage.document_name,
            "document_id": passage.document_id,
            "page": passage.page,
            "start": passage.start,
            "end": passage.end,
            "score": passage.score,
        },
    )


def read_conversation(given: LanguageModelInput) -> tuple[str, tuple[Message, ...]]:
    """The last thing a person said, and what was said before it."""
    if isinstance(given, str):
        return given, ()
    messages: Sequence[BaseMessage] = (
        given.to_messages() if isinstance(given, PromptValue) else convert_to_messages(given)
    )
    said = [message for message in messages if message.type in {"human", "ai"}]
    if not said or said[-1].type != "human":
        raise ValueError("The conversation must end with a question.")
    history = tuple(
        Message("user" if message.type == "human" else "assistant", str(message.text))
        for message in said[:-1]
    )
    return str(said[-1].text), history


def _chunk(piece: str | Answer) -> AIMessageChunk:
    if isinstance(piece, str):
        return AIMessageChunk(content=piece)
    return AIMessageChunk(
        content=CORRECTION + piece.text if piece.replaced else "",
        response_metadata=_metadata(piece),
        usage_metadata=_usage(piece),
    )


def _message(answer: Answer) -> AIMessage:
    return AIMessage(
        content=answer.text,
        response_metadata=_metadata(answer),
        usage_metadata=_usage(answer),
    )


def _metadata(answer: Answer) -> dict[str, Any]:
    return {
        "run_id": answer.run_id,
        "abstained": answer.abstained,
        "citations": [
            {name: getattr(citation, name) for name in citation.__slots__}
            for citation in answer.citations
        ],
    }


def _usage(answer: Answer) -> UsageMetadata | None:
    if not answer.usage:
        return None
    prompt = answer.usage.get("prompt_tokens", 0)
    completion = answer.usage.get("completion_tokens", 0)
    return UsageMetadata(
        input_tokens=prompt, output_tokens=completion, total_tokens=prompt + completion
    )
