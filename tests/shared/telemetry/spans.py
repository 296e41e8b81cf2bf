"""A span that has ended, without any provider."""

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanContext, TraceFlags


def ended_span() -> ReadableSpan:
    """One that nobody has seen."""
    return ReadableSpan("a", SpanContext(1, 2, is_remote=False, trace_flags=TraceFlags(1)), start_time=1, end_time=2)
