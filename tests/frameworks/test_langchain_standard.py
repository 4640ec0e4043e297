"""What LangChain's standard tests ask, asked of plugins made from LangChain and back again.

A LangChain component is made into a plugin, the plugin into a capability, the capability into a
LangChain component: nothing may be lost on the way.
"""

import math
from dataclasses import replace

from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_tests.integration_tests import (
    ChatModelIntegrationTests,
    EmbeddingsIntegrationTests,
    RetrieversIntegrationTests,
)
from langchain_tests.unit_tests import EmbeddingsUnitTests

from altiplano_sdk import Context
from altiplano_sdk.langchain import (
    GrantedChatModel,
    GrantedEmbeddings,
    GrantedRetriever,
    NoSettings,
    chat_model_plugin,
    embedder_plugin,
)
from altiplano_sdk.testing.base import SilentLog
from altiplano_sdk.testing.generator_suite import ScriptedModel
from altiplano_sdk.testing.retriever_suite import ScriptedIndex, make_passage

NOTHING = Context(log=SilentLog())
DIMENSION = 16


class GrantedPlugin:
    """An embedder plugin as the platform grants it."""

    def __init__(self, plugin):
        self.plugin = plugin
        self.model_id = plugin.model_id
        self.dimension = plugin.dimension

    async def embed_query(self, text):
        return await self.plugin.embed_query(text, NOTHING)

    async def embed_passages(self, texts):
        return await self.plugin.embed_passages(texts, NOTHING)


class RoundTripEmbeddings(GrantedEmbeddings):
    """Fake embeddings → embedder plugin → granted capability → LangChain embeddings."""

    def __init__(self, size=DIMENSION):
        made = embedder_plugin(
            lambda _config: DeterministicFakeEmbedding(size=size), model_id="fake", dimension=size
        )
        super().__init__(replace(NOTHING, embed=GrantedPlugin(made(NoSettings()))))


class EmbeddingsRoundTrip:
    @property
    def embeddings_class(self):
        return RoundTripEmbeddings

    @property
    def embedding_model_params(self):
        return {"size": DIMENSION}


class TestEmbeddingsUnit(EmbeddingsRoundTrip, EmbeddingsUnitTests):
    pass


class TestEmbeddingsIntegration(EmbeddingsRoundTrip, EmbeddingsIntegrationTests):
    pass


class SayingModel(GrantedChatModel):
    """A granted model whose engine always says the same."""

    def __init__(self, **fields):
        super().__init__(replace(NOTHING, llm=ScriptedModel("Six ", "months.")), **fields)


class TestGrantedModelStandard(ChatModelIntegrationTests):
    @property
    def chat_model_class(self):
        return SayingModel

    @property
    def chat_model_params(self):
        return {}

    @property
    def has_tool_calling(self):
        return False

    @property
    def has_structured_output(self):
        return False


class TestGrantedSearchStandard(RetrieversIntegrationTests):
    @property
    def retriever_constructor(self):
        return granted_search

    @property
    def retriever_constructor_params(self):
        return {}

    @property
    def retriever_query_example(self):
        return "compost"


def granted_search(**fields):
    passages = [(make_passage(number, f"Text {number}"), 1 / number) for number in range(1, 21)]
    index = ScriptedIndex(dense=passages, lexical=passages)
    return GrantedRetriever(replace(NOTHING, index=index), **fields)


def test_vectors_survive_the_round_trip_up_to_their_length():
    original = DeterministicFakeEmbedding(size=DIMENSION).embed_query("compost")
    norm = math.hypot(*original)
    back = RoundTripEmbeddings().embed_query("compost")
    assert all(math.isclose(a / norm, b, abs_tol=1e-6) for a, b in zip(original, back, strict=True))


async def test_a_chat_model_survives_the_round_trip():
    made = chat_model_plugin(
        lambda _config, _ctx: GenericFakeChatModel(messages=iter([AIMessage("Six months.")]))
    )

    class Granted:
        context_tokens = 4096

        def stream(self, request):
            return made(NoSettings()).generate(request, NOTHING)

    model = GrantedChatModel(replace(NOTHING, llm=Granted()))
    assert (await model.ainvoke("How long?")).content == "Six months."
