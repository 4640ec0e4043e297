"""Where a trace is now, in the form in which it travels: W3C's ``traceparent``.

Only OpenTelemetry's API is used here, which does nothing until ``config.telemetry`` starts its SDK.
"""

from opentelemetry import trace


def current_trace_parent() -> str:
    """The ``traceparent`` of the span that is under way; empty when nothing is traced."""
    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return ""
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"
