"""Scratch space: where a table waits that is larger than memory."""

import io
from typing import Protocol

import polars as pl

#: What the string column of a frame holds per row beside its text.
_VIEW_BYTES = 16


class Scratch(Protocol):
    """Named bytes for the time of one run. Names are its own; it may lie on blobs, or on a disk."""

    def write(self, name: str, content: bytes) -> None:
        """Keep bytes; a name is written once."""

    def read(self, name: str) -> bytes:
        """The bytes of a name."""

    def delete(self, name: str) -> None:
        """Forget a name."""


class MemoryScratch:
    """Scratch space in memory, for tests: it tells what is held, and how much was written.

    Attributes:
        held: Bytes held now.
        most_held: Bytes held at most.
        written: Bytes written in all.
    """

    def __init__(self) -> None:
        self._contents: dict[str, bytes] = {}
        self.held = self.most_held = self.written = 0

    def write(self, name: str, content: bytes) -> None:
        """Keep bytes; a name is written once."""
        if name in self._contents:
            raise ValueError(f"`{name}` has been written already")
        self._contents[name] = content
        self.held += len(content)
        self.written += len(content)
        self.most_held = max(self.most_held, self.held)

    def read(self, name: str) -> bytes:
        """The bytes of a name."""
        return self._contents[name]

    def delete(self, name: str) -> None:
        """Forget a name."""
        self.held -= len(self._contents.pop(name))


class Spill:
    """Frames in scratch space, as Arrow IPC streams under Zstandard.

    Args:
        scratch: Holds the bytes.
        prefix: Of all names; no other spill may have it.
    """

    def __init__(self, scratch: Scratch, prefix: str) -> None:
        self._scratch = scratch
        self._prefix = prefix
        self._count = 0

    def put(self, frame: pl.DataFrame) -> str:
        """Write a frame; its name is for `take`."""
        name = f"{self._prefix}/{self._count:08d}"
        self._count += 1
        content = io.BytesIO()
        frame.write_ipc_stream(content, compression="zstd")
        self._scratch.write(name, content.getvalue())
        return name

    def take(self, name: str) -> pl.DataFrame:
        """Read a frame, and free its space."""
        frame = pl.read_ipc_stream(self._scratch.read(name))
        self._scratch.delete(name)
        return frame


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
