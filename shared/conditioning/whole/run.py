"""A whole table through the steps that need all of it, in the order in which a recipe does them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from shared.conditioning.recipe.facts import rule_names
from shared.conditioning.recipe.schema import Recipe
from shared.conditioning.whole import custom_steps
from shared.conditioning.whole.custom_steps import WholeStep
from shared.conditioning.whole.distinct import VALUE, DistinctCounts
from shared.conditioning.whole.external_sort import ExternalSorter, sliced
from shared.conditioning.whole.groups import Groups
from shared.conditioning.whole.monotonic import Monotonic
from shared.conditioning.whole.places import FILE, OFFSET, PLACES, Frames, Sources, in_order, numbered
from shared.conditioning.whole.recut import recut
from shared.conditioning.whole.repeats import REASON, RULE, Uniqueness, deduplicated
from shared.conditioning.whole.scratch import Scratch
from shared.conditioning.whole.sort_key import SortKey
from shared.conditioning.whole.tally import Tally

BUDGET: Final = 64 << 20
#: Bytes of a frame that comes out, about.
FRAME_BYTES: Final = 4 << 20


@dataclass(frozen=True)
class Whole:
    """A table on its way out; rows come once.

    Attributes:
        schema: Its columns and their types.
        frames: Its rows, in frames that depend on nothing but the rows.
        rejections: The rejected rows by place: `*file`, `*offset`, `*rule`, `*reason` and the columns that went in.
            Complete when all frames have been taken.
        tally: Counts, complete when all frames have been taken.
    """

    schema: dict[str, pl.DataType]
    frames: Iterator[pl.DataFrame]
    rejections: Iterator[pl.DataFrame]
    tally: Tally


def run_whole(
    recipe: Recipe,
    schema: Mapping[str, pl.DataType],
    pieces: Iterable[pl.DataFrame],
    scratch: Scratch,
    *,
    budget: int = BUDGET,
    frame_bytes: int = FRAME_BYTES,
    custom: Mapping[str, WholeStep] | None = None,
    files: Sequence[str] = (),
) -> Whole:
    """Apply custom steps that are not row by row, deduplicate, unique, aggregate, order and monotonic.

    The result depends on the rows, their places and the recipe only: not on the pieces, the budget or the machine.

    Args:
        recipe: What is done.
        schema: Columns that the row steps give, those that are dropped in the end included.
        pieces: Their rows, with `*file` and `*offset` before these columns; no two rows have one place. In order of
            places where neither `deduplicate`, `unique`, `aggregate` nor `order` is asked for.
        scratch: Holds what does not fit; what a run leaves there after an error is the caller's.
        budget: Bytes of memory for rows.
        frame_bytes: Bytes of a frame that comes out, about.
        custom: Custom steps that are not row by row, by name, in order.
        files: Names of the source files, by number, for messages.

    Returns:
        The table; nothing is read before its first frame is taken.

    Raises:
        PermanentError: While frames are taken: a sum is beyond its type, or a custom step cannot be run.
    """
    steps = _Run(recipe, schema, scratch=scratch, budget=budget, frame_bytes=frame_bytes, sources=Sources(tuple(files)))
    return steps.over(pieces, custom or {})


class _Run:
    """The steps of one recipe, each fed by the one before it."""

    def __init__(
        self,
        recipe: Recipe,
        schema: Mapping[str, pl.DataType],
        *,
        scratch: Scratch,
        budget: int,
        frame_bytes: int,
        sources: Sources,
    ) -> None:
        self._recipe = recipe
        self._schema = dict(schema)
        self._scratch = scratch
        self._sources = sources
        self._frame_bytes = frame_bytes
        self._tally = Tally()
        self._rules = dict(zip(rule_names(recipe), recipe.rules, strict=True))
        self._unique = {name: rule for name, rule in self._rules.items() if rule.unique is not None}
        self._groups = Groups(recipe.aggregate, schema) if recipe.aggregate else None
        self._sorters = 0
        # While one sorter gives rows, the next one takes them; and some take them beside it.
        rejecting = any(rule.severity == "reject" for rule in self._unique.values())
        beside = len(self._groups.distinct) if self._groups else 0
        self._share = max(1, budget // (2 + rejecting + beside))

    def over(self, pieces: Iterable[pl.DataFrame], custom: Mapping[str, WholeStep]) -> Whole:
        """Put the steps together."""
        rejections = self._sorter(SortKey.over(()))
        frames = self._ordered(self._grouped(self._distinct(self._taken(pieces, custom), rejections)))
        written = {name: dtype for name, dtype in self._output().items() if name not in self._recipe.drop}
        return Whole(
            schema=written,
            frames=self._counted(recut(self._written(self._watched(frames), list(written)), self._frame_bytes)),
            rejections=_rejected(rejections),
            tally=self._tally,
        )

    def _taken(self, pieces: Iterable[pl.DataFrame], custom: Mapping[str, WholeStep]) -> Frames:
        frames = self._received(pieces)
        if custom:
            return custom_steps.applied(frames, custom, self._schema, self._share, self._tally)
        return frames if self._sorts() else in_order(frames)

    def _received(self, pieces: Iterable[pl.DataFrame]) -> Frames:
        columns = [*PLACES, *self._schema]
        for piece in pieces:
            self._tally.rows_in += piece.height
            for part in sliced(piece, self._share):
                yield part.select(columns)

    def _distinct(self, frames: Frames, rejections: ExternalSorter) -> Frames:
        step = self._recipe.deduplicate
        if step is not None:
            key = SortKey.over(step.by, latest_first=step.keep == "last")
            frames = deduplicated(frames, step, self._sorter(key), self._tally)
        for name, rule in self._unique.items():
            columns = rule.unique or []
            uniqueness = Uniqueness(name, columns, rule.severity, self._sources, self._tally)
            frames = uniqueness.applied(frames, self._sorter(SortKey.over(columns)), rejections)
        return frames

    def _grouped(self, frames: Frames) -> Frames:
        if self._groups is None:
            return frames
        by = self._groups.by
        counters = [
            DistinctCounts(by, column, name, self._sorter(SortKey.over([*by, VALUE])))
            for name, column in self._groups.distinct.items()
        ]
        return numbered(self._groups.formed(frames, self._sorter(SortKey.over(by)), counters, self._tally))

    def _ordered(self, frames: Frames) -> Frames:
        if not self._sorts_last():
            return frames
        return _sorted(frames, self._sorter(SortKey.over(self._recipe.order)))

    def _watched(self, frames: Frames) -> Frames:
        for name, rule in self._rules.items():
            if rule.monotonic is not None:
                frames = Monotonic(name, rule.monotonic, rule.severity, self._sources, self._tally).watched(frames)
        return frames

    def _written(self, frames: Frames, columns: list[str]) -> Frames:
        for frame in frames:
            yield frame.select(columns)

    def _counted(self, frames: Frames) -> Frames:
        for frame in frames:
            self._tally.rows_out += frame.height
            yield frame

    def _output(self) -> dict[str, pl.DataType]:
        return self._groups.schema if self._groups else self._schema

    def _sorts(self) -> bool:
        recipe = self._recipe
        return bool(recipe.deduplicate or self._unique or recipe.aggregate or recipe.order)

    def _sorts_last(self) -> bool:
        """Groups come in order; what a key brought together goes back to its place."""
        recipe = self._recipe
        return bool(recipe.order or (not recipe.aggregate and (recipe.deduplicate or self._unique)))

    def _sorter(self, key: SortKey) -> ExternalSorter:
        self._sorters += 1
        return ExternalSorter(key, self._scratch, f"sort{self._sorters}", self._share)


def _sorted(frames: Frames, sorter: ExternalSorter) -> Frames:
    for frame in frames:
        sorter.add(frame)
    yield from sorter.drain()


def _rejected(sorter: ExternalSorter) -> Frames:
    for frame in sorter.drain():
        yield frame.select(FILE, OFFSET, RULE, REASON, pl.exclude(FILE, OFFSET, RULE, REASON))
