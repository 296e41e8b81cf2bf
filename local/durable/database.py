"""The engine's database file: its schema, its version, and the lock that keeps a second owner out.

- `instances` has one row per orchestration.
- `history` has the events of an instance's present generation, one row per turn (see `wire.past_frames`).
- `inbox` holds what an instance has not yet seen. A timer is a row that is visible later; `execution` ties a row to
  one generation.
- `tasks` are activities that have not finished.
- `entities` and `entity_inbox` are the same for entities; `sender_execution` ties a lock request to the generation that
  waits for it.

Moments are microseconds since 1970, and `visible_at` is 0 for what is visible at once. `arrival` orders messages by
when they happened or were due.
"""

import fcntl
import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from local.durable.errors import DatabaseInUseError, SchemaTooNewError

type Synchronous = Literal["FULL", "NORMAL"]

SCHEMA_VERSION = 1

SCHEMA = """
CREATE TABLE meta(key TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE TABLE instances(
    id TEXT PRIMARY KEY, execution TEXT NOT NULL, name TEXT NOT NULL, version TEXT, status INTEGER NOT NULL,
    input TEXT, output TEXT, custom_status TEXT, failure BLOB,
    created INTEGER NOT NULL, updated INTEGER NOT NULL, completed INTEGER, start_at INTEGER NOT NULL,
    parent_id TEXT, parent_execution TEXT, parent_task INTEGER, parent_name TEXT,
    tags TEXT NOT NULL, trace BLOB NOT NULL, turn INTEGER NOT NULL
);
CREATE INDEX instances_by_parent ON instances(parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX instances_by_creation ON instances(created, id);
CREATE TABLE history(
    id TEXT NOT NULL, execution TEXT NOT NULL, turn INTEGER NOT NULL, events BLOB NOT NULL,
    PRIMARY KEY(id, execution, turn)
) WITHOUT ROWID;
CREATE TABLE inbox(
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, execution TEXT, visible_at INTEGER NOT NULL,
    rank INTEGER NOT NULL, arrival INTEGER NOT NULL, kind TEXT NOT NULL, event BLOB NOT NULL
);
CREATE INDEX inbox_by_id ON inbox(id);
CREATE INDEX inbox_by_due ON inbox(visible_at) WHERE visible_at > 0;
CREATE TABLE tasks(
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, execution TEXT NOT NULL, task_id INTEGER NOT NULL,
    name TEXT NOT NULL, input TEXT, trace BLOB NOT NULL
);
CREATE INDEX tasks_by_id ON tasks(id);
CREATE TABLE entities(
    id TEXT PRIMARY KEY, state TEXT, locked_by TEXT, lock_owner TEXT, updated INTEGER NOT NULL, turn INTEGER NOT NULL
);
CREATE INDEX entities_by_lock_owner ON entities(lock_owner) WHERE lock_owner IS NOT NULL;
CREATE TABLE entity_inbox(
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, sender_execution TEXT, visible_at INTEGER NOT NULL,
    arrival INTEGER NOT NULL, kind TEXT NOT NULL, event BLOB NOT NULL
);
CREATE INDEX entity_inbox_by_id ON entity_inbox(id);
CREATE INDEX entity_inbox_by_due ON entity_inbox(visible_at) WHERE visible_at > 0;
"""


@dataclass(frozen=True, slots=True)
class Database:
    """An open database file and the lock on it."""

    connection: sqlite3.Connection
    lock: int

    def close(self) -> None:
        """Close the file, then let another owner in. The lock file stays: removing it could let two owners in."""
        self.connection.close()
        os.close(self.lock)


def open_database(path: Path, synchronous: Synchronous) -> Database:
    """Own the database file, making it when it is missing.

    Raises:
        DatabaseInUseError: another process, or another engine of this one, owns it.
        SchemaTooNewError: a newer version of the engine wrote it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = _take_lock(path)
    try:
        return Database(_connect(path, synchronous), lock)
    except BaseException:
        os.close(lock)
        raise


def _take_lock(path: Path) -> int:
    # A file beside the database: SQLite's own locks belong to single transactions, and closing any descriptor of the
    # database file would drop them.
    lock = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        owner = os.read(lock, 20).decode().strip() or "unknown"
        os.close(lock)
        raise DatabaseInUseError(
            f"The durable database {path} is in use by the process {owner}. "
            "Stop that process, or give this one another file."
        ) from None
    os.truncate(lock, 0)
    os.write(lock, str(os.getpid()).encode())
    return lock


def _connect(path: Path, synchronous: Synchronous) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, cached_statements=256)
    try:
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {synchronous}")
        connection.execute("PRAGMA temp_store = MEMORY")
        _ensure_schema(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _ensure_schema(connection: sqlite3.Connection, path: Path) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > SCHEMA_VERSION:
        raise SchemaTooNewError(
            f"The durable database {path} has schema version {version}, and this engine knows {SCHEMA_VERSION}. "
            "Run the newer version of Signalbox, or give this one another file."
        )
    if version == 0:
        # One transaction, or a kill in between would leave a half-made file.
        connection.executescript(f"BEGIN IMMEDIATE; {SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")
