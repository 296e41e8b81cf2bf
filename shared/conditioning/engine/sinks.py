"""Where conditioned bytes go: a blob in blocks, or memory."""

from collections.abc import Iterator
from typing import Protocol


class Sink(Protocol):
    """Takes bytes in order."""

    def write(self, content: bytes, /) -> object:
        """Append bytes."""
        ...


class Memory:
    """Bytes in memory, for what is small."""

    def __init__(self) -> None:
        self._chunks: list[bytes] = []

    def write(self, content: bytes, /) -> None:
        """Append bytes."""
        self._chunks.append(content)

    @property
    def content(self) -> bytes:
        """All that was written."""
        return b"".join(self._chunks)

    def blocks(self, size: int) -> Iterator[bytes]:
        """All that was written in blocks of a size, the last one smaller; what a block has is held no longer."""
        gathered: list[memoryview] = []
        room = size
        while self._chunks:
            chunk = memoryview(self._chunks.pop(0))
            while chunk:
                gathered.append(chunk[:room])
                chunk = chunk[room:]
                room -= len(gathered[-1])
                if not room:
                    yield b"".join(gathered)
                    gathered, room = [], size
        if gathered:
            yield b"".join(gathered)
