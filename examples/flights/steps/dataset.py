"""Reads a dataset folder: one conditioned CSV per source. Anything else in the folder is left alone."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pandas as pd

KEYS: Final = ["origin", "carrier", "destination"]
"""What names a route."""

REGIONAL_CARRIERS: Final = frozenset({"9E", "EV", "MQ", "OO", "YV"})
"""Carriers that fly for others with small aircraft; all others are mainline."""

FORMATS: Final = ("mainline", "regional")

_FLIGHT_COLUMNS: Final = ["date", *KEYS, "operated", "distance"]
_HOLIDAY_COLUMNS: Final = ["date", "name"]


def read_flights(folder: Path) -> pd.DataFrame:
    """The scheduled flights of `flights.csv`.

    Returns:
        Columns `date` (timestamp), `origin`, `carrier`, `destination`, `operated` (bool), `distance` (miles); one row
        per flight.

    Raises:
        FileNotFoundError: The folder has no `flights.csv`.
        ValueError: A column is missing, or a value is not of its type.
    """
    return _read(folder / "flights.csv", _FLIGHT_COLUMNS, {"operated": bool, "distance": int})


def read_holidays(folder: Path) -> pd.DataFrame:
    """The holidays of `holidays.csv`: columns `date` (timestamp) and `name`.

    Raises:
        FileNotFoundError: The folder has no `holidays.csv`.
        ValueError: A column is missing, or a date is none.
    """
    return _read(folder / "holidays.csv", _HOLIDAY_COLUMNS, {})


def of_format(flights: pd.DataFrame, origin: str, flight_format: str) -> pd.DataFrame:
    """The flights of one airport by mainline or by regional carriers.

    Raises:
        ValueError: The format is unknown, or no flight is left.
    """
    if flight_format not in FORMATS:
        raise ValueError(f"format {flight_format!r} is unknown: use one of {', '.join(FORMATS)}")
    regional = flights["carrier"].isin(REGIONAL_CARRIERS)
    chosen = flights[(flights["origin"] == origin) & (regional == (flight_format == "regional"))]
    if chosen.empty:
        found = ", ".join(sorted(flights["origin"].unique())) or "none"
        raise ValueError(f"the dataset has no {flight_format} flight from {origin!r}; its origins: {found}")
    return chosen


def _read(file: Path, columns: Sequence[str], types: dict[str, type]) -> pd.DataFrame:
    # A null cell is never expected in a conditioned file, and "NA" would be a fine carrier code.
    table = pd.read_csv(file, dtype=types, keep_default_na=False)
    missing = sorted(set(columns) - set(table.columns))
    if missing:
        raise ValueError(f"{file.name} lacks the columns {', '.join(missing)}: check the recipe that conditions it")
    table["date"] = pd.to_datetime(table["date"], format="%Y-%m-%d")
    return table[list(columns)]
