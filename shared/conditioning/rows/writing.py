"""The standard CSV: UTF-8, comma, line feed, quotes only where they are needed, and null as nothing."""

import csv
import io
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    import polars as pl

#: A timestamp in UTC, and one that has a fraction of a second.
TIMESTAMP_FORMAT: Final = "%Y-%m-%dT%H:%M:%SZ"
FRACTION_FORMAT: Final = "%Y-%m-%dT%H:%M:%S%.6fZ"

#: What makes quotes necessary, as a set of a regular expression; rows that are looked at for it first.
_QUOTED: Final = ',"\\n\\r'
_SAMPLE: Final = 1_000
_COUNTED: Final = 1 << 17


def write_rows(frame: "pl.DataFrame") -> bytes:
    """Rows of standard columns as CSV, without the header.

    A null that is the only value of its row is written as two quotes: a blank line is no record to most readers.
    """
    texts = _with_days(_with_fractions(frame))
    if _seems_plain(frame):  # it is written much faster if nothing is looked at first; what is written tells
        content = _written(texts, "never")
        if _is_plain(content, frame):
            return content
    return _written(texts, "necessary")


def _written(texts: "pl.DataFrame", quotes: Literal["never", "necessary"]) -> bytes:
    out = io.BytesIO()
    texts.write_csv(
        out,
        include_header=False,
        datetime_format=TIMESTAMP_FORMAT,
        null_value='""' if texts.width == 1 else None,
        quote_style=quotes,
    )
    return out.getvalue()


def _seems_plain(frame: "pl.DataFrame") -> bool:
    """Whether no text of the first rows needs quotes, and none of all is empty: it would be read as null."""
    import polars as pl  # noqa: PLC0415 - loaded at first use

    texts = frame.select(pl.col(pl.String))
    if frame.width == 1 or frame.height < _SAMPLE:
        return False
    needs = texts.head(_SAMPLE).select(pl.any_horizontal(pl.all().str.contains(f"[{_QUOTED}]")).any())
    return not texts.width or not (needs.item() or texts.select(pl.any_horizontal((pl.all() == "").any())).item())


def _is_plain(content: bytes, frame: "pl.DataFrame") -> bool:
    """Whether rows that were written without quotes need none: there are no more separators than between values."""
    import numpy as np  # noqa: PLC0415 - loaded at first use

    if b'"' in content or b"\r" in content:
        return False
    separators = 0
    for start in range(0, len(content), _COUNTED):  # so few at once that they stay in the processor's cache
        values = np.frombuffer(content, np.uint8, min(_COUNTED, len(content) - start), start)
        separators += int(np.count_nonzero((values == ord(",")) | (values == ord("\n"))))
    return separators == frame.width * frame.height


def header_line(columns: Iterable[str]) -> bytes:
    """The line that names the columns."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(columns)
    return out.getvalue().encode()


def _with_days(frame: "pl.DataFrame") -> "pl.DataFrame":
    """Dates as texts, each day written once: days repeat, and polars writes each of them anew, which takes longer."""
    import polars as pl  # noqa: PLC0415 - loaded at first use

    dates = [name for name, held in frame.schema.items() if held == pl.Date]
    return frame.with_columns(_days(frame[name].to_physical()) for name in dates)


def _days(days: "pl.Series") -> "pl.Series":
    """Days since 1970 as texts; as dates where the days between the first and the last are more than the rows."""
    import polars as pl  # noqa: PLC0415 - loaded at first use

    first, last = days.min(), days.max()
    if not isinstance(first, int) or not isinstance(last, int) or last - first > len(days):
        return days.cast(pl.Date)
    texts = pl.int_range(first, last + 1, dtype=pl.Int32, eager=True).cast(pl.Date).cast(pl.String)
    return texts.gather(days - first).alias(days.name)


def _with_fractions(frame: "pl.DataFrame") -> "pl.DataFrame":
    """Timestamps as texts, where any of a column has a fraction; polars has one format for all."""
    import polars as pl  # noqa: PLC0415 - loaded at first use

    times = [name for name, held in frame.schema.items() if isinstance(held, pl.Datetime)]
    uneven = [name for name in times if (frame[name].dt.microsecond() != 0).any()]
    return frame.with_columns(
        pl.when(pl.col(name).dt.microsecond() == 0)
        .then(pl.col(name).dt.to_string(TIMESTAMP_FORMAT))
        .otherwise(pl.col(name).dt.to_string(FRACTION_FORMAT))
        for name in uneven
    )
