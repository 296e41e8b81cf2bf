"""Spans for Azure Monitor, quicker than its own exporter makes them, and the same.

That builds each envelope from a tree of generated models, which takes most of what telemetry costs. Of spans of one
name, kind and outcome only ids, times and attributes differ, where the attributes are all ours: the first of them is
made by the vendor's code, and is the pattern of the others. All other spans go the vendor's way.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final, override

from azure.monitor.opentelemetry.exporter import AzureMonitorTraceExporter
from azure.monitor.opentelemetry.exporter._utils import ns_to_duration
from azure.monitor.opentelemetry.exporter.export._base import ExportResult
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.trace import SpanKind

from shared.telemetry.names import PREFIX

_PLAIN_KINDS: Final = (SpanKind.INTERNAL, SpanKind.SERVER)
#: Names are ours, so there are few; a span whose name was made up goes the vendor's way once there are so many.
_MOST_PATTERNS: Final = 500
_OPERATION: Final = "ai.operation.id"
_PARENT: Final = "ai.operation.parentId"
#: As the vendor cuts the values of attributes.
_VALUE_LIMIT: Final = 8 * 1024

type _Envelope = dict[str, Any]
type _Sort = tuple[object, ...]


class QuickTraceExporter(AzureMonitorTraceExporter):
    """Azure Monitor's exporter of spans, which says of every batch whether all of it was taken."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._patterns: dict[_Sort, _Envelope] = {}

    @override
    def export(self, spans: Sequence[ReadableSpan], **_: Any) -> SpanExportResult:
        """Send a batch; what the library's own limit of its rate leaves out makes it a failure."""
        envelopes = [envelope for span in spans for envelope in self._envelopes(span)]
        made = len(envelopes)
        taken = self._transmit(envelopes) is ExportResult.SUCCESS and len(envelopes) == made
        return SpanExportResult.SUCCESS if taken else SpanExportResult.FAILURE

    def _envelopes(self, span: ReadableSpan) -> Iterator[Any]:
        quick = self._quick(span) if _is_plain(span) else None
        yield self._span_to_envelope(span) if quick is None else quick
        yield from self._span_events_to_envelopes(span)

    def _quick(self, span: ReadableSpan) -> _Envelope | None:
        sort = (span.name, span.kind, span.status.is_ok, span.status.is_unset, span.resource)
        pattern = self._patterns.get(sort)
        if pattern is None:
            if len(self._patterns) >= _MOST_PATTERNS:
                return None
            pattern = self._patterns[sort] = self._span_to_envelope(span).as_dict()
            pattern["tags"].pop(_PARENT, None)
        return _filled(pattern, span)


def _is_plain(span: ReadableSpan) -> bool:
    """Whether nothing of it needs a rule of the vendor's: its attributes are ours, and it is a request or a step."""
    attributes = span.attributes or {}
    return (
        span.kind in _PLAIN_KINDS
        and not span.links
        and span.start_time is not None
        and span.end_time is not None
        and all(key.startswith(PREFIX) for key in attributes)
    )


def _filled(pattern: _Envelope, span: ReadableSpan) -> _Envelope:
    """The pattern with what is this span's own."""
    context, start, end = span.get_span_context(), span.start_time or 0, span.end_time or 0
    assert context is not None, "a span that has ended has one"
    tags = {**pattern["tags"], _OPERATION: f"{context.trace_id:032x}"}
    if span.parent is not None and span.parent.span_id:
        tags[_PARENT] = f"{span.parent.span_id:016x}"
    base = {
        **pattern["data"]["baseData"],
        "id": f"{context.span_id:016x}",
        "duration": ns_to_duration(end - start),
        "properties": {key: str(value)[:_VALUE_LIMIT] for key, value in (span.attributes or {}).items()},
    }
    return {
        **pattern,
        "tags": tags,
        "time": datetime.fromtimestamp(start / 1e9, UTC).isoformat().replace("+00:00", "Z"),
        "data": {**pattern["data"], "baseData": base},
    }
