"""The raw files of the flights example: what a source system would deliver."""

import csv
import hashlib
import io
from collections import Counter
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from examples.flights import landing, nyc, standard

FLIGHTS_SHA256 = "ed68a45605cb0717fa0fee41ce78a90e3d1c710dd1d5251bb365992e528c3362"
HOLIDAYS_SHA256 = "c9547c18c5ff231e20e5da81ee8462e71813b77d8365862f7cc454db0b90e42c"


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    """The raw files of JFK by path."""
    return {file.path: file.content for file in landing.raw_files()}


@pytest.fixture(scope="module")
def raw(files: dict[str, bytes]) -> list[dict[str, str]]:
    """The raw flights as Python's csv reads them."""
    return list(csv.DictReader(io.StringIO(files["raw/flights/JFK/2013.csv"].decode())))


def real_date(text: str) -> date | None:
    """The day of an M/D/YYYY text, if there is one."""
    month, day, year = map(int, text.split("/"))
    try:
        return date(year, month, day)
    except ValueError:
        return None


def test_the_same_bytes_are_delivered_every_time(files: dict[str, bytes]) -> None:
    """Paths and bytes are fixed: a second delivery is the same dataset version."""
    digests = {path: hashlib.sha256(content).hexdigest() for path, content in files.items()}
    assert digests == {"raw/flights/JFK/2013.csv": FLIGHTS_SHA256, "raw/holidays/2013.csv": HOLIDAYS_SHA256}
    assert {file.path: file.content for file in landing.raw_files()} == files


def test_twenty_rows_are_corrupt(raw: list[dict[str, str]]) -> None:
    """Of 111,299 rows 10 have a date that does not exist, 10 a distance that is no number, and none has both."""
    impossible = Counter(
        (
            "date" if real_date(row["FlightDate"]) is None else "",
            "" if row["Distance"].strip().isdigit() else "distance",
        )
        for row in raw
    )
    assert impossible == {("", ""): 111_279, ("date", ""): 10, ("", "distance"): 10}


def test_the_quirks_are_there(raw: list[dict[str, str]]) -> None:
    """Conditioning has something to do: blanks around values, and two spellings of null."""
    assert sum(row["Carrier"] != row["Carrier"].strip() for row in raw) > 200
    assert sum(row["Dest"] != row["Dest"].strip() for row in raw) > 200
    assert sum(row["Distance"] != row["Distance"].strip() for row in raw) > 200
    spellings = Counter(row["DepTime"] for row in raw if not row["DepTime"].isdigit())
    assert set(spellings) == {"", "NA"}
    assert min(spellings.values()) > 500


def test_conditioned_by_hand_they_are_the_standard_dataset(raw: list[dict[str, str]], tmp_path: Path) -> None:
    """Stripped, with nulls read and corrupt rows dropped, the raw flights equal the standard ones row for row."""
    by_hand = [
        (
            day,
            row["Carrier"].strip(),
            row["Origin"],
            row["Dest"].strip(),
            row["DepTime"].isdigit(),
            int(row["Distance"]),
        )
        for row in raw
        if (day := real_date(row["FlightDate"])) and row["Distance"].strip().isdigit()
    ]
    standard.write_dataset(tmp_path)
    flights = pl.read_csv(tmp_path / "flights.csv", try_parse_dates=True)
    assert flights.rows() == by_hand
    assert flights.columns == ["date", "carrier", "origin", "destination", "operated", "distance"]
    assert flights.filter(~pl.col("operated")).height == 1_863


def test_the_holidays_are_ten_and_name_their_days(files: dict[str, bytes], tmp_path: Path) -> None:
    """The raw dates read `Jan 21, 2013`; the standard ones are the same ten days in ISO form."""
    rows = list(csv.reader(io.StringIO(files["raw/holidays/2013.csv"].decode())))
    assert rows[0] == ["Holiday", "Date"]
    assert rows[2] == ["Martin Luther King Jr. Day", "Jan 21, 2013"]
    assert [row[0] for row in rows[1:]] == [name for _, name in nyc.HOLIDAYS]
    standard.write_dataset(tmp_path)
    lines = (tmp_path / "holidays.csv").read_text().splitlines()
    assert lines[:3] == ["date,name", "2013-01-01,New Year's Day", "2013-01-21,Martin Luther King Jr. Day"]
    assert len(lines) == 11


def test_an_unknown_airport_is_refused() -> None:
    """Only the three airports of the data can be asked for."""
    with pytest.raises(ValueError, match="choose EWR, JFK or LGA"):
        list(landing.raw_files("ORD"))
