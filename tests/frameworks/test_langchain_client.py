"""Our apps and collections behave in LangChain as LangChain's own parts do."""

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_tests.integration_tests import RetrieversIntegrationTests

from altiplano_client.langchain import AltiplanoApp, AltiplanoRetriever

from .conftest import CannedPlatform, client_of


class TestCollectionAsRetriever(RetrieversIntegrationTests):
    """LangChain's standard tests, over a platform made of canned replies."""

    @property
    def retriever_constructor(self):
        return AltiplanoRetriever

    @property
    def retriever_constructor_params(self):
        return {"client": client_of(CannedPlatform()), "collection": "c1"}

    @property
    def retriever_query_example(self):
        return "compost"


@pytest.fixture
def app(altiplano):
    return AltiplanoApp(altiplano, "app1")


async def test_an_app_answers_with_a_message(app):
    message = app.invoke("How long?")
    assert message == await app.ainvoke("How long?")
    assert message.content == "Six months [1]."
    assert message.usage_metadata["total_tokens"] == 24
    (citation,) = message.response_metadata["citations"]
    assert citation["quote"] == "Compost needs six months."


async def test_an_app_streams_chunks_that_add_up(app):
    chunks = list(app.stream("How long?"))
    assert len(chunks) == 3
    whole = chunks[0] + chunks[1] + chunks[2]
    assert whole.content == "Six months [1]."
    assert whole.response_metadata["run_id"] == "r1"
    assert [c.content async for c in app.astream("How long?")] == [c.content for c in chunks]


def test_a_replaced_answer_is_corrected_in_the_last_chunk(app, platform):
    finished = {**platform.events[4], "text": "The documents do not say.", "replaced": True}
    platform.events = [*platform.events[:4], finished, platform.events[5]]
    last = list(app.stream("How long?"))[-1]
    assert last.content == "\n\nCorrection: The documents do not say."


def test_an_app_stands_in_a_chain(app, platform):
    prompt = ChatPromptTemplate.from_messages(
        [("system", "Be kind."), ("human", "Hi"), ("ai", "Hello!"), ("human", "{question}")]
    )
    chain = prompt | app | StrOutputParser()
    assert chain.invoke({"question": "How long?"}) == "Six months [1]."
    body = platform.requests[0][2]
    assert body["input"] == "How long?"
    assert [message["content"] for message in body["history"]] == ["Hi", "Hello!"]


@pytest.mark.parametrize(
    "messages", [[], [SystemMessage("x")], [HumanMessage("x"), AIMessage("y")]]
)
def test_a_conversation_must_end_with_a_question(app, messages):
    with pytest.raises(ValueError, match="question"):
        app.invoke(messages)
