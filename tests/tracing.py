"""A provider of traces that keeps finished spans in memory, for the tests that look at them."""

from collections.abc import Iterator

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

_exporter = InMemorySpanExporter()


@pytest.fixture(scope="session")
def _provider() -> TracerProvider:
    """The process's one provider: OpenTelemetry lets nobody replace it."""
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(_exporter))
    trace.set_tracer_provider(provider)
    return provider


@pytest.fixture
def spans(_provider) -> Iterator[InMemorySpanExporter]:
    """Empty at first; ``get_finished_spans()`` are those that ended since."""
    _exporter.clear()
    yield _exporter
    _exporter.clear()
