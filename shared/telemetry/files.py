"""Spans and metrics as lines of files: one JSON object each, spans as they end.

A span's line: `{"name", "trace", "span", "parent", "start", "end", "duration_ms", "status", "error", "attributes",
"kind"}`; times are ISO 8601 in UTC, ids lower-case hexadecimal as in a traceparent, `error` the exception that left
the span or null.
"""

import errno
import json
import logging
import os
import threading
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Final

from opentelemetry.sdk.metrics.export import HistogramDataPoint, MetricExporter, MetricExportResult, MetricsData
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import format_span_id, format_trace_id

from shared.telemetry.setting import set_aside

_LOG: Final = logging.getLogger(__name__)
_ERROR_LIMIT: Final = 2000
#: A file of this size is set aside, see `set_aside`: two of them are all that a disk has to hold.
FULL_BYTES: Final = 32 * 1024 * 1024


class _Lines:
    """A file of lines that several processes may share.

    Telemetry must not stop the work: what cannot be written (disk full, folder gone) is dropped and counted, and the
    first loss of a row of losses is logged.

    Args:
        path: The file; its folder is made when absent.
        what: What the lines tell of.
    """

    def __init__(self, path: Path, what: str) -> None:
        self.dropped = 0
        self._path = path
        self._what = what
        self._lock = threading.Lock()
        self._failing = False

    def write(self, found: Sequence[dict[str, Any]]) -> bool:
        """Append lines; whether they are there. Never raises for what the file system does."""
        lines = b"".join(json.dumps(one).encode() + b"\n" for one in found)
        with self._lock:
            try:
                self._append(lines)
            except OSError as error:
                self._drop(len(found), error)
                return False
            self._failing = False
            return True

    def _append(self, lines: bytes) -> None:
        """One write with O_APPEND, so that lines of several processes do not mix; a torn line is closed."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        # Opened each time, so that spans follow the path when somebody moves the file away.
        with self._path.open("ab", buffering=0) as file:
            if file.tell() >= FULL_BYTES and self._turn(file):
                return self._append(lines)
            # A write that the disk cut short left half a line behind: close it, so that only that line is lost.
            start = b"\n" if self._failing and file.tell() else b""
            written = file.write(start + lines)
            if written != len(start) + len(lines):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return None

    def _turn(self, file: IO[bytes]) -> bool:
        """Set a full file aside, in place of the one before; whether the path is another file's now.

        Of several processes one does it: whoever has locked the full file, while it still has its name.
        """
        try:
            import fcntl  # noqa: PLC0415 - where there is none, files are not set aside

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (ImportError, BlockingIOError):
            return False  # another one is about to: these lines still go where it was
        with suppress(FileNotFoundError):  # another one has done it, and not written to the new one yet
            if os.path.samestat(os.fstat(file.fileno()), self._path.stat()):
                self._path.replace(set_aside(self._path))
        return True

    def _drop(self, count: int, error: OSError) -> None:
        self.dropped += count
        if not self._failing:
            _LOG.warning("%s cannot be written to %s and are dropped: %s", self._what, self._path, error)
        self._failing = True


class JsonLinesExporter(SpanExporter):
    """Appends spans to a file.

    Args:
        path: The file; its folder is made when absent.
    """

    def __init__(self, path: Path) -> None:
        self._lines = _Lines(path, "spans")

    @property
    def dropped(self) -> int:
        """Spans that could not be written."""
        return self._lines.dropped

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Append spans; never raises for what the file system does."""
        written = self._lines.write([_line(one) for one in spans])
        return SpanExportResult.SUCCESS if written else SpanExportResult.FAILURE


class JsonLinesMetricExporter(MetricExporter):
    """Appends the points of metrics to a file, each time that they are collected.

    A line: `{"metric", "unit", "attributes", "at"}` with `value`, or with `count`, `sum`, `min` and `max`.

    Args:
        path: The file; its folder is made when absent.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._lines = _Lines(path, "metrics")

    def export(
        self,
        metrics_data: MetricsData,
        timeout_millis: float = 10_000,  # noqa: ARG002 - a disk knows no time-out
        **_: Any,
    ) -> MetricExportResult:
        """Append points; never raises for what the file system does."""
        points = [
            {"metric": metric.name, "unit": metric.unit, **_point(point)}
            for resource in metrics_data.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
            for point in metric.data.data_points
        ]
        written = not points or self._lines.write(points)
        return MetricExportResult.SUCCESS if written else MetricExportResult.FAILURE

    def force_flush(self, timeout_millis: float = 10_000) -> bool:  # noqa: ARG002 - as above
        """Nothing is kept here."""
        return True

    def shutdown(self, timeout_millis: float = 30_000, **_: Any) -> None:
        """There is nothing to close."""


def _point(point: Any) -> dict[str, Any]:
    told = {"attributes": dict(point.attributes or {}), "at": _iso(point.time_unix_nano)}
    if isinstance(point, HistogramDataPoint):
        return {**told, "count": point.count, "sum": point.sum, "min": point.min, "max": point.max}
    return {**told, "value": point.value}


def _line(one: ReadableSpan) -> dict[str, Any]:
    context = one.get_span_context()
    start, end = one.start_time or 0, one.end_time or one.start_time or 0
    return {
        "name": one.name,
        "trace": format_trace_id(context.trace_id) if context else None,
        "span": format_span_id(context.span_id) if context else None,
        "parent": format_span_id(one.parent.span_id) if one.parent else None,
        "start": _iso(start),
        "end": _iso(end),
        "duration_ms": round((end - start) / 1e6, 3),
        "status": one.status.status_code.name,
        "error": _error(one),
        "attributes": dict(one.attributes or {}),
        "kind": one.kind.name.lower(),
    }


def _error(one: ReadableSpan) -> dict[str, str] | None:
    """Type, message and stack of the exception that left the span."""
    for event in one.events:
        if event.name == "exception":
            found = event.attributes or {}
            return {
                name: str(found.get(f"exception.{name}", ""))[-_ERROR_LIMIT:]
                for name in ("type", "message", "stacktrace")
            }
    return None


def _iso(nanoseconds: int) -> str:
    return datetime.fromtimestamp(nanoseconds / 1e9, UTC).isoformat(timespec="milliseconds")
