"""The span of one call of an engine; it does nothing while tracing is off."""

from __future__ import annotations

from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

from opentelemetry import trace
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from altiplano_sdk import GenerationDone, GenerationEvent
from altiplano_worker.adapters.engine_protocol import EndpointConfig

_tracer: Final = trace.get_tracer("altiplano.engine")
_propagator: Final = TraceContextTextMapPropagator()


class EngineCall:
    """From the request to the last byte, or to the moment at which nobody reads on.

    It is not made current: the code that reads the stream would find itself inside it.
    """

    def __init__(self, endpoint: EndpointConfig) -> None:
        self._span = _tracer.start_span(
            "engine chat",
            kind=SpanKind.CLIENT,
            attributes={
                "gen_ai.operation.name": "chat",
                "gen_ai.request.model": endpoint.model,
                "server.address": urlsplit(endpoint.base_url).hostname or "",
            },
        )

    def headers(self) -> dict[str, str]:
        """What tells the engine, should it trace as well, where it stands; often nothing."""
        carrier: dict[str, str] = {}
        _propagator.inject(carrier, trace.set_span_in_context(self._span))
        return carrier

    def note(self, event: GenerationEvent) -> None:
        """What the end of the answer says of it is on the span."""
        if isinstance(event, GenerationDone) and self._span.is_recording():
            usage = event.usage
            self._span.set_attribute("gen_ai.response.finish_reasons", (event.finish_reason,))
            if usage is not None:
                self._span.set_attribute("gen_ai.usage.input_tokens", usage.prompt_tokens)
                self._span.set_attribute("gen_ai.usage.output_tokens", usage.completion_tokens)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Of an error its kind is told, never its words: they may quote what was asked.

        Whoever stops reading, or is cancelled, makes no error of the engine's.
        """
        if isinstance(error, Exception):
            self._span.set_status(Status(StatusCode.ERROR, type(error).__name__))
        self._span.end()
