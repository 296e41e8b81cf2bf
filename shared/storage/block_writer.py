"""A blob that is written piece by piece, and is there as a whole or not at all."""

from typing import Final

from shared.storage.base import BlobStore

#: Bytes of a block: few enough that a slow line sends one within the deadline, and 50,000 of them are 390 GiB.
BLOCK_BYTES: Final = 8 << 20


class BlockWriter:
    """Writes a blob in blocks, so that memory holds one of them.

    The same content gives the same blocks, so a writer that is repeated after a crash ends as the first one would have.

    Args:
        store: Where.
        path: The blob's path; it should follow from its content, since a blob that is there already is kept.
        run: Who writes, in ASCII letters, digits and hyphens, at most 32 of them.
        content_type: As in `BlobStore.write`.
        block_bytes: Bytes of a block.
    """

    def __init__(
        self, store: BlobStore, path: str, *, run: str, content_type: str, block_bytes: int = BLOCK_BYTES
    ) -> None:
        self._store = store
        self.path = path
        self._run = run
        self._content_type = content_type
        self._block_bytes = block_bytes
        self._waiting = bytearray()
        self._blocks: list[str] = []
        self.size = 0

    def write(self, content: bytes) -> None:
        """Append bytes."""
        self.size += len(content)
        self._waiting += content
        while len(self._waiting) >= self._block_bytes:
            self._stage(self._waiting[: self._block_bytes])
            del self._waiting[: self._block_bytes]

    def commit(self) -> None:
        """Make the blob of all that was written.

        Raises:
            PermanentError: `BlocksLost`: another run has committed since, and its blob is gone again.
        """
        if not self._blocks:
            self._store.write_once(self.path, bytes(self._waiting), content_type=self._content_type)
            return
        if self._waiting:
            self._stage(self._waiting)
            self._waiting.clear()
        self._store.commit(self.path, self._blocks, run=self._run, content_type=self._content_type)

    def _stage(self, content: bytearray) -> None:
        block = f"{self._run}-{len(self._blocks):06d}"
        self._store.stage(self.path, block, bytes(content))
        self._blocks.append(block)
