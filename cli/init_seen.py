"""What one's own data is like: how often there is a value, from when to when, how many series, what is missing."""

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

import polars as pl

from cli.init_data import Columns
from shared.errors import PermanentError

type Every = Literal["day", "week", "month", "quarter", "year"]

EVERY: Final[tuple[Every, ...]] = ("day", "week", "month", "quarter", "year")
#: Series beyond which one machine and one file are not the way.
MOST_SERIES: Final = 5_000
_TRUNCATED: Final = {"day": "1d", "week": "1w", "month": "1mo", "quarter": "1q", "year": "1y"}
#: Days between rows up to which they are taken for one value per period.
_UP_TO_DAYS: Final[tuple[tuple[float, Every], ...]] = (
    (3.5, "day"), (10, "week"), (45, "month"), (120, "quarter"), (400, "year"),
)  # fmt: skip
#: Values below this share of the usual one make percentages meaningless.
_SMALL: Final = 0.1


@dataclass(frozen=True)
class Seen:
    """What was seen.

    Attributes:
        own: The period in which most series have one value.
        every: The period that is looked at.
        values: Per series and period: the keys, `period`, `rows`, and `sum` and `mean` of the target.
        grid: All periods, whether there is a row or not.
        rows: Of the file.
        empty: Rows without a date or a target.
        series: How many.
        first: The first day.
        last: The last one.
        several: Periods of a series that have several rows.
        gaps: Periods between the first and the last of each series that have no row.
        smallest: Value.
        zeros: Values that are 0.
        negatives: Values below 0.
    """

    own: Every
    every: Every
    values: pl.DataFrame
    grid: pl.Series
    rows: int
    empty: int
    series: int
    first: date
    last: date
    several: int
    gaps: int
    smallest: float
    zeros: int
    negatives: int

    @property
    def periods(self) -> int:
        """Whole ones: where they are coarser than the data, the first and the last are left out."""
        return len(self.grid) - 2 * self.in_part

    @property
    def in_part(self) -> bool:
        """Whether the data may cover the first and the last period in part."""
        return self.own != self.every

    def small(self, combine: str) -> float:
        """The share of values next to zero, of periods whose rows are combined by `sum` or `mean`."""
        values = self.values[combine]
        usual = values.abs().median()
        assert isinstance(usual, float)
        return int((values.abs() <= _SMALL * usual).sum()) / len(values) if usual else 1.0

    def findings(self, target: str) -> list[str]:
        """For a person, line by line."""
        span = f"{self.first} to {self.last}: {self.periods:,} {self.every}s"
        return [
            f"{self.rows:,} rows, {self.series:,} series, {span}",
            f"{self.gaps:,} {self.every}s without a row" if self.gaps else f"no {self.every} is missing",
            *([f"{self.several:,} {self.every}s have several rows"] * bool(self.several)),
            *([f"{self.zeros:,} zeros"] * bool(self.zeros)),
            *([f"{self.negatives:,} negative values"] * bool(self.negatives)),
            *([f"{self.empty:,} rows without a {target}, which are left aside"] * bool(self.empty)),
        ]


def see(frame: pl.DataFrame, columns: Columns, every: Every | None) -> Seen:
    """Look at the rows.

    Args:
        frame: As `Standard.frame`.
        columns: Their names.
        every: The period that a person wants; the data's own unless given.

    Raises:
        PermanentError: There are too many series, no series has a past, or the period is finer than the data.
    """
    known = frame.drop_nulls([columns.time, columns.target])
    series = known.select(columns.keys).n_unique() if columns.keys else 1
    if series > MOST_SERIES:
        what = f"--by {','.join(columns.keys)} makes {series:,} series, more than {MOST_SERIES:,}"
        raise PermanentError("TooManySeries", f"{what}; name coarser columns, or give a part of the file")
    own = _own_period(known, columns)
    period = every or own
    if EVERY.index(period) < EVERY.index(own):
        what = f"--every {period}: the data has one row per {own}"
        raise PermanentError("TooFine", f"{what}; say --every {own}, or a coarser one")
    start = pl.col(columns.time).dt.truncate(_TRUNCATED[period]).alias("period")
    values = known.group_by(*columns.keys, start).agg(
        pl.len().alias("rows"),
        pl.col(columns.target).sum().alias("sum"),
        pl.col(columns.target).mean().alias("mean"),
    )
    first, last = known[columns.time].min(), known[columns.time].max()
    smallest = known[columns.target].min()
    assert isinstance(first, date)  # there are rows, as `standard` has made sure
    assert isinstance(last, date)
    assert isinstance(smallest, float)
    target = known[columns.target]
    return Seen(
        own=own,
        every=period,
        values=values,
        grid=known.select(pl.date_range(start.min(), start.max(), _TRUNCATED[period])).to_series(),
        rows=frame.height,
        empty=frame.height - known.height,
        series=series,
        first=first,
        last=last,
        several=int((values["rows"] > 1).sum()),
        gaps=_gaps(values, columns, period),
        smallest=smallest,
        zeros=int((target == 0).sum()),
        negatives=int((target < 0).sum()),
    )


def periods_between(first: str, last: date, every: Every) -> pl.Expr:
    """How many periods there are from those in a column up to one."""
    return pl.date_ranges(first, pl.lit(last), _TRUNCATED[every]).list.len().fill_null(0)


def _own_period(known: pl.DataFrame, columns: Columns) -> Every:
    days = known.select(*columns.keys, columns.time).unique().sort(columns.time)
    gap = pl.col(columns.time).diff().dt.total_days()
    usual = days.select((gap.over(columns.keys) if columns.keys else gap).alias("gap"))["gap"].median()
    if not isinstance(usual, float):
        raise PermanentError("TooShort", "no series has more than one date; give a file with a past")
    for most, every in _UP_TO_DAYS:
        if usual <= most:
            return every
    raise PermanentError("TooShort", f"the rows of a series are {usual:.0f} days apart; give one row per year or more")


def _gaps(values: pl.DataFrame, columns: Columns, every: Every) -> int:
    spans = values.group_by(columns.keys or [pl.lit(0)]).agg(
        pl.col("period").min().alias("first"), pl.col("period").max().alias("last")
    )
    expected = spans.select(pl.date_ranges("first", "last", _TRUNCATED[every]).list.len().sum()).item()
    return int(expected) - values.height
