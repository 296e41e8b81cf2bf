"""Parquet files as records: the columns that are wanted, as texts, in bounded batches."""

import io
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.conditioning.reading import parquet_records
from shared.conditioning.reading.parquet_records import ParquetRecords, read_parquet
from shared.conditioning.reading.stretch import Stretch
from shared.conditioning.recipe.schema import Recipe
from shared.errors import PermanentError, TransientError


class Memory:
    """A file in memory that counts what is read of it."""

    etag = "1"

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.bytes_read = 0
        self.longest = 0

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.content)

    def read(self, offset: int, length: int) -> bytes:
        """A stretch of them."""
        self.bytes_read += length
        self.longest = max(self.longest, length)
        return self.content[offset : offset + length]


def _file(table: "pa.Table | dict[str, Any]", **options: Any) -> Memory:
    content = io.BytesIO()
    pq.write_table(pa.table(table) if isinstance(table, dict) else table, content, **options)
    return Memory(content.getvalue())


def _recipe(columns: dict[str, Any], **keys: Any) -> Recipe:
    return Recipe.model_validate({"format": "parquet", "columns": columns, **keys})


def _read(source: Memory, recipe: Recipe) -> list[Stretch]:
    return list(read_parquet(source, recipe, "a.parquet"))


def _texts(values: "pa.Array", column: dict[str, Any] | None = None, **keys: Any) -> list[str | None]:
    recipe = _recipe({"x": column or {}}, **keys)
    frames = [stretch.frame for stretch in _read(_file({"x": values}), recipe)]
    return pl.concat(frames)["x"].to_list()


ZONE = timezone(timedelta(hours=-5))
NAIVE = datetime.fromisoformat("2026-01-31T10:00:00")
AT = datetime(2026, 1, 31, 5, 0, 0, 120, tzinfo=ZONE)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (pa.array(["a", "", None, "é\n"]), ["a", "", None, "é\n"]),
        (pa.array(["a", "b", None, "a"]).dictionary_encode(), ["a", "b", None, "a"]),
        (pa.array([-(2**63), None, 2**63 - 1]), ["-9223372036854775808", None, "9223372036854775807"]),
        (pa.array([2**64 - 1], pa.uint64()), ["18446744073709551615"]),
        (pa.array([1.0, 0.1, -2.5, 1e20, 1e-7, None]), ["1", "0.1", "-2.5", "1e+20", "1e-7", None]),
        (pa.array([float("nan"), float("inf"), -0.0]), ["NaN", "inf", "0"]),
        (pa.array([0.1, 3.0], pa.float32()), ["0.1", "3"]),
        (pa.array([Decimal("12.50"), Decimal("-0.01"), None]), ["12.50", "-0.01", None]),
        (pa.array([Decimal("1" * 40 + ".5")], pa.decimal256(50, 1)), ["1" * 40 + ".5"]),
        (pa.array([True, False, None]), ["true", "false", None]),
        (pa.array([date(2026, 1, 31), date(1, 1, 1)]), ["2026-01-31", "0001-01-01"]),
        (pa.array([AT], pa.timestamp("us", "America/Chicago")), ["2026-01-31T10:00:00.000120Z"]),
        (pa.array([1769853600_000_000_001], pa.timestamp("ns", "UTC")), ["2026-01-31T10:00:00.000000001Z"]),
        (pa.array([NAIVE, None], pa.timestamp("s")), ["2026-01-31T10:00:00", None]),
        (pa.array([-500_000], pa.timestamp("us")), ["1969-12-31T23:59:59.500000"]),
        (pa.array([time(10, 0), time(10, 0, 0, 5)]), ["10:00:00", "10:00:00.000005"]),
        (pa.array([[1, 2], [], None]), ["[1,2]", "[]", None]),
        (pa.array([{"a": Decimal("1.50"), "b": date(2026, 1, 31)}]), ['{"a":"1.50","b":"2026-01-31"}']),
        (pa.nulls(2), [None, None]),
    ],
)
def test_each_type_has_one_form(values: "pa.Array", expected: list[str | None]) -> None:
    """ISO 8601, UTC, digits as stored, and JSON for what is nested."""
    assert _texts(values) == expected


def test_values_are_written_as_the_recipe_reads_them() -> None:
    """With its decimal sign, and as a date where it wants one."""
    number = {"type": "number"}
    assert _texts(pa.array([1.5, 1e-7]), number, decimal=",") == ["1,5", "1e-7"]
    assert _texts(pa.array([Decimal("1.50")]), number, decimal=",") == ["1,50"]
    assert _texts(pa.array([1.5, 2.0]), decimal=",") == ["1.5", "2"]
    times = pa.array([NAIVE.replace(hour=0), NAIVE])
    assert _texts(times, {"type": "date"}) == ["2026-01-31", "2026-01-31T10:00:00"]


def test_only_wanted_columns_are_read() -> None:
    """In ranges of bounded length, whatever the size of the row group."""
    noise = [value * 0x9E3779B97F4A7C15 % 2**60 for value in range(100_000)]
    source = _file({"wide": [f"{value:x}" * 4 for value in noise], "id": noise}, compression="none")
    stretches = _read(source, _recipe({"key": {"from": "id"}}))
    assert pl.concat([stretch.frame for stretch in stretches])["key"].to_list() == list(map(str, noise))
    assert len(stretches) > 1
    assert source.bytes_read < source.size / 4
    assert source.longest <= 1 << 20


def test_fields_of_structs_are_columns() -> None:
    """By a dotted name; a column of that very name comes first."""
    stores = pa.array([{"id": 7, "at": {"x": 1.5}}, None])
    table = {"store": stores, "store.at.y": ["own", "own"]}
    recipe = _recipe({"id": {"from": "store.id"}, "x": {"from": "store.at.x"}, "y": {"from": "store.at.y"}})
    (stretch,) = _read(_file(table), recipe)
    assert stretch.frame.rows() == [("7", "1.5", "own"), (None, None, "own")]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=8) | st.none(), st.integers(-99, 99)), max_size=40), st.integers(1, 9))
def test_rows_count_on_over_groups_and_batches(rows: list[tuple[str | None, int]], size: int) -> None:
    """Any group can be read without the others, and a row with a NUL is rejected alone."""
    table = pa.table(
        {"t": pa.array([text for text, _ in rows], pa.string()), "n": pa.array([n for _, n in rows], pa.int64())}
    )
    records = ParquetRecords(_file(table, row_group_size=size), _recipe({"t": {}, "n": {}}), "a.parquet")
    assert sum(records.rows) == len(rows)
    found: list[Any] = []
    for group, count in enumerate(records.rows):
        for stretch in records.stretches(group, group + 1):
            place = {stretch.record_of(row): stretch.frame.row(row) for row in range(stretch.frame.height)}
            found += [place.get(record) for record in range(stretch.count)]
            assert stretch.starts.tolist() == list(range(stretch.consumed)) == list(range(count))
            assert {fault.rule for fault in stretch.malformed} <= {"nul_byte"}
    assert found == [None if text and "\0" in text else (text, str(n)) for text, n in rows]


def test_a_row_that_cannot_be_text_is_rejected_alone() -> None:
    """Too long, no UTF-8, or with a NUL; it is shown as JSON."""
    values = [b"good", b"\xff", b"a\0", b"x" * 100, b"", None]
    bad = pa.Array.from_buffers(pa.string(), len(values), pa.array(values, pa.binary()).buffers())
    (stretch,) = _read(_file({"t": bad, "n": list(range(6))}), _recipe({"t": {}, "n": {}}, max_record=64))
    assert [(fault.record, fault.rule) for fault in stretch.malformed] == [
        (1, "not_utf8"),
        (2, "nul_byte"),
        (3, "record_too_long"),
    ]
    assert stretch.frame.rows() == [("good", "0"), ("", "4"), (None, "5")]
    assert stretch.raw(1) == '{"t":"\ufffd","n":1}'
    assert stretch.raw(5) == '{"t":null,"n":5}'
    assert [stretch.record_of(row) for row in range(3)] == [0, 4, 5]


def test_a_value_that_is_there_many_times_does_not_fill_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stored once in the file, it is unpacked in slices."""
    monkeypatch.setattr(parquet_records, "_BATCH_BYTES", 10_000)
    source = _file({"t": ["x" * 1000] * 4_000})
    assert source.size < 10_000
    stretches = _read(source, _recipe({"t": {}}))
    assert sum(stretch.count for stretch in stretches) == 4_000
    assert max(stretch.frame.estimated_size() for stretch in stretches) <= 42_000


@pytest.mark.parametrize(
    ("values", "column", "code", "words"),
    [
        (pa.array([b"x"]), {}, "UnsupportedColumn", "the column `x` has bytes"),
        (pa.array([[b"x"]]), {}, "UnsupportedColumn", "has bytes"),
        (pa.array([timedelta(1)]), {}, "UnsupportedColumn", "has lengths of time"),
        (pa.array([1]), {"from": "X"}, "MissingColumn", "no column `X`; did you mean `x`"),
        (pa.array([1]), {"from": "x.y"}, "MissingColumn", "no column `x.y`"),
        (pa.array([date.min]), {"type": "date", "format": "%d.%m.%Y"}, "NeedlessFormat", "remove `format: %d.%m.%Y`"),
    ],
)
def test_a_file_that_does_not_fit_the_recipe_is_refused_by_name(
    values: "pa.Array", column: dict[str, Any], code: str, words: str
) -> None:
    """Before a row is read."""
    with pytest.raises(PermanentError, match=r"^a\.parquet") as caught:
        ParquetRecords(_file({"x": values}), _recipe({"x": column}), "a.parquet")
    assert caught.value.code == code
    assert words in caught.value.message


def test_columns_of_one_name_are_refused() -> None:
    """Nobody can say which is meant."""
    table = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["x", "x"])
    with pytest.raises(PermanentError, match="the column `x` 2 times") as caught:
        ParquetRecords(_file(table), _recipe({"x": {}}), "a.parquet")
    assert caught.value.code == "DuplicateColumn"


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_a_damaged_file_ends_in_an_error_or_in_rows(data: st.DataObject) -> None:
    """Never in another exception; cut anywhere, it is always refused."""
    source = _file({"t": ["a", "b", None] * 50, "n": list(range(150))}, write_page_checksum=True)
    recipe = _recipe({"t": {}, "n": {}})
    content = source.content
    with pytest.raises(PermanentError, match=r"a\.parquet is no Parquet file") as caught:
        _read(Memory(content[: data.draw(st.integers(0, len(content) - 1))]), recipe)
    assert caught.value.code == "CorruptParquet"
    place = data.draw(st.integers(4, len(content) - 1))
    try:
        stretches = _read(Memory(content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :]), recipe)
    except PermanentError:
        return
    assert all(stretch.frame.columns == ["t", "n"] for stretch in stretches)


def test_what_the_source_says_passes_unchanged() -> None:
    """A file that cannot be reached now is not a damaged one."""

    class Unreachable(Memory):
        def read(self, offset: int, length: int) -> bytes:
            raise TransientError("busy")

    with pytest.raises(TransientError, match="busy"):
        ParquetRecords(Unreachable(b"x" * 100), _recipe({"x": {}}), "a.parquet")


def test_times_of_old_writers_keep_their_years() -> None:
    """INT96 has nanoseconds, but years beyond 2262 too."""
    source = _file({"x": pa.array([datetime(2500, 1, 1, tzinfo=UTC)])}, use_deprecated_int96_timestamps=True)
    (stretch,) = _read(source, _recipe({"x": {}}))
    assert stretch.frame["x"].to_list() == ["2500-01-01T00:00:00"]
