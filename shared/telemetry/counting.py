"""Counts figures that were lost on their way: an exporter of metrics inside another one."""

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Final, override

from opentelemetry.sdk.metrics import Counter as SdkCounter
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Metric,
    MetricExporter,
    MetricExportResult,
    MetricsData,
    NumberDataPoint,
)

from shared.telemetry.batching import Reason, unobserved
from shared.telemetry.names import TELEMETRY_DROPPED

_LOG: Final = logging.getLogger(__name__)

#: A series: its attributes, in their order.
type _Series = tuple[tuple[str, Any], ...]


class CountingMetricExporter(MetricExporter):
    """Hands figures to an exporter, and counts those that it did not take.

    Only what is told as increments is lost by that: where each sending has the totals since the beginning, the next one
    brings what this one did not. The count of what was lost is never lost itself: it is owed, and told by the first
    sending that is taken.

    Args:
        exporter: Takes figures; its calls must have time-outs.
        name: What messages call it.

    Attributes:
        dropped: How many values were lost, one for each metric and its attributes, by reason.
        name: `NAME_metrics`.
    """

    def __init__(self, exporter: MetricExporter, name: str) -> None:
        # The reader asks for both before it collects; the SDK keeps them under these names only.
        temporality = exporter._preferred_temporality  # noqa: SLF001
        super().__init__(temporality, exporter._preferred_aggregation)  # noqa: SLF001
        self.dropped: Counter[Reason] = Counter()
        self.name = f"{name}_metrics"
        self._exporter = exporter
        self._increments = (temporality or {}).get(SdkCounter) is AggregationTemporality.DELTA
        self._owed: dict[_Series, int | float] = {}
        self._losing = False

    @override
    def export(self, metrics_data: MetricsData, timeout_millis: float = 10_000, **kwargs: Any) -> MetricExportResult:
        """Export them; never raises."""
        told = _changed(metrics_data, self._with_what_is_owed) if self._owed else metrics_data
        result = MetricExportResult.FAILURE
        try:
            with unobserved():
                result = self._exporter.export(told, timeout_millis, **kwargs)
        except Exception:  # noqa: BLE001 - an exporter of somebody else: whatever it raises, the work goes on
            _LOG.debug("the exporter %s failed", self.name, exc_info=True)
        if self._increments:
            self._count(told, taken=result is MetricExportResult.SUCCESS)
        return result

    @override
    def force_flush(self, timeout_millis: float = 10_000) -> bool:
        return self._exporter.force_flush(timeout_millis)

    @override
    def shutdown(self, timeout_millis: float = 30_000, **kwargs: Any) -> None:
        self._exporter.shutdown(timeout_millis, **kwargs)

    def _count(self, told: MetricsData, *, taken: bool) -> None:
        if taken:
            self._owed = {}
        else:
            self.dropped["refused"] += sum(len(one.data.data_points) for one in _metrics(told) if not _is_count(one))
            counts = [point for one in _metrics(told) if _is_count(one) for point in one.data.data_points]
            self._owed = {_series(point): point.value for point in counts if isinstance(point, NumberDataPoint)}
            if not self._losing:
                _LOG.warning("figures for %s are dropped; %s counts them", self.name, TELEMETRY_DROPPED)
        self._losing = not taken

    def _with_what_is_owed(self, metric: Metric) -> Metric:
        if not _is_count(metric):
            return metric
        points = [
            replace(point, value=point.value + self._owed.get(_series(point), 0))
            for point in metric.data.data_points
            if isinstance(point, NumberDataPoint)
        ]
        data: Any = metric.data
        return replace(metric, data=replace(data, data_points=points))


def _is_count(metric: Metric) -> bool:
    return metric.name == TELEMETRY_DROPPED


def _series(point: NumberDataPoint) -> _Series:
    return tuple(sorted((point.attributes or {}).items()))


def _metrics(found: MetricsData) -> Iterator[Metric]:
    return (metric for one in found.resource_metrics for scope in one.scope_metrics for metric in scope.metrics)


def _changed(found: MetricsData, change: Callable[[Metric], Metric]) -> MetricsData:
    """The same with other metrics; what the SDK hands out is not to be written to."""
    return replace(
        found,
        resource_metrics=[
            replace(
                resource,
                scope_metrics=[
                    replace(scope, metrics=[change(metric) for metric in scope.metrics])
                    for scope in resource.scope_metrics
                ],
            )
            for resource in found.resource_metrics
        ],
    )
