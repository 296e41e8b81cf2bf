"""Sending spans without waiting for whoever takes them: a bounded queue, one thread, a count of what was lost."""

import logging
import threading
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Literal

from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, attach, detach, set_value
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

_LOG: Final = logging.getLogger(__name__)
#: `full`: the queue was. `refused`: the other side did not take it, or not in time. `closed`: the process ended first.
Reason = Literal["full", "refused", "closed"]
MOST_WAITING: Final = 4096
BATCH: Final = 512
PAUSE_SECONDS: Final = 1.0
#: How long the end of a process may wait for the last spans.
GIVE_UP_SECONDS: Final = 3.0


class ImmediateProcessor(SpanProcessor):
    """Hands each span to an exporter as it ends, on the thread that ends it: for what is quick, and must lose nothing.

    Args:
        exporter: Takes spans.
        name: What messages call it.

    Attributes:
        dropped: How many spans were lost, by reason.
    """

    def __init__(self, exporter: SpanExporter, name: str) -> None:
        self.dropped: Counter[Reason] = Counter()
        self.name = name
        self._exporter = exporter
        self._lock = threading.Lock()
        self._failing = False

    def on_end(self, span: ReadableSpan) -> None:
        """Export it; never raises."""
        failure: Exception | None = None
        taken = False
        try:
            with unobserved():
                taken = self._exporter.export((span,)) is SpanExportResult.SUCCESS
        except Exception as error:  # noqa: BLE001 - a console may be closed: whatever is raised, the work goes on
            failure = error
        with self._lock:
            if failure is not None and not self._failing:
                _LOG.warning("spans for %s are dropped: %s", self.name, failure)
            self._failing = not taken
            if not taken:
                self.dropped["refused"] += 1

    def force_flush(self, timeout_millis: int = 30_000) -> bool:  # noqa: ARG002 - the SDK's signature
        """Nothing waits here."""
        return True

    def shutdown(self) -> None:
        """End the exporter."""
        self._exporter.shutdown()


class BoundedProcessor(SpanProcessor):
    """Hands ended spans to an exporter in batches, from a thread of its own.

    Whoever ends a span never waits: a span for which there is no room is dropped and counted. The first loss of a row
    of losses is logged.

    Args:
        exporter: Takes batches; its calls must have time-outs.
        name: What messages call it.
        most: Spans that may wait.
        pause: Seconds between two batches that are not full.
        give_up: Seconds that `shutdown` takes at most.

    Attributes:
        dropped: How many spans were lost, by reason. A batch that was taken in part counts in whole.
    """

    def __init__(
        self,
        exporter: SpanExporter,
        name: str,
        *,
        most: int = MOST_WAITING,
        pause: float = PAUSE_SECONDS,
        give_up: float = GIVE_UP_SECONDS,
    ) -> None:
        self.dropped: Counter[Reason] = Counter()
        self.name = name
        self._exporter = exporter
        self._most, self._pause, self._give_up = most, pause, give_up
        self._waiting: deque[ReadableSpan] = deque()
        self._busy = 0
        self._changed = threading.Condition()
        self._closed = self._hurry = self._losing = False
        self._thread: threading.Thread | None = None

    def on_end(self, span: ReadableSpan) -> None:
        """Take an ended span, if there is room."""
        with self._changed:
            if self._closed:
                self._lose("closed", 1)
            elif len(self._waiting) >= self._most:
                self._lose("full", 1)
            else:
                self._waiting.append(span)
                self._begin()
                if len(self._waiting) >= BATCH:
                    self._changed.notify_all()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Send what waits; whether all of it has gone out in time."""
        return self._drained(timeout_millis / 1000)

    def shutdown(self) -> None:
        """Send what waits, for a few seconds at most; what has not gone out then is lost."""
        self._drained(self._give_up)
        with self._changed:
            if self._closed:
                return
            self._closed = True
            left = len(self._waiting) + self._busy
            self._waiting.clear()
            if left:
                self._lose("closed", left)
            self._changed.notify_all()
        # The exporter may hang in a call: its end is not waited for, the thread is a daemon.
        threading.Thread(target=self._exporter.shutdown, daemon=True).start()

    def _begin(self) -> None:
        """The thread is begun by the first span: a process may fork before."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name=f"telemetry-{self.name}", daemon=True)
            self._thread.start()

    def _drained(self, seconds: float) -> bool:
        with self._changed:
            self._hurry = True
            self._changed.notify_all()
            done = self._changed.wait_for(lambda: not self._waiting and not self._busy, seconds)
            self._hurry = False
            return done

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(self._is_due, self._pause)
                if self._closed:
                    return
                batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
                self._busy = len(batch)
            taken = not batch or self._export(batch)
            with self._changed:
                if self._busy and not taken and not self._closed:
                    self._lose("refused", len(batch))
                elif batch and taken:
                    self._losing = False
                self._busy = 0
                self._changed.notify_all()

    def _is_due(self) -> bool:
        return self._closed or len(self._waiting) >= BATCH or (self._hurry and bool(self._waiting))

    def _export(self, batch: list[ReadableSpan]) -> bool:
        try:
            with unobserved():
                return self._exporter.export(batch) is SpanExportResult.SUCCESS
        except Exception:  # noqa: BLE001 - an exporter of somebody else: whatever it raises, the work goes on
            _LOG.debug("the exporter %s failed", self.name, exc_info=True)
            return False

    def _lose(self, reason: Reason, count: int) -> None:
        self.dropped[reason] += count
        if not self._losing:
            why = {
                "full": "they end faster than they are taken",
                "refused": "they were not taken, or not in time",
                "closed": "the process ends",
            }[reason]
            _LOG.warning("spans for %s are dropped: %s; signalbox.telemetry.dropped counts them", self.name, why)
        self._losing = True


@contextmanager
def unobserved() -> Iterator[None]:
    """Within it nothing makes spans of its own: sending telemetry must not make telemetry."""
    token = attach(set_value(_SUPPRESS_INSTRUMENTATION_KEY, value=True))
    try:
        yield
    finally:
        detach(token)
