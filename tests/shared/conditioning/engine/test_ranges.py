"""Ranges, joined, are one pass: whatever the cuts, the same table, quarantine, counts and profile."""

import csv
import io
import random
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.conditioning.engine import ranges
from tests.shared.conditioning.engine.joined import Made, in_ranges, one_pass, recipe_of

RECIPE = recipe_of(
    columns={
        "id": {"from": "Id", "type": "integer"},
        "day": {"from": "Day", "type": "date", "format": "%d.%m.%Y"},
        "note": {"from": "Note", "required": False},
    },
    rules=[{"check": "id >= 0", "name": "not_negative"}],
    filter="note is null or note != 'skip'",
    max_record=2048,
)


def _messy(rows: int, seed: int) -> bytes:
    """Rows of all sorts: notes with quotes, commas and line ends, wrong and ragged rows, stray quotes, blank lines."""
    chance = random.Random(seed)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["Id", "Day", "Note"])
    for number in range(rows):
        day = f"{chance.randint(1, 31):02d}.{chance.randint(1, 12):02d}.2026"
        note = chance.choice(["", "plain", "skip", "a, b", 'said "yes"', "two\nlines", "Id,Day,Note\n1,01.01.2026,x\n"])
        match chance.randrange(12):
            case 0:
                writer.writerow([number, day])
            case 1:
                text.write(f'{number},{day},5" pipe\n')
            case 2:
                text.write(f'{number},{day},"open" x\n')
            case 3:
                writer.writerow([-number - 1, day, note])
            case 4:
                text.write("\n")
            case _:
                writer.writerow([number, day, note])
    return text.getvalue().encode()


@pytest.mark.parametrize("step", [64, 100, 777, 5000])
def test_any_cut_gives_what_one_pass_gives(step: int) -> None:
    """Table, quarantine with its places, counts and profile are the same bytes and figures."""
    content = _messy(400, seed=step)
    made = in_ranges(content, RECIPE, step)
    assert replace(made, wrong_guesses=0) == one_pass(content, RECIPE)


@pytest.mark.parametrize("piece", [60, 300, 3000])
def test_a_range_in_pieces_gives_what_one_pass_gives(piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Records that do not fit into a piece, and ones that are too long for any, are read all the same."""
    monkeypatch.setattr(ranges, "PIECE_BYTES", piece)
    content = _messy(100, seed=piece) + b"9,01.01.2026," + b"x" * 5000 + b"\n" + _messy(50, seed=1)
    made = in_ranges(content, RECIPE, 5000)
    assert replace(made, wrong_guesses=0) == one_pass(content, RECIPE)


@pytest.mark.parametrize("piece", [1, 100, 3000])
def test_one_pass_does_not_depend_on_its_pieces(piece: int) -> None:
    """A file that comes byte by byte gives the same as one that comes at once."""
    content = _messy(120, seed=piece)
    assert one_pass(content, RECIPE, piece) == one_pass(content, RECIPE)


def test_no_row_is_lost_or_doubled() -> None:
    """Table, quarantine and filtered rows hold the input's rows as a multiset."""
    content = _messy(400, seed=1)
    made = in_ranges(content, RECIPE, 64)
    given = Counter(row[0] for row in _rows_of(content))
    kept = Counter(row[0] for row in csv.reader(io.StringIO(made.table.decode(), newline="")))
    rejected = Counter(row.raw.split(",")[0] for row in made.quarantine)
    assert kept + rejected <= given
    assert (kept + rejected).total() + made.counts["filtered"] == made.counts["rows_in"] == given.total()


def test_a_quarantined_row_says_where_it_was() -> None:
    """Its offset and its line lead to it in the raw file."""
    content = _messy(300, seed=2)
    lines = content.decode().splitlines(keepends=True)
    for row in in_ranges(content, RECIPE, 100).quarantine:
        assert content[row.offset :].decode().startswith(row.raw)
        assert row.line is not None
        assert lines[row.line - 1].rstrip("\n") == row.raw.splitlines()[0]


def _rows_of(content: bytes) -> list[list[str]]:
    """The records, as lenient as csv can be; only the first cells are looked at."""
    return [row for row in csv.reader(io.StringIO(content.decode(), newline="")) if row][1:]


_CELL = st.text("ab\",;\n\r é'", max_size=5)


@given(st.lists(st.lists(_CELL, min_size=1, max_size=4), min_size=1, max_size=15), st.integers(64, 200), st.booleans())
def test_any_table_any_cut(rows: list[list[str]], step: int, quoted: bool) -> None:
    """Ragged rows, quotes and line ends anywhere: ranges and one pass agree, and counts reconcile."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL).writerows(rows)
    content = b"x,y\n" + text.getvalue().encode()
    recipe = recipe_of(columns={"x": {}, "y": {}}, trim=False, nulls=[], max_record=4096)
    whole = one_pass(content, recipe)
    assert replace(in_ranges(content, recipe, step), wrong_guesses=0) == whole
    assert _values(whole) == [row for row in rows if len(row) == 2]


def _values(made: Made) -> list[list[str]]:
    return list(csv.reader(io.StringIO(made.table.decode(), newline="")))


@pytest.mark.parametrize("step", [64, 300, 5000])
def test_a_line_that_is_too_long_spoils_itself_only(step: int) -> None:
    """It is skipped up to its end, through as many ranges and pieces as that takes."""
    content = b"Id,Day,Note\n1,01.01.2026,a\n2,01.01.2026," + b"x" * 9000 + b"\n3,01.01.2026,b\n"
    made = in_ranges(content, RECIPE, step)
    assert [row[0] for row in _values(made)] == ["1", "3"]
    assert [(row.row, row.line, row.rule) for row in made.quarantine] == [(2, 3, "record_too_long")]
    assert replace(made, wrong_guesses=0) == one_pass(content, RECIPE) == one_pass(content, RECIPE, 100)


def test_personal_values_are_not_in_quarantine() -> None:
    """Of a rejected row the other values are shown, of a malformed one nothing."""
    recipe = recipe_of(columns={"who": {"personal": True}, "n": {"type": "integer"}})
    made = one_pass(b"who,n\nAda,x\nBob\nCyd,1\n", recipe)
    assert [(row.rule, row.raw) for row in made.quarantine] == [("n.not_an_integer", "***,x"), ("field_count", "***")]
    assert made.profile is not None
    assert "Cyd" not in str(made.profile)
