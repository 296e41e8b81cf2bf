"""The identity of raw bytes that are read in ranges: it does not depend on how they were cut."""

import hashlib
from collections.abc import Sequence
from typing import Final

#: Bytes under one hash. Ranges begin at multiples of it.
HASHED_BYTES: Final = 4 << 20


class RawHasher:
    """Hashes bytes as they come."""

    def __init__(self) -> None:
        self._open = hashlib.sha256()
        self._size = 0
        self._hashes: list[str] = []

    def update(self, content: bytes | memoryview) -> None:
        """Go on with the next bytes."""
        view = memoryview(content)
        while view:
            taken = view[: HASHED_BYTES - self._size]
            self._open.update(taken)
            self._size += len(taken)
            view = view[len(taken) :]
            if self._size == HASHED_BYTES:
                self._close()

    def hashes(self) -> tuple[str, ...]:
        """SHA-256 of each 4 MiB, the last one of what is left."""
        if self._size:
            self._close()
        return tuple(self._hashes)

    def _close(self) -> None:
        self._hashes.append(self._open.hexdigest())
        self._open, self._size = hashlib.sha256(), 0


def raw_sha256(hashes: Sequence[str]) -> str:
    """What a file's bytes are: up to 4 MiB their SHA-256, above it the SHA-256 over those of each 4 MiB."""
    if len(hashes) == 1:
        return hashes[0]
    return hashlib.sha256("".join(hashes).encode()).hexdigest()
