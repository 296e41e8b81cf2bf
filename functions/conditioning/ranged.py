"""A large file in ranges: how it is cut, what each range leaves behind, and how they become one table. All blocks.

Nothing is merged or copied: each range stages its rows as blocks of the table, and the commit puts the blocks in order.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from functions import adapters
from functions.conditioning.cutting import ReadRange, layout_of
from functions.conditioning.documents import CSV, keep_document, read_document
from functions.conditioning.files import conclude, quarantine_path, table_path, work_of
from functions.conditioning.tables import read_blocks
from shared.conditioning.engine.counts import added
from shared.conditioning.engine.digest import raw_sha256
from shared.conditioning.engine.quarantine import HEADER, moved
from shared.conditioning.engine.ranges import Seams, condition_range
from shared.conditioning.engine.sinks import Memory
from shared.conditioning.engine.tables import record_pieces
from shared.conditioning.profile import Profile
from shared.conditioning.recipe.schema import Recipe
from shared.contracts.conditioning import ConditionedFile, Counted
from shared.contracts.ranges import CommitFileInput, ConditionRangeInput, PlanFileInput, RangeDone, RangePart
from shared.storage.base import BlobStore
from shared.storage.block_writer import BLOCK_BYTES, BlockWriter


class OneRange:
    """A range that was read, on its way: conditioned, which takes the processor for long, and what it gives kept.

    Args:
        order: Which range of which file.
        recipe: The file's recipe.
    """

    def __init__(self, order: ConditionRangeInput, recipe: Recipe) -> None:
        self._order = order
        self._recipe = recipe
        self._file = order.plan.file

    def condition(self, read: ReadRange) -> "Conditioned":
        """Take its records through the recipe."""
        order, table, quarantine = self._order, Memory(), _range_quarantine(self._order, self._recipe)
        pieces = work_of(order.plan.fleet, self._recipe).pieces(self._file.path, table, quarantine)
        seams = condition_range(
            read.source, self._recipe, read.layout, pieces, begin=read.begin, stop=read.stop, first=order.start
        )
        profile = pieces.profile.to_json() if pieces.profile is not None else None
        return Conditioned(seams, read.hashes, pieces.counts, pieces.lines, profile, table, quarantine)

    def keep(self, made: "Conditioned") -> RangeDone:
        """Keep what it gave under the place where its first record begins."""
        plan, index, seams = self._order.plan, self._order.index, made.seams
        prefix = f"{plan.run}-{index:06d}-{seams.start:014d}"
        blocks = _stage(adapters.data(), table_path(self._file, self._recipe), prefix, made.table.blocks(BLOCK_BYTES))
        if made.counts.rejected:
            made.quarantine.commit()
        part = RangePart(
            **made.counts.to_wire(),
            start=seams.start,
            end=seams.end,
            lines=made.lines,
            blocks=blocks,
            quarantine=made.quarantine.path if made.counts.rejected else None,
            hashes=made.hashes,
            profile=made.profile,
        )
        keep_document(_part_path(plan, self._recipe, index, seams.start), part)
        return RangeDone(start=seams.start, end=seams.end, rows=made.counts.rows_in)


@dataclass(frozen=True)
class Conditioned:
    """What a range has given, without what it took.

    Attributes:
        seams: Where its records lie.
        hashes: Of its bytes.
        counts: What became of them.
        lines: How many end in it.
        profile: Of its columns, as JSON values; absent where the whole table has one.
        table: Its rows.
        quarantine: Its rejected rows, not committed yet.
    """

    seams: Seams
    hashes: tuple[str, ...]
    counts: Counted
    lines: int
    profile: dict[str, Any] | None
    table: Memory
    quarantine: BlockWriter


def commit_file(order: CommitFileInput, recipe: Recipe) -> ConditionedFile:
    """Join the ranges of a file, each at the place where the one before it ended.

    Raises:
        PermanentError: As `conclude`, or `BlocksLost`.
    """
    file, store, work = order.plan.file, adapters.data(), work_of(order.plan.fleet, recipe)
    layout = layout_of(order.cut)
    quarantine = BlockWriter(store, quarantine_path(file, recipe), run=order.plan.run, content_type=CSV)
    quarantine.write(HEADER)
    table = table_path(file, recipe)
    blocks = list(_stage(store, table, f"{order.plan.run}-header-{0:014d}", [work.header]))
    counts = Counted()
    hashes: list[str] = []
    profile: Profile | None = None
    place, lines = order.cut.body, layout.body_line - 1
    for index in range(order.cut.ranges):
        part = read_document(_part_path(order.plan, recipe, index, place), RangePart)
        if part.quarantine:
            for piece in record_pieces(read_blocks(part.quarantine)):
                for content in moved(piece, counts.rows_in, lines):
                    quarantine.write(content)
        if part.profile is not None:
            one = Profile.from_json(part.profile)
            profile = one if profile is None else profile.merged(one)
        blocks += part.blocks
        hashes += part.hashes
        counts = Counted(**added((counts, part)))
        place, lines = part.end, lines + part.lines
    if counts.rejected:
        quarantine.commit()
    store.commit(table, blocks, run=order.plan.run, content_type=CSV)
    return conclude(work, file, counts, raw_sha256(hashes), profile)


def clear(plan: PlanFileInput) -> None:
    """Remove what the ranges left behind: it is of no use any more. What stays after a crash expires."""
    store = adapters.data()
    for blob in store.list(f"scratch/{plan.file.source}/{plan.run}/"):
        store.delete(blob.path)


def _part_path(plan: PlanFileInput, recipe: Recipe, index: int, start: int) -> str:
    return f"{_folder(plan, recipe)}{index:06d}-{start:014d}.json"


def _range_quarantine(order: ConditionRangeInput, recipe: Recipe) -> BlockWriter:
    """Rejected rows are longer than they were, so they are not gathered in memory."""
    begun = "guessed" if order.start is None else f"{order.start:014d}"
    path = f"{_folder(order.plan, recipe)}{order.index:06d}-{begun}.csv"
    return BlockWriter(adapters.data(), path, run=order.plan.run, content_type=CSV)


def _folder(plan: PlanFileInput, recipe: Recipe) -> str:
    """Of no other recipe: one that is changed in the middle finds no parts, and the file is looked for again."""
    return f"scratch/{plan.file.source}/{plan.run}/{recipe.sha256[:16]}/"


def _stage(store: BlobStore, path: str, prefix: str, contents: Iterable[bytes]) -> tuple[str, ...]:
    """Stage a range's rows; block ids of a blob have one length."""
    staged = []
    for number, content in enumerate(contents):
        block = f"{prefix}-{number:04d}"
        store.stage(path, block, content)
        staged.append(block)
    return tuple(staged)
