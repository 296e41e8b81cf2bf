"""Application Insights as `opencensus-ext-azure` speaks to it, for workspaces that still depend on its envelopes.

OpenCensus makes nothing here: spans and metrics are OpenTelemetry's, put into OpenCensus' words at the very end.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from opencensus.ext.azure.common.protocol import Data, DataPoint, Envelope, MetricData
from opencensus.ext.azure.common.transport import TransportStatusCode
from opencensus.ext.azure.metrics_exporter import MetricsExporter
from opencensus.ext.azure.trace_exporter import AzureExporter
from opencensus.trace.span import SpanKind as OldKind
from opencensus.trace.span_context import SpanContext
from opencensus.trace.span_data import SpanData
from opencensus.trace.status import Status
from opentelemetry.sdk.metrics import Counter, Histogram, ObservableCounter
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    HistogramDataPoint,
    MetricExporter,
    MetricExportResult,
    MetricsData,
)
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import SpanKind, StatusCode, format_span_id, format_trace_id

#: The queue in front is the only store, as for Azure Monitor.
_OPTIONS: Final[dict[str, Any]] = {"enable_local_storage": False, "timeout": 5.0, "grace_period": 0.1}
_KINDS: Final = {SpanKind.SERVER: OldKind.SERVER, SpanKind.CLIENT: OldKind.CLIENT}
_ROLE: Final = "ai.cloud.role"
_NAME: Final = "signalbox"
_UNKNOWN: Final = 2  # gRPC's UNKNOWN, which OpenCensus uses for anything that failed


class _Traces(AzureExporter):  # type: ignore[misc]  # OpenCensus has no types
    """Tells how a transmission went, and whether a step inside the process failed."""

    def span_data_to_envelope(self, sd: Any) -> Iterable[Any]:
        """As OpenCensus does it; but it leaves requests without a name, and calls every inner step a success."""
        for envelope in super().span_data_to_envelope(sd):
            data = envelope.data.baseData
            envelope.tags[_ROLE] = _NAME  # otherwise the name of the worker's program
            if envelope.data.baseType == "RequestData":
                data.name = sd.name
                envelope.tags["ai.operation.name"] = sd.name
            if "success" in data:
                data.success = sd.status.code == 0
            yield envelope

    def send(self, spans: Iterable[Any]) -> bool:
        """Whether all of them were taken."""
        envelopes = [envelope for one in spans for envelope in self.span_data_to_envelope(one)]
        return bool(self._transmit(envelopes) == TransportStatusCode.SUCCESS)


class OpenCensusSpanExporter(SpanExporter):
    """Spans as `RequestData`, `RemoteDependencyData` and `ExceptionData`.

    Args:
        connection_string: Of the Application Insights resource.
    """

    def __init__(self, connection_string: str) -> None:
        self._traces = _Traces(connection_string=connection_string, **_OPTIONS)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send a batch once."""
        sent = self._traces.send([_span_data(one) for one in spans])
        return SpanExportResult.SUCCESS if sent else SpanExportResult.FAILURE

    def shutdown(self) -> None:
        """End the thread that OpenCensus has begun."""
        self._traces._stop(0.1)  # noqa: SLF001 - OpenCensus itself calls it at the process' end only


class OpenCensusMetricExporter(MetricExporter):
    """Metrics as `MetricData`, one envelope per point.

    Args:
        connection_string: Of the Application Insights resource.
    """

    def __init__(self, connection_string: str) -> None:
        delta = AggregationTemporality.DELTA
        super().__init__(preferred_temporality={Counter: delta, ObservableCounter: delta, Histogram: delta})
        self._metrics = MetricsExporter(connection_string=connection_string, **_OPTIONS)

    def export(  # the SDK's signature
        self,
        metrics_data: MetricsData,
        timeout_millis: float = 10_000,  # noqa: ARG002 - each call has its own time-out
        **_: Any,
    ) -> MetricExportResult:
        """Send all points once, a hundred at a time."""
        envelopes = [
            self._envelope(metric.name, point)
            for resource in metrics_data.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
            for point in metric.data.data_points
        ]
        parts = [envelopes[at : at + 100] for at in range(0, len(envelopes), 100)]
        sent = [self._metrics._transmit(part) == TransportStatusCode.SUCCESS for part in parts]  # noqa: SLF001 - no other
        return MetricExportResult.SUCCESS if all(sent) else MetricExportResult.FAILURE

    def force_flush(self, timeout_millis: float = 10_000) -> bool:  # noqa: ARG002 - as above
        """Nothing is kept here."""
        return True

    def shutdown(self, timeout_millis: float = 30_000, **_: Any) -> None:  # noqa: ARG002 - as above
        """End it."""
        self._metrics.shutdown()

    def _envelope(self, name: str, point: Any) -> Any:
        if isinstance(point, HistogramDataPoint):
            data = DataPoint(
                ns=name, name=name, kind=1, value=point.sum, count=point.count, min=point.min, max=point.max
            )
        else:
            data = DataPoint(ns=name, name=name, value=point.value)
        properties = {key: str(value) for key, value in (point.attributes or {}).items()}
        return Envelope(
            iKey=self._metrics.options.instrumentation_key,
            name="Microsoft.ApplicationInsights.Metric",
            time=_iso(point.time_unix_nano),
            tags={_ROLE: _NAME},
            data=Data(baseData=MetricData(metrics=[data], properties=properties), baseType="MetricData"),
        )


def _span_data(one: ReadableSpan) -> Any:
    context = one.get_span_context()
    assert context is not None  # a span that has ended has one
    failed = one.status.status_code is StatusCode.ERROR
    attributes: dict[str, Any] = dict(one.attributes or {})
    for event in one.events:
        if event.name == "exception" and event.attributes:
            attributes["error.name"] = event.attributes.get("exception.type")
            attributes["error.message"] = event.attributes.get("exception.message")
    return SpanData(
        name=one.name,
        context=SpanContext(trace_id=format_trace_id(context.trace_id), span_id=format_span_id(context.span_id)),
        span_id=format_span_id(context.span_id),
        parent_span_id=format_span_id(one.parent.span_id) if one.parent else None,
        attributes=attributes,
        start_time=_iso(one.start_time or 0),
        end_time=_iso(one.end_time or one.start_time or 0),
        child_span_count=0,
        stack_trace=None,
        annotations=(),
        message_events=(),
        links=(),
        status=Status(_UNKNOWN if failed else 0, one.status.description),
        same_process_as_parent_span=None,
        span_kind=_KINDS.get(one.kind, OldKind.UNSPECIFIED),
    )


def _iso(nanoseconds: int) -> str:
    """As OpenCensus reads it again: microseconds, and Z."""
    return datetime.fromtimestamp(nanoseconds / 1e9, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
