"""What the CSV reader must give: by Python's csv module, one record at a time; and ranges joined in one process."""

import csv
import io
import itertools
from dataclasses import dataclass
from typing import Literal

from shared.conditioning.reading.ranges import find_start
from shared.conditioning.reading.records import read_stretch
from shared.conditioning.reading.stretch import Layout, Stretch
from shared.conditioning.recipe.schema import Recipe


@dataclass(frozen=True)
class Record:
    """One record: where it begins, and its values, or the rule that it breaks."""

    offset: int
    line: int
    values: list[str] | None
    rule: str | None
    raw: str


def recipe_of(names: tuple[str, ...], **dialect: object) -> Recipe:
    """A recipe that reads these columns; `header` names them unless the dialect says that the file does."""
    return Recipe.model_validate({"columns": {name: {} for name in names}, "header": list(names), **dialect})


def layout_of(recipe: Recipe) -> Layout:
    """The layout of a file without header that has the recipe's columns."""
    names = tuple(recipe.columns)
    return Layout(names, {name: place for place, name in enumerate(names)}, 0, 1)


def by_python(content: bytes, recipe: Recipe, layout: Layout) -> list[Record]:
    """All records of a file's body, by Python's csv module; a faulty record of several lines costs its first one."""
    lines = list(io.StringIO(content.decode("latin-1"), newline=""))  # one character per byte
    offsets = [0, *itertools.accumulate(map(len, lines))]
    mark = None if recipe.quote == "none" else recipe.quote
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if mark else csv.QUOTE_NONE
    records, line = [], 0
    while line < len(lines):
        rest = itertools.islice(lines, line, None)
        reader = csv.reader(rest, delimiter=recipe.delimiter, quotechar=mark, quoting=quoting, strict=True)
        row: list[str] | None
        rule: str | None = None
        try:
            row = next(reader)
        except csv.Error as error:
            row = None
            here = reader.line_num == 1 and "unexpected end" not in str(error)
            rule = "malformed_quotes" if here else "unclosed_quote"
        taken = reader.line_num
        text = "".join(lines[line : line + taken]).rstrip("\r\n")
        if len(lines[line].rstrip("\r\n")) > recipe.max_record:
            rule = "record_too_long"
        elif rule is None and len(text) > recipe.max_record:
            rule = "unclosed_quote"
        if rule is not None:
            taken, text = 1, lines[line].rstrip("\r\n")
        elif row == []:
            line += taken
            continue
        values = None if row is None else [value.encode("latin-1").decode(errors="replace") for value in row]
        rule = rule or _fault(text, values or [], layout)
        raw = _shown(text.encode("latin-1"), recipe.max_record)
        records.append(Record(offsets[line], line, None if rule else values, rule, raw))
        line += taken
    return records


def _shown(record: bytes, most: int) -> str:
    """At most so many bytes of a record, without a part of a character, and 4,000 characters."""
    cut = record[:most]
    while len(cut) < len(record) and cut and record[len(cut)] & 0xC0 == 0x80:
        cut = cut[:-1]
    return cut.decode(errors="backslashreplace")[:4000]


def _fault(text: str, values: list[str], layout: Layout) -> str | None:
    if "\0" in text:
        return "nul_byte"
    try:
        text.encode("latin-1").decode()
    except UnicodeDecodeError:
        return "not_utf8"
    return None if len(values) == len(layout.names) else "field_count"


def records_of(stretch: Stretch, layout: Layout, offset: int = 0, line: int = 0) -> list[Record]:
    """A stretch as records; `offset` and `line` are those of its first byte."""
    rules = {one.record: one.rule for one in stretch.malformed}
    rows = {stretch.record_of(row): values for row, values in enumerate(stretch.frame.rows())}
    assert rules.keys() | rows.keys() == set(range(stretch.count))
    assert not rules.keys() & rows.keys()
    assert stretch.frame.columns == list(layout.wanted)
    return [
        Record(
            offset + int(stretch.starts[record]),
            line + int(stretch.lines[record]),
            list(rows[record]) if record in rows else None,
            rules.get(record),
            stretch.raw(record),
        )
        for record in range(stretch.count)
    ]


def by_ranges(
    content: bytes, recipe: Recipe, layout: Layout, cuts: list[int], *, window: int = 64 << 10
) -> tuple[list[Record], int]:
    """Read each range from its own guess, join them as the fan-in does, and count the guesses that were wrong.

    Each guess sees `window` bytes. Lines are counted from each range's first record on, so they are added up here too.
    """
    records: list[Record] = []
    expected, line, wrong = 0, 0, 0
    for begin, stop in itertools.pairwise([0, *cuts, len(content)]):
        start = begin - 1 + find_start(content[begin - 1 : begin + window], recipe, layout) if begin else 0
        read = _read(content, recipe, layout, (start, stop), line)
        if start != expected:
            wrong += 1
            read = _read(content, recipe, layout, (expected, stop), line)
        found, expected, line = read
        records += found
    assert expected == len(content)
    return records, wrong


def _read(
    content: bytes, recipe: Recipe, layout: Layout, span: tuple[int, int], line: int
) -> tuple[list[Record], int, int]:
    """The records that begin in [start, stop), where they end, and the lines up to there; with a growing look-ahead."""
    records: list[Record] = []
    start, stop = span
    ahead, inside = 16, False
    while start < stop or inside:
        reach = min(len(content), max(start, stop) + ahead)
        stretch = read_stretch(
            content[start:reach], recipe, layout, stop=stop - start, final=reach == len(content), inside=inside
        )
        records += records_of(stretch, layout, start, line)
        start, line, inside = start + stretch.consumed, line + stretch.lines_consumed, stretch.inside
        assert reach < len(content) or stretch.consumed or start >= stop, "no byte is left over"
        ahead *= 2
    return records, start, line
