"""An app answers as a query engine of LlamaIndex."""

import pytest

from altiplano_client import AltiplanoError
from altiplano_client.llamaindex import AltiplanoQueryEngine


async def test_query_engine_answers_with_its_sources(altiplano, platform):
    engine = AltiplanoQueryEngine(altiplano, "app1")
    response = engine.query("How long?")
    assert str(response) == str(await engine.aquery("How long?")) == "Six months [1]."
    (source,) = response.source_nodes
    assert source.node.get_content() == "Compost needs six months."
    assert source.node.metadata["document_name"] == "garden.pdf"
    assert (source.node.start_char_idx, source.node.end_char_idx) == (10, 34)
    assert response.metadata == {"run_id": "r1", "abstained": False}
    assert platform.requests[0][2] == {"input": "How long?"}


def test_query_engine_passes_refusals_on(altiplano, platform):
    platform.run = {**platform.run, "state": "failed", "error": {"code": "x", "message": "No."}}
    with pytest.raises(AltiplanoError, match="No"):
        AltiplanoQueryEngine(altiplano, "app1").query("How long?")
