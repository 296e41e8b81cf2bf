"""Any table, dialect, damage and cut: the engine gives what plain Python gives; any bytes: a result or a reason."""

import csv
import gzip
import io
import json
from collections import Counter
from dataclasses import replace
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.conditioning.engine import portions
from shared.conditioning.engine.quarantine import QuarantinedRow
from shared.conditioning.reading.unpacking import is_gzip
from shared.conditioning.recipe.schema import Recipe
from shared.errors import PermanentError
from tests.shared.conditioning.engine.by_python import FILTER, by_python
from tests.shared.conditioning.engine.corpus import ENCODINGS
from tests.shared.conditioning.engine.joined import FILE, Made, in_ranges, one_pass, recipe_of

COLUMNS = {
    "id": {"type": "integer", "min": -5},
    "day": {"type": "date", "required": False},
    "kind": {"one_of": ["a", "b c", "é", 'q"q', "x,y", "x;y", "two\nlines"], "required": False},
    "note": {"required": False},
}
DELIMITERS, QUOTES = [",", ";", "\t", "|"], ['"', "'", "none"]
LINE_ENDS = st.sampled_from(["\n", "\n", "\n", "\r\n", "\r"])

ANYTHING = st.text(st.characters(codec="utf-8"), max_size=5)
NASTY = st.text("\"',;|\t\r\n\0 aé€\U0001f600\ufeff\u2028\x85=", max_size=8)
IDS = st.integers(-7, 10**6).map(str) | st.sampled_from(["9223372036854775808", "007", "1e3", " 4 ", "", "-0", "٣"])
DAYS = st.dates().map(str) | st.sampled_from(["2026-02-30", "26-01-31", "", "2026-1-5", "31.01.2026", "NA"])
KINDS = st.sampled_from(["a", "b c", "é", 'q"q', "x,y", "two\nlines", "c", " a", ""])
NOTES = st.sampled_from(["", "skip", "NA", '5" pipe', "=1+1", "id,day,kind,note\n1,,,x\n"]) | NASTY | ANYTHING
ROWS = st.tuples(IDS, DAYS, KINDS, NOTES).map(list)
#: What is put somewhere into a file; some of it is no UTF-8.
DAMAGE = st.sampled_from(
    [b'"', b"'", b'"x', b",", b";", b"\n", b"\r", b"\r\n\r\n", b"\0", b"\xff", b"\xc3", b"\xef\xbb\xbf"]
)


@st.composite
def recipes(draw: st.DrawFn) -> Recipe:
    """Recipes of the same columns in any dialect."""
    return recipe_of(
        columns=COLUMNS,
        delimiter=draw(st.sampled_from(DELIMITERS)),
        quote=draw(st.sampled_from(QUOTES)),
        trim=draw(st.booleans()),
        nulls=draw(st.sampled_from([[""], ["", "NA"], []])),
        max_record=draw(st.sampled_from([64, 4096])),
        **({"filter": FILTER} if draw(st.booleans()) else {}),
    )


@st.composite
def tables(draw: st.DrawFn, recipe: Recipe) -> str:
    """Tables in a recipe's dialect; some rows are ragged, and line ends are mixed."""
    quote_all = draw(st.booleans())
    lines = [recipe.delimiter.join(COLUMNS) + "\n"]
    for row in draw(st.lists(ROWS, max_size=8)):
        values = draw(st.sampled_from([row, row, row, row, row[:-1], [*row, ""], []]))
        lines.append(_written(values, recipe, draw(LINE_ENDS), quote_all=quote_all))
    text = "".join(lines)
    return text[:-1] if draw(st.booleans()) and len(lines) > 1 else text


def _written(values: list[str], recipe: Recipe, end: str, *, quote_all: bool) -> str:
    if recipe.quote == "none":
        return recipe.delimiter.join(values) + end
    out = io.StringIO()
    quoting: Literal[0, 1] = csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL
    csv.writer(out, delimiter=recipe.delimiter, quotechar=recipe.quote, quoting=quoting, lineterminator=end).writerow(
        values
    )
    return out.getvalue()


@st.composite
def files(draw: st.DrawFn) -> tuple[Recipe, bytes]:
    """Recipes, and files of which some are damaged behind their header."""
    recipe = draw(recipes())
    content = draw(tables(recipe)).encode()
    header = content.index(b"\n") + 1
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(header, len(content)))
        content = content[:place] + draw(DAMAGE) + content[place:]
    return recipe, content


@given(files(), st.integers(64, 200), st.integers(1, 300))
@settings(max_examples=100)
def test_the_engine_gives_what_python_gives(file: tuple[Recipe, bytes], step: int, piece: int) -> None:
    """Rows, rejected rows with place, rule and raw text, and counts are those of a single pass of Python's csv."""
    recipe, content = file
    made, expected = one_pass(content, recipe, piece), by_python(content, recipe)
    assert _values(made) == expected.table
    assert [(row.row, row.line, row.offset, row.rule, row.raw) for row in made.quarantine] == expected.rejected
    assert made.counts["reasons"] == expected.reasons
    assert made.counts["filtered"] == len(expected.filtered)
    assert made.counts["rows_in"] == len(expected.raws)
    assert replace(in_ranges(content, recipe, step), wrong_guesses=0) == made


def _values(made: Made) -> list[list[str]]:
    return list(csv.reader(io.StringIO(made.table.decode(), newline=""), strict=True))


@given(files(), st.integers(64, 200))
@settings(max_examples=50)
def test_table_quarantine_and_filter_rebuild_the_input(file: tuple[Recipe, bytes], step: int) -> None:
    """As a multiset of records: each is in one of the three, once."""
    recipe, content = file
    expected = by_python(content, recipe)
    kept = [int(row[0]) for row in _values(one_pass(content, recipe, placed=True))]
    rebuilt = Counter(expected.raws[offset] for offset in [*kept, *expected.filtered])
    rebuilt += Counter(row.raw for row in in_ranges(content, recipe, step).quarantine)
    assert rebuilt == Counter(expected.raws.values())


@given(st.data(), recipes(), st.sampled_from(ENCODINGS), st.integers(32, 200))
@settings(max_examples=50)
def test_an_encoding_changes_nothing(
    data: st.DataObject, recipe: Recipe, encoded: tuple[str, str, bytes], step: int
) -> None:
    """The same text in another encoding gives the same rows, rejections, counts and profile; only offsets differ."""
    encoding, codec, mark = encoded
    text = data.draw(tables(recipe)).encode(codec, "replace").decode(codec)
    plain = one_pass(text.encode(), recipe)
    other = recipe.model_copy(update={"encoding": encoding})
    content = mark + text.encode(codec)
    made = one_pass(content, other)
    offsets = [row.offset for row in made.quarantine]
    assert replace(made, quarantine=_at_zero(made)) == replace(plain, quarantine=_at_zero(plain))
    assert all(
        content[offset:].decode(codec).startswith(row.raw)
        for offset, row in zip(offsets, plain.quarantine, strict=True)
    )
    assert replace(in_ranges(content, other, 2 * step), wrong_guesses=0) == made
    assert one_pass(gzip.compress(content), other, step) == made


def _at_zero(made: Made) -> list[QuarantinedRow]:
    return [row._replace(offset=0) for row in made.quarantine]


def _parquet(rows: list[list[str]]) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table({name: [row[place] for row in rows] for place, name in enumerate(COLUMNS)}), out)
    return out.getvalue()


@st.composite
def broken(draw: st.DrawFn) -> bytes:
    """Files of any format, cut, and with some bytes replaced; and mere bytes."""
    rows = draw(st.lists(ROWS, min_size=1, max_size=4))
    sound = draw(
        st.sampled_from(
            [
                ",".join(COLUMNS).encode() + b"\n" + b"".join(",".join(row).encode() + b"\n" for row in rows),
                "\n".join(json.dumps(dict(zip(COLUMNS, row, strict=True))) for row in rows).encode(),
                _parquet(rows),
                b"",
            ]
        )
    )
    sound = draw(st.sampled_from([sound, sound.decode("latin-1").encode("utf-16"), gzip.compress(sound, mtime=0)]))
    content = bytearray(sound[: draw(st.integers(0, len(sound)))] if draw(st.booleans()) else sound)
    for _ in range(draw(st.integers(0, 4))):
        place = draw(st.integers(0, len(content)))
        content[place : place + draw(st.integers(0, 3))] = draw(st.binary(max_size=4) | DAMAGE)
    return bytes(content) or draw(st.binary(max_size=300))


@given(files(), st.integers(1, 4))
@settings(max_examples=50)
def test_portions_change_nothing(file: tuple[Recipe, bytes], lines: int) -> None:
    """A file of so many short lines that they are conditioned in portions gives what it gives at once."""
    _check_portions(file[1], file[0], lines)


@given(broken(), st.integers(1, 4))
@settings(max_examples=50)
def test_portions_of_json_lines_change_nothing(content: bytes, lines: int) -> None:
    """The same of JSON Lines, broken or not."""
    content = b'{"id": "1"}\r\n' + content.replace(b" ", b"\r\n")
    _check_portions(content, recipe_of(columns=COLUMNS, format="jsonl", max_record=256), lines)


def _check_portions(content: bytes, recipe: Recipe, lines: int) -> None:
    made = one_pass(content, recipe)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(portions, "LINES", lines)
        patch.setattr(portions, "COUNTED_BYTES", 8)
        assert one_pass(content, recipe) == made
        assert replace(in_ranges(content, recipe, 1000), wrong_guesses=0) == made


@given(
    broken(),
    st.sampled_from(["csv", "jsonl", "parquet"]),
    st.sampled_from(["utf-8", "utf-16", "latin-1"]),
    st.booleans(),
    st.integers(64, 300),
)
@settings(max_examples=150)
def test_any_bytes_give_a_result_or_a_reason(
    content: bytes, form: str, encoding: str, headless: bool, step: int
) -> None:
    """Whatever they are said to be: never another error, and never another result for another cut."""
    header = {"header": list(COLUMNS)} if headless else {}
    recipe = recipe_of(columns=COLUMNS, format=form, encoding=encoding, max_record=256, **header)
    refused: PermanentError | None = None
    try:
        made = one_pass(content, recipe)
    except PermanentError as error:
        refused = error
    if refused is not None:
        assert refused.code
        assert FILE in refused.message
        return
    assert one_pass(content, recipe, step) == made
    if form != "parquet" and not is_gzip(content):
        assert replace(in_ranges(content, recipe, step & ~1), wrong_guesses=0) == made
