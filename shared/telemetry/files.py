"""Spans as lines of a file: one JSON object each, appended as they end.

A line: `{"name", "trace", "span", "parent", "start", "end", "duration_ms", "status", "error", "attributes"}`; times are
ISO 8601 in UTC, ids lower-case hexadecimal as in a traceparent, `error` the exception that left the span or null.
"""

import errno
import json
import logging
import os
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import format_span_id, format_trace_id

_LOG: Final = logging.getLogger(__name__)
_ERROR_LIMIT: Final = 2000


class JsonLinesExporter(SpanExporter):
    """Appends spans to a file that several processes may share.

    Telemetry must not stop the work: what cannot be written (disk full, folder gone) is dropped and counted, and the
    first loss of a row of losses is logged.

    Args:
        path: The file; its folder is made when absent.

    Attributes:
        dropped: Spans that could not be written.
    """

    def __init__(self, path: Path) -> None:
        self.dropped = 0
        self._path = path
        self._lock = threading.Lock()
        self._failing = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Append spans; never raises for what the file system does."""
        lines = b"".join(json.dumps(_line(one)).encode() + b"\n" for one in spans)
        with self._lock:
            try:
                self._append(lines)
            except OSError as error:
                self._drop(len(spans), error)
                return SpanExportResult.FAILURE
            self._failing = False
            return SpanExportResult.SUCCESS

    def _append(self, lines: bytes) -> None:
        """One write with O_APPEND, so that lines of several processes do not mix; a torn line is closed."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        # Opened each time, so that spans follow the path when somebody moves the file away.
        with self._path.open("ab", buffering=0) as file:
            # A write that the disk cut short left half a line behind: close it, so that only that line is lost.
            start = b"\n" if self._failing and file.tell() else b""
            written = file.write(start + lines)
            if written != len(start) + len(lines):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _drop(self, count: int, error: OSError) -> None:
        self.dropped += count
        if not self._failing:
            _LOG.warning("spans cannot be written to %s and are dropped: %s", self._path, error)
        self._failing = True


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
