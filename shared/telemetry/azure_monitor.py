"""Azure Monitor, spoken by OpenTelemetry's exporters for it; nothing leaves but to the given endpoint."""

import logging
import os
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from opentelemetry.sdk.metrics.export import MetricExporter
    from opentelemetry.sdk.trace.export import SpanExporter

#: What Azure must allow: spans and metrics are sent to Application Insights as the app's identity.
PERMISSIONS: Final = ("Microsoft.Insights/Telemetry/Write",)
#: Calls and figures of the SDKs about themselves, to addresses of their own: statistics, remote configuration.
_QUIET: Final = {
    "APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL": "true",
    "APPLICATIONINSIGHTS_SDKSTATS_DISABLED": "true",
    "APPLICATIONINSIGHTS_CONTROLPLANE_DISABLED": "true",
    "APPLICATIONINSIGHTS_OPENTELEMETRY_RESOURCE_METRIC_DISABLED": "true",
}
#: The queue in front is the only store, so that nothing is written to disk; one call is tried once more at most.
_OPTIONS: Final[dict[str, Any]] = {
    "disable_offline_storage": True,
    "timeout": 5.0,
    "read_timeout": 5.0,
    "retry_total": 1,
    "retry_status": 0,
    "retry_backoff_max": 1,
    # Otherwise each request is logged with its headers, on the worker's own level.
    "logger": logging.getLogger(f"{__name__}.http"),
}


def silence_sdks() -> None:
    """Keep Microsoft's exporters, old and new, from telephoning home; they read this when they are made."""
    os.environ.update(_QUIET)


def azure_monitor(connection_string: str) -> "tuple[SpanExporter, MetricExporter]":
    """Exporters of spans and metrics to an Application Insights resource."""
    silence_sdks()
    from azure.monitor.opentelemetry.exporter import AzureMonitorMetricExporter  # noqa: PLC0415 - loaded at first use

    from shared.telemetry.azure_monitor_spans import QuickTraceExporter  # noqa: PLC0415 - likewise

    return (
        QuickTraceExporter(connection_string=connection_string, **_OPTIONS),
        AzureMonitorMetricExporter(connection_string=connection_string, **_OPTIONS),
    )
