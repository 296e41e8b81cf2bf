"""Conditioning against a plain reading of the same recipe with Python's csv module, on random tables."""

import csv
import io
import re
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from shared.conditioning import Recipe, condition
from shared.conditioning.recipe import Column
from shared.conditioning.records import BLANKS

RECIPE = Recipe.model_validate(
    {
        "nulls": ["", "NA"],
        "columns": {
            "name": {"from": "Name", "one_of": ["a", "b c", 'd"e', "f\ng"]},
            "note": {"from": "Note", "required": False},
            "count": {"from": "Count", "type": "integer", "min": -5, "required": False},
            "size": {"from": "Size", "type": "number", "max": 1000},
            "day": {"from": "Day", "type": "date", "format": "%m/%d/%Y", "max": date(2013, 6, 30)},
            "flag": {"from": "Flag", "type": "boolean", "required": False},
            "seen": {"from": "Note", "type": "present"},
        },
    }
)
HEADER = ["Day", "Name", "Note", "Unused", "Count", "Size", "Flag"]

ANYTHING = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6)
PADDED = st.sampled_from(["", "", " ", "\t", "\u00a0 "])
VALUES = {
    "Day": st.one_of(st.sampled_from(["2/30/2013", "02/28/2013", "1/2/13", "7/1/2013", "NA"]), ANYTHING),
    "Name": st.one_of(st.sampled_from(["a", "b c", 'd"e', "f\ng", "NA"]), ANYTHING),
    "Note": st.one_of(st.sampled_from(["", "NA", "x,y", '5" pipe']), ANYTHING),
    "Unused": ANYTHING,
    "Count": st.one_of(
        st.integers(-9, 9).map(str), st.sampled_from(["", "9223372036854775808", "+3", "1.0"]), ANYTHING
    ),
    "Size": st.one_of(st.floats().map(repr), st.sampled_from(["1e5", ".5", "7", "1 2"]), ANYTHING),
    "Flag": st.one_of(st.sampled_from(["TRUE", "no", "1", "", "maybe"]), ANYTHING),
}
GOOD = {"Day": "1/2/2013", "Name": "a", "Note": "x", "Unused": "", "Count": "1", "Size": "2", "Flag": "y"}


@st.composite
def rows(draw: st.DrawFn) -> list[str]:
    """A row that is mostly good, so that every rule is met alone; sometimes with a value too few or too many."""
    row = dict(GOOD)
    for column in draw(st.lists(st.sampled_from(HEADER), max_size=3)):
        row[column] = draw(PADDED) + draw(VALUES[column]) + draw(PADDED)
    cut = draw(st.sampled_from([0, 0, 0, 0, -1, 1]))
    values = [row[column] for column in HEADER]
    return values[:-1] if cut < 0 else values + ["more"] * cut


def expected(row: list[str]) -> list[Any] | str:
    """What the recipe says of a row, read without polars: the typed values, or the first broken rule."""
    if len(row) != len(HEADER):
        return "field_count"
    values: list[Any] = []
    for name, column in RECIPE.columns.items():
        text = row[HEADER.index(column.source)].strip(BLANKS)
        value = None if text in RECIPE.nulls else text
        if column.type == "present":
            values.append(value is not None)
            continue
        values.append(None if value is None else READERS[column.type](value))
        rule = broken(column, value, values[-1])
        if rule:
            return f"{name}.{rule}"
    return values


def broken(column: Column, value: str | None, typed: Any) -> str | None:
    """The first rule that a value breaks."""
    if value is None:
        return "missing" if column.required else None
    if typed is None:
        return f"not_a{'n' * (column.type == 'integer')}_{column.type}"
    rules = {
        "below_min": column.min is not None and typed < column.min,
        "above_max": column.max is not None and typed > column.max,
        "not_one_of": column.one_of is not None and value not in column.one_of,
    }
    return next((rule for rule, holds in rules.items() if holds), None)


def _integer(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[+-]?[0-9]+", text) and abs(int(text)) < 2**63 else None


def _number(text: str) -> float | None:
    fits = re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", text)
    return float(text) if fits and abs(float(text)) != float("inf") else None


def _day(text: str) -> date | None:
    if not re.fullmatch(r"[0-9]{1,2}/[0-9]{1,2}/[1-9][0-9]{3}", text):
        return None
    try:
        return datetime.strptime(text, "%m/%d/%Y").date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        return None


BOOLEANS = {
    **dict.fromkeys(["true", "yes", "t", "y", "1"], True),
    **dict.fromkeys(["false", "no", "f", "n", "0"], False),
}


def _boolean(text: str) -> bool | None:
    return BOOLEANS.get(text.lower())


READERS: dict[str, Callable[[str], Any]] = {
    "text": str,
    "integer": _integer,
    "number": _number,
    "date": _day,
    "boolean": _boolean,
}
WRITTEN: dict[str, Callable[[str], Any]] = {
    "text": str,
    "integer": int,
    "number": float,
    "date": date.fromisoformat,
    "boolean": {"true": True, "false": False}.__getitem__,
    "present": {"true": True, "false": False}.__getitem__,
}


@given(st.lists(rows(), min_size=1, max_size=12), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_rows_and_reasons_are_those_of_a_plain_reading(table: list[list[str]], end: str, quoted: bool) -> None:
    """Every row is kept or rejected as the reference says, with its values and its reason, and the counts add up."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator=end, quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL)
    writer.writerows([HEADER, *table])
    content = text.getvalue().encode()
    result = condition(content, RECIPE)
    reference = [expected(row) for row in csv.reader(io.StringIO(content.decode(), newline=""))][1:]
    kept = [row for row in reference if not isinstance(row, str)]
    reasons = Counter(row for row in reference if isinstance(row, str))

    header, *written = csv.reader(io.StringIO(result.csv.decode(), newline=""))
    readers = [WRITTEN[column.type] for column in RECIPE.columns.values()]
    assert header == list(RECIPE.columns)
    assert [
        [reader(value) if value else None for reader, value in zip(readers, row, strict=True)] for row in written
    ] == kept
    assert result.reasons == reasons
    assert (result.rows_in, result.rows_out, result.rejected) == (len(table), len(kept), reasons.total())
    quarantine = [*csv.DictReader(io.StringIO(result.quarantine.decode(), newline=""))]
    assert [row["rule"] for row in quarantine] == [row for row in reference if isinstance(row, str)]
    assert condition(content, RECIPE) == result


@given(st.binary(max_size=60))
def test_any_bytes_are_conditioned_or_refused(content: bytes) -> None:
    """No content ends in a traceback: rows are kept or rejected, or the file is refused for good."""
    from shared.errors import PermanentError

    recipe = Recipe.model_validate({"columns": {"a": {"from": "a"}, "b": {"from": "b", "required": False}}})
    for raw in (content, b"a,b\n" + content):
        try:
            result = condition(raw, recipe)
        except PermanentError:
            continue
        assert result.rows_in == result.rows_out + result.rejected
