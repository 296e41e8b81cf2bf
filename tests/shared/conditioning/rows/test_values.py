"""Values of each type: what is taken, what it becomes, and what is rejected under which rule."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from tests.shared.conditioning.rows.rows_of import reasons, run, typed

BIG = 2**63 - 1


@pytest.mark.parametrize(
    ("spec", "kept", "rejected"),
    [
        (
            {"type": "integer"},
            {"7": 7, "+7": 7, "-0": 0, "007": 7, " 7\t": 7, str(BIG): BIG, str(-BIG - 1): -BIG - 1},
            ["7.0", "1e3", "0x1", "٣", "1_0", "x", "- 7", "+-7", "1,234", "7-", "(7)", str(BIG + 1), "9" * 400],
        ),
        (
            {"type": "integer", "thousands": ","},
            {"1,234": 1234, "-1,234,567": -1234567, "1234": 1234, "0,001": 1},
            ["1,23", "12,34", ",123", "1,234,", "1234,567", "1,,234", "1.234", "1 234"],
        ),
        ({"type": "integer", "thousands": " "}, {"1 234": 1234, "1\u00a0234": 1234, "1\u202f234": 1234}, ["1  234"]),
        ({"type": "integer", "thousands": "'"}, {"1'234": 1234, "1’234": 1234}, ["1`234"]),
        (
            {"type": "number"},
            {"7": 7.0, "-.5": -0.5, "5.": 5.0, "1e3": 1000.0, "+1E-2": 0.01, "1e-999": 0.0},
            ["NaN", "inf", "-Infinity", "1e999", "1,5", ".", "e5", "1e", "1.2.3", "٣.٥", "1_0", "0x1p3", "5-", "(5)"],
        ),
        (
            {"type": "number", "decimal": ",", "thousands": "."},
            {"1.234,5": 1234.5, "1,5": 1.5, "1.234.567": 1234567.0, "-,5": -0.5, "1,5e3": 1500.0},
            ["1.5", "1.23,4", "1,234.5", "1,2,3", "1,234.567", "nan"],
        ),
        (
            {"type": "number", "currency": "€", "decimal": ","},
            {"1,5 €": 1.5, "€1,5": 1.5, "-1,5": -1.5, "(2 €)": -2.0},
            ["1,5 $", "€1,5€", "1e3", "inf €", "€", "1.5"],
        ),
        (
            {"type": "money", "currency": "$", "thousands": ","},
            {
                "$1,234.50": 123450,
                "12.5": 1250,
                "12.": 1200,
                ".5": 50,
                "12.500": 1250,
                "-$1.00": -100,
                "$-1.00": -100,
                "+$1": 100,
                "$ 3.07": 307,
                "3.07$": 307,
                "3.07\u00a0$": 307,
                "(12.50)": -1250,
                "($12.50)": -1250,
                "$(12.50)": -1250,
                "12.50-": -1250,
                "$12.50-": -1250,
                "(0.00)": 0,
                "92,233,720,368,547,758.07": BIG,
                "0.29": 29,
                "1.15": 115,
                "000000000000000000000000000000000000000001.15": 115,
            },
            [
                "$1,23",
                "12.505",
                "0.001",
                "1e3",
                "$",
                "$$1",
                "$1$",
                "€1",
                "-(1)",
                "(-1)",
                "-1-",
                "(1",
                "1)",
                "--1",
                "92233720368547758.08",
                "9" * 60,
                "nan",
                "٣",
                "$  1",
                ".",
                "1.2.3",
            ],
        ),
        ({"type": "money", "currency": "Fr."}, {"Fr. 5.50": 550, "Fr..5": 50, "5.Fr.": 500}, ["5.50 Fr", "F5"]),
        ({"type": "money", "min": 0.1, "max": 5}, {"0.10": 10, "5.00": 500}, ["0.09", "5.01"]),
        ({"type": "boolean"}, {"TRUE": True, "y": True, "T": True, "0": False, "No": False}, ["2", "on", "wahr", "ｙ"]),
        ({"type": "present"}, {"542": True, "NA": False, " ": False, "": False}, []),
        ({}, {" x ": "x", "\u00a0x\t": "x", "é": "é"}, ["NA", "", "  "]),
        ({"case": "lower"}, {"So CAL": "so cal", "ÄÖ": "äö"}, [""]),
        ({"case": "upper"}, {"so Cal": "SO CAL", "straße": "STRASSE"}, [""]),
        ({"one_of": ["a", "b"]}, {"a": "a", " b ": "b"}, ["c", "A"]),
        ({"pattern": "[A-Z]{2}|x"}, {"AB": "AB", "x": "x"}, ["ABC", "zAB", "xA", "AB\nAB"]),
        ({"type": "number", "unit": {"from": "°F", "to": "°C"}}, {"32": 0.0, "39.02": 3.9, "-40": -40.0}, ["32 F"]),
        (
            {"type": "integer", "unit": {"from": "lb", "to": "kg"}, "min": 1},
            {"2.2": 1, "1,000": 454},
            ["1", "9e30", "twelve"],
        ),
        ({"type": "integer", "min": 1, "max": 3}, {"1": 1, "3": 3}, ["0", "4"]),
        ({"type": "integer", "min": -(2**70), "max": 2**70}, {str(BIG): BIG}, []),
        ({"type": "integer", "min": 2**70}, {}, [str(BIG)]),
        ({"type": "number", "min": 0.5}, {"0.5": 0.5}, ["0.49"]),
    ],
)
def test_values_of_each_type(spec: dict[str, Any], kept: dict[str, Any], rejected: list[str]) -> None:
    """What each type takes and makes of it, and what it does not take."""
    more = {"thousands": ","} if "unit" in spec and "1,000" in kept else {}
    became = typed(spec, [*kept, *rejected], nulls=["", "NA"], **more)
    assert {value: became[value] for value in kept} == kept
    assert {value for value in rejected if not str(became[value]).startswith("v.")} == set()


@pytest.mark.parametrize(
    ("text", "kept", "rejected"),
    [
        ("%Y-%m-%d", {"2013-01-31": date(2013, 1, 31), "2012-2-29": date(2012, 2, 29)}, ["2013-02-29", "13-01-01"]),
        ("%m/%d/%Y", {"1/2/2013": date(2013, 1, 2)}, ["13/1/2013", "1/ 2/2013", " +1/2/2013", "1/2/02013", "1/2/13"]),
        (
            "%d %B %Y",
            {"3 March 2013": date(2013, 3, 3), "3 MAY 2013": date(2013, 5, 3)},
            ["3 Mar 2013", "3  March 2013"],
        ),
        ("%d %b %Y", {"3 Mar 2013": date(2013, 3, 3)}, ["3 March 2013", "3 Mrz 2013", "3Mar2013"]),
        ("%d.%m.%Y", {"3.1.2013": date(2013, 1, 3)}, ["3x1x2013", "3.1.+2013", "3.1.20133", "٣.1.2013"]),
        ("%Y%m%d", {"20130131": date(2013, 1, 31)}, ["2013131", "2013111", "201301031"]),
    ],
)
def test_dates_by_format(text: str, kept: dict[str, date], rejected: list[str]) -> None:
    """A date has the format's form exactly, and its day exists."""
    became = typed({"type": "date", "format": text}, [*kept, *rejected])
    assert became == kept | dict.fromkeys(rejected, "v.not_a_date")


def test_years_that_are_mistyped_are_not_kept() -> None:
    """Without limits of their own, dates are of 1900 to 2199; limits say otherwise."""
    days = ["1899-12-31", "1900-01-01", "2199-12-31", "2200-01-01", "0013-01-01"]
    rules = ["v.below_min", date(1900, 1, 1), date(2199, 12, 31), "v.above_max", "v.not_a_date"]
    assert list(typed({"type": "date"}, days).values()) == rules
    wide = {"type": "date", "min": date(1000, 1, 1), "max": date(9999, 12, 31)}
    assert list(typed(wide, days[:4]).values()) == [date.fromisoformat(day) for day in days[:4]]


@pytest.mark.parametrize(
    ("spec", "kept", "rejected"),
    [
        (
            {"format": "%Y-%m-%dT%H:%M:%S%z"},
            {
                "2026-01-31T10:00:00Z": datetime(2026, 1, 31, 10, tzinfo=UTC),
                "2026-01-31T10:00:00+01:00": datetime(2026, 1, 31, 9, tzinfo=UTC),
                "2026-01-31T10:00:00-0530": datetime(2026, 1, 31, 15, 30, tzinfo=UTC),
            },
            {
                "2026-01-31T10:00:00": "not_a_timestamp",
                "2026-01-31T24:00:00Z": "not_a_timestamp",
                "2026-01-31T10:00:60Z": "not_a_timestamp",
                "2026-01-31T10:00:00+25:00": "not_a_timestamp",
                "2026-01-31 10:00:00Z": "not_a_timestamp",
                "1826-01-31T10:00:00Z": "below_min",
            },
        ),
        (
            {"format": "%m/%d/%Y %H:%M", "timezone": "America/Chicago"},
            {
                "07/01/2013 01:30": datetime(2013, 7, 1, 6, 30, tzinfo=UTC),
                "12/1/2013 1:30": datetime(2013, 12, 1, 7, 30, tzinfo=UTC),
            },
            {
                "03/10/2013 02:30": "nonexistent_time",
                "11/03/2013 01:30": "ambiguous_time",
                "02/30/2013 01:30": "not_a_timestamp",
                "07/01/2013": "not_a_timestamp",
            },
        ),
        (
            {"format": "%Y-%m-%d %H:%M:%S.%f", "timezone": "UTC"},
            {
                "2026-01-31 10:00:00.5": datetime(2026, 1, 31, 10, 0, 0, 500_000, tzinfo=UTC),
                "2026-01-31 10:00:00.000007": datetime(2026, 1, 31, 10, 0, 0, 7, tzinfo=UTC),
            },
            {"2026-01-31 10:00:00": "not_a_timestamp", "2026-01-31 10:00:00.1234567": "not_a_timestamp"},
        ),
        (
            {"format": "%Y-%m-%d %H:%M:%S,%f%z"},
            {
                "2026-01-31 10:00:00,25Z": datetime(2026, 1, 31, 10, 0, 0, 250_000, tzinfo=UTC),
                "2026-01-31 10:00:00,25+0100": datetime(2026, 1, 31, 9, 0, 0, 250_000, tzinfo=UTC),
            },
            {"2026-01-31 10:00:00.25Z": "not_a_timestamp"},
        ),
        (
            {"format": "%z Z %Y-%m-%d %H", "max": date(2026, 1, 31)},
            {"Z Z 2026-01-31 23": datetime(2026, 1, 31, 23, tzinfo=UTC)},
            {"Z Z 2026-02-01 00": "above_max", "Z Y 2026-01-01 00": "not_a_timestamp"},
        ),
    ],
)
def test_timestamps_by_format_and_zone(
    spec: dict[str, Any], kept: dict[str, datetime], rejected: dict[str, str]
) -> None:
    """A timestamp becomes UTC; one that a clock change skips or repeats says so."""
    became = typed({"type": "timestamp", **spec}, [*kept, *rejected])
    assert became == kept | {value: f"v.{rule}" for value, rule in rejected.items()}


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ({"type": "number"}, "-0"),
        ({"type": "number", "currency": "$"}, "($0)"),
        ({"type": "number", "decimal": ","}, "-0,0"),
        ({"type": "number", "unit": {"from": "°F", "to": "°C"}}, "31.9999999999"),
    ],
)
@pytest.mark.parametrize("more", [[], ["1"]])
def test_zero_has_no_sign(spec: dict[str, Any], text: str, more: list[str]) -> None:
    """Alone or among others: the same value has one text in the standard CSV."""
    assert str(typed(spec, [text, *more])[text]) == "0.0"


def test_what_is_said_of_a_value() -> None:
    """A reason names column, value and what was wanted; a long value is cut, and a missing one is said to be."""
    columns = {
        "day": {"type": "date", "format": "%m/%d/%Y"},
        "miles": {"type": "integer", "unit": {"from": "nmi", "to": "mi"}, "min": 1},
        "price": {"type": "money", "max": 5},
        "size": {"one_of": ["S", "M"]},
    }
    good = {"day": "1/2/2013", "miles": "7", "price": "1", "size": "S"}
    bad = [
        ("day", "2/30/2013"),
        ("miles", "0.2"),
        ("miles", " "),
        ("price", "1.005"),
        ("price", "6"),
        ("size", "x" * 81),
    ]
    rows = [good | {name: value} for name, value in bad]
    checked = run(columns, {name: [row[name] for row in rows] for name in columns})
    assert reasons(checked) == [
        (0, "day.not_a_date", 'day: "2/30/2013" is not a date of format %m/%d/%Y'),
        (1, "miles.below_min", 'miles: "0.2" nmi is below 1 mi'),
        (2, "miles.missing", 'miles: has no value (" "), and one is required'),
        (3, "price.not_money", 'price: "1.005" is not an amount of whole cents'),
        (4, "price.above_max", 'price: "6" is above 5'),
        (5, "size.not_one_of", f'size: "{"x" * 79}…" is not one of S, M'),
    ]


def test_without_trimming_blanks_belong_to_the_value() -> None:
    """Then a null marker has to match exactly, and a number with blanks is none."""
    checked = run(
        {"a": {}, "b": {"type": "integer"}}, {"a": [" x ", " ", "", "y"], "b": ["1", "2", "3", " 4"]}, trim=False
    )
    assert checked.kept.rows() == [(" x ", 1), (" ", 2)]
    assert [rule for _, rule, _ in checked.rejected] == ["a.missing", "b.not_an_integer"]


def test_a_value_that_may_be_missing_is_held_to_no_limit() -> None:
    """It is null in the standard table; so is what the reader gives as null."""
    spec = {"type": "integer", "required": False, "min": 5}
    assert typed(spec, ["?", None, "5", "4"], nulls=["?"]) == {"?": None, None: None, "5": 5, "4": "v.below_min"}
