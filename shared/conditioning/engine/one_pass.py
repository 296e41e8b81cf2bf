"""A whole file in one pass, piece by piece: what cannot be cut, and what is too small to be worth it."""

from collections.abc import Iterator
from itertools import chain
from typing import Final

from shared.conditioning.engine.digest import RawHasher
from shared.conditioning.engine.pieces import Pieces
from shared.conditioning.engine.portions import portion_end
from shared.conditioning.reading.header import read_layout
from shared.conditioning.reading.parquet_records import read_parquet
from shared.conditioning.reading.raw import RangeSource
from shared.conditioning.reading.records import read_stretch
from shared.conditioning.reading.stretch import Layout
from shared.conditioning.reading.unpacking import HEAD, check_format, is_gzip, unpack
from shared.conditioning.recipe.schema import Recipe
from shared.errors import TransientError

#: Bytes that are conditioned at once.
PIECE_BYTES: Final = 16 << 20
_READ_BYTES: Final = 4 << 20
_UNPACKED_BYTES: Final = 1 << 20


def condition_in_one_pass(
    source: RangeSource, recipe: Recipe, file: str, pieces: Pieces, *, piece_bytes: int = PIECE_BYTES
) -> tuple[str, ...]:
    """Condition all records of a file, packed or not.

    Args:
        source: The file.
        recipe: Its recipe.
        file: Its name, for messages.
        pieces: Takes the records.
        piece_bytes: Bytes that are conditioned at once.

    Returns:
        The hashes of its raw bytes, see `raw_sha256`.

    Raises:
        PermanentError: The file as a whole cannot be used.
    """
    hasher = RawHasher()
    raw = _raw_chunks(source, hasher, max(2, min(_READ_BYTES, piece_bytes)))  # two bytes show that it is gzip
    if recipe.format == "parquet":
        check_format(source.read(0, HEAD), recipe.format, file)
        for stretch in read_parquet(source, recipe, file):
            pieces.take(stretch, pieces.records)
        for _ in raw:  # only hashed: a Parquet file is not read in the order of its bytes
            pass
        return hasher.hashes()
    first = next(raw, b"")
    chunks = chain([first], raw)
    unpacked = unpack(chunks, file, piece=min(_UNPACKED_BYTES, piece_bytes)) if is_gzip(first) else chunks
    reading = _Reading(recipe, file, pieces)
    for content in _gathered(unpacked, piece_bytes):
        reading.go_on(content)
    reading.end()
    return hasher.hashes()


class _Reading:
    """A file as it comes; what is incomplete waits for what follows."""

    def __init__(self, recipe: Recipe, file: str, pieces: Pieces) -> None:
        self._recipe = recipe
        self._file = file
        self._pieces = pieces
        self._layout: Layout | None = None
        self._open = b""
        self._offset = 0
        self._inside = False

    def go_on(self, content: bytes, *, final: bool = False) -> None:
        """Take the next bytes."""
        self._open += content
        if self._layout is None:
            self._layout = self._begin(final=final)
            if self._layout is None:
                return
        while self._take(self._layout, final=final):
            pass

    def end(self) -> None:
        """The file has ended."""
        self.go_on(b"", final=True)

    def _take(self, layout: Layout, *, final: bool) -> bool:
        """Condition the next portion; whether there is another one."""
        size = len(self._open)
        end = portion_end(self._open, size)
        stop = end if end < size else None
        stretch = read_stretch(self._open, self._recipe, layout, stop=stop, final=final, inside=self._inside)
        self._pieces.take(stretch, self._offset, layout.body_line - 1)
        self._offset += stretch.consumed
        self._open = self._open[stretch.consumed :]
        self._inside = stretch.inside
        return end < size and stretch.consumed >= end

    def _begin(self, *, final: bool) -> Layout | None:
        layout = read_layout(self._open, self._recipe, self._file, final=final)
        if layout is not None:
            self._open, self._offset = self._open[layout.body :], layout.body
        return layout


def _gathered(chunks: Iterator[bytes], size: int) -> Iterator[bytes]:
    """The same bytes in chunks of about a size."""
    waiting: list[bytes] = []
    waits = 0
    for chunk in chunks:
        waiting.append(chunk)
        waits += len(chunk)
        if waits >= size:
            yield b"".join(waiting)
            waiting, waits = [], 0
    yield b"".join(waiting)


def _raw_chunks(source: RangeSource, hasher: RawHasher, size: int) -> Iterator[bytes]:
    offset = 0
    while offset < source.size:
        chunk = source.read(offset, size)
        if not chunk:
            raise TransientError(f"{source.size - offset} bytes are missing at the end of what was read; try again")
        hasher.update(chunk)
        yield chunk
        offset += len(chunk)
