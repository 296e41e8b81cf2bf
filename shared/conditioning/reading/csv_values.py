"""The values of well-formed CSV records as columns of text, by polars' parser."""

from typing import Final

import numpy as np
import polars as pl

from shared.conditioning.reading.csv_quotes import LF, Flags, Marks
from shared.conditioning.reading.csv_split import split
from shared.conditioning.reading.csv_tokens import Tokens
from shared.conditioning.reading.stretch import Indices, Layout

_BOM: Final = b"\xef\xbb\xbf"


def parse(plain: bytes, content: bytes, spans: tuple[Indices, Indices], marks: Marks, layout: Layout) -> pl.DataFrame:
    """The wanted columns of well-formed records.

    polars is held to their number; should it still read them otherwise, they are read one by one.

    Args:
        plain: The records as polars reads them rightly, from `plain_records`.
        content: The bytes that they lie in.
        spans: Offset of each record in them, and offset past it, its line end left out.
        marks: How they are written.
        layout: The columns.

    Returns:
        One text column per wanted column, by its standard name; no value is null.
    """
    schema = dict.fromkeys(layout.wanted, pl.String)
    count = len(spans[0])
    if not count:
        return pl.DataFrame(schema=schema)
    try:
        frame = _parsed(plain, marks, layout)
    except pl.exceptions.PolarsError:
        frame = None
    if frame is not None and frame.height == count:
        return frame
    records = (content[start:end].decode() for start, end in zip(*spans, strict=True))
    rows = [split(record, marks) for record in records]
    return pl.DataFrame({name: [row[place] for row in rows] for name, place in layout.wanted.items()}, schema=schema)


def plain_records(block: memoryview, tokens: Tokens, good: Flags, marks: Marks) -> list[bytes | memoryview]:
    """The well-formed records of a block as polars reads them as Python's csv does, in parts.

    There are no other records, no blank lines, no line that ends with a carriage return alone, and no quotes in
    unquoted values.

    Args:
        block: The bytes that are consumed; the parts are views of them where they need not be changed.
        tokens: Its records.
        good: Which of them are well-formed: valid UTF-8, as many values as columns, without NUL.
        marks: How the block is written.
    """
    if not good.any():
        return []
    returns = tokens.returns[tokens.returns < len(block)]
    if len(returns):
        mended = bytearray(block)
        np.frombuffer(mended, np.uint8)[returns] = LF
        block = memoryview(mended)
    joined = good[1:] & good[:-1] & (tokens.starts[1:] == tokens.nexts[:-1])
    starts = tokens.starts[good & ~np.append(False, joined)]
    ends = tokens.nexts[good & ~np.append(joined, False)]
    values, values_end = tokens.literals
    records = np.searchsorted(tokens.starts, values, side="right") - 1
    inside = good[records] & (values < tokens.nexts[records])
    values, values_end = values[inside], values_end[inside]
    starts = np.sort(np.append(starts, values_end))
    ends, behind = np.append(ends, values), np.append(np.zeros_like(ends), values_end)
    order = np.argsort(ends)
    parts: list[bytes | memoryview] = []
    for start, end, value_end in zip(starts.tolist(), ends[order].tolist(), behind[order].tolist(), strict=True):
        parts.append(block[start:end])
        if value_end:
            parts.append(_quoted(bytes(block[end:value_end]), marks))
    return parts


def _parsed(content: bytes, marks: Marks, layout: Layout) -> pl.DataFrame:
    width = len(layout.names)
    marked = content.startswith(_BOM)  # polars cuts it off, but here it is a part of the first value
    frame = pl.read_csv(
        b"-" + bytes([marks.delimiter]) * (width - 1) + b"\n" + content if marked else content,
        has_header=False,
        schema={str(place): pl.String for place in range(width)},
        columns=sorted(set(layout.wanted.values())),
        separator=chr(marks.delimiter),
        quote_char=None if marks.quote is None else chr(marks.quote),
        infer_schema=False,
        empty_string_is_null=False,
        extra_columns="raise",
        missing_columns="insert",
    )
    return frame.select(pl.col(str(place)).alias(name) for name, place in layout.wanted.items())[int(marked) :]


def _quoted(value: bytes, marks: Marks) -> bytes:
    """A value that has quotes in it, but does not begin with one, in quotes."""
    quote = b"" if marks.quote is None else bytes([marks.quote])
    return quote + value.replace(quote, quote * 2) + quote
