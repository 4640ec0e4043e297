"""The running platform, asked from LangChain and LlamaIndex in their own environment."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.e2e.conftest import Platform

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".venv-frameworks/bin/python"

ASKING = """
import json, sys
from langchain_core.output_parsers import StrOutputParser
from altiplano_client import Altiplano, AltiplanoError
from altiplano_client.langchain import AltiplanoApp, AltiplanoRetriever
from altiplano_client.llamaindex import AltiplanoQueryEngine

url, key, app, collection, question = sys.argv[1:]
altiplano = Altiplano(url, key)
streamed = list(AltiplanoApp(altiplano, app).stream(question))
try:
    Altiplano(url, "wrong").ask(app, question)
except AltiplanoError as error:
    refusal = error.status
response = AltiplanoQueryEngine(altiplano, app).query(question)
print(json.dumps({
    "chain": (AltiplanoApp(altiplano, app) | StrOutputParser()).invoke(question),
    "chunks": len(streamed),
    "citations": streamed[-1].response_metadata["citations"],
    "found": [d.page_content for d in
              AltiplanoRetriever(client=altiplano, collection=collection, k=3).invoke(question)],
    "response": str(response),
    "sources": [source.node.get_content() for source in response.source_nodes],
    "refusal": refusal,
}))
"""


@pytest.fixture(scope="module")
def said(platform: Platform):
    """What another program reads of the demo, from an environment without Django."""
    arguments = [platform.url, platform.demo["api_key"], platform.demo["app"]]
    arguments += [platform.demo["collection"], "How long does compost take to mature?"]
    done = subprocess.run(
        [PYTHON, "-c", ASKING, *arguments], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_an_app_answers_as_a_runnable_with_its_citations(said):
    assert "months" in said["chain"]
    assert said["chunks"] > 1
    assert said["citations"]


def test_an_app_answers_as_a_query_engine_with_its_sources(said):
    assert "months" in said["response"]
    assert said["sources"] == [citation["quote"] for citation in said["citations"]]


def test_a_collection_is_a_retriever(said):
    assert len(said["found"]) == 3
    assert any("compost" in text.lower() for text in said["found"])


def test_a_wrong_key_is_refused(said):
    assert said["refusal"] == 401
