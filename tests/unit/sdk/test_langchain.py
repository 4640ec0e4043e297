"""What the LangChain bridge does besides its kinds' promises."""

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.document_loaders import BaseLoader
from langchain_core.documents import BaseDocumentCompressor, Document
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langchain_core.retrievers import BaseRetriever
from langchain_core.tools import ToolException, tool
from langchain_text_splitters import CharacterTextSplitter, RecursiveCharacterTextSplitter

from altiplano_sdk import (
    ChatMessage,
    Context,
    GenerationDone,
    GenerationRequest,
    ParsedDocument,
    PermanentError,
    Query,
    Span,
    ToolResult,
)
from altiplano_sdk.langchain import (
    GrantedChatModel,
    GrantedEmbeddings,
    GrantedRetriever,
    NoSettings,
    chat_model_plugin,
    compressor_plugin,
    loader_plugin,
    retriever_plugin,
    splitter_plugin,
    tool_plugin,
)
from altiplano_sdk.langchain.documents import locate_pieces
from altiplano_sdk.testing.base import SilentLog
from altiplano_sdk.testing.generator_suite import ScriptedModel
from altiplano_sdk.testing.retriever_suite import ScriptedIndex, make_passage

NOTHING = Context(log=SilentLog())
PASSAGES = tuple(
    replace(make_passage(number, text), score=1 / number)
    for number, text in enumerate(("Rain falls.", "Compost rots.", "Bees fly."), start=1)
)


def run(work):
    return asyncio.run(work)


# --- Loading and splitting -----------------------------------------------------------------------


class Notes(BaseLoader):
    def lazy_load(self):
        yield Document("Été", metadata={"source": "https://example.org/notes/../été 1.html"})
        yield Document("", metadata={"title": "///"})
        yield Document("third")


def test_loaded_documents_become_text_files():
    async def load():
        plugin = loader_plugin(lambda _config, _reference: Notes())(NoSettings())
        return [
            (file.name, file.media_type, file.size, file.path.read_bytes())
            async for file in plugin.load({}, NOTHING)
        ]

    assert run(load()) == [
        ("1-été-1.html.txt", "text/plain", 5, "Été".encode()),
        ("2-document.txt", "text/plain", 0, b""),
        ("3-document.txt", "text/plain", 5, b"third"),
    ]


def test_loader_is_made_from_the_reference():
    references = []

    async def load():
        def make(_config, reference):
            references.append(reference)
            return Notes()

        plugin = loader_plugin(make)(NoSettings())
        return [file async for file in plugin.load({"folder": "a"}, NOTHING)]

    run(load())
    assert references == [{"folder": "a"}]


words = st.text(alphabet="ab .\n", max_size=200)


@given(text=words, size=st.integers(1, 30), overlap=st.integers(0, 10))
def test_pieces_are_found_and_cover_the_text(text, size, overlap):
    overlap = min(overlap, size - 1)
    splitter = RecursiveCharacterTextSplitter(chunk_size=size, chunk_overlap=overlap)
    spans = locate_pieces(text, splitter.split_text(text), overlap=overlap)
    covered = {position for span in spans for position in range(span.start, span.end)}
    assert {i for i, character in enumerate(text) if not character.isspace()} <= covered
    assert [span.start for span in spans] == sorted({span.start for span in spans})
    assert all(span.start < span.end <= len(text) for span in spans)


def test_dropped_separators_belong_to_the_piece_before_them():
    spans = locate_pieces("  -- one ## two ##  ", ["one", "two"])
    assert [("  -- one ## two ##  ")[span.start : span.end] for span in spans] == [
        "-- one ##",
        "two ##",
    ]


def test_a_piece_that_holds_the_one_before_takes_its_place():
    assert locate_pieces(" aa", ["a", "aa"], overlap=1) == (Span(1, 3),)


def test_a_splitter_that_rewrites_is_refused():
    class Shouting(CharacterTextSplitter):
        def split_text(self, text):
            return [text.upper()]

    plugin = splitter_plugin(lambda _config: Shouting())(NoSettings())
    with pytest.raises(PermanentError) as refusal:
        run(plugin.split(ParsedDocument("quiet", ()), NOTHING))
    assert refusal.value.code == "text_changed"


# --- Retrieval -----------------------------------------------------------------------------------


class Favourite(BaseDocumentCompressor):
    """Keeps what holds the word, cut to its first word, with a score where one is set."""

    word: str
    score: float | None = None

    def compress_documents(self, documents, query, callbacks=None):
        kept = [d for d in documents if self.word in d.page_content]
        extra = {} if self.score is None else {"relevance_score": self.score}
        return [Document(d.page_content.split()[0], metadata={**d.metadata, **extra}) for d in kept]


def rerank(compressor, passages=PASSAGES):
    plugin = compressor_plugin(lambda _config: compressor)(NoSettings())
    return run(plugin.rerank(Query("?"), passages, NOTHING))


def test_compressor_chooses_passages_but_does_not_shorten_them():
    assert rerank(Favourite(word="Bees")) == (PASSAGES[2],)
    assert rerank(Favourite(word="Wolves")) == ()
    assert rerank(Favourite(word="Bees"), ()) == ()


def test_relevance_becomes_the_score():
    (kept,) = rerank(Favourite(word="Bees", score=0.9))
    assert kept == replace(PASSAGES[2], score=0.9)


@pytest.mark.parametrize("score", [float("nan"), float("inf")])
def test_relevance_that_is_no_number_is_ignored(score):
    (kept,) = rerank(Favourite(word="Bees", score=score))
    assert kept == PASSAGES[2]


class Backwards(BaseDocumentCompressor):
    def compress_documents(self, documents, query, callbacks=None):
        return list(reversed(documents)) + list(documents)


def test_reordered_passages_come_once_with_falling_scores():
    reranked = rerank(Backwards())
    assert [passage.chunk_id for passage in reranked] == [3, 2, 1]
    assert [passage.score for passage in reranked] == [1, 1 / 2, 1 / 3]


class Elsewhere(BaseRetriever):
    def _get_relevant_documents(self, query, *, run_manager):
        return [Document("from the web")]


def test_documents_from_elsewhere_cannot_be_cited():
    plugin = retriever_plugin(lambda _config, _search: Elsewhere())(NoSettings())
    with pytest.raises(PermanentError) as refusal:
        run(plugin.retrieve(Query("?"), replace(NOTHING, index=ScriptedIndex())))
    assert refusal.value.code == "foreign_document"


def test_granted_search_fuses_both_signals():
    rain, compost, bees = PASSAGES
    index = ScriptedIndex(dense=[(rain, 0.9), (bees, 0.8)], lexical=[(bees, 7.0), (compost, 3.0)])

    async def search():
        return await GrantedRetriever(replace(NOTHING, index=index), k=2).ainvoke("?")

    assert [document.id for document in run(search())] == ["3", "1"]


# --- Generation and tools ------------------------------------------------------------------------


def test_chat_model_is_given_the_conversation_and_streams():
    asked = []

    class Remembering(GenericFakeChatModel):
        def _generate(self, messages, stop=None, run_manager=None, **kwargs):
            asked.append((messages, stop, kwargs))
            return super()._generate(messages, stop, run_manager, **kwargs)

    model = Remembering(messages=iter([AIMessage("Six months.")]))
    plugin = chat_model_plugin(lambda _config, _ctx: model)(NoSettings())
    request = GenerationRequest(
        (ChatMessage("system", "Be brief."), ChatMessage("user", "How long?")),
        max_tokens=9,
        temperature=0.5,
        stop=("END",),
        seed=3,
    )

    async def generate():
        return [event async for event in plugin.generate(request, NOTHING)]

    *deltas, done = run(generate())
    assert "".join(delta.text for delta in deltas) == "Six months."
    assert done == GenerationDone("stop", None)
    ((messages, stop, wishes),) = asked
    assert [type(message) for message in messages] == [SystemMessage, HumanMessage]
    assert stop == ["END"]
    assert wishes == {"max_tokens": 9, "temperature": 0.5, "seed": 3}


@tool
def metres(feet: float) -> str:
    """Feet in metres."""
    if feet < 0:
        raise ToolException("A length is not negative.")
    return f"{feet * 0.3048:g} m"


def test_tool_describes_itself_and_answers():
    plugin = tool_plugin(lambda _config: metres)(NoSettings())
    assert (plugin.name, plugin.description) == ("metres", "Feet in metres.")
    assert plugin.parameters["properties"]["feet"]["type"] == "number"
    assert run(plugin.call({"feet": 10}, NOTHING)) == ToolResult("3.048 m")


@pytest.mark.parametrize("arguments", [{"feet": -1}, {"feet": "many"}, {}])
def test_tool_answers_what_it_cannot_do(arguments):
    plugin = tool_plugin(lambda _config: metres)(NoSettings())
    assert run(plugin.call(arguments, NOTHING)).is_error


# --- What was not granted, and sync use ----------------------------------------------------------


def test_what_was_not_granted_is_refused():
    with pytest.raises(PermanentError, match="embedding_use"):
        GrantedEmbeddings(NOTHING)
    with pytest.raises(PermanentError, match="index_use"):
        GrantedRetriever(NOTHING).invoke("?")
    with pytest.raises(PermanentError, match="model_use"):
        GrantedChatModel(NOTHING).invoke("?")


def test_granted_model_answers_from_another_thread():
    async def ask():
        model = GrantedChatModel(replace(NOTHING, llm=ScriptedModel("Six ", "months.")))
        return await asyncio.to_thread(model.invoke, "How long?")

    answer = run(ask())
    assert answer.content == "Six months."
    assert answer.usage_metadata["total_tokens"] == 5


def test_granted_model_streams_without_a_loop():
    model = GrantedChatModel(replace(NOTHING, llm=ScriptedModel("Six ", "months.")))
    assert "".join(str(chunk.content) for chunk in model.stream("How long?")) == "Six months."


def test_waiting_on_the_loop_itself_is_an_error_not_a_deadlock():
    async def ask():
        return GrantedChatModel(replace(NOTHING, llm=ScriptedModel("x"))).invoke("?")

    with pytest.raises(PermanentError, match="asynchronous"):
        run(ask())
