"""What must hold of a dataset version before it is published; a broken rule says what it required and what it got."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from shared.conditioning.recipe.rules import Fresh
from shared.errors import PermanentError

#: Missing rows that one reason names; more are counted.
_SHOWN = 3
_DAY: Final = timedelta(days=1)
_UNITS: Final = (("d", _DAY), ("h", timedelta(hours=1)), ("m", timedelta(minutes=1)))


def rejected_fault(limit: float | None, rows_in: int, rejected: int) -> str | None:
    """Why there are too many rows in quarantine; `None` when there are not."""
    if limit is None or rejected <= limit * rows_in:
        return None
    got = f"{_percent(rejected / rows_in)} ({rejected} of {rows_in})"
    return f"max_rejected requires at most {_percent(limit)} of the rows in quarantine, got {got}"


def rows_fault(
    limit: float | None, rows: int, last: int | None, version: str, rule: str = "rows_vs_last"
) -> str | None:
    """Why the number of rows is too far from that of the last version; `None` when it is not, or there is none."""
    if limit is None or not last or abs(rows - last) <= limit * last:
        return None
    got = f"{rows} ({_percent(abs(rows - last) / last)} {'more' if rows > last else 'fewer'})"
    return f"{rule} requires at most {_percent(limit)} more or fewer rows than the {last} of {version}, got {got}"


def fresh_fault(rule: str, fresh: Fresh, newest: object, at: datetime, timezone: str) -> str | None:
    """Why the newest value of a column is too old; `None` when it is not.

    A day is as old as the time since its end, so one that goes on is not old at all.

    Args:
        rule: What the rule is called in the message.
        fresh: The rule.
        newest: The largest value of its column: a date, a time with its zone, or `None` when there is no value.
        at: When it is asked; with its zone.
        timezone: The IANA name of the zone whose days the dates are.
    """
    required = f"{rule} requires a newest {fresh.column} of at most {fresh.within} ago"
    if newest is None:
        return f"{required}, got no value"
    if not isinstance(newest, date):  # a time is a date, too
        return f"{required}, got {newest!r}, which is neither a date nor a time: let the recipe write one"
    age = _age(newest, at, ZoneInfo(timezone))
    if age <= fresh.age:
        return None
    told = newest.isoformat().replace("+00:00", "Z")
    return f"{required}, got {told}, {_long(age)} before {at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _age(newest: date, at: datetime, zone: ZoneInfo) -> timedelta:
    if isinstance(newest, datetime):
        return at - newest
    if newest >= at.astimezone(zone).date():  # also the last day of the calendar, which has no end
        return timedelta()
    return at - datetime.combine(newest + _DAY, time(), zone).astimezone(UTC)


def _long(age: timedelta) -> str:
    """A length of time in its largest two units: `19 d 4 h`."""
    parts = []
    for unit, length in _UNITS:
        count, age = divmod(age, length)
        parts += [f"{count} {unit}"] if count else []
    return " ".join(parts[:2]) or "less than 1 m"


class Reference:
    """The rows that a dataset must have.

    A column that is named like a label of the cell chooses: only its rows with the cell's value are required.

    Args:
        content: A CSV; its header names columns of the dataset.
        file: Its name, for messages.
        cell: The cell's labels.

    Raises:
        PermanentError: `ReferenceUnusable`: it is no CSV, or has no columns or no rows.
    """

    def __init__(self, content: bytes, file: str, cell: Mapping[str, str]) -> None:
        self.file = file
        try:
            rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))
        except (UnicodeDecodeError, csv.Error) as error:
            raise PermanentError("ReferenceUnusable", f"{file} cannot be read as CSV in UTF-8: {error}") from error
        self.columns = tuple(
            column for column in (rows[0] if rows else ()) if column is not None and column not in cell
        )
        if not self.columns:
            raise PermanentError(
                "ReferenceUnusable", f"{file} must have rows, and a column that is no label of the cell"
            )
        wanted = [row for row in rows if all(row[label] == cell[label] for label in cell if label in row)]
        self._missing = dict.fromkeys(tuple(row[column] for column in self.columns) for row in wanted)

    def fits(self, columns: Iterable[str]) -> bool:
        """Whether a source with these columns can have its rows."""
        return set(self.columns) <= set(columns)

    def see(self, content: bytes) -> None:
        """Strike out the rows that a standard CSV of the dataset has."""
        for row in _values(content, self.columns):
            self._missing.pop(row, None)

    @property
    def fault(self) -> str | None:
        """What has not been seen."""
        if not self._missing:
            return None
        shown = [
            "; ".join(f"{name}={value}" for name, value in zip(self.columns, row, strict=True)) for row in self._missing
        ]
        more = f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
        listed = ", ".join(shown[:_SHOWN])
        return f"complete requires every row of {self.file}, got none of {listed}{more}"


def _values(content: bytes, columns: Sequence[str]) -> Iterator[tuple[str | None, ...]]:
    rows = csv.reader(io.StringIO(content.decode(), newline=""))
    header = next(rows, [])
    places = [header.index(column) for column in columns]
    return (tuple(row[place] for place in places) for row in rows)


def _percent(share: float) -> str:
    return f"{share * 100:.3g}%"
