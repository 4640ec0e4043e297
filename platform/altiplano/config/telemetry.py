"""Traces: off, and then free of cost, until ALTIPLANO_OTLP_URL names where they go.

One trace holds a request, the job it wrote, the stages of the run and the call of the engine. It
travels in the job's row, because the message is only a hint (``kernel.job_context``).
"""

import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

from django.conf import settings
from opentelemetry import trace
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

_ID: Final = re.compile(r"/(?:[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}|[0-9]+)(?=/|$)")
_propagator: Final = TraceContextTextMapPropagator()


def start_tracing(part: str) -> bool:
    """From now on this process sends its spans to ``settings.OTLP_URL``; False when there is none.

    ``part`` is ``web`` or ``worker``. What OpenTelemetry reads from the environment by its own
    names (headers, sampling, resource attributes) holds.
    """
    if not settings.OTLP_URL:
        return False
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    resource = Resource.create({"service.name": f"altiplano-{part}"})
    provider = TracerProvider(resource=resource)
    exporter = OTLPSpanExporter(endpoint=f"{settings.OTLP_URL.rstrip('/')}/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    return True


class TracedRequests:
    """The application with a span around each request, below the caller's own when it sent one."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._tracer = trace.get_tracer("altiplano.web")

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        with self._tracer.start_as_current_span(
            f"{scope['method']} {name_of(scope['path'])}",
            context=_propagator.extract(_carrier(scope)),
            kind=SpanKind.SERVER,
            attributes={"http.request.method": scope["method"], "url.path": scope["path"]},
            record_exception=False,
            set_status_on_exception=False,
        ) as span:

            async def sent(message: Message) -> None:
                if message["type"] == "http.response.start":
                    span.set_attribute("http.response.status_code", message["status"])
                    if message["status"] >= 500:
                        span.set_status(Status(StatusCode.ERROR))
                await send(message)

            await self._application(scope, receive, sent)


def name_of(path: str) -> str:
    """The path without ids, so that all requests of a kind have one name."""
    return _ID.sub("/{id}", path)[:200]


def _carrier(scope: Message) -> dict[str, str]:
    return {
        name.decode("latin-1"): value.decode("latin-1")
        for name, value in scope["headers"]
        if name in {b"traceparent", b"tracestate"}
    }
