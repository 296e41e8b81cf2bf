"""One's own file as Signalbox would read it: its recipe drafted, its columns found, its rows in standard form."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl
import yaml

from cli.recipe_draft import draft_recipe
from shared.conditioning.engine.one_pass import condition_in_one_pass
from shared.conditioning.engine.pieces import Pieces
from shared.conditioning.reading.raw import FileSource
from shared.conditioning.recipe.references import read_references
from shared.conditioning.recipe.schema import Recipe
from shared.conditioning.rows.steps import RowSteps
from shared.conditioning.rows.writing import header_line
from shared.errors import PermanentError
from shared.near_names import nearest

_DATES: Final = ("date", "timestamp")
_NUMBERS: Final = ("integer", "number", "money")
#: More rows in quarantine than this, and the draft has not understood the file.
_MOST_REJECTED: Final = 0.2
#: Names of columns that the steps write beside those that name a series, and of inputs that Signalbox fills.
_TAKEN: Final = frozenset(
    [
        "period",
        "actual",
        "prediction",
        "naive",
        "champion",
        "anchor",
        "spread",
        "distance",
        "average",
        "expected",
        "tolerance",
        "series",
        "seconds",
        "observed_at",
        "dataset_version",
        "historical_average",
    ]
)


@dataclass(frozen=True)
class Columns:
    """What the file is read for, by the names of its standard form.

    Attributes:
        time: When.
        target: What is forecast.
        keys: What names a series.
        types: The types of all columns of the recipe.
    """

    time: str
    target: str
    keys: tuple[str, ...]
    types: Mapping[str, str]


@dataclass(frozen=True)
class Standard:
    """The rows that the recipe keeps.

    Attributes:
        frame: `time` (date), the target (float; null where there is none), and the keys (text).
        content: The standard CSV.
        rejected: Rows that go to quarantine, of `records`.
    """

    frame: pl.DataFrame
    content: bytes
    rejected: int
    records: int


def draft(data: Path, schema: str) -> tuple[str, dict[str, Any]]:
    """A recipe for the file: as text, and its columns by their standard names.

    Raises:
        PermanentError: The file is absent, empty, or no table.
    """
    if data.is_dir():
        raise PermanentError("NoFile", f"{data} is a folder; name one file with a header and rows")
    text = draft_recipe(data, schema)
    columns: dict[str, Any] = yaml.safe_load(text)["columns"]
    return text, columns


def find_columns(columns: Mapping[str, Any], time: str, target: str, by: list[str]) -> Columns:
    """The columns that were named, as the file or the recipe calls them.

    Raises:
        PermanentError: One is not there, is of another type than it has to be, or is named twice.
    """
    found_time = _found(columns, time, "--time")
    found_target = _found(columns, target, "--target")
    keys = tuple(_found(columns, one, "--by") for one in by)
    types = {name: str(keys_of.get("type", "text")) for name, keys_of in columns.items()}
    for option, name in (("--time", found_time), ("--target", found_target)):
        if name in keys:
            raise PermanentError("ColumnTwice", f"--by {name}: that is {option} already; name what tells series apart")
    if found_time == found_target:
        raise PermanentError("ColumnTwice", f"--time and --target are both {time}; name the column that is forecast")
    if types[found_time] not in _DATES:
        dates = ", ".join(name for name, kind in types.items() if kind in _DATES)
        remedy = f"columns with dates: {dates}" if dates else "give a file with a date such as 2026-01-31 in each row"
        raise PermanentError("NoDate", f"--time {time}: no dates were recognized there; {remedy}")
    if types[found_target] not in _NUMBERS:
        numbers = ", ".join(name for name, kind in types.items() if kind in _NUMBERS)
        remedy = f"columns with numbers: {numbers}" if numbers else "give a file with a number to forecast in each row"
        raise PermanentError("NotNumeric", f"--target {target}: these are no numbers ({types[found_target]}); {remedy}")
    if odd := next((key for key in keys if key in _TAKEN), None):
        raise PermanentError("NameTaken", f"--by {odd}: tables of results have a column of that name; rename it")
    if odd := next((key for key in keys if keys.count(key) > 1), None):
        raise PermanentError("ColumnTwice", f"--by names {odd} twice; name each column once")
    return Columns(found_time, found_target, keys, types)


def amended(recipe: str, columns: Columns, command: str) -> str:
    """The drafted recipe, in which what the forecast needs is required, and says what it is for."""
    notes = {columns.time: "when", columns.target: "what is forecast"}
    notes |= dict.fromkeys(columns.keys, "names a series")
    lines = []
    for line in recipe.splitlines():
        name = match[1] if (match := re.match(r'  "?([a-z][a-z0-9_]*)"?: \{', line)) else None
        if name in notes:
            needed = line if name == columns.target else re.sub(r"(?:, )?required: false", "", line)
            lines.append(f"{needed}  # {notes[name]}")
        else:
            lines.append(line.replace("`signalbox recipe infer`", command))
    return "\n".join(lines) + "\n"


def standard(recipe: Recipe, columns: Columns, data: Path) -> Standard:
    """Condition the whole file as the app would.

    Raises:
        PermanentError: It cannot be read, no row is left, or too many rows are rejected.
    """
    table, rejected = _Kept(), _Kept()
    steps = RowSteps(recipe, read_references(recipe, data.parent), {})
    pieces = Pieces(recipe, steps, data.name, table, rejected, placed=False)
    condition_in_one_pass(FileSource(data), recipe, data.name, pieces)
    counts = pieces.counts
    if not counts.rows_in:
        raise PermanentError("NoRows", f"{data.name} has a header and no rows; give a file with data")
    refused = sum(counts.reasons.values())
    if refused > counts.rows_in * _MOST_REJECTED:
        told = ", ".join(f"{count:,} {rule}" for rule, count in sorted(counts.reasons.items(), key=lambda one: -one[1]))
        what = f"{refused:,} of {counts.rows_in:,} rows of {data.name} do not fit the drafted recipe ({told})"
        raise PermanentError(
            "TooManyRejected", f"{what}; `signalbox recipe infer {data}` drafts one that you can look through"
        )
    content = header_line(recipe.columns) + b"".join(table.parts)
    schema = dict.fromkeys(recipe.columns, pl.String)
    frame = pl.read_csv(content, schema=schema).select(
        pl.col(columns.time).str.head(10).str.to_date("%Y-%m-%d"),
        pl.col(columns.target).cast(pl.Float64),
        *(pl.col(key).fill_null("") for key in columns.keys),
    )
    if not frame[columns.target].drop_nulls().len():
        raise PermanentError("NoRows", f"{data.name} has no row with a {columns.target}; give a file with data")
    return Standard(frame, content, refused, counts.rows_in)


def _found(columns: Mapping[str, Any], name: str, option: str) -> str:
    by_source = {str(keys.get("from", standard)): standard for standard, keys in columns.items()}
    wanted = name.strip()
    for known in (by_source, {standard: standard for standard in columns}):
        exact = known.get(wanted) or {each.lower(): one for each, one in known.items()}.get(wanted.lower())
        if exact is not None:
            return exact
    raise PermanentError("UnknownColumn", f"{option} {name}: there is no such column; {nearest(wanted, by_source)}")


class _Kept:
    """A sink that keeps what is written."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []

    def write(self, content: bytes, /) -> None:
        """Keep bytes."""
        self.parts.append(content)
