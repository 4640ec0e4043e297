"""Streams an answer from the app's model endpoint."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Annotated, ClassVar, Final

from pydantic import BaseModel, ConfigDict, Field

from altiplano_sdk import (
    Context,
    GenerationEvent,
    GenerationRequest,
    Generator,
    Grants,
    Manifest,
    PermanentError,
    StageKind,
)

MAX_STOPS: Final = 4
"""The protocol allows no more."""


class OpenAIGeneratorConfig(BaseModel):
    """What may be set per app; everything else about the endpoint is the operator's.

    A client may ask for these values for one answer. What is set here goes before its wish, but
    for two: the smaller limit holds, and its stop texts are added while there is room.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_tokens: int | None = Field(
        default=None,
        ge=1,
        le=32_768,
        title="Longest answer in tokens",
        description="Cuts answers earlier than the app does; it never makes them longer.",
    )
    temperature: float | None = Field(
        default=None,
        ge=0,
        le=2,
        allow_inf_nan=False,
        title="Temperature",
        description="0 repeats itself and stays close to the documents; higher varies more.",
    )
    top_p: float | None = Field(
        default=None,
        gt=0,
        le=1,
        allow_inf_nan=False,
        title="Share of likely words",
        description="The model chooses among the likeliest words that make up this share (top-p).",
    )
    stop: tuple[Annotated[str, Field(min_length=1, max_length=200)], ...] = Field(
        default=(),
        max_length=MAX_STOPS,
        title="Stop texts",
        description="The answer ends before the first of these texts.",
    )
    seed: int | None = Field(
        default=None,
        ge=0,
        lt=2**31,
        title="Seed",
        description="Makes answers with a temperature above 0 repeatable, where the engine can.",
    )


class OpenAIGenerator(Generator):
    """Passes the prompt to the app's model and its answer on, unchanged, as it comes."""

    manifest: ClassVar[Manifest] = Manifest(
        id="openai-chat",
        version="0.1.0",
        kind=StageKind.GENERATOR,
        title="Chat model",
        summary="Streams the answer from any model endpoint that speaks OpenAI's chat protocol.",
        grants=Grants(model_use=True, seconds=900),
    )
    Config = OpenAIGeneratorConfig

    def __init__(self, config: OpenAIGeneratorConfig) -> None:
        self._config = config

    def generate(self, request: GenerationRequest, ctx: Context) -> AsyncIterator[GenerationEvent]:
        """The model's own stream, so that closing it closes the engine's connection."""
        if ctx.llm is None:
            raise PermanentError("The app has no model endpoint. Choose one in its settings.")
        return ctx.llm.stream(self._configured(request))

    def _configured(self, request: GenerationRequest) -> GenerationRequest:
        config = self._config
        limit = config.max_tokens
        return replace(
            request,
            max_tokens=request.max_tokens if limit is None else min(limit, request.max_tokens),
            temperature=(request.temperature if config.temperature is None else config.temperature),
            top_p=request.top_p if config.top_p is None else config.top_p,
            stop=tuple(dict.fromkeys((*config.stop, *request.stop)))[:MAX_STOPS],
            seed=request.seed if config.seed is None else config.seed,
        )
