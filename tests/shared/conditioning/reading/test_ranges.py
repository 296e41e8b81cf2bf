"""Ranges of any size give what one pass gives: guesses may be wrong, the result may not."""

import random
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.conditioning.reading.ranges import find_start
from shared.conditioning.reading.stretch import Layout, TextEncoding
from shared.conditioning.recipe.schema import Recipe
from tests.shared.conditioning.reading.csv_reference import Record, by_python, by_ranges, layout_of, recipe_of

VALUES = st.sampled_from(["", "7", "Ohio", "a, b", "two\nlines", "two\r\nlines", 'said "hi"', "café", "1;2", " x "])
#: Rows as they come from hands and from broken exports.
BROKEN = st.sampled_from(['5" pipe,b', '"x"y,b', '"open,b', "short", "a,b,c", "", '"",""', '"1,2\n3,4"', "nul\0,b"])


@st.composite
def files(draw: st.DrawFn) -> tuple[bytes, Recipe]:
    """A file of two columns in any dialect, with rows that are broken, and its recipe."""
    delimiter, quote = draw(st.sampled_from([",", ";", "\t"])), draw(st.sampled_from(['"', "'"]))
    ends = draw(st.sampled_from([["\n"], ["\r\n"], ["\r"], ["\n", "\r\n", "\r"]]))
    lines = []
    for row in draw(st.lists(st.tuples(VALUES, VALUES) | BROKEN, max_size=30)):
        if isinstance(row, str):
            line = row.replace('"', quote).replace(",", delimiter)
        else:
            line = delimiter.join(_written(value, delimiter, quote) for value in row)
        lines.append(line + draw(st.sampled_from(ends)))
    text = "".join(lines).removesuffix(draw(st.sampled_from(["", "\n", "\r"])))
    return text.encode(), recipe_of(("a", "b"), delimiter=delimiter, quote=quote, max_record=64)


def _written(value: str, delimiter: str, quote: str) -> str:
    plain = not any(mark in value for mark in (delimiter, quote, "\n", "\r"))
    return value if plain else quote + value.replace(quote, quote * 2) + quote


@settings(max_examples=80, deadline=None)
@given(files(), st.data())
def test_any_ranges_of_any_file_give_what_python_gives(file: tuple[bytes, Recipe], data: st.DataObject) -> None:
    """The same records with the same offsets, lines and rules, wherever the file is cut."""
    content, recipe = file
    cuts = data.draw(st.lists(st.integers(1, max(1, len(content))), max_size=6).map(sorted))
    records, _ = by_ranges(content, recipe, layout_of(recipe), [cut for cut in cuts if cut < len(content)])
    assert records == by_python(content, recipe, layout_of(recipe))


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200) | st.text('",\n\ra', max_size=200).map(str.encode), st.integers(1, 64))
def test_arbitrary_bytes_in_ranges_of_any_size(content: bytes, step: int) -> None:
    """Each byte belongs to one record, one blank line or one line's end, and nothing hangs."""
    recipe = recipe_of(("a", "b"), max_record=64)
    records, _ = by_ranges(content, recipe, layout_of(recipe), list(range(step, len(content), step)))
    assert records == by_python(content, recipe, layout_of(recipe))


def messy_file(rows: int) -> bytes:
    """Five columns; notes of several lines, some with rows of CSV in them, and stray quotes. Always the same."""
    chance = random.Random(11)
    notes = ["ok", "", '"check, twice"', '"line one\nline two"', '"said ""hi"", left"', '5" pipe', '"x"y', '"open']
    notes += [f'"{"6,7,8,9,10\n" * 25}"']
    weights = [60, 20, 5, 8, 3, 1.5, 0.5, 0.5, 1.5]
    drawn = chance.choices(notes, weights, k=rows)
    return "".join(
        f"{row},{row % 7},2013-01-{row % 28 + 1:02},Ohio,{note}\n" for row, note in enumerate(drawn)
    ).encode()


def test_ranges_of_64_bytes_give_the_whole_of_a_messy_file() -> None:
    """Guesses from little of a file with tables in its values are often wrong, and all of them are repaired."""
    recipe = recipe_of(tuple("abcde"), max_record=4096)
    content = messy_file(500)
    records, wrong = by_ranges(content, recipe, layout_of(recipe), list(range(64, len(content), 64)), window=128)
    assert records == by_python(content, recipe, layout_of(recipe))
    assert wrong > 10


@pytest.mark.parametrize("encoding", [name for name in get_args(TextEncoding.__value__) if name != "utf-8"])
def test_ranges_of_other_encodings(encoding: TextEncoding) -> None:
    """Offsets are the file's own; UTF-16 is cut at even ones."""
    text = 'é,"a\nb"\nü,5" pipe\r\n"x"y,1\nzz,"é ""q"""\n\nß,€,1\n'.replace("€", "€" if "16" in encoding else "¤") * 8
    recipe = recipe_of(("a", "b"), encoding=encoding[:6] if "16" in encoding else encoding)
    layout = Layout(("a", "b"), {"a": 0, "b": 1}, 0, 1, encoding)
    content = text.encode(encoding)
    records, _ = by_ranges(content, recipe, layout, list(range(22, len(content), 22)))
    width = 2 if "16" in encoding else 1
    expected = by_python(text.encode(), recipe, layout)
    offsets = {len(text[:place].encode()): place * width for place in range(len(text))}
    assert records == [Record(offsets[one.offset], one.line, one.values, one.rule, one.raw) for one in expected]


def test_json_lines_begin_after_a_line_end() -> None:
    """No value of JSON holds one, so that is no guess."""
    recipe = Recipe.model_validate({"format": "jsonl", "columns": {"a": {}}})
    layout = Layout(("a",), {"a": 0}, 0, 1)
    assert find_start(b'1", "b": 2}\n{"a": "x"}\n', recipe, layout) == 12
    assert find_start(b'\n{"a": "x"}\n', recipe, layout) == 1
    assert find_start(b"\r\n{}\n", recipe, layout) == 2
    assert find_start(b"in the middle", recipe, layout) == 13


def test_a_range_that_begins_in_quotes_is_recognized() -> None:
    """By the number of values in the records that follow, and by quotes that would be mere text."""
    recipe = recipe_of(("a", "b"))
    assert find_start(b'x\nb",2\n1,"a\nb"\n2,b\n3,"c\nd"\n', recipe, layout_of(recipe)) == 7
    assert find_start(b'x\nb,"2"\n1,"a\nb"\n2,b\n3,"c\nd"\n', recipe, layout_of(recipe)) == 2
