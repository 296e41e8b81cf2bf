"""Rows that are not kept: where each was, and why it is not."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from itertools import batched
from typing import Final, NamedTuple

from shared.conditioning.engine.formulas import all_harmless, as_text, from_text

_HEADER: Final = ("file", "row", "line", "offset", "rule", "reason", "raw")
HEADER: Final = (",".join(_HEADER) + "\n").encode()
_AT_ONCE: Final = 10_000


class QuarantinedRow(NamedTuple):
    """A rejected row or a malformed record.

    Attributes:
        file: Path of the raw file.
        row: Its number among the file's records, from 1; the header is none. Absent where the rule is one of the whole
            table.
        line: The line at which it begins, from 1; absent likewise.
        offset: Bytes before it, in the raw file; of Parquet, rows before it.
        rule: Machine-readable, counted: `field_count`, `date.not_a_date`.
        reason: For a person.
        raw: The record as it was delivered, at most 4,000 characters of it.
    """

    file: str
    row: int | None
    line: int | None
    offset: int
    rule: str
    reason: str
    raw: str


def quarantine_csv(rows: Iterable[QuarantinedRow]) -> bytes:
    """Rows as CSV, without a header. What a spreadsheet would calculate has an apostrophe before it, see `formulas`."""
    kept = list(rows)
    harmless = all_harmless(text for row in kept for text in (row.file, row.rule, row.reason, row.raw))
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(kept if harmless else map(_cells, kept))
    return text.getvalue().encode()


def read_quarantine(content: bytes) -> Iterator[QuarantinedRow]:
    """Read back what `quarantine_csv` wrote, with or without the header."""
    text = content.removeprefix(HEADER).decode()
    for file, row, line, offset, *said in csv.reader(io.StringIO(text, newline="")):
        yield QuarantinedRow(from_text(file), _number(row), _number(line), int(offset), *map(from_text, said))


def masked_row(values: Mapping[str, str | None]) -> str:
    """The values that a recipe reads, as one line: what is shown of a row that holds personal data."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(values.values())
    return text.getvalue()


def moved(content: bytes, rows: int, lines: int) -> Iterator[bytes]:
    """The quarantine of a range, counted from the file's first record: a range does not know what lies before it.

    Args:
        content: CSV without header, rows and lines counted from the range's first record.
        rows: Records before the range.
        lines: Lines before the range.
    """
    for some in batched(read_quarantine(content), _AT_ONCE, strict=False):
        yield quarantine_csv(one._replace(row=(one.row or 0) + rows, line=(one.line or 0) + lines) for one in some)


def _cells(row: QuarantinedRow) -> tuple[str | int | None, ...]:
    return as_text(row.file), row.row, row.line, row.offset, as_text(row.rule), as_text(row.reason), as_text(row.raw)


def _number(text: str) -> int | None:
    return int(text) if text else None
