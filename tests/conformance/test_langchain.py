"""LangChain components made into plugins keep the promises of their kinds' suites."""

import hashlib
from typing import ClassVar

from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import InMemoryVectorStore
from langchain_text_splitters import (
    CharacterTextSplitter,
    MarkdownTextSplitter,
    RecursiveCharacterTextSplitter,
)
from pydantic import BaseModel, ConfigDict, Field

from altiplano_sdk import Manifest, StageKind
from altiplano_sdk.langchain import (
    GrantedChatModel,
    chat_model_plugin,
    embedder_plugin,
    index_plugin,
    retriever_plugin,
    splitter_plugin,
)
from altiplano_sdk.testing.embedder_suite import EmbedderSuite
from altiplano_sdk.testing.generator_suite import GeneratorSuite
from altiplano_sdk.testing.index_suite import DenseIndexSuite
from altiplano_sdk.testing.retriever_suite import RetrieverSuite
from altiplano_sdk.testing.splitter_suite import SplitterSuite


def named(plugin_class, kind, **grants):
    """The class with the manifest that a package would give it."""
    plugin_class.manifest = Manifest(
        id="from-langchain",
        version="0.1.0",
        kind=kind,
        title="From LangChain",
        summary="A component of LangChain.",
        grants=grants,
    )
    return plugin_class


class Sizes(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    size: int = Field(default=400, ge=1, description="Characters in a piece at most.")


class TestRecursiveSplitter(SplitterSuite):
    plugin_class = named(
        splitter_plugin(
            lambda config: RecursiveCharacterTextSplitter(
                chunk_size=config.size, chunk_overlap=config.size // 5
            ),
            Sizes,
        ),
        StageKind.SPLITTER,
    )


class TestRecursiveSplitterWithSmallPieces(TestRecursiveSplitter):
    config: ClassVar = {"size": 12}


class TestSplitterThatDropsItsSeparator(SplitterSuite):
    plugin_class = named(
        splitter_plugin(
            lambda _config: CharacterTextSplitter(
                separator=".", chunk_size=60, chunk_overlap=0, keep_separator=False
            )
        ),
        StageKind.SPLITTER,
    )


class TestMarkdownSplitter(SplitterSuite):
    plugin_class = named(
        splitter_plugin(lambda _config: MarkdownTextSplitter(chunk_size=200)), StageKind.SPLITTER
    )


class HashedWords(Embeddings):
    """Texts with the same words point the same way; not of unit length on purpose."""

    def embed_query(self, text):
        vector = [0.01] * 32
        for word in text.lower().split():
            vector[hashlib.sha256(word.encode(errors="replace")).digest()[0] % 32] += 3.0
        return vector

    def embed_documents(self, texts):
        return [self.embed_query(text) for text in texts]


class TestEmbeddings(EmbedderSuite):
    plugin_class = named(
        embedder_plugin(lambda _config: HashedWords(), model_id="hashed-words-1", dimension=32),
        StageKind.EMBEDDER,
    )


class TestVectorStore(DenseIndexSuite):
    plugin_class = named(
        index_plugin(lambda _config, embeddings: InMemoryVectorStore(embeddings)), StageKind.INDEX
    )


class TestGrantedSearch(RetrieverSuite):
    plugin_class = named(
        retriever_plugin(lambda _config, search: search), StageKind.RETRIEVER, index_use=True
    )


class TestGrantedModel(GeneratorSuite):
    plugin_class = named(
        chat_model_plugin(lambda _config, ctx: GrantedChatModel(ctx)),
        StageKind.GENERATOR,
        model_use=True,
    )
