"""Scratch space: where a table waits that is larger than memory."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Final, Protocol

import polars as pl

from shared.conditioning.whole.stacked import Stacking

#: Bytes of a segment: few enough round trips for a table, and a slow line writes one within the deadline.
SEGMENT_BYTES: Final = 8 << 20

#: What the string column of a frame holds per row beside its text.
_VIEW_BYTES = 16


class Scratch(Protocol):
    """Named bytes for the time of one run. Names are its own; it may lie on blobs, or on a disk."""

    def write(self, name: str, content: bytes) -> None:
        """Keep bytes; a name is written once."""

    def read(self, name: str, offset: int, length: int) -> bytes:
        """So many bytes of a name, from an offset."""

    def delete(self, name: str) -> None:
        """Forget a name."""


class MemoryScratch:
    """Scratch space in memory, for tests: it tells what is held, and how much was written.

    Attributes:
        held: Bytes held now.
        most_held: Bytes held at most.
        written: Bytes written in all.
        writes: How often something was written.
        reads: How often something was read.
    """

    def __init__(self) -> None:
        self._contents: dict[str, bytes] = {}
        self.held = self.most_held = self.written = self.writes = self.reads = 0

    def write(self, name: str, content: bytes) -> None:
        """Keep bytes; a name is written once."""
        if name in self._contents:
            raise ValueError(f"`{name}` has been written already")
        self._contents[name] = content
        self.held += len(content)
        self.written += len(content)
        self.writes += 1
        self.most_held = max(self.most_held, self.held)

    def read(self, name: str, offset: int, length: int) -> bytes:
        """So many bytes of a name, from an offset."""
        self.reads += 1
        return self._contents[name][offset : offset + length]

    def delete(self, name: str) -> None:
        """Forget a name."""
        self.held -= len(self._contents.pop(name))


@dataclass(frozen=True)
class Part:
    """A frame in scratch space: where it lies in a segment, which holds many of them.

    Attributes:
        segment: Its name.
        offset: Bytes before the frame.
        lengths: Bytes of each of its stacks.
    """

    segment: str
    offset: int
    lengths: tuple[int, ...]

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(self.lengths)


class Spill:
    """Frames in scratch space, as Arrow IPC streams under Zstandard, many of them under one name.

    Frames are put in runs: what is put after `close` lies in segments of its own. All of them have the same columns.

    Args:
        scratch: Holds the bytes.
        prefix: Of all names; no other spill may have it.
        segment_bytes: Bytes that wait to be written together.
    """

    def __init__(self, scratch: Scratch, prefix: str, segment_bytes: int = SEGMENT_BYTES) -> None:
        self._scratch = scratch
        self._prefix = prefix
        self._segment_bytes = segment_bytes
        self._count = 0
        self._waiting = io.BytesIO()
        self._stacking: Stacking | None = None

    def put(self, frame: pl.DataFrame) -> Part:
        """Keep a frame; it can be read when the run is closed."""
        self._stacking = self._stacking or Stacking(frame.schema)
        ends = [self._waiting.tell()]
        for stack in self._stacking.stacked(frame):
            stack.to_frame().write_ipc_stream(self._waiting, compression="zstd")
            ends.append(self._waiting.tell())
        lengths = tuple(end - start for start, end in pairwise(ends))
        part = Part(f"{self._prefix}/{self._count:08d}", ends[0], lengths)
        if self._waiting.tell() >= self._segment_bytes:
            self.close()
        return part

    def close(self) -> None:
        """Write what waits: the run has ended."""
        if self._waiting.tell():
            self._scratch.write(f"{self._prefix}/{self._count:08d}", self._waiting.getvalue())
            self._count += 1
            self._waiting = io.BytesIO()

    def taken(self, run: Sequence[Part], ahead: int) -> Iterator[pl.DataFrame]:
        """The frames of a run, whose space is freed on the way.

        Args:
            run: All parts of the run, in their order.
            ahead: Bytes that are read at once, unless one part has more.
        """
        assert self._stacking is not None, "a run has been put"
        for segment, parts in groupby(run, key=lambda part: part.segment):
            batches = _batches(list(parts), ahead)
            for number, some in enumerate(batches, 1):
                content = io.BytesIO(self._scratch.read(segment, some[0].offset, sum(part.size for part in some)))
                if number == len(batches):
                    self._scratch.delete(segment)
                for part in some:
                    stacks = [pl.read_ipc_stream(content.read(length)).to_series() for length in part.lengths]
                    yield self._stacking.unstacked(stacks)


def _batches(parts: Sequence[Part], limit: int) -> list[list[Part]]:
    """Parts that lie side by side, of at most so many bytes together, or one that has more."""
    batches: list[list[Part]] = []
    size = 0
    for part in parts:
        if batches and size + part.size <= limit:
            batches[-1].append(part)
            size += part.size
        else:
            batches.append([part])
            size = part.size
    return batches


def held_bytes(frame: pl.DataFrame) -> int:
    """What a frame holds in memory; polars' estimate leaves the views of its texts out."""
    texts = sum(dtype == pl.String for dtype in frame.dtypes)
    return int(frame.estimated_size()) + frame.height * _VIEW_BYTES * texts


def compact(frame: pl.DataFrame) -> pl.DataFrame:
    """The same rows in memory of their own: the texts of a filtered frame keep all those of its source alive."""
    if pl.String not in frame.dtypes:
        return frame
    content = io.BytesIO()
    frame.write_ipc_stream(content)
    return pl.read_ipc_stream(content.getvalue())
