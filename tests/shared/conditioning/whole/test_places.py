"""Rows that the row steps wrote, read back."""

from datetime import UTC, date, datetime

import polars as pl

from shared.conditioning.whole.places import placed, read_placed_rows

SCHEMA: dict[str, pl.DataType] = {
    "text": pl.String(),
    "number": pl.Float64(),
    "day": pl.Date(),
    "at": pl.Datetime("us", "UTC"),
    "open": pl.Boolean(),
}


def test_written_rows_are_read_with_their_places_and_the_very_same_values() -> None:
    """An empty text is not a missing one, and a float keeps its last bit."""
    content = (
        b'0,"a, ""b""\n",0.1,2026-01-31,2026-01-31T10:00:00Z,true\n'
        b'17,"",1e-320,,2026-01-31T10:00:00.000001Z,false\n'
        b"40,,,,,\n"
    )
    at = datetime(2026, 1, 31, 10, tzinfo=UTC)
    assert read_placed_rows(content, SCHEMA, 3).rows() == [
        (3, 0, 'a, "b"\n', 0.1, date(2026, 1, 31), at, True),
        (3, 17, "", 1e-320, None, at.replace(microsecond=1), False),
        (3, 40, None, None, None, None, None),
    ]


def test_no_rows_are_a_table_of_the_same_columns() -> None:
    """A file may have all its rows rejected."""
    assert read_placed_rows(b"", SCHEMA, 0).schema == placed(SCHEMA)
