# ruff: noqa: E501, ISC004 - messages and tables are compared whole
"""Raw bytes to standard CSV: what is kept, what is rejected and why, and which files are refused as a whole."""

import csv
import io

import pytest

from shared.conditioning import Conditioned, Recipe, condition
from shared.errors import PermanentError


def recipe(nulls: tuple[str, ...] = ("",), trim: bool = True, delimiter: str = ",", **columns: object) -> Recipe:
    """A recipe of these columns; each comes from the raw column of its own name."""
    specs = {name: {"from": name, **(spec if isinstance(spec, dict) else {})} for name, spec in columns.items()}
    return Recipe.model_validate({"nulls": list(nulls), "trim": trim, "delimiter": delimiter, "columns": specs})


def quarantined(result: Conditioned) -> list[dict[str, str]]:
    """The quarantine's rows."""
    return list(csv.DictReader(io.StringIO(result.quarantine.decode(), newline="")))


def test_a_rejected_row_is_kept_with_line_rule_reason_and_its_own_text() -> None:
    """Who mends the source finds the line, and can deliver the very row again."""
    raw = b'day,miles\n2/30/2013,7\n"2/3/2013","1,2"\n2/3/2013,\n2/3/2013,9\n'
    result = condition(raw, recipe(day={"type": "date", "format": "%m/%d/%Y"}, miles={"type": "integer"}))
    assert result.csv == b"day,miles\n2013-02-03,9\n"
    assert [tuple(row.values()) for row in quarantined(result)] == [
        ("2", "day.not_a_date", 'line 2: day: "2/30/2013" is not a date of format %m/%d/%Y', "2/30/2013,7"),
        ("3", "miles.not_an_integer", 'line 3: miles: "1,2" is not an integer', '"2/3/2013","1,2"'),
        ("4", "miles.missing", 'line 4: miles: has no value (""), and one is required', "2/3/2013,"),
    ]
    assert result.reasons == {"day.not_a_date": 1, "miles.missing": 1, "miles.not_an_integer": 1}


@pytest.mark.parametrize(
    ("spec", "kept", "rejected"),
    [
        (
            {"type": "integer"},
            {"7": "7", "+7": "7", "-0": "0", "007": "7"},
            ["7.0", "1e3", "0x1", "٣", "1_0", "x", "9" * 19],
        ),
        ({"type": "number"}, {"7": "7.0", "-.5": "-0.5", "5.": "5.0", "1e3": "1000.0"}, ["NaN", "inf", "1e999", "1,5"]),
        (
            {"type": "date"},
            {"2013-01-31": "2013-01-31", "2012-2-29": "2012-02-29"},
            ["2013-02-29", "13-01-01", "0013-01-01"],
        ),
        ({"type": "date", "format": "%d %B %Y"}, {"3 March 2013": "2013-03-03"}, ["3 Marsh 2013", "3  March 2013"]),
        ({"type": "date", "format": "%d.%m.%Y"}, {"3.1.2013": "2013-01-03"}, ["3x1x2013", "3.1.+2013", "3.1.20133"]),
        ({"type": "boolean"}, {"TRUE": "true", "y": "true", "0": "false", "No": "false"}, ["2", "on", "wahr"]),
        (
            {"type": "number", "unit": {"from": "°F", "to": "°C"}},
            {"32": "0.0", "39.02": "3.9", "31.9999999999": "0.0", "-40": "-40.0"},
            ["32 F", "1e309", "3,5"],
        ),
        (
            {"type": "integer", "unit": {"from": "km", "to": "mi"}, "min": 1, "max": 5000},
            {"321.87": "200", "804.67": "500", "1.609": "1", "8046.72": "5000"},
            ["0.8", "8050", "9e30", "twelve"],
        ),
        ({"type": "integer", "min": 1, "max": 3}, {"1": "1", "3": "3"}, ["0", "4"]),
        ({"type": "number", "min": 0.5}, {"0.5": "0.5"}, ["0.49"]),
        ({"one_of": ["a", "b"]}, {"a": "a", " b ": "b"}, ["c", "A"]),
        ({"type": "present"}, {"542": "true", "NA": "false", " ": "false"}, []),
        ({}, {" x ": "x", "\u00a0x\t": "x", "é": "é"}, ["NA", "", "  "]),
    ],
)
def test_values_of_each_type(spec: dict[str, object], kept: dict[str, str], rejected: list[str]) -> None:
    """What each type takes, how it is written, and what it does not take."""
    raw = "n,v\n" + "".join(f'0,"{value}"\n' for value in (*kept, *rejected))
    result = condition(raw.encode(), recipe(nulls=("", "NA"), n={}, v=spec))
    assert result.csv.decode().splitlines() == ["n,v", *(f"0,{value}" for value in kept.values())]
    assert [row["raw"] for row in quarantined(result)] == [f'0,"{value}"' for value in rejected]


def test_a_decimal_comma_is_said_in_the_recipe() -> None:
    """Then a point is no part of a number: 1.250 may be a thousand and a quarter of it, and nobody can tell."""
    commas = Recipe.model_validate(
        {
            "delimiter": ";",
            "decimal": ",",
            "columns": {
                "number": {"from": "a", "type": "number"},
                "miles": {"from": "b", "type": "integer", "unit": {"from": "nmi", "to": "mi"}, "min": 1},
            },
        }
    )
    result = condition(b"a;b\n1,5;173,8\n2;100\n1.250;9\n1,2,3;9\n7;0,2\n7;1.0\n", commas)
    assert result.csv == b"number,miles\n1.5,200\n2.0,115\n"
    assert [row["reason"] for row in quarantined(result)] == [
        'line 4: number: "1.250" is not a number',
        'line 5: number: "1,2,3" is not a number',
        'line 6: miles: "0,2" nmi is below 1 mi',
        'line 7: miles: "1.0" is not a number',
    ]


def test_limits_of_dates_and_values_that_may_be_missing() -> None:
    """A missing value of an optional column is nothing in the standard CSV, and is held to no limit."""
    dates = recipe(
        nulls=("", "?"),
        n={},
        day={"type": "date", "required": False, "min": _date("2013-01-01"), "max": _date("2013-12-31")},
    )
    result = condition(b"n,day\n1,2013-06-01\n2,?\n3,2012-12-31\n4,2014-01-01\n", dates)
    assert result.csv == b"n,day\n1,2013-06-01\n2,\n"
    assert result.reasons == {"day.above_max": 1, "day.below_min": 1}


def _date(text: str) -> object:
    from datetime import date

    return date.fromisoformat(text)


def test_short_and_long_rows_are_rejected_not_padded() -> None:
    """A row with another number of values than the header may have any of them in the wrong place."""
    result = condition(b"a,b\n1,2\n1\n1,2,3\n\n3,4\n", recipe(a={}, b={}))
    assert result.csv == b"a,b\n1,2\n3,4\n"
    assert [(row["line"], row["rule"], row["reason"], row["raw"]) for row in quarantined(result)] == [
        ("3", "field_count", "line 3: 1 values, but the header has 2", "1"),
        ("4", "field_count", "line 4: 3 values, but the header has 2", "1,2,3"),
    ]
    assert (result.rows_in, result.rows_out, result.rejected) == (4, 2, 2)


def test_a_stray_quote_costs_its_own_row_only() -> None:
    """A quote counts at a value's beginning only; one that closes too early spoils its row, not the file."""
    result = condition(b'a,b\n5" pipe,1\n"x"y,2\n"p\nq",3\nz,4\n', recipe(a={}, b={}))
    assert list(csv.reader(io.StringIO(result.csv.decode(), newline=""))) == [
        ["a", "b"],
        ['5" pipe', "1"],
        ["p\nq", "3"],
        ["z", "4"],
    ]
    assert [(row["line"], row["rule"], row["raw"]) for row in quarantined(result)] == [
        ("3", "malformed_quotes", '"x"y,2')
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_line_ends_and_byte_order_marks_change_nothing(end: str, bom: bytes) -> None:
    """Files from other systems give the same bytes; extra columns and the order of columns do not matter."""
    raw = bom + end.join(["x; b ;a", "0;2;1", "0;4;3", ""]).encode()
    assert condition(raw, recipe(delimiter=";", a={}, b={})).csv == b"a,b\n1,2\n3,4\n"


def test_without_trimming_blanks_belong_to_the_value() -> None:
    """Then a null marker has to match exactly, and a number with blanks is none."""
    result = condition(b"a,b\n x ,1\n ,2\n,3\ny, 4\n", recipe(trim=False, a={}, b={"type": "integer"}))
    assert result.csv == b"a,b\n x ,1\n ,2\n"
    assert result.reasons == {"a.missing": 1, "b.not_an_integer": 1}


@pytest.mark.parametrize(
    ("content", "code", "message"),
    [
        (b"", "EmptyFile", "raw/x.csv is empty; deliver it again with a header and rows"),
        (b"\xef\xbb\xbf\n\n", "EmptyFile", "raw/x.csv is empty; deliver it again with a header and rows"),
        (b"day,miles\n", "NoRows", "raw/x.csv has a header but no rows; deliver it again with its rows"),
        (
            b"Day,miles\n1,2\n",
            "MissingColumn",
            "raw/x.csv: there is no column `day`; did you mean `Day`?; deliver the column, or correct `from` in the recipe",
        ),
        (
            b"when,far\n1,2\n",
            "MissingColumn",
            "raw/x.csv: there is no column `day`; known here: far, when; there is no column `miles`; known here: far, "
            "when; deliver the column, or correct `from` in the recipe",
        ),
        (
            b"day,miles,day\n1,2,3\n",
            "DuplicateColumn",
            "raw/x.csv: the header has the column `day` 2 times; deliver it once",
        ),
        (
            b"\xef\xbb\xbfday,miles\n1,\xe9\n",
            "NotUtf8",
            "raw/x.csv:2: the byte 0xe9 at offset 15 is not UTF-8; deliver the file as UTF-8",
        ),
        ("day,miles\n1,2\n".encode("utf-16"), "NotUtf8", "raw/x.csv is UTF-16, not UTF-8; deliver it as UTF-8"),
        (
            b"\x1f\x8b\x08\x00",
            "Compressed",
            "raw/x.csv is compressed with gzip, which is not supported yet; deliver it unpacked",
        ),
        (b"PK\x03\x04", "Compressed", "raw/x.csv is a ZIP or Excel file; deliver it as CSV"),
        (
            b'day,miles\n1,2\n"3,4\n5,6\n',
            "UnclosedQuote",
            "raw/x.csv:3: a quote is opened and never closed, so all that follows it would be one value; close it, or "
            "double it if it is meant",
        ),
        (
            b'day,miles\n"1,2\n3,4\n5,"6"\n7,8\n',
            "UnclosedQuote",
            "raw/x.csv:2: a quote is opened and not closed, so all up to line 4 would be one value; close it, or double "
            "it if it is meant",
        ),
        (
            b'day,miles\n1,2\n"3,4\n' + b"5,6\n" * 40_000,
            "UnclosedQuote",
            "raw/x.csv:3: a quote is opened and not closed, so all up to line 32771 would be one value; close it, or "
            "double it if it is meant",
        ),
        (
            b'"day"x,miles\n1,2\n',
            "NoHeader",
            "raw/x.csv:1: the header cannot be read: ',' expected after '\"'; mind its quotes",
        ),
    ],
)
def test_a_file_that_cannot_be_used_at_all_is_refused_for_good(content: bytes, code: str, message: str) -> None:
    """Trying again cannot help, so the error is permanent; it names file, place and remedy."""
    with pytest.raises(PermanentError) as caught:
        condition(content, recipe(day={}, miles={}), file="raw/x.csv")
    assert (caught.value.code, caught.value.message) == (code, message)


def test_a_file_whose_every_row_is_rejected_says_so() -> None:
    """The header alone is published, and the counts say what happened: the gate on data decides, not this step."""
    result = condition(b"a,b\n1\n,2\n", recipe(a={}, b={}))
    assert (result.csv, result.rows_in, result.rows_out, result.rejected) == (b"a,b\n", 2, 0, 2)


def test_counts_that_do_not_add_up_are_refused() -> None:
    """A fault of ours that loses rows must not become a dataset."""
    with pytest.raises(PermanentError) as caught:
        Conditioned(csv=b"", quarantine=b"", rows_in=3, rows_out=1, rejected=1, reasons={"x": 1}, columns={})
    assert caught.value.code == "CountsDoNotReconcile"
    with pytest.raises(PermanentError):
        Conditioned(csv=b"", quarantine=b"", rows_in=2, rows_out=1, rejected=1, reasons={}, columns={})
