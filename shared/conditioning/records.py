"""Bytes of a raw CSV file as records, with the line that each begins at; what is no record is rejected, not mended."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from shared.errors import PermanentError

#: Blanks that `trim` cuts off: ASCII's, and the no-break space that spreadsheets write.
BLANKS: Final = " \t\r\n\v\f\u00a0"

_BOM: Final = b"\xef\xbb\xbf"
_NOT_TEXT: Final = (
    (b"\x1f\x8b", "Compressed", "is compressed with gzip, which is not supported yet; deliver it unpacked"),
    (b"PK\x03\x04", "Compressed", "is a ZIP or Excel file; deliver it as CSV"),
    (b"\xff\xfe", "NotUtf8", "is UTF-16, not UTF-8; deliver it as UTF-8"),
    (b"\xfe\xff", "NotUtf8", "is UTF-16, not UTF-8; deliver it as UTF-8"),
)


@dataclass(frozen=True)
class Rejection:
    """A record that is not kept.

    Attributes:
        line: Where it begins, from 1.
        rule: Machine-readable, counted: `field_count`, `date.not_a_date`.
        reason: For a person.
        raw: The record as it was delivered.
    """

    line: int
    rule: str
    reason: str
    raw: str


@dataclass(frozen=True)
class Records:
    """A file's records. Blank lines are none.

    Attributes:
        header: Column names, trimmed.
        rows: Records with as many values as the header, in order.
        spans: Of each row its first line, from 1, and its last.
        rejected: The other records.
        lines: The file's lines, with their ends.
    """

    header: list[str]
    rows: list[list[str]]
    spans: list[tuple[int, int]]
    rejected: list[Rejection]
    lines: list[str]

    def raw(self, first: int, last: int) -> str:
        """Lines as they were delivered, without the end of the last one."""
        return "".join(self.lines[first - 1 : last]).rstrip("\r\n")


def read_records(content: bytes, delimiter: str, file: str) -> Records:
    """The records of a CSV file in UTF-8, with or without a byte order mark.

    Args:
        content: The file.
        delimiter: One character.
        file: Its name, for messages.

    Raises:
        PermanentError: `NotUtf8`, `Compressed`, `EmptyFile`, or a quote that is never closed (`UnclosedQuote`).
    """
    lines = list(io.StringIO(_decoded(content, file), newline=""))
    spanned = _parsed(lines, delimiter, file)
    first = next(spanned, None)
    if first is None:
        raise PermanentError("EmptyFile", f"{file} is empty; deliver it again with a header and rows")
    if isinstance(first[2], csv.Error):
        raise PermanentError("NoHeader", f"{file}:{first[0]}: the header cannot be read: {first[2]}; mind its quotes")
    records = Records([name.strip(BLANKS) for name in first[2]], [], [], [], lines)
    for begin, end, row in spanned:
        if isinstance(row, csv.Error):
            reason = f"line {begin}: {row}; a quoted value ends at the next delimiter, and quotes in it are doubled"
            records.rejected.append(Rejection(begin, "malformed_quotes", reason, records.raw(begin, end)))
        elif len(row) != len(records.header):
            reason = f"line {begin}: {len(row)} values, but the header has {len(records.header)}"
            records.rejected.append(Rejection(begin, "field_count", reason, records.raw(begin, end)))
        else:
            records.rows.append(row)
            records.spans.append((begin, end))
    return records


def _parsed(lines: list[str], delimiter: str, file: str) -> Iterator[tuple[int, int, list[str] | csv.Error]]:
    """Each record with its first and last line; an error in the place of a record that is none."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        begin = reader.line_num + 1
        row: list[str] | csv.Error
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if "unexpected end of data" in str(error):
                raise _unclosed(f"{file}:{begin}", "never closed, so all that follows it") from error
            if reader.line_num > begin:  # rows have gone into one value, and rejecting it would count them as one
                raise _unclosed(f"{file}:{begin}", f"not closed, so all up to line {reader.line_num}") from error
            row = error
        if row:
            yield begin, reader.line_num, row


def _unclosed(where: str, what: str) -> PermanentError:
    text = f"{where}: a quote is opened and {what} would be one value; close it, or double it if it is meant"
    return PermanentError("UnclosedQuote", text)


def _decoded(content: bytes, file: str) -> str:
    for magic, code, fault in _NOT_TEXT:
        if content.startswith(magic):
            raise PermanentError(code, f"{file} {fault}")
    body = content.removeprefix(_BOM)
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        offset = error.start + len(content) - len(body)
        line = content.count(b"\n", 0, offset) + 1
        what = f"{file}:{line}: the byte 0x{content[offset]:02x} at offset {offset} is not UTF-8"
        raise PermanentError("NotUtf8", f"{what}; deliver the file as UTF-8") from error
