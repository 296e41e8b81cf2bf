"""The place of a row in its source: what tells two equal rows apart, and which of them was first."""

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

#: Leading columns of a table under way: number of the source file, and offset of the record in it.
FILE: Final = "*file"
OFFSET: Final = "*offset"
PLACES: Final = (FILE, OFFSET)

#: File of rows that were made, by `aggregate` or a custom step; their offset is their number.
MADE: Final = -1

type Frames = Iterator[pl.DataFrame]


def read_placed_rows(content: bytes, schema: Mapping[str, pl.DataType], file: int) -> pl.DataFrame:
    """Rows that the row steps wrote, as standard CSV without header and with a leading column of their offsets.

    Args:
        content: Whole rows.
        schema: Name and type of the other columns.
        file: Number of the source file, in the order of the files.

    Returns:
        The rows with `*file` and `*offset` before the columns of the schema.

    Raises:
        polars.exceptions.PolarsError: They are no such rows: a fault of Signalbox.
    """
    written = {OFFSET: pl.Int64(), **{name: _as_written(dtype) for name, dtype in schema.items()}}
    if not content:
        return pl.DataFrame(schema=placed(schema))
    rows = pl.read_csv(io.BytesIO(content), has_header=False, schema=written)
    return rows.select(
        pl.lit(file, pl.Int64).alias(FILE), OFFSET, *(_typed(name, dtype) for name, dtype in schema.items())
    )


def placed(schema: Mapping[str, pl.DataType]) -> dict[str, pl.DataType]:
    """A schema with the columns of places before its own."""
    return {FILE: pl.Int64(), OFFSET: pl.Int64(), **schema}


def numbered(frames: Iterable[pl.DataFrame]) -> Frames:
    """Rows that were made, with their number for a place."""
    count = 0
    for frame in frames:
        numbers = pl.int_range(count, count + frame.height, dtype=pl.Int64, eager=True)
        count += frame.height
        yield frame.select(pl.lit(MADE, pl.Int64).alias(FILE), numbers.alias(OFFSET), pl.exclude(PLACES))


def in_order(frames: Iterable[pl.DataFrame]) -> Frames:
    """The same frames, whose places must rise.

    Raises:
        ValueError: They do not: a fault of the caller.
    """
    last = (MADE - 1, 0)
    for frame in frames:
        places = pl.concat([pl.DataFrame([last], schema=PLACES, orient="row"), frame.select(PLACES)])
        before = places.shift(1)
        rises = (places[FILE] > before[FILE]) | ((places[FILE] == before[FILE]) & (places[OFFSET] > before[OFFSET]))
        if not rises.all():
            raise ValueError("pieces must come in the order of their files and rows where no step sorts them")
        if frame.height:
            last = frame.select(PLACES).row(-1)
        yield frame


@dataclass(frozen=True)
class Sources:
    """The source files, to say a place to a person.

    Attributes:
        names: By number; a file without name is named by its number, from 1.
    """

    names: Sequence[str] = ()

    def described(self, file: int, offset: int) -> str:
        """A row by its place."""
        if file == MADE:
            return f"row {offset + 1} of the table"
        name = self.names[file] if file < len(self.names) else f"file {file + 1}"
        return f"the row at byte {offset} of {name}"


def _as_written(dtype: pl.DataType) -> pl.DataType:
    return pl.String() if dtype.is_temporal() else dtype


def _typed(name: str, dtype: pl.DataType) -> pl.Expr:
    if dtype == pl.Date:
        return pl.col(name).str.to_date("%Y-%m-%d")
    if isinstance(dtype, pl.Datetime):
        return pl.col(name).str.to_datetime("%Y-%m-%dT%H:%M:%S%.fZ", time_unit="us").dt.replace_time_zone("UTC")
    return pl.col(name)
