"""Standard CSV as bytes."""

import csv
import io
from datetime import UTC, date, datetime, timedelta
from unittest.mock import patch

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from shared.conditioning.rows import writing
from shared.conditioning.rows.writing import header_line, write_rows

TEXTS = st.none() | st.text(st.characters(codec="utf-8"), max_size=8)


def test_values_are_written_as_the_standard_says() -> None:
    """Dates and times in ISO 8601, a fraction of a second only where there is one, and null as nothing."""
    when = datetime(2026, 1, 31, 10, tzinfo=UTC)
    table = pl.DataFrame(
        {
            "text": ["a,b", 'q"', "", None],
            "integer": [1, -2, None, 0],
            "number": [1.0, -0.5, None, 1e22],
            "date": [date(2026, 1, 31), None, None, None],
            "time": [when, when.replace(microsecond=500_000), when.replace(microsecond=7), None],
            "flag": [True, False, None, None],
        },
        schema_overrides={"time": pl.Datetime("us", "UTC")},
    )
    assert write_rows(table).decode().splitlines() == [
        '"a,b",1,1.0,2026-01-31,2026-01-31T10:00:00Z,true',
        '"q""",-2,-0.5,,2026-01-31T10:00:00.500000Z,false',
        '"",,,,2026-01-31T10:00:00.000007Z,',
        ",0,1e+22,,,",
    ]


@given(st.dates(date(1900, 1, 1), date(2199, 12, 1)), st.lists(st.none() | st.sampled_from([0, 1, 2, 29, 36_524])))
def test_dates_are_written_alike_near_and_far(first: date, days: list[int | None]) -> None:
    """Whether a table's days lie so close that each is written once, or not."""
    dates = [None if day is None else first + timedelta(days=day) for day in days]
    table = pl.DataFrame({"date": dates, "one": 1}, schema={"date": pl.Date, "one": pl.Int64})
    assert write_rows(table).decode().splitlines() == [f"{day or ''},1" for day in dates]


@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=8), st.integers(0, 8))
def test_csv_reads_back_what_was_written_in_any_pieces(rows: list[tuple[str | None, str | None]], cut: int) -> None:
    """Python's csv module gives the texts, and null as an empty one; the bytes do not depend on the pieces."""
    table = pl.DataFrame(rows, schema={"a": pl.String, "b\n": pl.String}, orient="row")
    content = header_line(table.columns) + write_rows(table)
    read = list(csv.reader(io.StringIO(content.decode(), newline=""), strict=True))
    assert read == [["a", "b\n"], *([value or "" for value in row] for row in rows)]
    assert write_rows(table[:cut]) + write_rows(table[cut:]) == write_rows(table)


def test_a_row_whose_only_value_is_null_is_a_record() -> None:
    """A blank line is none to most readers of CSV, so that it is written as quotes."""
    written = write_rows(pl.DataFrame({"a": ["x", None, ""]}))
    assert list(csv.reader(io.StringIO(written.decode(), newline=""))) == [["x"], [""], [""]]
    assert write_rows(pl.DataFrame({"a": [1, None]})) == b'1\n""\n'


@given(st.lists(st.tuples(st.none() | st.text('ab,;"\n\r é', max_size=3), st.none() | st.integers(0, 9)), min_size=1))
def test_rows_that_seem_to_need_no_quotes_are_written_alike(rows: list[tuple[str | None, int | None]]) -> None:
    """Without quotes first, judged by one row; where any other one needs them, or is empty, with quotes after all."""
    table = pl.DataFrame(rows, schema={"a": pl.String, "b": pl.Int64}, orient="row")
    with patch.object(writing, "_SAMPLE", len(rows) + 1):
        expected = write_rows(table)
    with patch.object(writing, "_SAMPLE", 1), patch.object(writing, "_COUNTED", 4):
        assert write_rows(table) == expected


def test_plain_rows_are_written_without_looking_for_quotes() -> None:
    """Most tables are: their texts are few words, and none is empty."""
    table = pl.DataFrame({"a": ["x y", None] * 2_000, "b": [1] * 4_000})
    with patch.object(writing, "_written", wraps=writing._written) as written:
        write_rows(table)
    assert [call.args[1] for call in written.call_args_list] == ["never"]
