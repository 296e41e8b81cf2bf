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
        if offset >= self._file.size:  # asking would be refused
            return b""
        return self._store.read_range(self._file.path, offset, length, self._file.etag)
