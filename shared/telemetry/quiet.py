"""What exporters' own libraries log: one line of trouble in ten minutes each, and nothing of success.

The first line says why a place does not take what is sent; the same every second would bury all else.
"""

import logging
import time
from collections.abc import Callable, Iterable
from typing import Final

_EVERY_SECONDS: Final = 600.0
#: Loggers of the modules that send.
NOISY: Final = (
    "shared.telemetry.azure_monitor.http",
    "azure.monitor.opentelemetry.exporter.export._base",
    "azure.monitor.opentelemetry.exporter.export.metrics._exporter",
    "azure.monitor.opentelemetry.exporter.export.trace._exporter",
    "opencensus.ext.azure.common.transport",
    "opencensus.ext.azure.trace_exporter",
    "opentelemetry.exporter.otlp.proto.http.metric_exporter",
    "opentelemetry.exporter.otlp.proto.http.trace_exporter",
    "opentelemetry.sdk.metrics._internal.export",
)


class Seldom(logging.Filter):
    """Lets one record of a logger pass in a while.

    Args:
        clock: Seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._next = float("-inf")

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record passes."""
        if record.levelno < logging.WARNING or self._clock() < self._next:
            return False
        self._next = self._clock() + _EVERY_SECONDS
        return True


def quiet(loggers: Iterable[str] = NOISY) -> None:
    """Keep libraries that send telemetry from filling the log; again changes nothing."""
    for name in loggers:
        logger = logging.getLogger(name)
        if not any(isinstance(one, Seldom) for one in logger.filters):
            logger.addFilter(Seldom())
