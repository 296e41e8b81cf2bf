"""`count_distinct`: the different values of each group, sorted by themselves, so that no group must fit into memory."""

from collections.abc import Iterable, Sequence
from typing import Final

import polars as pl

from shared.conditioning.whole.external_sort import ExternalSorter
from shared.conditioning.whole.places import PLACES, Frames
from shared.conditioning.whole.scratch import compact

#: The counted column, renamed: it may be one of the key's, too.
VALUE: Final = "*value"

_COUNT: Final = "*count"


class DistinctCounts:
    """Counts of different values, per key in the order of the keys; no value is none.

    Args:
        by: The key.
        column: Whose values are counted.
        name: Of the counts.
        sorter: By the key, then by `VALUE`, and then by place.
    """

    def __init__(self, by: Sequence[str], column: str, name: str, sorter: ExternalSorter) -> None:
        self._by = tuple(by)
        self._pair = (*by, VALUE)
        self._column = column
        self._name = name
        self._sorter = sorter
        self._counts: Frames = iter(())
        self._waiting = pl.DataFrame(schema={_COUNT: pl.Int64})

    def add(self, rows: pl.DataFrame) -> None:
        """Take rows."""
        pairs = rows.select(*PLACES, *self._by, pl.col(self._column).alias(VALUE))
        self._sorter.add(compact(pairs.unique(self._pair, keep="any")))

    def count(self) -> None:
        """All rows have been taken."""
        self._counts = self._counted(_without_repeats(self._sorter.drain(), self._pair))

    def take(self, keys: int) -> pl.Series:
        """The counts of the next so many keys."""
        waiting = [self._waiting]
        while sum(frame.height for frame in waiting) < keys:
            waiting.append(next(self._counts))
        counts = pl.concat(waiting)
        self._waiting = counts[keys:]
        return counts[:keys].to_series().alias(self._name)

    def _counted(self, frames: Iterable[pl.DataFrame]) -> Frames:
        """The last key of a frame waits: it may go on in the next one."""
        waiting: pl.DataFrame | None = None
        for frame in frames:
            counts = frame.group_by(self._by, maintain_order=True).agg(
                pl.col(VALUE).count().cast(pl.Int64).alias(_COUNT)
            )
            if waiting is not None:
                both = pl.concat([waiting, counts])
                counts = both.group_by(self._by, maintain_order=True).agg(pl.col(_COUNT).sum())
            waiting = compact(counts[-1:])
            yield counts[:-1].select(_COUNT)
        if waiting is not None:
            yield waiting.select(_COUNT)


def _without_repeats(frames: Iterable[pl.DataFrame], pair: Sequence[str]) -> Frames:
    """Of sorted rows the first of each pair. That of the last pair is carried over, and then cut off again."""
    before: pl.DataFrame | None = None
    for frame in frames:
        rows = frame if before is None else pl.concat([before, frame])
        first = rows.unique(pair, keep="first", maintain_order=True)
        fresh = first if before is None else first[1:]
        before = compact(frame[-1:])
        if fresh.height:
            yield fresh
