"""A stretch of a file as records: what every reader gives, and every step works on."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import polars as pl

#: Offsets and indices: one 64-bit integer per record.
type Indices = npt.NDArray[np.int64]

#: How a file's characters are written, the order of bytes included.
type TextEncoding = Literal["utf-8", "utf-16-le", "utf-16-be", "latin-1"]


@dataclass(frozen=True)
class Layout:
    """Where a file's columns are.

    Attributes:
        names: The file's column names, trimmed, in order; records have as many values.
        wanted: Position of each column that the recipe reads, by its standard name, in the recipe's order.
        body: Offset of the first record after the header, in the raw file's bytes (the unpacked ones of gzip).
        body_line: Line of that record, from 1.
        encoding: How the file's characters are written, the order of bytes included.
    """

    names: tuple[str, ...]
    wanted: dict[str, int]
    body: int
    body_line: int
    encoding: TextEncoding = "utf-8"


@dataclass(frozen=True, slots=True)
class Malformed:
    """A record that cannot be read.

    Attributes:
        record: Its index in the stretch.
        rule: Machine-readable, counted: `field_count`, `malformed_quotes`, `unclosed_quote`, `not_utf8`, `nul_byte`,
            `record_too_long`, `malformed_json`.
        reason: For a person, without its place.
    """

    record: int
    rule: str
    reason: str


@dataclass(frozen=True)
class Stretch:
    """The complete records of a stretch of bytes. Blank lines are none.

    Attributes:
        frame: One text column per wanted column, by its standard name; one row per well-formed record.
        records: Of each row of the frame its record's index in the stretch; `None` when row and record are the same.
        starts: Offset of each record from the stretch's first byte, in the file's own encoding.
        lines: Line of each record, counted from 0 at the stretch's first byte.
        malformed: The other records, by index.
        consumed: Bytes up to the end of the last record or blank line that begins before the stop, in the file's own
            encoding; what follows is incomplete, or begins at the stop or after it.
        lines_consumed: Lines that end in them.
        raw: The text of a record as it was delivered, without its line end, of at most 4,000 characters.
        inside: Whether it ends inside a record that is too long, the last one, of which only the end is still to come.
    """

    frame: "pl.DataFrame"
    records: "Indices | None"
    starts: "Indices"
    lines: "Indices"
    malformed: tuple[Malformed, ...]
    consumed: int
    lines_consumed: int
    raw: Callable[[int], str]
    inside: bool = False

    @property
    def count(self) -> int:
        """Records, malformed ones included."""
        return len(self.starts)

    def record_of(self, row: int) -> int:
        """The record of a row of the frame."""
        return row if self.records is None else int(self.records[row])

    def places(self) -> Any:
        """Offset of the record of each row of the frame."""
        return self.starts if self.records is None else self.starts[self.records]
