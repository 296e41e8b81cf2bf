"""Files that a recipe refers to: reference tables and Python files of custom steps."""

import ast
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from shared.conditioning.recipe.draft import Fault
from shared.conditioning.recipe.facts import reference_files, step_files
from shared.conditioning.recipe.schema import Recipe
from shared.errors import ConfigurationError
from shared.fleet.files import file_fault
from shared.located_yaml import Place
from shared.near_names import nearest

MAX_BYTES: Final = 64 << 20
MAX_ROWS: Final = 1_000_000


class BadReferenceError(ValueError):
    """A reference table that cannot be used: where in it, what is wrong and what would be right."""


@dataclass(frozen=True)
class ReferenceTable:
    """A small table of texts. Blanks around values are cut off, as in the raw file.

    Attributes:
        columns: Names, in order.
        rows: As many texts per row; lines without any are left out.
        lines: Of each row its first line, from 1.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]

    def keyed(self, keys: tuple[str, ...], values: tuple[str, ...]) -> dict[tuple[str, ...], tuple[str, ...]]:
        """The texts of some columns by those of others.

        Raises:
            BadReferenceError: A column is missing, a key is empty, or one has several values.
        """
        for name in (*keys, *values):
            if name not in self.columns:
                raise BadReferenceError(f"it has no column `{name}`; {nearest(name, self.columns)}")
        key_places, value_places = ([self.columns.index(name) for name in names] for names in (keys, values))
        found: dict[tuple[str, ...], tuple[str, ...]] = {}
        first: dict[tuple[str, ...], int] = {}
        for row, line in zip(self.rows, self.lines, strict=True):
            key = tuple(row[place] for place in key_places)
            if "" in key:
                raise BadReferenceError(f"line {line}: `{keys[key.index('')]}` is empty; fill it, or remove the row")
            taken = tuple(row[place] for place in value_places)
            if found.get(key, taken) != taken:
                shown = ", ".join(key)
                raise BadReferenceError(
                    f"line {line}: `{shown}` has other values in line {first[key]}; keep one of them"
                )
            found[key] = taken
            first.setdefault(key, line)
        return found


def read_table(content: bytes) -> ReferenceTable:
    """A reference table of its bytes: CSV in UTF-8, with commas and a header.

    Raises:
        BadReferenceError: It is none, or too large.
    """
    if len(content) > MAX_BYTES:
        raise BadReferenceError(f"it has {len(content):,} bytes, and at most {MAX_BYTES:,} are read; make it a source")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise BadReferenceError(f"line {line}: it is not UTF-8; save it as UTF-8") from None
    records = _records(text)
    header = next(records, None)
    if header is None:
        raise BadReferenceError("it is empty; write a header and rows")
    columns = header[1]
    twice = next((name for name in columns if columns.count(name) > 1), None)
    if twice is not None:
        raise BadReferenceError(f"line {header[0]}: the column `{twice}` is twice there; let the names differ")
    rows, lines = list[tuple[str, ...]](), list[int]()
    for line, row in records:
        if len(row) != len(columns):
            raise BadReferenceError(f"line {line}: {len(row)} values, and the header has {len(columns)}; correct it")
        if len(rows) == MAX_ROWS:
            raise BadReferenceError(f"it has more than {MAX_ROWS:,} rows; make it a source")
        rows.append(row)
        lines.append(line)
    return ReferenceTable(columns, tuple(rows), tuple(lines))


def read_references(recipe: Recipe, folder: Path) -> dict[str, bytes]:
    """The reference tables of a recipe, by their names in it.

    Args:
        recipe: The recipe.
        folder: What its files are relative to.

    Raises:
        ConfigurationError: One cannot be read.
    """
    return {file: _read(folder, file) for file in reference_files(recipe)}


def read_files(recipe: Recipe, folder: Path) -> dict[str, bytes]:
    """All files that a recipe refers to, by their names in it.

    Raises:
        ConfigurationError: One cannot be read.
    """
    return read_references(recipe, folder) | {file: _read(folder, file) for file in step_files(recipe)}


def file_faults(recipe: Recipe, folder: Path) -> Iterator[Fault]:
    """What is wrong with the files of a recipe, at the places where they are named."""
    tables: dict[str, ReferenceTable | str] = {}
    for place, file, keys, values in _uses(recipe):
        if file not in tables:
            tables[file] = _table(folder, file)
        table = tables[file]
        if isinstance(table, str):
            yield place, table
            continue
        try:
            table.keyed(keys, values)
        except BadReferenceError as error:
            yield place, f"`{file}`: {error}"
    for index, step in enumerate(recipe.custom):
        fault = _step_fault(folder, step.source, step.step)
        if fault:
            yield ("custom", index), fault


def _uses(recipe: Recipe) -> Iterator[tuple[Place, str, tuple[str, ...], tuple[str, ...]]]:
    """Where a reference is named, its file, the columns that are its key, and those that are taken."""
    for name, column in recipe.columns.items():
        if column.lookup is not None:
            lookup = column.lookup
            yield ("columns", name, "lookup"), lookup.file, (lookup.key,), (lookup.value,)
    for name, join in recipe.join.items():
        yield ("join", name, "file"), join.file, tuple(join.on.values()), tuple(join.take.values())


def _table(folder: Path, file: str) -> ReferenceTable | str:
    """A reference, or what is wrong with it."""
    fault = file_fault(folder, file)
    if fault:
        return fault
    try:
        return read_table(_read(folder, file))
    except (BadReferenceError, ConfigurationError) as error:
        return f"`{file}`: {error}" if isinstance(error, BadReferenceError) else str(error)


def _read(folder: Path, file: str) -> bytes:
    try:
        return (folder / file).read_bytes()
    except OSError as error:
        raise ConfigurationError(f"`{file}` cannot be read: {error.strerror or error}; correct the path") from error


def _records(text: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Each record that is no blank line, with its first line."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise BadReferenceError(f"line {line}: {error}; mind its quotes") from None
        if row:
            yield line, tuple(value.strip() for value in row)


def _step_fault(folder: Path, file: str, name: str) -> str | None:
    """Whether a Python file registers a step; it is read, not run."""
    fault = file_fault(folder, file)
    if fault:
        return fault
    try:
        tree = ast.parse(_read(folder, file))
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        return f"`{file}`: line {line}: not Python: {getattr(error, 'msg', error)}; correct it"
    except ConfigurationError as error:
        return str(error)
    registered = _registered(tree)
    return None if name in registered else f"`{file}` registers no step `{name}`; {nearest(name, registered)}"


def _registered(tree: ast.Module) -> list[str]:
    """The functions of a file that are registered by `@step(…)`: they are called as they are named."""
    return [
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        for decorator in node.decorator_list
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func).rpartition(".")[2] == "step"
    ]
