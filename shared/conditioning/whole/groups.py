"""`aggregate`: partial results per frame, sorted by key, combined where equal keys lie side by side."""

from collections.abc import Mapping, Sequence

import polars as pl

from shared.conditioning.recipe.steps import Aggregate
from shared.conditioning.whole.distinct import DistinctCounts
from shared.conditioning.whole.external_sort import ExternalSorter
from shared.conditioning.whole.measures import LAST_FILE, LAST_OFFSET, Measure, measure
from shared.conditioning.whole.places import FILE, OFFSET, PLACES, Frames
from shared.conditioning.whole.scratch import compact
from shared.conditioning.whole.tally import Tally


class Groups:
    """One row per key, ordered by it, no value last.

    Args:
        step: Key and values.
        schema: Types of the columns that go in.
    """

    def __init__(self, step: Aggregate, schema: Mapping[str, pl.DataType]) -> None:
        self.by = tuple(dict.fromkeys(step.by))
        self.measures: list[Measure] = []
        #: Column of each `count_distinct`, by the name of its value.
        self.distinct: dict[str, str] = {}
        self.schema: dict[str, pl.DataType] = {name: schema[name] for name in self.by}
        for name, (function, column) in step.parsed.items():
            if function == "count_distinct":
                assert column is not None, "only count() is of no column"
                self.distinct[name] = column
                self.schema[name] = pl.Int64()
                continue
            self.measures.append(measure(function, column, name, schema))
            self.schema[name] = self.measures[-1].dtype

    def formed(
        self, frames: Frames, sorter: ExternalSorter, counters: Sequence[DistinctCounts], tally: Tally
    ) -> Frames:
        """The groups.

        Args:
            frames: All rows.
            sorter: By the key, and then by place.
            counters: For each `count_distinct`.
            tally: Counts the rows that go into groups.

        Raises:
            PermanentError: A sum is beyond its type.
        """
        for frame in frames:
            tally.aggregated += frame.height
            rows = _without_negative_zero(frame)
            sorter.add(compact(self._partial(rows)))
            for counter in counters:
                counter.add(rows)
        for counter in counters:
            counter.count()
        for states in self._combined(sorter.drain()):
            tally.aggregated -= states.height
            values = [one.finished(states) for one in self.measures] + [
                counter.take(states.height) for counter in counters
            ]
            yield states.select(self.by).with_columns(values).select(list(self.schema))

    def _partial(self, rows: pl.DataFrame) -> pl.DataFrame:
        ordered = rows.sort(PLACES)
        places = [pl.col(FILE, OFFSET).first(), pl.col(FILE).last().alias(LAST_FILE)]
        grouped = ordered.group_by(self.by, maintain_order=True).agg(
            *places,
            pl.col(OFFSET).last().alias(LAST_OFFSET),
            *(state for one in self.measures for state in one.partial()),
        )
        return self._condensed(grouped)

    def _combined(self, frames: Frames) -> Frames:
        """One state per key. The last one of a frame waits: its key may go on in the next frame."""
        waiting: pl.DataFrame | None = None
        last = pl.col(LAST_FILE, LAST_OFFSET).sort_by(LAST_FILE, LAST_OFFSET).last()
        for frame in frames:
            states = frame if waiting is None else pl.concat([waiting, frame])
            grouped = states.group_by(self.by, maintain_order=True).agg(
                pl.col(FILE, OFFSET).first(), last, *(state for one in self.measures for state in one.combined())
            )
            combined = self._condensed(grouped)
            waiting = compact(combined[-1:])
            if combined.height > 1:
                yield combined[:-1]
        if waiting is not None:
            yield waiting

    def _condensed(self, states: pl.DataFrame) -> pl.DataFrame:
        return states.with_columns(series for one in self.measures for series in one.condensed(states))


def _without_negative_zero(frame: pl.DataFrame) -> pl.DataFrame:
    """-0.0 and 0.0 are one key and one value, so only one of them may come out; polars skips an addition of 0.0."""
    floats = [name for name, dtype in frame.schema.items() if dtype == pl.Float64]
    return frame.with_columns(pl.when(pl.col(name) == 0).then(0.0).otherwise(name).alias(name) for name in floats)
