"""The rule `monotonic`: the values of a column never fall, in the order of the table."""

import polars as pl

from shared.conditioning.recipe.rules import Severity
from shared.conditioning.whole.places import FILE, MADE, OFFSET, Frames, Sources
from shared.conditioning.whole.tally import Tally


class Monotonic:
    """Counts the rows whose value is below the one before; rows without value are passed over.

    Args:
        rule: Its name.
        column: Whose values never fall.
        severity: Whether it warns or fails the dataset; it rejects nothing, since no single row is at fault.
        sources: Name the places of rows.
        tally: Counts.
    """

    def __init__(self, rule: str, column: str, severity: Severity, sources: Sources, tally: Tally) -> None:
        self._rule = rule
        self._column = column
        self._sources = sources
        self._counts = tally.warned if severity == "warn" else tally.failed
        self._findings = tally.findings

    def watched(self, frames: Frames) -> Frames:
        """The same frames."""
        before: pl.Series | None = None
        row = 0
        for frame in frames:
            values = frame[self._column]
            known = values if before is None else pl.concat([before, values])
            highest = known.forward_fill()
            falls = (highest < highest.shift(1)).fill_null(False)
            falls = falls if before is None else falls[1:]
            if falls.any():
                self._counts[self._rule] += int(falls.sum())
                self._note_first(frame, falls.arg_max() or 0, row)
            before = highest[-1:]
            row += frame.height
            yield frame

    def _note_first(self, frame: pl.DataFrame, index: int, row: int) -> None:
        """Without values: they may be personal."""
        file, offset = frame[FILE][index], frame[OFFSET][index]
        source = "" if file == MADE else f" ({self._sources.described(file, offset)})"
        finding = f"{self._column} falls at row {row + index + 1} of the table{source}"
        self._findings.setdefault(self._rule, finding)
