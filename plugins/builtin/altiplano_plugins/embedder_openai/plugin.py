"""The plugin class."""

import hashlib
from collections.abc import Sequence
from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field, HttpUrl

import altiplano_sdk as sdk
from altiplano_plugins.embedder_openai.answer import read_vectors

SECRET = "api_key"  # noqa: S105 - the name under which the key is granted, not a key


class OpenAIEmbedderConfig(BaseModel):
    """Which server and model, and how texts are sent to it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    base_url: HttpUrl = Field(
        default=HttpUrl("https://api.openai.com/v1"),
        title="Address",
        description="The server's address with its /v1; embeddings are asked of it at /embeddings.",
    )
    model: Annotated[str, Field(min_length=1, max_length=200)] = Field(
        default="text-embedding-3-small",
        title="Model",
        description="The model's name as the server knows it.",
    )
    dimension: int = Field(
        default=1536,
        ge=1,
        le=16_384,
        title="Dimensions",
        description="How many numbers a vector of this model has.",
    )
    batch_size: int = Field(
        default=64,
        ge=1,
        le=2048,
        title="Texts per request",
        description="Fewer when the server refuses long requests.",
    )
    longest_text: int = Field(
        default=8000,
        ge=100,
        le=200_000,
        title="Longest text in characters",
        description="What lies beyond is not embedded; stay below what the model can read.",
    )
    query_prefix: str = Field(
        default="",
        max_length=500,
        title="Before a question",
        description="Some models expect a word such as “query: ” before a question.",
    )
    passage_prefix: str = Field(
        default="",
        max_length=500,
        title="Before a passage",
        description="Some models expect a word such as “passage: ” before a passage.",
    )


class OpenAIEmbedder:
    """Vectors from a server, checked and brought to unit length."""

    manifest: ClassVar[sdk.Manifest] = sdk.Manifest(
        id="openai-embeddings",
        version="1.0.0",
        kind=sdk.StageKind.EMBEDDER,
        title="Embedding server (OpenAI protocol)",
        summary="Embeds texts with any server that offers /v1/embeddings. The texts are sent to "
        "that server.",
        personal_data=True,
        grants=sdk.Grants(network_hosts=("*",), secrets=(SECRET,), seconds=600),
    )
    Config: ClassVar[type[BaseModel]] = OpenAIEmbedderConfig

    def __init__(self, config: OpenAIEmbedderConfig) -> None:
        self._config = config
        self._url = f"{str(config.base_url).rstrip('/')}/embeddings"
        self.dimension: int = config.dimension
        self.model_id: str = _model_id(config)

    async def embed_passages(self, texts: Sequence[str], ctx: sdk.Context) -> sdk.VectorBatch:
        rows = []
        size = self._config.batch_size
        for start in range(0, len(texts), size):
            batch = [self._config.passage_prefix + text for text in texts[start : start + size]]
            rows.append(await self._ask(batch, ctx))
        return sdk.VectorBatch(self.dimension, len(texts), b"".join(rows))

    async def embed_query(self, text: str, ctx: sdk.Context) -> sdk.VectorBatch:
        data = await self._ask([self._config.query_prefix + text], ctx)
        return sdk.VectorBatch(self.dimension, 1, data)

    async def _ask(self, texts: list[str], ctx: sdk.Context) -> bytes:
        if ctx.http is None:
            raise sdk.PermanentError(
                "The embedding server's host was not granted to this plugin.", code="not_granted"
            )
        key = (ctx.secrets or {}).get(SECRET)
        answer = await ctx.http.post_json(
            self._url,
            {"model": self._config.model, "input": [self._clean(text) for text in texts]},
            {"Authorization": f"Bearer {key}"} if key else {},
        )
        return read_vectors(answer, count=len(texts), dimension=self.dimension)

    def _clean(self, text: str) -> str:
        # Servers refuse an empty input and text that is not valid UTF-8.
        cut = text[: self._config.longest_text].encode("utf-8", "replace").decode("utf-8")
        return cut if cut.strip() else "."


def _model_id(config: OpenAIEmbedderConfig) -> str:
    """Names everything that changes the vectors; the address does not, the prefixes do."""
    prefixes = f"{config.query_prefix}\0{config.passage_prefix}"
    mark = f"+{hashlib.sha256(prefixes.encode()).hexdigest()[:8]}" if prefixes != "\0" else ""
    return f"openai/{config.model}/{config.dimension}{mark}"
