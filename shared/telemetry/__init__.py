"""OpenTelemetry: spans and metrics from delivery to last effect.

`configure` says where they go, `span` makes a span, `record` a figure, `traceparent` is what travels in an input; names
are in `names`. OpenTelemetry itself is loaded at first use.
"""

from shared.telemetry.metrics import record
from shared.telemetry.setup import configure, dropped, flush
from shared.telemetry.spans import Side, note, say_failed, span, span_of, told_span, traceparent

__all__ = [
    "Side",
    "configure",
    "dropped",
    "flush",
    "note",
    "record",
    "say_failed",
    "span",
    "span_of",
    "told_span",
    "traceparent",
]
