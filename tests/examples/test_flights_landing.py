"""The raw files of the flights example: what its sources deliver, and what the recipes make of it."""

import hashlib
from collections import Counter
from pathlib import Path

import polars as pl
import pytest

from examples.flights.dialects import DIALECTS
from examples.flights.landing import BROKEN_OFF, CORRECTED, LATE, main, raw_files
from examples.flights.nyc import HOLIDAYS, ORIGINS
from examples.flights.standard import write_dataset
from shared.fleet.fleet import Fleet
from tests.examples.conftest import Landed, gathered, write_conditioned

SHA256 = "f13a4c4327e5faefb2ae8ecfcadaaf21c53dc193a3378acf0f86f9f5bcbd70dc"


def test_the_same_bytes_are_delivered_every_time(landed: list[Landed]) -> None:
    """Paths and bytes are fixed: a second delivery is the same dataset version."""
    digest = hashlib.sha256()
    for one in landed:
        digest.update(one.raw.path.encode() + b"\0" + one.raw.content)
    assert digest.hexdigest() == SHA256
    assert [one.raw for one in landed] == list(raw_files())


def test_an_airport_and_month_is_a_file(landed: list[Landed]) -> None:
    """Twelve months of flights and of weather per airport, a year of holidays, and one correction: 74 files."""
    assert len(landed) == 74
    assert Counter(f"{one.source} {one.origin}" for one in landed) == {
        "holidays None": 1,
        "weather EWR": 12,
        "weather JFK": 12,
        "weather LGA": 12,
        "flights EWR": 12,
        "flights JFK": 13,
        "flights LGA": 12,
    }
    assert all(one.raw.what for one in landed)
    assert [file.path.split("/")[2] for file in raw_files("JFK")][1:] == ["JFK"] * 25


def test_a_correction_comes_before_the_year_is_complete_and_one_month_after_all_else(landed: list[Landed]) -> None:
    """JFK's March is replaced before December lands, so one version is published; LGA waits for its July."""
    paths = [one.raw.path for one in landed]
    assert paths.index(BROKEN_OFF) < paths.index(CORRECTED) < paths.index("raw/flights/JFK/2013-12.csv")
    assert paths[-1] == LATE
    # Of two files of one second the later path counts as the newer: it is the correction here.
    assert CORRECTED > BROKEN_OFF


def test_an_airport_is_complete_with_its_last_month(fleet: Fleet, landed: list[Landed]) -> None:
    """Before LaGuardia's July has landed, its flights are all that is missing; the others' years can be published."""
    early = {origin: gathered(fleet, landed[:-1], origin) for origin in ORIGINS}
    lacking = {origin: [name for name, found in early[origin].items() if found.lacks] for origin in ORIGINS}
    assert lacking == {"EWR": [], "JFK": [], "LGA": ["flights"]}
    assert early["LGA"]["flights"].lacks == "no file of 2013-07"
    paths = [file.path for file in gathered(fleet, landed, "JFK")["flights"].files]
    assert len(paths) == 12
    assert CORRECTED in paths
    assert BROKEN_OFF not in paths


def test_rejected_rows_are_those_that_were_spoilt(landed: list[Landed]) -> None:
    """Counts and reasons are known: 44 rows of flights, 4 of weather."""
    reasons: Counter[str] = Counter()
    for one in landed:
        if one.raw.path != BROKEN_OFF:
            rejected = one.conditioned.counts["reasons"]
            reasons.update({f"{one.source} {one.origin} {rule}": number for rule, number in rejected.items()})
    assert reasons == {
        "flights EWR date.not_a_date": 6,
        "flights EWR distance.not_a_number": 2,
        "flights EWR distance.below_min": 2,
        "flights JFK date.not_a_date": 10,
        "flights JFK distance.not_an_integer": 10,
        "flights LGA date.not_a_date": 5,
        "flights LGA destination.missing": 4,
        "flights LGA field_count": 5,
        "weather EWR wind.above_max": 1,  # 1,048 mph in the public data
        "weather EWR field_count": 1,
        "weather JFK field_count": 1,
        "weather LGA field_count": 1,
    }


def test_the_spoilt_values_are_what_is_quarantined(landed: list[Landed]) -> None:
    """Every value that a dialect spoils is named in a reason of its airport's quarantine."""
    for origin, dialect in DIALECTS.items():
        told = " ".join(row.reason for one in landed if one.origin == origin for row in one.conditioned.quarantine)
        for value in (value for values in dialect.spoilt.values() for value in values):
            assert f'"{value}"' in told, (origin, value)


@pytest.mark.parametrize(
    ("source", "origin", "read", "kept"),
    [
        ("flights", "EWR", 120_845, 120_835),
        ("flights", "JFK", 111_299, 111_279),
        ("flights", "LGA", 104_676, 104_662),
        ("weather", "EWR", 8_704, 8_702),
        ("weather", "JFK", 8_707, 8_706),
        ("weather", "LGA", 8_707, 8_706),
    ],
)
def test_row_counts(source: str, origin: str, read: int, kept: int, landed: list[Landed]) -> None:
    """As the docstrings say, the broken-off file left out."""
    mine = [one for one in landed if (one.source, one.origin) == (source, origin) and one.raw.path != BROKEN_OFF]
    assert sum(one.conditioned.counts["rows_in"] for one in mine) == read
    assert sum(one.conditioned.counts["rows_out"] for one in mine) == kept


@pytest.mark.parametrize("origin", ORIGINS)
def test_three_dialects_become_one_standard(origin: str, datasets: dict[str, Path], tmp_path: Path) -> None:
    """Each airport's files give the very bytes of the yardstick computed straight from the public data."""
    write_dataset(tmp_path, origin)
    for name in ("flights.csv", "weather.csv", "holidays.csv"):
        assert (datasets[origin] / name).read_bytes() == (tmp_path / name).read_bytes(), name


def test_weather_is_in_the_units_of_aviation(datasets: dict[str, Path]) -> None:
    """°F and mph were delivered; °C and knots are published, and what was not measured is left open."""
    weather = pl.read_csv(datasets["JFK"] / "weather.csv")
    assert weather.columns == ["date", "hour", "temperature", "wind", "visibility", "pressure"]
    first = weather.row(0, named=True)
    assert (first["date"], first["hour"]) == ("2013-01-01", 1)
    assert first["temperature"] == pytest.approx(3.9)  # 39.02 °F
    assert first["wind"] == pytest.approx(11, abs=0.001)  # 12.65858 mph
    assert dict(zip(weather.columns, weather.null_count().row(0), strict=True))["pressure"] == 831


def test_without_the_correction_half_a_month_is_missing(fleet: Fleet, landed: list[Landed], tmp_path: Path) -> None:
    """The first file of JFK's March holds 4,849 of 9,698 rows; every row of it is sound, so no rule finds it out."""
    broken, whole = (next(one for one in landed if one.raw.path == path) for path in (BROKEN_OFF, CORRECTED))
    assert (broken.conditioned.counts["rows_in"], whole.conditioned.counts["rows_in"]) == (4_849, 9_698)
    assert whole.raw.content.startswith(broken.raw.content)
    write_conditioned(fleet, [one for one in landed if one is not whole], "JFK", tmp_path / "uncorrected")
    flights = pl.read_csv(tmp_path / "uncorrected" / "flights.csv")
    assert flights.height == 111_279 - (whole.conditioned.counts["rows_out"] - broken.conditioned.counts["rows_out"])


def test_the_holidays_are_ten_and_name_their_days(landed: list[Landed], datasets: dict[str, Path]) -> None:
    """The raw dates read `Jan 21, 2013`; the standard ones are the same ten days in ISO form."""
    raw = landed[0].raw.content.decode().splitlines()
    assert raw[:3] == ["Holiday,Date", 'New Year\'s Day,"Jan 1, 2013"', 'Martin Luther King Jr. Day,"Jan 21, 2013"']
    lines = (datasets["LGA"] / "holidays.csv").read_text().splitlines()
    assert lines == ["date,name", *(f"{day},{name}" for day, name in HOLIDAYS)]


def test_an_unknown_airport_is_refused() -> None:
    """Only the three airports of the data can be asked for."""
    with pytest.raises(ValueError, match="choose EWR, JFK or LGA"):
        list(raw_files("ORD"))


def test_the_files_of_an_airport_can_be_written_to_a_folder(tmp_path: Path) -> None:
    """The command writes what would land, and says how many files."""
    assert main([str(tmp_path / "raw-files"), "EWR"]) == 0
    written = {str(path.relative_to(tmp_path / "raw-files")) for path in tmp_path.rglob("*.csv")}
    assert written == {file.path for file in raw_files("EWR")}


def test_without_a_folder_the_usage_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """No folder is guessed."""
    assert main([]) == 2
    assert "FOLDER" in capsys.readouterr().err
