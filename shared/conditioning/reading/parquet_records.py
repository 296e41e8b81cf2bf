"""Parquet files as records, in batches of bounded size: only the columns that the recipe names are read."""

import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from shared.conditioning.reading.parquet_texts import refusal, texts
from shared.conditioning.reading.raw import RangeFile, RangeSource
from shared.conditioning.reading.stretch import Layout, Malformed, Stretch
from shared.conditioning.recipe.schema import Recipe
from shared.errors import PermanentError
from shared.near_names import nearest

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

#: Bytes of a column chunk that are read at once. A row group, however large, is never held as a whole.
_BUFFER: Final = 1 << 20
#: Bytes of values in one batch, about, and the rows that it may have.
_BATCH_BYTES: Final = 8 << 20
_BATCH_ROWS: Final = 1 << 15
#: Values of fewer bytes on average are repeated ones, of which only the distinct ones are held.
_REPEATED: Final = 8
#: Characters of a record that are shown.
_SHOWN: Final = 4000


def read_parquet(source: RangeSource, recipe: Recipe, file: str) -> Iterator[Stretch]:
    """All rows of a Parquet file, see `ParquetRecords`.

    Raises:
        PermanentError: The file cannot be read, or does not fit the recipe.
    """
    return ParquetRecords(source, recipe, file).stretches()


class ParquetRecords:
    """A Parquet file's rows as texts.

    A row of a Parquet file has no place of its own among the bytes, so starts, lines and what is consumed count rows.
    `store.id` is a column of that very name, or else the field `id` of the struct `store`.

    Args:
        source: The file. Its footer is read at once.
        recipe: What is read.
        file: Its name, for messages.

    Attributes:
        layout: Where the columns are.
        rows: Rows of each row group; a group can be read without the others.

    Raises:
        PermanentError: The file is damaged (`CorruptParquet`); a column is missing (`MissingColumn`), is there twice
            (`DuplicateColumn`), or is of a type that has no text (`UnsupportedColumn`); a column of dates has a
            `format` (`NeedlessFormat`).
    """

    def __init__(self, source: RangeSource, recipe: Recipe, file: str) -> None:
        import pyarrow as pa  # noqa: PLC0415 - loaded at first use
        import pyarrow.parquet as pq  # noqa: PLC0415 - loaded at first use

        self._file = file
        self._recipe = recipe
        self._open = partial(
            pq.ParquetFile,
            pa.PythonFile(RangeFile(source), mode="r"),
            buffer_size=_BUFFER,
            pre_buffer=False,
            coerce_int96_timestamp_unit="us",  # as nanoseconds, years after 2262 would become others
            page_checksum_verification=True,
            arrow_extensions_enabled=False,
        )
        with _faults(file):
            parquet = self._open()
            self._metadata = parquet.metadata
            schema = parquet.schema_arrow
        self._sources = {name: column.source or name for name, column in recipe.columns.items()}
        self.layout = _layout(schema, self._sources, file)
        self.rows = tuple(self._metadata.row_group(group).num_rows for group in range(self._metadata.num_row_groups))
        for name, source_name in self._sources.items():
            self._check_column(name, source_name, _type_of(schema, source_name))

    def stretches(self, first: int = 0, last: int | None = None) -> Iterator[Stretch]:
        """The rows of the row groups from `first` up to, without it, `last`; of all groups if not said.

        Each stretch has at most 32,768 rows and about 8 MiB of values. Rows of more than `max_record` bytes are
        rejected.

        Raises:
            PermanentError: The bytes are damaged (`CorruptParquet`).
        """
        groups = list(range(len(self.rows)))[first:last]
        names = list(dict.fromkeys(self._sources.values()))
        with _faults(self._file):
            for group in groups:
                size, repeated = self._sizes(group)
                parquet = self._open(read_dictionary=repeated)
                batch_rows = min(max(int(_BATCH_BYTES / max(size, 1)), 64), _BATCH_ROWS)
                batches = parquet.iter_batches(batch_rows, row_groups=[group], columns=names, use_threads=False)
                for batch in batches:
                    columns = [_column(batch, source) for source in self._sources.values()]
                    yield from self._batch(columns, batch.num_rows)

    def _batch(self, columns: "list[pa.Array]", rows: int) -> Iterator[Stretch]:
        """A batch in slices of bounded size: a value that is there many times is stored once."""
        import numpy as np  # noqa: PLC0415 - loaded at first use

        sizes = sum((_lengths(column) for column in columns), start=np.zeros(rows, np.int64))
        held = np.where(sizes > self._recipe.max_record, 0, sizes)
        parts = np.cumsum(held) // (4 * _BATCH_BYTES)
        cuts = [0, *(np.flatnonzero(np.diff(parts)) + 1).tolist(), rows]
        for begin, end in itertools.pairwise(cuts):
            yield self._stretch([column.slice(begin, end - begin) for column in columns], sizes[begin:end])

    def _stretch(self, columns: "list[pa.Array]", sizes: "npt.NDArray[np.int64]") -> Stretch:
        import numpy as np  # noqa: PLC0415 - loaded at first use
        import polars as pl  # noqa: PLC0415 - loaded at first use
        import pyarrow as pa  # noqa: PLC0415 - loaded at first use

        rows = np.arange(len(sizes))
        rule = f"it is longer than {self._recipe.max_record} bytes; see `max_record`"
        faults = {int(row): ("record_too_long", rule) for row in np.flatnonzero(sizes > self._recipe.max_record)}
        whole = columns
        if faults:
            kept = pa.array(sizes <= self._recipe.max_record)
            columns, rows = [column.filter(kept) for column in columns], rows[sizes <= self._recipe.max_record]
        columns = [_plain(column) for column in columns]
        found = [fault for name, column in zip(self._sources, columns, strict=True) for fault in _faulty(name, column)]
        if found:
            faults |= {int(rows[row]): fault for row, fault in reversed(found)}
            good = ~np.isin(rows, list(faults))
            columns, rows = [column.filter(pa.array(good)) for column in columns], rows[good]
        series = [
            texts(column, self._recipe.columns[name], self._recipe.decimal).alias(name)
            for name, column in zip(self._sources, columns, strict=True)
        ]
        return Stretch(
            frame=pl.DataFrame(series),
            records=rows if faults else None,
            starts=np.arange(len(sizes)),
            lines=np.arange(len(sizes)),
            malformed=tuple(Malformed(row, *faults[row]) for row in sorted(faults)),
            consumed=len(sizes),
            lines_consumed=len(sizes),
            raw=partial(_raw, dict(zip(self._sources, whole, strict=True))),
        )

    def _sizes(self, group: int) -> tuple[float, list[str]]:
        """Mean bytes of a row's wanted values, and the columns in which they are mostly repeated."""
        size, repeated = 0.0, []
        wanted = set(self._sources.values())
        metadata = self._metadata.row_group(group)
        for place in range(metadata.num_columns):
            chunk = metadata.column(place)
            path = chunk.path_in_schema
            if not any(path == name or path.startswith(f"{name}.") for name in wanted):
                continue
            mean = chunk.total_uncompressed_size / max(chunk.num_values, 1)
            size += chunk.total_uncompressed_size / max(metadata.num_rows, 1)
            if path in wanted and chunk.physical_type == "BYTE_ARRAY" and mean < _REPEATED:
                repeated.append(path)
        return size, repeated

    def _check_column(self, name: str, source: str, kind: "pa.DataType") -> None:
        import pyarrow.types as kinds  # noqa: PLC0415 - loaded at first use

        refused = refusal(kind)
        if refused:
            what = f"{self._file}: the column `{source}` has {refused} (its type is {kind}), which has no text"
            raise PermanentError("UnsupportedColumn", f"{what}; write it as text, or leave it out of the recipe")
        column = self._recipe.columns[name]
        if column.type == "date" and "format" in column.model_fields_set and kinds.is_temporal(kind):
            what = f"{self._file}: the column `{source}` has dates already (its type is {kind})"
            raise PermanentError("NeedlessFormat", f"{what}; remove `format: {column.format}` from the recipe")


@contextmanager
def _faults(file: str) -> Iterator[None]:
    """Tells what Arrow says of a file's bytes as our own error; those of the source pass as they are."""
    import pyarrow as pa  # noqa: PLC0415 - loaded at first use

    try:
        yield
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        what = f"{file} is no Parquet file that can be read, or is damaged: {' '.join(str(error).split())[:300]}"
        raise PermanentError(
            "CorruptParquet", f"{what}; write it again, and compare its size with the sender's"
        ) from error


def _layout(schema: "pa.Schema", sources: dict[str, str], file: str) -> Layout:
    names = list(schema.names)
    for source in sources.values():
        if names.count(source) > 1:
            what = f"{file} has the column `{source}` {names.count(source)} times"
            raise PermanentError("DuplicateColumn", f"{what}; deliver it once")
        if _type_of(schema, source) is None:
            what = f"{file} has no column `{source}`; {nearest(source, names)}"
            raise PermanentError("MissingColumn", f"{what} Deliver the column, or correct `from` in the recipe")
    every = tuple(dict.fromkeys((*names, *sources.values())))
    return Layout(every, {name: every.index(source) for name, source in sources.items()}, 0, 1)


def _type_of(schema: "pa.Schema", source: str) -> "pa.DataType | None":
    """The type of a column, or of a field inside of structs; `None` where there is none."""
    import pyarrow.types as kinds  # noqa: PLC0415 - loaded at first use

    if source in schema.names:
        return schema.field(source).type
    first, *rest = source.split(".")
    kind = schema.field(first).type if schema.names.count(first) == 1 else None
    for key in rest:
        if kind is None or not kinds.is_struct(kind) or kind.get_field_index(key) < 0:
            return None
        kind = kind.field(key).type
    return kind


def _column(batch: "pa.RecordBatch", source: str) -> "pa.Array":
    import pyarrow.compute as pc  # noqa: PLC0415 - loaded at first use

    if source in batch.schema.names:
        return batch.column(source)
    first, *rest = source.split(".")
    return pc.struct_field(batch.column(first), rest)


def _lengths(column: "pa.Array") -> "npt.NDArray[np.int64]":
    """Bytes of each value of a column of texts; 0 of others, which are small or are read by the row group's mean."""
    import numpy as np  # noqa: PLC0415 - loaded at first use
    import pyarrow.compute as pc  # noqa: PLC0415 - loaded at first use
    import pyarrow.types as kinds  # noqa: PLC0415 - loaded at first use

    values = column.dictionary if kinds.is_dictionary(column.type) else column
    if not (kinds.is_string(values.type) or kinds.is_large_string(values.type)):
        return np.zeros(len(column), np.int64)
    lengths = pc.binary_length(values)
    if values is not column:
        lengths = lengths.take(column.indices)
    return np.asarray(lengths.fill_null(0), np.int64)


def _plain(column: "pa.Array") -> "pa.Array":
    import pyarrow.types as kinds  # noqa: PLC0415 - loaded at first use

    return column.dictionary_decode() if kinds.is_dictionary(column.type) else column


def _faulty(name: str, column: "pa.Array") -> list[tuple[int, tuple[str, str]]]:
    """Rows whose text is no UTF-8 or has a NUL: Parquet promises the one, and no writer is held to it."""
    import pyarrow as pa  # noqa: PLC0415 - loaded at first use
    import pyarrow.compute as pc  # noqa: PLC0415 - loaded at first use
    import pyarrow.types as kinds  # noqa: PLC0415 - loaded at first use

    if not (kinds.is_string(column.type) or kinds.is_large_string(column.type)):
        return []
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        raw = column.cast(pa.large_binary()).to_pylist()
        return [(row, fault) for row, value in enumerate(raw) if value is not None and (fault := _fault(name, value))]
    nul = pc.fill_null(pc.match_substring(column, "\0"), fill_value=False)
    if not pc.any(nul).as_py():
        return []
    return [(row, ("nul_byte", f"the value of `{name}` has a NUL")) for row in pc.indices_nonzero(nul).to_pylist()]


def _fault(name: str, value: bytes) -> tuple[str, str] | None:
    try:
        value.decode()
    except UnicodeDecodeError:
        return "not_utf8", f"the value of `{name}` is not UTF-8"
    return ("nul_byte", f"the value of `{name}` has a NUL") if b"\0" in value else None


def _raw(columns: "dict[str, pa.Array]", record: int) -> str:
    """A row's wanted values as JSON: a Parquet row has no text of its own."""
    shown = {name: _shown(column[record]) for name, column in columns.items()}
    return json.dumps(shown, ensure_ascii=False, separators=(",", ":"), default=str)[:_SHOWN]


def _shown(value: "pa.Scalar") -> Any:
    import pyarrow.types as kinds  # noqa: PLC0415 - loaded at first use

    value = value.value if kinds.is_dictionary(value.type) and value.is_valid else value
    if value.is_valid and (kinds.is_string(value.type) or kinds.is_large_string(value.type)):
        return value.as_buffer().to_pybytes()[: 4 * _SHOWN].decode("utf-8", "replace")
    return value.as_py()
