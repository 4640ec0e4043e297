"""LangChain components as plugins, in three lines each, and granted capabilities as LangChain's.

::

    from langchain_text_splitters import RecursiveCharacterTextSplitter
    from altiplano_sdk.langchain import splitter_plugin

    PlainSplitter = splitter_plugin(lambda config: RecursiveCharacterTextSplitter(chunk_size=800))

Each ``…_plugin`` function takes a function that makes the LangChain object from the plugin's
configuration, and that configuration's pydantic model when there is something to configure. It
returns a class that fulfils the Protocol of its kind; name it in ``altiplano-plugin.toml``.

The other direction is for LangChain objects that need a model, an embedding or a search:
:class:`GrantedChatModel`, :class:`GrantedEmbeddings` and :class:`GrantedRetriever` speak through
the call's context, and so stay within the plugin's grants.

Needs ``langchain-core``, which the SDK itself does not (``pip install altiplano-sdk[langchain]``).
"""

from altiplano_sdk.langchain.documents import loader_plugin, splitter_plugin
from altiplano_sdk.langchain.generation import chat_model_plugin, tool_plugin
from altiplano_sdk.langchain.granted import (
    GrantedChatModel,
    GrantedEmbeddings,
    GrantedRetriever,
)
from altiplano_sdk.langchain.making import NoSettings
from altiplano_sdk.langchain.retrieval import compressor_plugin, retriever_plugin
from altiplano_sdk.langchain.vectors import embedder_plugin, index_plugin

__all__ = [
    "GrantedChatModel",
    "GrantedEmbeddings",
    "GrantedRetriever",
    "NoSettings",
    "chat_model_plugin",
    "compressor_plugin",
    "embedder_plugin",
    "index_plugin",
    "loader_plugin",
    "retriever_plugin",
    "splitter_plugin",
    "tool_plugin",
]
