"""Tables: within a terminal's width, a line per row elsewhere, and nothing that steers the terminal."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from cli.printing import cell, show, table

CELLS = st.lists(st.lists(st.text(max_size=40), min_size=3, max_size=3), max_size=6)


@given(CELLS, st.integers(30, 160))
def test_a_table_fits_its_terminal(rows: list[list[str]], width: int) -> None:
    """Whatever its cells hold; no sign is lost, but for blanks."""
    console = Console(file=io.StringIO(), force_terminal=True, width=width, color_system=None)
    shown = table("m", "s", "w")
    for row in rows:
        shown.add_row(*row)
    console.print(shown, soft_wrap=True)
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert all(cell_len(line) <= width for line in text.split("\n"))
    wanted = sorted(sign for row in rows for one in row for sign in cell(one).plain if not sign.isspace())
    body = "".join(line for line in text.split("\n")[2:])
    assert sorted(sign for sign in body if not sign.isspace() and sign != "─") == [s for s in wanted if s != "─"]


@given(CELLS)
def test_a_row_is_a_line_in_a_pipe(rows: list[list[str]]) -> None:
    """Heads and rows, without anything behind them."""
    shown = table("model", "state", "why", whole="model")
    for row in rows:
        shown.add_row(*row)
    console = Console(file=io.StringIO(), width=100_000)
    console.print(shown, soft_wrap=True)
    assert isinstance(console.file, io.StringIO)
    lines = console.file.getvalue().split("\n")[:-1]
    assert len(lines) == 1 + len(rows)
    assert all(line == line.rstrip(" ") for line in lines)


def test_the_column_that_is_copied_stays_on_its_line() -> None:
    """Others give way to it."""
    console = Console(file=io.StringIO(), force_terminal=True, width=40, color_system=None)
    shown = table("model", "why", whole="model")
    shown.add_row("demand-plains-large-fast", "because of this and that and the other")
    console.print(shown, soft_wrap=True)
    assert isinstance(console.file, io.StringIO)
    assert "demand-plains-large-fast  " in console.file.getvalue()
    assert max(map(len, console.file.getvalue().split("\n"))) <= 40


def test_where_columns_have_no_room_each_value_has_a_line() -> None:
    """With its head; empty ones are left out."""
    console = Console(file=io.StringIO(), force_terminal=True, width=30, color_system=None)
    shown = table("model", *"abcdefg")
    shown.add_row("demand-plains", *("a long value" for _ in range(6)), "")
    console.print(shown, soft_wrap=True)
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue().splitlines()[:2] == ["demand-plains", "  a: a long value"]
    assert "g:" not in console.file.getvalue()


def test_colours_are_left_out_where_they_are_not_wanted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By NO_COLOR, and in a pipe; what steers a terminal is shown as an escape."""
    monkeypatch.setenv("NO_COLOR", "1")
    shown = table("model")
    shown.add_row(cell("a\x1b[31mb", "red"))
    show(shown)
    assert capsys.readouterr().out == "model\na\\x1b[31mb\n"
