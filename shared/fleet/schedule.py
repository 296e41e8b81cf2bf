"""When a fleet does something by the clock: `Mon 10:00`, `Mon,Thu 10:00`, `Mon-Fri 06:30`, `daily 04:00`.

A schedule is of local time, and a slot is the moment in UTC at which it comes due: one per local day that it names. On
the two days a year when the clock changes, a time that does not exist comes due at the first moment after the gap, and
one that exists twice comes due the first time only.
"""

import re
from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_EVERY_DAY: Final = tuple(range(7))
_WRITTEN: Final = re.compile(r"([A-Za-z][A-Za-z,-]*) +([0-9]{1,2}):([0-9]{2})")
_REMEDY: Final = "write for example `Mon 10:00`, `Mon,Thu 10:00`, `Mon-Fri 06:30` or `daily 04:00`"
_DAY: Final = timedelta(days=1)
_SECOND: Final = timedelta(seconds=1)


@dataclass(frozen=True)
class Schedule:
    """Days of the week and a time of day, in a time zone that is given when it is asked.

    Attributes:
        weekdays: Monday is 0; ascending, never empty.
        at: Local time of day, to the minute.
    """

    weekdays: tuple[int, ...]
    at: time

    def next_after(self, instant: datetime, zone: str) -> datetime:
        """The first slot strictly after an instant, in UTC.

        Args:
            instant: Any time with its zone.
            zone: The IANA name of the schedule's own zone: `America/Chicago`.
        """
        local = ZoneInfo(zone)
        # From the day before: a slot that a gap moved may lie on the day after its own.
        day = instant.astimezone(local).date() - _DAY
        while day.weekday() not in self.weekdays or (slot := self._slot(day, local)) <= instant:
            day += _DAY
        return slot

    def between(self, after: datetime, until: datetime, zone: str) -> tuple[datetime, ...]:
        """The slots after one instant and until another, that one included, in UTC and in their order."""
        slots: list[datetime] = []
        slot = self.next_after(after, zone)
        while slot <= until:
            slots.append(slot)
            slot = self.next_after(slot, zone)
        return tuple(slots)

    def _slot(self, day: date, zone: ZoneInfo) -> datetime:
        """The moment in UTC at which a day's time comes due: of one that exists twice, the first (`fold` is 0)."""
        wanted = datetime.combine(day, self.at, zone)
        slot = wanted.astimezone(UTC)
        exists = slot.astimezone(zone).replace(tzinfo=None) == wanted.replace(tzinfo=None)
        return slot if exists else _end_of_gap(wanted)


def parse_schedule(text: str) -> Schedule:
    """Read a schedule as it is written in a fleet file; the case of the days does not count.

    Raises:
        ValueError: It is none; the message says what would be one.
    """
    written = _WRITTEN.fullmatch(text.strip())
    if written is None:
        raise ValueError(f"`{text}` is no schedule; {_REMEDY}")
    days, hour, minute = written[1].lower(), int(written[2]), int(written[3])
    if hour > 23 or minute > 59:
        raise ValueError(
            f"`{text}`: there is no time {written[2]}:{written[3]}, they go from 00:00 to 23:59; {_REMEDY}"
        )
    if days == "daily":
        return Schedule(_EVERY_DAY, time(hour, minute))
    weekdays = {weekday for part in days.split(",") for weekday in _weekdays(part, text)}
    return Schedule(tuple(sorted(weekdays)), time(hour, minute))


def _weekdays(part: str, text: str) -> tuple[int, ...]:
    """`mon` or `fri-mon`: a range may go over the end of the week."""
    first, dash, last = part.partition("-")
    last = last if dash else first
    for day in (first, last):
        if day not in _DAYS:
            raise ValueError(f"`{text}`: `{day}` is no day of the week, they are {_listed()}; {_REMEDY}")
    begin = _DAYS.index(first)
    length = (_DAYS.index(last) - begin) % 7 + 1
    return tuple((begin + step) % 7 for step in range(length))


def _listed() -> str:
    return ", ".join(day.capitalize() for day in _DAYS)


def _end_of_gap(missing: datetime) -> datetime:
    """The first moment in UTC after the gap that a local time falls into, found by halving.

    PEP 495: in a gap, `fold=1` reads a time by the new offset and lies before the change, `fold=0` after it.
    """
    before, after = missing.replace(fold=1).astimezone(UTC), missing.replace(fold=0).astimezone(UTC)
    old = before.astimezone(missing.tzinfo).utcoffset()

    def changed(second: int) -> bool:
        return (before + second * _SECOND).astimezone(missing.tzinfo).utcoffset() != old

    return before + bisect_left(range((after - before) // _SECOND), True, key=changed) * _SECOND
