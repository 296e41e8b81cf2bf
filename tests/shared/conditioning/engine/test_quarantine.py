"""Quarantine as a file: what was rejected is read back as it was, and nothing in it is calculated."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.conditioning.engine.quarantine import HEADER, QuarantinedRow, moved, quarantine_csv, read_quarantine

SIGNS = "=+-@＝＋－＠"
TEXTS = st.text("=+-@'\"; \t\r\n,\0aé\u00a0", max_size=12) | st.text(st.characters(codec="utf-8"), max_size=9)
ROWS = st.builds(
    QuarantinedRow,
    file=TEXTS,
    row=st.none() | st.integers(1),
    line=st.none() | st.integers(1),
    offset=st.integers(0),
    rule=TEXTS,
    reason=TEXTS,
    raw=TEXTS,
)


@given(st.lists(ROWS, max_size=4))
def test_what_is_written_is_read_back(rows: list[QuarantinedRow]) -> None:
    """Every sign of it, with the header and without; and a row is written as it is alone, whatever the others are."""
    content = quarantine_csv(rows)
    assert content == b"".join(quarantine_csv([row]) for row in rows)
    assert list(read_quarantine(content)) == list(read_quarantine(HEADER + content)) == rows


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@given(st.lists(ROWS, min_size=1, max_size=3))
def test_no_cell_is_a_formula(delimiter: str, rows: list[QuarantinedRow]) -> None:
    """Neither where commas separate cells, nor where a spreadsheet splits at semicolons or tabs."""
    text = io.StringIO((HEADER + quarantine_csv(rows)).decode(), newline="")
    cells = [cell.lstrip(' \t\r\n\v\f\0\u00a0"')[:1] for line in csv.reader(text, delimiter=delimiter) for cell in line]
    assert not {cell for cell in cells if cell and cell in SIGNS}


@pytest.mark.parametrize(
    ("raw", "written"),
    [
        ("=1+1,x", "'=1+1,x"),
        ("a,=1+1", "a,=1+1"),
        ("a;=1+1;-2", "a;'=1+1;'-2"),
        (' "@x"', '\' "@x"'),
        ("a\n=b", "a\n'=b"),
        ("'=1", "''=1"),
        ("it's 5-3", "it's 5-3"),
    ],
)
def test_an_apostrophe_is_put_only_where_something_could_be_calculated(raw: str, written: str) -> None:
    """At a cell's beginning, whichever sign separates the cells."""
    content = quarantine_csv([QuarantinedRow("f.csv", 1, 2, 3, "rule", "reason", raw)])
    assert next(csv.reader(io.StringIO(content.decode(), newline="")))[-1] == written


def test_a_range_moves_rows_and_changes_nothing_else() -> None:
    """What was neutralized in a range is not neutralized twice."""
    row = QuarantinedRow("f.csv", 1, 2, 3, "rule", "=reason", "=1;=2\r=3")
    whole = b"".join(moved(quarantine_csv([row]), 10, 20))
    assert list(read_quarantine(whole)) == [QuarantinedRow("f.csv", 11, 22, 3, "rule", "=reason", "=1;=2\r=3")]


def test_long_runs_of_separators_are_read_once() -> None:
    """Rows that are nothing but tabs, as long as they may be, take no longer than others."""
    rows = [QuarantinedRow("f.csv", 1, 2, 3, "rule", "reason", "\t" * 3999 + end) for end in "=a"] * 500
    assert list(read_quarantine(quarantine_csv(rows))) == rows
