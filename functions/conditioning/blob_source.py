"""A landed file as the engine reads it: in ranges, and only as long as it is the one that was found."""

from shared.contracts.conditioning import SourceFile
from shared.storage.base import BlobStore


class BlobSource:
    """A `RangeSource` over a blob that has a certain ETag; a change while it is read is noticed at the next range.

    Args:
        store: The container.
        file: The file as it was found.
    """

    def __init__(self, store: BlobStore, file: SourceFile) -> None:
        self._store = store
        self._file = file
        self._ahead: tuple[int, int, bytes] | None = None

    @property
    def size(self) -> int:
        """Bytes."""
        return self._file.size

    @property
    def etag(self) -> str:
        """Which version of the blob it is."""
        return self._file.etag

    def read(self, offset: int, length: int) -> bytes:
        """At most `length` bytes from an offset.

        Raises:
            PermanentError: `BlobChanged` or `BlobNotFound`.
        """
        if self._ahead is not None and self._ahead[:2] == (offset, length):
            content, self._ahead = self._ahead[2], None
            return content
        if offset >= self._file.size:  # asking would be refused
            return b""
        return self._store.read_range(self._file.path, offset, length, self._file.etag)

    def read_ahead(self, offset: int, length: int) -> bytes:
        """Read now what the next `read` will ask for; errors as there. Once it is taken, nothing is kept of it."""
        content = self.read(offset, length)
        self._ahead = (offset, length, content)
        return content
