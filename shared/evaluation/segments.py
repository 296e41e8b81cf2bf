"""Figures of parts of the rows: where a model does worst."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from shared.contracts.evaluation import SegmentFigure
from shared.contracts.policy import GatePolicy
from shared.evaluation.bars import Bar
from shared.evaluation.metrics import enters
from shared.evaluation.observations import Observations, Who

#: So many of the worst are told.
SHOWN: Final = 3
#: A column with more values than these says which row it is, not what kind of row.
_MOST_VALUES: Final = 20
#: A verdict travels, and has to stay small.
_NAME_LIMIT: Final = 60


class Segment(NamedTuple):
    """Some of the rows, and how the model does there.

    Attributes:
        bar: What it has to reach; `None` where the reference's figure is missing.
    """

    name: str
    rows: int
    got: float | None
    bar: Bar | None

    @property
    def holds(self) -> bool:
        """Whether the gate holds here; a figure that is missing does not hold."""
        return self.got is not None and self.bar is not None and self.bar.holds(self.got)

    @property
    def shortfall(self) -> float:
        """For the order: what is missing comes first, then what falls short most."""
        return float("inf") if self.got is None or self.bar is None else self.bar.short(self.got)

    def told(self, gate: GatePolicy) -> SegmentFigure:
        """As a verdict keeps it."""
        required = self.bar.limit if gate.reference and self.bar else None
        name = self.name if len(self.name) <= _NAME_LIMIT else self.name[: _NAME_LIMIT - 1] + "…"
        return SegmentFigure(segment=name, rows=self.rows, got=self.got, required=required)


class Judged(NamedTuple):
    """The segments of a gate, the worst first, and how many had too few rows."""

    segments: tuple[Segment, ...]
    left_out: int


def judge_segments(
    rows: Observations, gate: GatePolicy, columns: Sequence[str], bar_of: Callable[[float | None], Bar | None]
) -> Judged:
    """Each segment's figure and bar.

    Args:
        rows: What was observed.
        gate: Its metric, its reference and its `min_rows`, of rows that enter the figure.
        columns: Each combination of their values is a segment.
        bar_of: What has to be reached, given the reference's figure of the segment, if the gate has one.
    """
    segments, left_out = [], 0
    for name, numbers in rows.segments(columns).items():
        entering = sum(enters(gate.metric, rows.actual[number]) for number in numbers)
        if entering < gate.min_rows:
            left_out += 1
            continue
        reference = rows.figure(gate.metric, gate.reference, numbers) if gate.reference else None
        got = rows.figure(gate.metric, "model", numbers)
        segments.append(Segment(name, entering, got, bar_of(reference)))
    return Judged(tuple(sorted(segments, key=lambda one: (-one.shortfall, one.name))), left_out)


def worst_segments(
    rows: Observations, gate: GatePolicy, bar_of: Callable[[float | None], Bar | None]
) -> tuple[Segment, ...]:
    """Where a model that did not pass does worst, by each column that has few values."""
    found = [
        segment
        for column in _columns_of_few(rows)
        for segment in judge_segments(rows, gate, (column,), bar_of).segments
        if segment.got is not None or _incomplete(rows, column, segment.name)
    ]
    return tuple(sorted(found, key=lambda one: (-one.shortfall, one.name)))[:SHOWN]


def _columns_of_few(rows: Observations) -> Iterator[str]:
    for column, cells in rows.columns.items():
        if 1 < len(set(cells)) <= _MOST_VALUES:
            yield column


def _incomplete(rows: Observations, column: str, name: str) -> bool:
    """Whether predictions are missing in a segment: otherwise its figure is just not defined there."""
    who: Who = "model"
    return rows.figure("coverage", who, rows.segments((column,))[name]) != 1
