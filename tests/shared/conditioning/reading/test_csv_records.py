"""Bytes of CSV to records: what is read, what is rejected and by which rule, for any bytes and any dialect."""

import random
from unittest.mock import patch

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shared.conditioning.reading import csv_records, csv_values
from shared.conditioning.reading.csv_records import read_csv_stretch
from shared.conditioning.reading.stretch import Layout
from tests.shared.conditioning.reading.csv_reference import by_python, layout_of, recipe_of, records_of

TWO = recipe_of(("a", "b"))

#: What structures a file, what breaks it, and a little else.
BYTES = st.lists(
    st.sampled_from(
        [b'"', b'"', b",", b",", b"\n", b"\n", b"\r", b"\r\n", b"a", b"b", b" ", b'""', b'"\n', b',"', b'",']
    )
    | st.sampled_from([b"\0", b"\xff", b"\xc3\xa9", b"\xc3", b"\xef\xbb\xbf", b";", b"'", b"\t", b"x" * 70]),
    max_size=60,
).map(b"".join)


def rules(content: bytes, max_record: int = 1 << 20) -> list[tuple[str | None, str]]:
    """Rule and raw text of each record of a file with two columns; no rule of those that are well-formed."""
    recipe = recipe_of(("a", "b"), max_record=max_record)
    stretch = read_csv_stretch(content, recipe, layout_of(recipe), final=True)
    return [(record.rule, record.raw) for record in records_of(stretch, layout_of(recipe))]


@settings(max_examples=150, deadline=None)
@given(
    BYTES,
    st.integers(1, 3),
    st.sampled_from([{}, {"quote": "none"}, {"quote": "'"}, {"delimiter": ";"}, {"delimiter": "\t"}]),
    st.sampled_from([64, 1 << 20]),
    st.sampled_from([16, 1 << 22]),
)
@example(b'"\n"\n,"a\n', 1, {}, 64, 16)
@example(b'a,""b\n"c""\nd",e\n', 2, {}, 64, 16)
@example(b"\xef\xbb\xbfa\n", 1, {}, 64, 16)
def test_any_bytes_are_read_as_python_reads_them(
    content: bytes, width: int, dialect: dict[str, str], longest: int, block: int
) -> None:
    """Records, offsets, lines, rules and raw texts are the same, however small the blocks are that are read at once."""
    recipe = recipe_of(("a", "b", "c")[:width], max_record=longest, **dialect)
    layout = layout_of(recipe)
    with patch.object(csv_records, "_BLOCK", block), patch.object(csv_records, "_MARGIN", block):
        stretch = read_csv_stretch(content, recipe, layout, final=True)
    assert records_of(stretch, layout) == by_python(content, recipe, layout)
    assert stretch.consumed == len(content)


@settings(max_examples=100, deadline=None)
@given(BYTES, st.data())
def test_a_stretch_leaves_only_what_is_not_complete(content: bytes, data: st.DataObject) -> None:
    """Reading the beginning and then the rest gives what reading all gives, and `max_record` bytes suffice."""
    recipe = recipe_of(("a", "b"), max_record=64)
    layout = layout_of(recipe)
    end = data.draw(st.integers(0, len(content)))
    first = read_csv_stretch(content[:end], recipe, layout)
    assert end - first.consumed <= 64 + len(b"\r\n")
    rest = read_csv_stretch(content[first.consumed :], recipe, layout, final=True, inside=first.inside)
    records = records_of(first, layout) + records_of(rest, layout, first.consumed, first.lines_consumed)
    together = by_python(content, recipe, layout)
    assert [(one.offset, one.line, one.values, one.rule) for one in records] == [
        (one.offset, one.line, one.values, one.rule) for one in together
    ]


@settings(max_examples=100, deadline=None)
@given(BYTES, st.integers(-2, 80))
def test_records_that_begin_before_the_stop_are_read_whole(content: bytes, stop: int) -> None:
    """The others are left, with the blank lines among them, from the first line that begins at the stop or after it."""
    recipe = recipe_of(("a", "b"), max_record=64)
    layout = layout_of(recipe)
    stretch = read_csv_stretch(content, recipe, layout, stop=stop, final=True)
    every = by_python(content, recipe, layout)
    assert records_of(stretch, layout) == [record for record in every if record.offset < stop]
    rest = read_csv_stretch(content[stretch.consumed :], recipe, layout, final=True)
    assert records_of(rest, layout, stretch.consumed, stretch.lines_consumed) == [
        record for record in every if record.offset >= stop
    ]
    assert stretch.consumed >= min(stop, len(content))


def test_a_quote_is_one_only_at_the_start_of_a_value() -> None:
    """Inches, apostrophes and quotes after a blank are text, and doubled there they stay two."""
    stretch = read_csv_stretch(b'5" pipe,12"\na""b, "c"\n"x ""y""",""""\n', TWO, layout_of(TWO), final=True)
    assert stretch.frame.rows() == [('5" pipe', '12"'), ('a""b', ' "c"'), ('x "y"', '"')]
    assert stretch.malformed == ()
    assert stretch.records is None


def test_a_stray_quote_costs_one_row() -> None:
    """Whether text follows the quote that closes, another value opens, or the file ends: later rows are read."""
    assert rules(b'1,"x"y\n2,b\n') == [("malformed_quotes", '1,"x"y'), (None, "2,b")]
    assert rules(b'1,"x\n2,b\n3,"c"\n') == [("unclosed_quote", '1,"x'), (None, "2,b"), (None, '3,"c"')]
    assert rules(b'1,"x\n2,b\n') == [("unclosed_quote", '1,"x'), (None, "2,b")]
    assert rules(b'1,"x\n' + b"2,b\n" * 20, 64) == [("unclosed_quote", '1,"x'), *[(None, "2,b")] * 20]


def test_a_record_over_the_limit_is_rejected_alone() -> None:
    """One byte more than `max_record` is too long; as long as it is kept."""
    assert [rule for rule, _ in rules(b"1," + b"x" * 62 + b"\n2," + b"x" * 63 + b"\n3,c\n", 64)] == [
        None,
        "record_too_long",
        None,
    ]


def test_rows_are_neither_padded_nor_cut() -> None:
    """Short and long rows are rejected, with the number of their values, and blank lines are no rows."""
    stretch = read_csv_stretch(b"1\n1,2\n\n\r\n1,2,3\n,\n", TWO, layout_of(TWO), final=True)
    assert stretch.frame.rows() == [("1", "2"), ("", "")]
    assert [(one.record, one.rule, one.reason) for one in stretch.malformed] == [
        (0, "field_count", "1 values, but there are 2 columns"),
        (2, "field_count", "3 values, but there are 2 columns"),
    ]
    assert stretch.lines.tolist() == [0, 1, 4, 5]
    assert stretch.places().tolist() == [2, 15]


def test_bytes_that_are_no_text_cost_their_own_row() -> None:
    """Also in columns that nobody reads."""
    content = b"1,caf\xe9\n2,a\0b\n3,caf\xc3\xa9\n"
    layout = Layout(("a", "b"), {"first": 0}, 0, 1)
    stretch = read_csv_stretch(content, TWO, layout, final=True)
    assert stretch.frame.to_dict(as_series=False) == {"first": ["3"]}
    assert [(one.rule, stretch.raw(one.record)) for one in stretch.malformed] == [
        ("not_utf8", "1,caf\\xe9"),
        ("nul_byte", "2,a\0b"),
    ]


def test_two_columns_may_come_from_one() -> None:
    """And they come in the recipe's order, not in the file's."""
    layout = Layout(("a", "b", "c"), {"x": 2, "y": 0, "z": 2}, 0, 1)
    frame = read_csv_stretch(b"1,2,3\n", TWO, layout, final=True).frame
    assert frame.to_dict(as_series=False) == {"x": ["3"], "y": ["1"], "z": ["3"]}


def test_no_bytes_are_no_records_but_columns() -> None:
    """So that what follows need not ask."""
    stretch = read_csv_stretch(b"", TWO, layout_of(TWO), final=True)
    assert stretch.frame.schema == pl.Schema({"a": pl.String, "b": pl.String})
    assert (stretch.count, stretch.consumed) == (0, 0)


def test_a_line_that_is_too_long_is_passed_in_pieces() -> None:
    """Only its beginning is kept: memory is bounded, however long the line is."""
    recipe = recipe_of(("a", "b"), max_record=64)
    layout = layout_of(recipe)
    pieces = [b"1,2\n3," + b"x" * 100, b"x" * 100 + b"\r", b"\n4,5\n"]
    first = read_csv_stretch(pieces[0], recipe, layout)
    assert (first.inside, first.consumed, [one.rule for one in first.malformed]) == (True, 106, ["record_too_long"])
    second = read_csv_stretch(pieces[1], recipe, layout, inside=True)
    assert (second.inside, second.consumed, second.count) == (True, 100, 0)
    third = read_csv_stretch(b"\r" + pieces[2], recipe, layout, final=True, inside=True)
    assert (third.inside, third.frame.rows(), third.lines_consumed) == (False, [("4", "5")], 2)


def test_five_thousand_columns() -> None:
    """As many as a wide export has; the last one is read like the first."""
    names = tuple(f"c{number}" for number in range(5000))
    recipe = recipe_of(("c0",), header=list(names))
    layout = Layout(names, {"c0": 0, "last": 4999}, 0, 1)
    row = ",".join(map(str, range(5000))).encode()
    stretch = read_csv_stretch(row + b"\n" + row + b",\n" + row, recipe, layout, final=True)
    assert stretch.frame.rows() == [("0", "4999")] * 2
    assert [one.rule for one in stretch.malformed] == ["field_count"]


@pytest.mark.parametrize("refusal", [pl.exceptions.ComputeError("refused"), pl.DataFrame({"a": ["1"], "b": ["2"]})])
def test_what_polars_reads_otherwise_is_read_one_by_one(refusal: object) -> None:
    """Were it to refuse a block or to give another number of rows, no row is lost."""
    content = b'1,"x ""y"""\n2,5" pipe\n\n3,"a\nb"\nx\n'
    with patch.object(csv_values, "_parsed", side_effect=[refusal]):
        frame = read_csv_stretch(content, TWO, layout_of(TWO), final=True).frame
    assert frame.rows() == [("1", 'x "y"'), ("2", '5" pipe'), ("3", "a\nb")]


def test_a_large_file_of_every_kind_is_read_as_python_reads_it() -> None:
    """Thousands of records in blocks of 4 KiB: stray quotes, several lines, wrong counts, other line ends."""
    chance = random.Random(5)
    kinds = [
        "1,b",
        '2,5" pipe',
        '3,"a, b"',
        '4,"x\ny"',
        '5,"x"y',
        '6,"open',
        "7",
        "8,b,c",
        "",
        '"",""',
        '9,"said ""hi"""',
    ]
    weights = [60, 5, 5, 5, 1, 1, 1, 1, 1, 5, 5]
    lines = (kind + chance.choice(["\n", "\n", "\r\n", "\r"]) for kind in chance.choices(kinds, weights, k=6000))
    content = "".join(lines).encode()
    with patch.object(csv_records, "_BLOCK", 4096):
        stretch = read_csv_stretch(content, TWO, layout_of(TWO), final=True)
    assert records_of(stretch, layout_of(TWO)) == by_python(content, TWO, layout_of(TWO))
