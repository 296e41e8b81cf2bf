"""What SQLite's errors say about the disk below it, in words that say what to do."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.durable.errors import StorageError

_PRIMARY = 0xFF
"""The low byte of an extended result code is the primary one, see https://www.sqlite.org/rescode.html."""

_FULL = sqlite3.SQLITE_FULL
_REMEDIES = {
    _FULL: "is full. Free some space; the engine goes on by itself",
    sqlite3.SQLITE_READONLY: "is read-only. Make the file and its folder writable for this user",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened. Check that its folder exists and is writable for this user",
    sqlite3.SQLITE_IOERR: "cannot be read or written. Check the disk: its space, its quota, its health",
    sqlite3.SQLITE_BUSY: "is locked by another program. End what holds it, such as an open sqlite3 shell",
    sqlite3.SQLITE_LOCKED: "is locked by another program. End what holds it, such as an open sqlite3 shell",
    sqlite3.SQLITE_CORRUPT: "is damaged. Restore it from a copy, or start with another file",
    sqlite3.SQLITE_NOTADB: "is no SQLite database. Name another file",
}


def storage_error(error: BaseException, path: Path) -> StorageError | None:
    """The trouble with the storage that an error means, None when it means something else."""
    if isinstance(error, sqlite3.Error):
        code = (getattr(error, "sqlite_errorcode", 0) or 0) & _PRIMARY
        if code in _REMEDIES:
            return StorageError(_text(path, _REMEDIES[code], error), full=code == _FULL)
    elif isinstance(error, OSError):
        return StorageError(_text(path, _REMEDIES[sqlite3.SQLITE_CANTOPEN], error))
    return None


@contextmanager
def telling_trouble(path: Path) -> Iterator[None]:
    """Raise what SQLite raises as a StorageError, if it means trouble with the storage."""
    try:
        yield
    except sqlite3.Error as error:
        trouble = storage_error(error, path)
        if trouble is None:
            raise
        raise trouble from error


def _text(path: Path, remedy: str, error: BaseException) -> str:
    return f"The durable database {path} {remedy}. Nothing that was committed is lost. ({error})"
