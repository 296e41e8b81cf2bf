"""Rows whose key has been there before, found where equal keys lie side by side; `deduplicate` and `unique`."""

from collections.abc import Sequence
from typing import Final

import polars as pl

from shared.conditioning.recipe.rules import Severity
from shared.conditioning.recipe.steps import Deduplicate
from shared.conditioning.whole.external_sort import ExternalSorter
from shared.conditioning.whole.places import FILE, OFFSET, PLACES, Frames, Sources
from shared.conditioning.whole.scratch import compact
from shared.conditioning.whole.tally import Tally

RULE: Final = "*rule"
REASON: Final = "*reason"

_NEW: Final = "*new"
_FIRST_FILE: Final = "*first_file"
_FIRST_OFFSET: Final = "*first_offset"


def deduplicated(frames: Frames, step: Deduplicate, sorter: ExternalSorter, tally: Tally) -> Frames:
    """One row per key; a key without value is one, too.

    Args:
        frames: All rows.
        step: The key, and which row is kept.
        sorter: By the key, and then with the row first that is kept.
        tally: Counts the others.
    """
    for frame in frames:
        kept = frame.sort(PLACES).unique(step.by, keep=step.keep, maintain_order=True)
        tally.deduplicated += frame.height - kept.height
        sorter.add(_own(kept, frame))
    for frame in _marked(sorter.drain(), step.by):
        kept = frame.filter(_NEW)
        tally.deduplicated += frame.height - kept.height
        yield _plain(_own(kept, frame))


class Uniqueness:
    """A rule that no two rows have the same values of some columns. The first row keeps its place.

    A row without one of the values breaks nothing, as with the other rules.

    Args:
        rule: Its name.
        columns: What must differ.
        severity: What becomes of later rows.
        sources: Name the places of rows.
        tally: Counts them.
    """

    def __init__(self, rule: str, columns: Sequence[str], severity: Severity, sources: Sources, tally: Tally) -> None:
        self._rule = rule
        self._columns = tuple(dict.fromkeys(columns))
        self._severity = severity
        self._sources = sources
        self._tally = tally
        self._first: tuple[int, int] | None = None

    def applied(self, frames: Frames, sorter: ExternalSorter, rejections: ExternalSorter) -> Frames:
        """The rows kept, in the sorter's order.

        Args:
            frames: All rows.
            sorter: By the columns, and then by place.
            rejections: Takes the rejected rows, with rule and reason.
        """
        for frame in frames:
            sorter.add(frame)
        counts = {"reject": self._tally.reasons, "warn": self._tally.warned, "fail": self._tally.failed}
        breaks = ~pl.col(_NEW) & pl.all_horizontal(pl.col(self._columns).is_not_null())
        for frame in _marked(sorter.drain(), self._columns):
            broken = frame.filter(breaks)
            if broken.height:
                counts[self._severity][self._rule] += broken.height
                self._note_first(broken)
            if self._severity != "reject":
                yield _plain(frame)
                continue
            rejections.add(_plain(_own(self._explained(broken), frame)))
            yield _plain(_own(frame.filter(~breaks), frame))

    def _explained(self, broken: pl.DataFrame) -> pl.DataFrame:
        first = zip(broken[_FIRST_FILE], broken[_FIRST_OFFSET], strict=True)
        reasons = [self._reason(file, offset) for file, offset in first]
        return broken.with_columns(
            pl.lit(self._rule, pl.String).alias(RULE), pl.Series(REASON, reasons, dtype=pl.String)
        )

    def _reason(self, file: int, offset: int) -> str:
        """Without values: they may be personal."""
        has = "has the same value" if len(self._columns) == 1 else "has the same values"
        return f"{', '.join(self._columns)}: {has} as {self._sources.described(file, offset)}"

    def _note_first(self, broken: pl.DataFrame) -> None:
        """Rows come by key, so any of them may be the first one in its source."""
        file, offset, first_file, first_offset = broken.select(*PLACES, _FIRST_FILE, _FIRST_OFFSET).sort(PLACES).row(0)
        if self._first is None or (file, offset) < self._first:
            self._first = (file, offset)
            finding = f"{self._sources.described(file, offset)}: {self._reason(first_file, first_offset)}"
            self._tally.findings[self._rule] = finding


def _marked(frames: Frames, key: Sequence[str]) -> Frames:
    """Sorted rows, with marks: whether a row is the first of its key, and the place of the one that is."""
    before: pl.DataFrame | None = None
    changes = pl.any_horizontal(pl.col(column).ne_missing(pl.col(column).shift(1)) for column in key)
    for frame in frames:
        rows = frame if before is None else pl.concat([before, frame])
        marked = rows.with_columns((changes | (pl.int_range(pl.len()) == 0)).alias(_NEW)).with_columns(
            pl.when(_NEW).then(place).forward_fill().alias(name)
            for place, name in ((FILE, _FIRST_FILE), (OFFSET, _FIRST_OFFSET))
        )
        yield marked if before is None else marked[1:]
        before = _first_of_last_key(marked, frame.columns)


def _first_of_last_key(marked: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    last = marked[-1:].with_columns(pl.col(_FIRST_FILE).alias(FILE), pl.col(_FIRST_OFFSET).alias(OFFSET))
    return compact(last.select(columns))


def _own(rows: pl.DataFrame, source: pl.DataFrame) -> pl.DataFrame:
    """Rows picked from a frame, which they must not keep alive if they are few."""
    return compact(rows) if rows.height * 4 < source.height * 3 else rows


def _plain(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.drop(_NEW, _FIRST_FILE, _FIRST_OFFSET, strict=False)
