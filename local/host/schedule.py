"""NCRONTAB: the schedules of timer triggers (https://github.com/atifaziz/NCrontab, which the extension uses).

Six fields, ``{second} {minute} {hour} {day} {month} {day of week}``, or five without the second, which is then 0. A
field is a list of ``*``, ``n``, ``a-b``, each with an optional step (``*/5``, ``10-40/10``, and ``n/5``: from n on).
Months and days of the week may be named in English (three letters or the whole name); Sunday is 0. Unlike Unix cron,
day of month **and** day of week must both match.
"""

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_name) if name}
WEEKDAYS = {name.lower(): (number + 1) % 7 for number, name in enumerate(calendar.day_name)}
# February 29 on a given weekday comes back after 40 years at most (over a century year that is no leap year).
_HORIZON = timedelta(days=366 * 41)


class ScheduleError(ValueError):
    """The text is not a schedule, or never comes due; the message says why."""


@dataclass(frozen=True)
class _Field:
    name: str
    low: int
    high: int
    names: Mapping[str, int]


_FIELDS = (
    _Field("second", 0, 59, {}),
    _Field("minute", 0, 59, {}),
    _Field("hour", 0, 23, {}),
    _Field("day", 1, 31, {}),
    _Field("month", 1, 12, MONTHS),
    _Field("day of week", 0, 6, WEEKDAYS),
)


@dataclass(frozen=True)
class Schedule:
    """When a timer comes due, in UTC: the allowed values of each field, in ascending order."""

    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    weekdays: tuple[int, ...]

    def matches(self, moment: datetime) -> bool:
        """Whether the schedule is due in this very second."""
        at = moment.astimezone(UTC)
        in_time = at.hour in self.hours and at.minute in self.minutes and at.second in self.seconds
        return in_time and self._matches_day(at)

    def next_after(self, moment: datetime) -> datetime:
        """The first occurrence strictly after ``moment``, a whole second in UTC.

        Raises:
            ScheduleError: there is none, such as for 30 February.
        """
        at = moment.astimezone(UTC).replace(microsecond=0) + timedelta(seconds=1)
        end = at + _HORIZON
        while at < end:
            if at.month not in self.months:
                at = _next_month(at)
            elif not self._matches_day(at):
                at = at.replace(hour=0, minute=0, second=0) + timedelta(days=1)
            elif at.hour not in self.hours:
                at = at.replace(minute=0, second=0) + timedelta(hours=1)
            elif at.minute not in self.minutes:
                at = at.replace(second=0) + timedelta(minutes=1)
            elif at.second not in self.seconds:
                at += timedelta(seconds=1)
            else:
                return at
        raise ScheduleError("the schedule never comes due: no such day exists")

    def _matches_day(self, at: datetime) -> bool:
        return at.month in self.months and at.day in self.days and at.isoweekday() % 7 in self.weekdays


def parse_schedule(text: str) -> Schedule:
    """Read an NCRONTAB expression.

    Raises:
        ScheduleError: the text is not one; the message names the field.
    """
    parts = text.split()
    if len(parts) == 5:
        parts = ["0", *parts]
    if len(parts) != 6:
        hint = "; a TimeSpan works on an App Service plan only" if ":" in text else ""
        raise ScheduleError(f"{text!r} is not a schedule: it needs 5 or 6 fields and has {len(parts)}{hint}")
    values = [_values(part, field, text) for part, field in zip(parts, _FIELDS, strict=True)]
    return Schedule(*values)


def _values(part: str, field: _Field, text: str) -> tuple[int, ...]:
    try:
        found = {value for item in part.split(",") for value in _item(item, field)}
    except ValueError as error:
        raise ScheduleError(f"{text!r}, {field.name}: {error}") from error
    return tuple(sorted(found))


def _item(item: str, field: _Field) -> range:
    body, slash, step_text = item.partition("/")
    step = _number(step_text, {}, 1, field.high) if slash else 1
    if body == "*":
        return range(field.low, field.high + 1, step)
    first_text, dash, last_text = body.partition("-")
    first = _number(first_text, field.names, field.low, field.high)
    if dash:
        last = _number(last_text, field.names, field.low, field.high)
        if last < first:
            raise ValueError(f"{body!r} runs backwards")
        return range(first, last + 1, step)
    return range(first, (field.high if slash else first) + 1, step)


def _number(text: str, names: Mapping[str, int], low: int, high: int) -> int:
    word = text.lower()
    named = [number for name, number in names.items() if word in {name, name[:3]}]
    if named:
        return named[0]
    if not (text.isascii() and text.isdecimal()):
        raise ValueError(f"{text!r} is not a number" + (" or a name" if names else ""))
    if not low <= int(text) <= high:
        raise ValueError(f"{text} is not between {low} and {high}")
    return int(text)


def _next_month(at: datetime) -> datetime:
    first = at.replace(day=1, hour=0, minute=0, second=0)
    return first.replace(year=at.year + at.month // 12, month=at.month % 12 + 1)
