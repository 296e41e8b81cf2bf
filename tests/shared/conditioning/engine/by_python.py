"""What the engine must give: Python's csv module record by record, and a recipe's rules in plain Python."""

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import date

from shared.conditioning.expressions.values import BLANKS
from shared.conditioning.reading.header import read_layout
from shared.conditioning.reading.stretch import Layout
from shared.conditioning.recipe.columns import Column
from shared.conditioning.recipe.schema import Recipe
from tests.shared.conditioning.engine.joined import FILE
from tests.shared.conditioning.reading.csv_reference import by_python as records_by_python

#: What the file's own filter leaves out: recipes of these tests filter by this text in `note`, or not at all.
SKIPPED = "skip"
FILTER = f"note is null or note != '{SKIPPED}'"


@dataclass(frozen=True)
class Expected:
    """What a file must give.

    Attributes:
        table: The rows kept, as standard texts.
        kept: Offset of each of them.
        rejected: Row, line, offset, rule and raw text of the others that are not filtered.
        filtered: Offset of each row that the filter leaves out.
        raws: Every record's raw text, by its offset.
    """

    table: list[list[str]] = field(default_factory=list)
    kept: list[int] = field(default_factory=list)
    rejected: list[tuple[int, int, int, str, str]] = field(default_factory=list)
    filtered: list[int] = field(default_factory=list)
    raws: dict[int, str] = field(default_factory=dict)

    @property
    def reasons(self) -> dict[str, int]:
        """Rejected rows by rule."""
        return dict(Counter(rule for _, _, _, rule, _ in self.rejected))


def by_python(content: bytes, recipe: Recipe) -> Expected:
    """A UTF-8 file through a recipe of texts, integers and dates, with limits and sets of texts."""
    layout = read_layout(content, recipe, FILE, final=True)
    assert layout is not None
    expected = Expected()
    for number, record in enumerate(records_by_python(content[layout.body :], recipe, layout), start=1):
        offset = layout.body + record.offset
        expected.raws[offset] = record.raw
        rule, row = record.rule, None
        if record.values is not None:
            rule, row = _row(record.values, recipe, layout)
        if rule is not None:
            expected.rejected.append((number, layout.body_line + record.line, offset, rule, record.raw))
        elif row is not None:
            expected.kept.append(offset)
            expected.table.append(row)
        else:
            expected.filtered.append(offset)
    return expected


def _row(values: list[str], recipe: Recipe, layout: Layout) -> tuple[str | None, list[str] | None]:
    """The rule that a row breaks, or its standard texts; neither when it is filtered."""
    row = {}
    for name, column in recipe.columns.items():
        text = values[layout.wanted[name]]
        text = text.strip(BLANKS) if recipe.trim else text
        rule, row[name] = ("missing" if column.required else None, "") if text in recipe.nulls else _value(text, column)
        if rule is not None:
            return f"{name}.{rule}", None
    skipped = recipe.filter is not None and row["note"] == SKIPPED
    return None, None if skipped else list(row.values())


def _value(text: str, column: Column) -> tuple[str | None, str]:
    if column.type == "integer":
        return _integer(text, column)
    if column.type == "date":
        return _date(text)
    return "not_one_of" if column.one_of is not None and text not in column.one_of else None, text


def _integer(text: str, column: Column) -> tuple[str | None, str]:
    if not re.fullmatch("[+-]?[0-9]+", text) or not -(2**63) <= int(text) < 2**63:
        return "not_an_integer", ""
    below = isinstance(column.min, int) and int(text) < column.min
    return "below_min" if below else None, str(int(text))


def _date(text: str) -> tuple[str | None, str]:
    found = re.fullmatch("([1-9][0-9]{3})-([0-9]{1,2})-([0-9]{1,2})", text)
    try:
        day = date(*map(int, found.groups())) if found else None
    except ValueError:
        day = None
    if day is None:
        return "not_a_date", ""
    rule = "below_min" if day.year < 1900 else "above_max" if day.year > 2199 else None
    return rule, day.isoformat()
