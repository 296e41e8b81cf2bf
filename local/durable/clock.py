"""Time for the engine: whole microseconds since 1970 (UTC), from the system or from a clock that can skip.

Integers, because a timer compared in floating point can fire a microsecond before the moment that replay sees.
"""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class Clock(Protocol):
    """Where the engine gets its time."""

    @property
    def skips(self) -> bool:
        """Whether `skip_to` works; the engine then jumps over idle time while somebody waits."""

    def now(self) -> int:
        """Now, in microseconds since 1970 UTC; never less than the last answer."""

    def skip_to(self, moment: int) -> None:
        """Make `moment` the present, unless it is in the past."""


class SystemClock:
    """The system's time, kept from stepping back while the process lives."""

    skips = False

    def __init__(self) -> None:
        self._last = 0

    def now(self) -> int:
        """The system's time, or the last answer when the system's time was set back."""
        self._last = max(self._last, time.time_ns() // 1000)
        return self._last

    def skip_to(self, moment: int) -> None:
        """Refuse: real time cannot be skipped."""
        raise NotImplementedError(f"The system clock cannot skip to {to_datetime(moment)}: use a SkippingClock.")


class SkippingClock:
    """The system's time plus an offset that only grows; activities that read the real time do not see it."""

    skips = True

    def __init__(self) -> None:
        self._system = SystemClock()
        self._offset = 0

    def now(self) -> int:
        """The virtual time."""
        return self._system.now() + self._offset

    def skip_to(self, moment: int) -> None:
        """Jump forward to `moment`."""
        self._offset += max(0, moment - self.now())


def to_datetime(micros: int) -> datetime:
    """The aware UTC time of an engine moment."""
    return EPOCH + timedelta(microseconds=micros)


def to_micros(moment: datetime) -> int:
    """The engine moment of a time; a naive time is taken as UTC, as the SDK does."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - EPOCH) // MICROSECOND
