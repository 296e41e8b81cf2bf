"""The head of a file: encoding, columns, and where the records begin, or why the file is refused."""

import pytest

from shared.conditioning.reading.header import read_layout
from shared.conditioning.reading.stretch import Layout
from shared.conditioning.recipe.schema import Recipe
from shared.errors import PermanentError


def recipe(**dialect: object) -> Recipe:
    """A recipe that reads `SKU` as `sku`, and `qty`."""
    return Recipe.model_validate({"columns": {"sku": {"from": "SKU"}, "qty": {}}, **dialect})


def layout(head: bytes, **dialect: object) -> Layout | None:
    """The layout of a whole file."""
    return read_layout(head, recipe(**dialect), "raw.csv", final=True)


@pytest.mark.parametrize(
    ("head", "dialect", "expected"),
    [
        (b"qty,SKU\n1,2\n", {}, Layout(("qty", "SKU"), {"sku": 1, "qty": 0}, 8, 2)),
        (b"\xef\xbb\xbfSKU,qty\r\n1,2", {}, Layout(("SKU", "qty"), {"sku": 0, "qty": 1}, 12, 2)),
        (b"\n\r\n SKU ;'x\ny';\tqty\xc2\xa0\r1;2;3", {"delimiter": ";", "quote": "'"},
         Layout(("SKU", "x\ny", "qty"), {"sku": 0, "qty": 2}, 22, 5)),
        (b"1,2\n", {"header": [" SKU", "qty"]}, Layout(("SKU", "qty"), {"sku": 0, "qty": 1}, 0, 1)),
        (b"\xef\xbb\xbf1,2\n", {"header": ["SKU", "qty"]}, Layout(("SKU", "qty"), {"sku": 0, "qty": 1}, 3, 1)),
        (b"SKU,qty", {}, Layout(("SKU", "qty"), {"sku": 0, "qty": 1}, 7, 1)),
        ("SKU,qty\n€,1\n".encode("utf-16"), {"encoding": "utf-16"},
         Layout(("SKU", "qty"), {"sku": 0, "qty": 1}, 18, 2, "utf-16-le")),
        (b"SKU,qty,\xe9\n", {"encoding": "latin-1"},
         Layout(("SKU", "qty", "é"), {"sku": 0, "qty": 1}, 10, 2, "latin-1")),
    ],
)  # fmt: skip
def test_where_the_columns_and_the_records_are(head: bytes, dialect: dict[str, object], expected: Layout) -> None:
    """Names are trimmed, blank lines before the header are passed, and a byte order mark is no part of it."""
    assert layout(head, **dialect) == expected


@pytest.mark.parametrize(
    ("head", "dialect", "code", "message"),
    [
        (b"", {}, "EmptyFile", "raw.csv is empty; deliver it again with a header and rows"),
        (b"\n\r\n", {}, "EmptyFile", "raw.csv is empty; deliver it again with a header and rows"),
        (b"\xef\xbb\xbf\n", {"header": ["SKU", "qty"]}, "EmptyFile", "raw.csv is empty; deliver it again with"),
        (b"sku,qty\n", {}, "MissingColumn", "raw.csv: there is no column `SKU`; did you mean `sku`?"),
        (b"SKU,qty,SKU\n", {}, "DuplicateColumn", "raw.csv: the header has the column `SKU` 2 times; deliver it once"),
        (b'\nSKU,"q"ty\n', {}, "NoHeader", "raw.csv:2: the header cannot be read: its quotes do not fit"),
        (b"SKU,qty," + b"x" * 90, {"max_record": 64}, "NoHeader", "raw.csv:1: the header cannot be read: it is longer"),
        (b"SKU,qty,\xe9\n", {}, "NotText", "raw.csv:1: the byte 0xe9 in the header is not UTF-8"),
        (b"SKU,qty,\0\n", {}, "NotText", "raw.csv:1: the header holds the byte 0; deliver the file as text"),
        ("SKU,qty\n".encode("utf-16"), {}, "WrongEncoding", "raw.csv begins with the byte order mark of UTF-16"),
        (b"PAR1\x15\x04\x15\x00", {}, "ParquetFile", "raw.csv is a Parquet file; write"),
    ],
)  # fmt: skip
def test_files_that_are_refused(head: bytes, dialect: dict[str, object], code: str, message: str) -> None:
    """Each with a code of its own, the place, and the remedy."""
    with pytest.raises(PermanentError) as refused:
        layout(head, **dialect)
    assert (refused.value.code, refused.value.message[: len(message)]) == (code, message)


def test_a_column_that_nobody_reads_may_come_twice() -> None:
    """Then it does no harm."""
    assert layout(b"x,SKU,x,qty\n") == Layout(("x", "SKU", "x", "qty"), {"sku": 1, "qty": 3}, 12, 2)


def test_more_bytes_are_asked_for_until_the_header_ends() -> None:
    """But not without end: a header is no longer than any record, and blank lines before it are not either."""
    head = b"SKU,qty," + b",".join(b"column %d" % number for number in range(100)) + b"\r\n1,2\n"
    end = head.index(b"\r\n") + 2
    assert [read_layout(head[:length], recipe(), "raw.csv", final=False) for length in (0, 600, end - 1)] == [None] * 3
    found = read_layout(head[:end], recipe(), "raw.csv", final=False)
    assert found is not None
    assert (found.body, found.body_line, len(found.names)) == (end, 2, 102)
    with pytest.raises(PermanentError, match="longer than `max_record`"):
        read_layout(head[:600], recipe(max_record=500), "raw.csv", final=False)
    with pytest.raises(PermanentError, match="begins with more than 500 bytes of blank lines"):
        read_layout(b"\n" * 600, recipe(max_record=500), "raw.csv", final=False)


def test_json_lines_have_the_columns_of_the_recipe() -> None:
    """Each line names its own."""
    assert layout(b'\xef\xbb\xbf{"SKU": 1}\n', format="jsonl") == Layout(("SKU", "qty"), {"sku": 0, "qty": 1}, 3, 1)
