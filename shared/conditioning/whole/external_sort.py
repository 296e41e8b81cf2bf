"""Sorting what does not fit: sorted runs in blocks, merged by stretches that are known to fit before they are read."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import polars as pl

from shared.conditioning.whole.places import Frames
from shared.conditioning.whole.scratch import SEGMENT_BYTES, Part, Scratch, Spill, held_bytes
from shared.conditioning.whole.sort_key import Bound, SortKey

#: Runs that are merged at once; more of them are merged in several passes. The more, the smaller are their blocks.
FAN_IN: Final = 16


@dataclass(frozen=True)
class _Block:
    """Rows of a sorted run that lie in scratch space together, and between which other rows of the run do not lie."""

    run: int
    part: Part
    first: Bound
    last: Bound
    size: int


class ExternalSorter:
    """Takes frames in any order and gives their rows sorted, in memory that does not depend on how many they are.

    Runs are cut by size and merged by comparison, never spread by hash or by value: rows that are all equal, all
    different or sorted already need the same memory. What fits into the budget is not spilled.

    Args:
        key: The order.
        scratch: Holds what does not fit.
        prefix: Of all names there; no other sorter may have it.
        budget: Bytes of memory, for rows and the copies that sorting them takes; one row per run is held in any case.
    """

    def __init__(self, key: SortKey, scratch: Scratch, prefix: str, budget: int) -> None:
        self._key = key
        # Rows are there three times for a moment: as they came, put together, and sorted. A merge has a stretch of
        # the table twice, at most one open block per run, what was read ahead, and what waits to be written.
        self._spill = Spill(scratch, prefix, min(SEGMENT_BYTES, budget // 6))
        self._run_bytes = max(1, budget // 3)
        self._stretch_bytes = max(1, budget // 6)
        self._block_bytes = max(1, budget // (6 * FAN_IN))
        self._held: list[pl.DataFrame] = []
        self._held_bytes = 0
        self._runs: list[list[_Block]] = []
        self._run_count = 0

    def add(self, frame: pl.DataFrame) -> None:
        """Take rows; all frames have the same columns."""
        for part in sliced(frame, self._run_bytes):
            self._held.append(part)
            self._held_bytes += held_bytes(part)
            if self._held_bytes >= self._run_bytes:
                self._close_run()

    def drain(self) -> Frames:
        """All rows, sorted, in frames of bounded size; once."""
        if not self._runs:
            held, self._held = self._held, []
            if held:
                yield from sliced(self._key.sorted(pl.concat(held)), self._stretch_bytes)
            return
        if self._held:
            self._close_run()
        while len(self._runs) > FAN_IN:
            # No more than there must be: what is merged here is written and read once more.
            many = min(FAN_IN, len(self._runs) - FAN_IN + 1)
            merging, self._runs = self._runs[:many], self._runs[many:]
            self._write_run(self._merged(merging))
        runs, self._runs = self._runs, []
        yield from self._merged(runs)

    def _close_run(self) -> None:
        held, self._held, self._held_bytes = self._held, [], 0
        self._write_run([self._key.sorted(pl.concat(held))])

    def _write_run(self, frames: Iterable[pl.DataFrame]) -> None:
        run, self._run_count = self._run_count, self._run_count + 1
        self._runs.append(
            [
                _Block(run, self._spill.put(part), self._key.at(part, 0), self._key.at(part, -1), held_bytes(part))
                for frame in frames
                for part in sliced(frame, self._block_bytes)
            ]
        )
        self._spill.close()

    def _merged(self, runs: list[list[_Block]]) -> Frames:
        """Blocks end in a known order, so a stretch is: all that ends up to a bound, and what others have before it."""
        unread = {blocks[0].run: blocks for blocks in runs}
        ahead = self._stretch_bytes // len(runs)
        frames = {blocks[0].run: self._spill.taken([block.part for block in blocks], ahead) for blocks in runs}
        opened: dict[int, pl.DataFrame] = {}
        for stretch in _stretches(
            sorted((block for blocks in runs for block in blocks), key=_end), self._stretch_bytes
        ):
            bound = stretch[-1].last
            parts = [part for run in unread for part in self._take_up_to(bound, run, unread, frames[run], opened)]
            yield self._key.sorted(pl.concat(parts))

    def _take_up_to(
        self,
        bound: Bound,
        run: int,
        unread: dict[int, list[_Block]],
        frames: Frames,
        opened: dict[int, pl.DataFrame],
    ) -> Frames:
        """What a run has up to a bound; of the block that reaches beyond it the rest stays open."""
        blocks = unread[run]
        taken = 0
        while taken < len(blocks) and not bound < blocks[taken].first:
            frame = opened.pop(run, None)
            if frame is None:
                frame = next(frames)
            if bound < blocks[taken].last:
                cut = self._key.rows_up_to(frame, bound)
                opened[run] = frame[cut:]
                if cut:
                    yield frame[:cut]
                break
            yield frame
            taken += 1
        unread[run] = blocks[taken:]


def sliced(frame: pl.DataFrame, limit: int) -> Frames:
    """A frame in slices of about so many bytes, of at least one row; none of no rows."""
    rows = max(1, frame.height * limit // max(1, held_bytes(frame)))
    yield from frame.iter_slices(rows)


def _end(block: _Block) -> Bound:
    return block.last


def _stretches(blocks: list[_Block], limit: int) -> Iterator[list[_Block]]:
    """Consecutive blocks of about so many bytes."""
    stretch: list[_Block] = []
    size = 0
    for block in blocks:
        stretch.append(block)
        size += block.size
        if size >= limit:
            yield stretch
            stretch, size = [], 0
    if stretch:
        yield stretch
