"""A file in memory through the engine: in one pass, and in ranges that are joined as the app joins them."""

import hashlib
from dataclasses import dataclass, field
from typing import Any

from shared.conditioning.engine.counts import added, reconcile
from shared.conditioning.engine.one_pass import condition_in_one_pass
from shared.conditioning.engine.pieces import Pieces
from shared.conditioning.engine.quarantine import QuarantinedRow, moved, read_quarantine
from shared.conditioning.engine.ranges import Seams, condition_range
from shared.conditioning.engine.sinks import Memory
from shared.conditioning.profile import Profile
from shared.conditioning.reading.header import read_layout
from shared.conditioning.reading.raw import RangeSource
from shared.conditioning.recipe.schema import Recipe
from shared.conditioning.rows.steps import RowSteps
from shared.contracts.conditioning import Counted

FILE = "raw/file.csv"


@dataclass
class MemorySource:
    """A file in memory; a `RangeSource`."""

    content: bytes
    reads: list[tuple[int, int]] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.content)

    @property
    def etag(self) -> str:
        """Of the content."""
        return hashlib.sha256(self.content).hexdigest()

    def read(self, offset: int, length: int) -> bytes:
        """Some of its bytes."""
        self.reads.append((offset, length))
        return self.content[offset : offset + length]


@dataclass(frozen=True)
class Made:
    """What a file gives."""

    table: bytes
    quarantine: list[QuarantinedRow]
    counts: dict[str, Any]
    profile: dict[str, Any] | None
    wrong_guesses: int = 0


def recipe_of(**said: Any) -> Recipe:
    """A recipe."""
    return Recipe.model_validate(said)


def one_pass(content: bytes | RangeSource, recipe: Recipe, piece_bytes: int = 1 << 24, *, placed: bool = False) -> Made:
    """In one pass; `placed` puts each row's offset before it, and leaves the profile out."""
    table, quarantine = Memory(), Memory()
    pieces = Pieces(recipe, RowSteps(recipe, {}), FILE, table, quarantine, placed=placed)
    condition_in_one_pass(_source(content), recipe, FILE, pieces, piece_bytes=piece_bytes)
    return _made(table.content, quarantine.content, pieces.counts, pieces.profile, 0)


def in_ranges(content: bytes | RangeSource, recipe: Recipe, step: int) -> Made:
    """In ranges, each of which guesses where it begins; what was guessed wrong is done again."""
    source = _source(content)
    head = source.read(0, 4 << 20)
    layout = read_layout(head, recipe, FILE, final=len(head) == source.size)
    assert layout is not None
    steps, done = RowSteps(recipe, {}), []
    for begin in range(0, source.size, step):

        def condition(first: int | None, begin: int = begin) -> tuple[Seams, Pieces, Memory, Memory]:
            table, quarantine = Memory(), Memory()
            pieces = Pieces(recipe, steps, FILE, table, quarantine, placed=False)
            stop = min(begin + step, source.size)
            return (
                condition_range(source, recipe, layout, pieces, begin=begin, stop=stop, first=first),
                pieces,
                table,
                quarantine,
            )

        done.append((condition, condition(None)))
    place, wrong, rows, lines = layout.body, 0, 0, layout.body_line - 1
    table, quarantine, counts, profile = b"", b"", Counted(), None
    for condition, guessed in done:
        fits = guessed[0].start == place
        seams, pieces, kept, rejected = guessed if fits else condition(place)
        wrong += not fits
        table += kept.content
        quarantine += b"".join(moved(rejected.content, rows, lines))
        rows, lines, place = rows + pieces.records, lines + pieces.lines, seams.end
        counts = Counted(**added((counts, pieces.counts)))
        if pieces.profile is not None:
            profile = pieces.profile if profile is None else profile.merged(pieces.profile)
    return _made(table, quarantine, counts, profile, wrong)


def _source(content: bytes | RangeSource) -> RangeSource:
    return MemorySource(content) if isinstance(content, bytes) else content


def _made(table: bytes, quarantine: bytes, counts: Counted, profile: Profile | None, wrong: int) -> Made:
    reconcile(counts.to_wire(), FILE)
    summary = profile.summary() if profile is not None and counts.rows_in else None  # without rows it is not kept
    return Made(table, list(read_quarantine(quarantine)), added((counts,)), summary, wrong)
