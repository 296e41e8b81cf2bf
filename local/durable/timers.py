"""Brings in what becomes due: delayed starts, timers and scheduled signals are inbox rows with a time."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager

from local.durable.clock import Clock
from local.durable.errors import StorageError
from local.durable.transaction import Wakes

type Reading = Callable[[], AbstractContextManager[sqlite3.Connection]]
"""See `Commits.reading`."""

RETRY = 5_000_000
"""Microseconds until what could not be read is tried again."""
LONGEST_SLEEP = 3600.0
"""Seconds; a longer wait is split, so that a laptop that slept is at most that late."""


class Timers:
    """Wakes the owners of rows whose time has come. What was due before the start is found by the first `fire`."""

    def __init__(self, reading: Reading, clock: Clock, wake: Callable[[Wakes], None]) -> None:
        self._reading = reading
        self._clock = clock
        self._wake = wake
        self._fired_until = 0
        self._armed_for = 0
        self._handle: asyncio.TimerHandle | None = None

    def next_due(self) -> int:
        """The earliest moment after now that something is due, 0 when nothing is; StorageError as it is read."""
        with self._reading() as connection:
            return _next_due(connection, self._clock.now())

    def expect(self, due: int) -> None:
        """Take note that something is due at a moment."""
        if not self._armed_for or due < self._armed_for:
            self._arm(due)

    def fire(self) -> None:
        """Wake all that became due since the last call, and wait for the next. What cannot be read is tried again."""
        now = self._clock.now()
        self.stop()
        try:
            with self._reading() as connection:
                instances, entities = (_ids(connection, sql, self._fired_until, now) for sql in _DUE_IDS)
                due = _next_due(connection, now)
        except StorageError:  # it was logged; this may be a callback of the loop, and nobody else would try again
            self._arm(now + RETRY)
            return
        self._fired_until = now
        if due:
            self._arm(due)
        self._wake(Wakes(instances=instances, entities=entities))

    def stop(self) -> None:
        """Wait for nothing any more."""
        if self._handle:
            self._handle.cancel()
        self._handle, self._armed_for = None, 0

    def _arm(self, due: int) -> None:
        self.stop()
        # A millisecond more: a loop timer may come a little early, and would then find nothing due.
        seconds = max(0, due - self._clock.now()) / 1e6 + 0.001
        self._armed_for = due
        self._handle = asyncio.get_running_loop().call_later(min(seconds, LONGEST_SLEEP), self.fire)


def _next_due(connection: sqlite3.Connection, now: int) -> int:
    dues = [connection.execute(sql, (now,)).fetchone()[0] for sql in _NEXT_DUE]
    return min((due for due in dues if due is not None), default=0)


def _ids(connection: sqlite3.Connection, sql: str, after: int, until: int) -> dict[str, None]:
    return {row[0]: None for row in connection.execute(sql, (after, until))}


_NEXT_DUE = (
    "SELECT min(visible_at) FROM inbox WHERE visible_at > 0 AND visible_at > ?",
    "SELECT min(visible_at) FROM entity_inbox WHERE visible_at > 0 AND visible_at > ?",
)
_DUE_IDS = (
    "SELECT DISTINCT id FROM inbox WHERE visible_at > 0 AND visible_at > ? AND visible_at <= ?",
    "SELECT DISTINCT id FROM entity_inbox WHERE visible_at > 0 AND visible_at > ? AND visible_at <= ?",
)
