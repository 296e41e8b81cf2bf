"""Periods: labels whose values are intervals of days, such as `{month}` in a path or in a dataset's `per`."""

import re
from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

_DAY: Final = timedelta(days=1)

#: What a value of each period label looks like, shortest period first; a label of another name is no period.
PERIOD_FORMS: Final[Mapping[str, str]] = {
    "date": r"[1-9][0-9]{3}-[01][0-9]-[0-3][0-9]",
    "week": r"[1-9][0-9]{3}-W[0-5][0-9]",
    "month": r"[1-9][0-9]{3}-[01][0-9]",
    "year": r"[1-9][0-9]{3}",
}
#: A value of each, for messages.
PERIOD_EXAMPLES: Final[Mapping[str, str]] = {
    "date": "2013-09-30",
    "week": "2013-W40",
    "month": "2013-09",
    "year": "2013",
}
_LENGTHS: Final = tuple(PERIOD_FORMS)


@dataclass(frozen=True)
class Period:
    """Days from `first` to `last`, both included."""

    first: date
    last: date

    def overlaps(self, other: "Period") -> bool:
        """Whether they have a day in common."""
        return self.first <= other.last and other.first <= self.last

    def holds(self, other: "Period") -> bool:
        """Whether all days of the other one are days of this one."""
        return self.first <= other.first and other.last <= self.last


def period_labels(labels: Iterable[str]) -> tuple[str, ...]:
    """Those of the labels that are periods, in order."""
    return tuple(label for label in labels if label in PERIOD_FORMS)


def period_label(labels: Iterable[str]) -> str | None:
    """The label that is a period; more than one is refused when a fleet file is read."""
    return next(iter(period_labels(labels)), None)


def is_shorter(label: str, other: str) -> bool:
    """Whether periods of a label are as short as those of another one, or shorter."""
    return _LENGTHS.index(label) <= _LENGTHS.index(other)


def read_period(label: str, value: str) -> Period:
    """The days of a period label's value.

    Raises:
        ValueError: It is no such period: not of this form, or not in the calendar.
    """
    if not re.fullmatch(PERIOD_FORMS[label], value):
        raise ValueError(f"`{value}` is no {label}; write for example {PERIOD_EXAMPLES[label]}")
    try:
        period = _days(label, value)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"`{value}` is no {label} of the calendar: {error}") from error
    if period.last == date.max:
        raise ValueError(f"`{value}` is no {label} of the calendar: nothing could follow it")
    return period


def period_of(labels: Mapping[str, str]) -> Period | None:
    """The days that the period label among these stands for; `None` when there is none.

    Raises:
        ValueError: Its value is no period.
    """
    label = period_label(labels)
    return read_period(label, labels[label]) if label else None


def value_of(label: str, day: date) -> str:
    """The value of a period label that a day belongs to."""
    match label:
        case "date":
            return day.isoformat()
        case "week":
            year, week, _ = day.isocalendar()
            return f"{year:04}-W{week:02}"
        case "month":
            return f"{day.year:04}-{day.month:02}"
        case _:
            return f"{day.year:04}"


def values_overlapping(label: str, period: Period) -> Iterator[str]:
    """The values of a period label that have a day in common with a period, in order."""
    day = period.first
    while day <= period.last:
        value = value_of(label, day)
        yield value
        day = read_period(label, value).last + _DAY


def values_required(label: str, period: Period) -> tuple[str, ...]:
    """The values of a period label without which a period is not complete.

    Those that lie in it: twelve months of a year. Where none does, those that it lies in: the year of a month.
    """
    overlapping = tuple(values_overlapping(label, period))
    inside = tuple(value for value in overlapping if period.holds(read_period(label, value)))
    return inside or overlapping


def _days(label: str, value: str) -> Period:
    if label == "date":
        day = date.fromisoformat(value)
        return Period(day, day)
    if label == "week":
        year, week = int(value[:4]), int(value[6:])
        return Period(date.fromisocalendar(year, week, 1), date.fromisocalendar(year, week, 7))
    if label == "month":
        year, month = int(value[:4]), int(value[5:])
        return Period(date(year, month, 1), date(year, month, monthrange(year, month)[1]))
    return Period(date(int(value), 1, 1), date(int(value), 12, 31))
