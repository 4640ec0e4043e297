"""An app as a query engine of LlamaIndex."""

from __future__ import annotations

from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.response.schema import Response
from llama_index.core.prompts.mixin import PromptMixinType
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from altiplano_client.client import Altiplano
from altiplano_client.records import Answer, Citation


class AltiplanoQueryEngine(BaseQueryEngine):  # type: ignore[misc]  # untyped where mypy runs
    """Asks one app. The source nodes are the quotations that the answer cites, in its order.

    ``metadata`` of the response holds ``run_id`` and ``abstained``.
    """

    def __init__(self, client: Altiplano, app: str) -> None:
        super().__init__(callback_manager=None)
        self._client = client
        self._app = app

    def _query(self, query_bundle: QueryBundle) -> Response:
        return _response(self._client.ask(self._app, query_bundle.query_str))

    async def _aquery(self, query_bundle: QueryBundle) -> Response:
        return _response(await self._client.aask(self._app, query_bundle.query_str))

    def _get_prompt_modules(self) -> PromptMixinType:
        """None: prompts are the app's own."""
        return {}


def _response(answer: Answer) -> Response:
    return Response(
        response=answer.text,
        source_nodes=[_node(citation) for citation in answer.citations],
        metadata={"run_id": answer.run_id, "abstained": answer.abstained},
    )


def _node(citation: Citation) -> NodeWithScore:
    node = TextNode(
        id_=f"{citation.chunk_id}:{citation.n}",
        text=citation.quote,
        start_char_idx=citation.start,
        end_char_idx=citation.end,
        metadata={
            "n": citation.n,
            "document_id": citation.document_id,
            "document_name": citation.document_name,
            "page": citation.page,
        },
    )
    return NodeWithScore(node=node)
