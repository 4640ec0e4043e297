"""What is known while a worker holds a job: its log lines say whose they are, its spans too."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from opentelemetry import trace
from opentelemetry.trace import SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from structlog.contextvars import bound_contextvars

from altiplano.kernel.jobs import JobClaim

_tracer: Final = trace.get_tracer("altiplano.jobs")
_propagator: Final = TraceContextTextMapPropagator()


@contextmanager
def logged_as(claim: JobClaim) -> Iterator[None]:
    """Lines logged within, and by asyncio tasks begun within, belong to the job and its attempt."""
    with bound_contextvars(job=str(claim.job_id), attempt=claim.attempt):
        yield


@contextmanager
def traced_as(claim: JobClaim) -> Iterator[None]:
    """A span of the job, below the request that asked for it. Costs nothing to speak of when off."""
    parent = _propagator.extract({"traceparent": claim.trace_parent})
    with _tracer.start_as_current_span(
        claim.task,
        context=parent,
        kind=SpanKind.CONSUMER,
        attributes={
            "altiplano.job": str(claim.job_id),
            "altiplano.subject": str(claim.subject_id),
            "altiplano.organization": str(claim.organization_id),
            "altiplano.attempt": claim.attempt,
        },
        record_exception=False,  # its words may quote what was asked
        set_status_on_exception=False,
    ):
        yield


@contextmanager
def working_on(claim: JobClaim) -> Iterator[None]:
    """Both: for work on one job from its claim to its end."""
    with logged_as(claim), traced_as(claim):
        yield
