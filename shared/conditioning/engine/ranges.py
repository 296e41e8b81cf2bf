"""One range of a file: the records that begin in it, wherever they end."""

from dataclasses import dataclass
from typing import Final

from shared.conditioning.engine.cuts import LOOK_AHEAD, first_read
from shared.conditioning.engine.pieces import Pieces
from shared.conditioning.engine.portions import portion_end
from shared.conditioning.reading.ranges import find_start
from shared.conditioning.reading.raw import RangeSource
from shared.conditioning.reading.records import read_stretch
from shared.conditioning.reading.stretch import Layout
from shared.conditioning.recipe.schema import Recipe

#: Bytes of it that are conditioned at once, of the last piece up to an eighth more; what is incomplete at a piece's end
#: waits for the next one.
PIECE_BYTES: Final = 8 << 20
#: Bytes from which the beginning of a range's first record is guessed.
_GUESSED_FROM: Final = 64 << 10
#: Bytes of a line that is too long, read at once to find its end.
_SKIPPED: Final = 1 << 20


@dataclass(frozen=True)
class Seams:
    """Where a range's records lie.

    Attributes:
        start: Offset of its first record; of a range that owns none, where the next record begins at the earliest.
        end: Offset past its last record.
    """

    start: int
    end: int


def condition_range(
    source: RangeSource, recipe: Recipe, layout: Layout, pieces: Pieces, *, begin: int, stop: int, first: int | None
) -> Seams:
    """Condition the records that begin in a range.

    Args:
        source: The file.
        recipe: Its recipe.
        layout: Its columns.
        pieces: Takes the records.
        begin: Offset of the range.
        stop: Offset past it.
        first: Offset of its first record, where that is known; it is guessed otherwise. A guess can be wrong; whoever
            joins the ranges compares each start with the end before it.
    """
    base, length = first_read(begin, stop)
    content = source.read(base, length)
    start = _guess(content, recipe, layout, begin, base) if first is None else first
    if start >= stop:
        return Seams(start, start)
    place, size, inside = start, PIECE_BYTES, False
    while place < stop:
        if stop - place <= size + size // 8:  # the few records that would be left are not worth a piece of their own
            size = max(size, stop - place + LOOK_AHEAD)
        piece = content[place - base : place - base + size]
        reach = place + len(piece)
        final = reach >= source.size
        end = portion_end(piece, stop - place)
        stretch = read_stretch(piece, recipe, layout, stop=end, final=final, inside=inside)
        if not stretch.consumed and not final:  # a record is longer: eight times as much, up to the recipe's limit
            size *= 8
            if reach >= base + len(content):
                content += source.read(reach, min(size, 7 * (reach - place)))
            continue
        pieces.take(stretch, place)
        place, size, inside = place + stretch.consumed, PIECE_BYTES, stretch.inside
    end = _end_of_line(source, recipe, layout, pieces, place) if inside else place
    return Seams(start, end)


def _end_of_line(source: RangeSource, recipe: Recipe, layout: Layout, pieces: Pieces, place: int) -> int:
    """Where a line ends that is too long to be read, wherever that is."""
    inside = True
    while inside:
        content = source.read(place, _SKIPPED)
        final = place + len(content) >= source.size
        rest = read_stretch(content, recipe, layout, stop=1, final=final, inside=True)
        pieces.skip(rest.lines_consumed)
        place += rest.consumed
        inside = rest.inside and not final
    return place


def _guess(content: bytes, recipe: Recipe, layout: Layout, begin: int, base: int) -> int:
    if begin <= layout.body:
        return layout.body
    return base + find_start(content[:_GUESSED_FROM], recipe, layout)
