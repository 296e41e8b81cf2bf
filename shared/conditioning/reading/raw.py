"""Raw files as what every reader reads from: stretches of bytes by offset, of one version of the file."""

import io
import os
from pathlib import Path
from typing import Any, Protocol

from shared.errors import PermanentError


class RangeSource(Protocol):
    """One version of a raw file."""

    @property
    def size(self) -> int:
        """Bytes."""

    @property
    def etag(self) -> str:
        """The version; a file replaced under the same name has another one."""

    def read(self, offset: int, length: int) -> bytes:
        """Bytes from an offset on; fewer than `length` only at the file's end, none behind it.

        Raises:
            PermanentError: The file is no longer the version of `etag`, or is gone; each source has its own codes.
            TransientError: It cannot be reached now.
        """


class FileSource:
    """A file on this machine, pinned by its size and time of change.

    Args:
        path: The file.

    Raises:
        PermanentError: There is no such file (`NoSuchSource`).
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._version = self._stat()

    @property
    def size(self) -> int:
        """Bytes."""
        return self._version[0]

    @property
    def etag(self) -> str:
        """Size and time of change."""
        return f"{self._version[0]}-{self._version[1]}"

    def read(self, offset: int, length: int) -> bytes:
        """Bytes from an offset on.

        Raises:
            PermanentError: `SourceChanged`, `NoSuchSource`.
        """
        try:
            with self._path.open("rb", buffering=0) as file:
                content = os.pread(file.fileno(), length, offset)
        except OSError as error:
            raise _unreadable(self._path, error) from error
        if self._stat() != self._version:  # looked at after the read, so that no byte of another version gets through
            what = f"{self._path} changed while it was read"
            raise PermanentError("SourceChanged", f"{what}; start again, so that all its bytes are of one version")
        return content

    def _stat(self) -> tuple[int, int]:
        try:
            status = self._path.stat()
        except OSError as error:
            raise _unreadable(self._path, error) from error
        return status.st_size, status.st_mtime_ns


class RangeFile(io.RawIOBase):
    """A raw file as a seekable file object, for libraries that want one. Nothing is kept: each read is a ranged one."""

    def __init__(self, source: RangeSource) -> None:
        super().__init__()
        self._source = source
        self._place = 0

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to an offset from the start, the place or the end."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._source.size}[whence]
        self._place = base + offset
        return self._place

    def tell(self) -> int:
        """The place."""
        return self._place

    def read(self, size: int = -1) -> bytes:
        """The next bytes; all that follow where no size is given."""
        left = max(self._source.size - self._place, 0)
        size = left if size < 0 else min(size, left)
        content = self._source.read(self._place, size) if size else b""
        self._place += len(content)
        return content

    def readinto(self, buffer: Any) -> int:
        """The next bytes into a buffer, as many as fit."""
        content = self.read(len(buffer))
        buffer[: len(content)] = content
        return len(content)


def _unreadable(path: Path, error: OSError) -> PermanentError:
    return PermanentError("NoSuchSource", f"{path} cannot be read: {error.strerror}; name a file that is there")
