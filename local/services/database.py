"""The SQLite file of one local service."""

import datetime as dt
import sqlite3
from pathlib import Path


class StateInUseError(Exception):
    """Another process has this state folder."""


def open_database(file: Path, schema: str) -> sqlite3.Connection:
    """Open ``file`` for this process alone and create what is missing of ``schema``.

    The lock is held until the connection is closed or the process ends, so two services cannot work on one folder.

    Raises:
        StateInUseError: another process has it.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(file, timeout=1, isolation_level=None)
    connection.row_factory = sqlite3.Row
    try:
        connection.execute("PRAGMA locking_mode=EXCLUSIVE")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("BEGIN EXCLUSIVE")
        connection.execute("COMMIT")
        connection.executescript(schema)
    except sqlite3.OperationalError as error:
        connection.close()
        if "locked" not in str(error):
            raise
        raise StateInUseError(f"{file.parent} is in use by another running service; end that one first") from error
    return connection


def now() -> str:
    """The time in UTC, as ISO 8601 with microseconds."""
    return dt.datetime.now(dt.UTC).isoformat()
