"""The standard CSV: UTF-8, comma, line feed, quotes only where they are needed, and null as nothing."""

import csv
import io
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import polars as pl

#: A timestamp in UTC, and one that has a fraction of a second.
TIMESTAMP_FORMAT: Final = "%Y-%m-%dT%H:%M:%SZ"
FRACTION_FORMAT: Final = "%Y-%m-%dT%H:%M:%S%.6fZ"


def write_rows(frame: "pl.DataFrame") -> bytes:
    """Rows of standard columns as CSV, without the header.

    A null that is the only value of its row is written as two quotes: a blank line is no record to most readers.
    """
    out = io.BytesIO()
    _with_days(_with_fractions(frame)).write_csv(
        out,
        include_header=False,
        datetime_format=TIMESTAMP_FORMAT,
        null_value='""' if frame.width == 1 else None,
    )
    return out.getvalue()


def header_line(columns: Iterable[str]) -> bytes:
    """The line that names the columns."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(columns)
    return out.getvalue().encode()


def _with_days(frame: "pl.DataFrame") -> "pl.DataFrame":
    """Dates as texts, each day written once: days repeat, and polars writes each of them anew, which takes longer."""
    import polars as pl  # noqa: PLC0415 - loaded at first use

    dates = [name for name, held in frame.schema.items() if held == pl.Date]
    return frame.with_columns(_days(frame[name].to_physical()) for name in dates)


def _days(days: "pl.Series") -> "pl.Series":
    """Days since 1970 as texts; as dates where the days between the first and the last are more than the rows."""
    import polars as pl  # noqa: PLC0415 - loaded at first use

    first, last = days.min(), days.max()
    if not isinstance(first, int) or not isinstance(last, int) or last - first > len(days):
        return days.cast(pl.Date)
    texts = pl.int_range(first, last + 1, dtype=pl.Int32, eager=True).cast(pl.Date).cast(pl.String)
    return texts.gather(days - first).alias(days.name)


def _with_fractions(frame: "pl.DataFrame") -> "pl.DataFrame":
    """Timestamps as texts, where any of a column has a fraction; polars has one format for all."""
    import polars as pl  # noqa: PLC0415 - loaded at first use

    times = [name for name, held in frame.schema.items() if isinstance(held, pl.Datetime)]
    uneven = [name for name in times if (frame[name].dt.microsecond() != 0).any()]
    return frame.with_columns(
        pl.when(pl.col(name).dt.microsecond() == 0)
        .then(pl.col(name).dt.to_string(TIMESTAMP_FORMAT))
        .otherwise(pl.col(name).dt.to_string(FRACTION_FORMAT))
        for name in uneven
    )
