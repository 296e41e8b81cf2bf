"""The engine's database file: its schema, its version, and the lock that keeps a second owner out.

- `instances` has one row per orchestration.
- `history` has the events of an instance's present generation, one row per turn (see `wire.past_frames`).
- `inbox` holds what an instance has not yet seen. A timer is a row that is visible later; `execution` ties a row to
  one generation.
- `tasks` are activities that have not finished.
- `entities` and `entity_inbox` are the same for entities; `sender_execution` ties a lock request to the generation that
  waits for it.
- `failures` counts in vain attempts at an item of work, `parked` keeps what was given up, and why.

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
from local.durable.storage import storage_error

type Synchronous = Literal["FULL", "NORMAL"]

SCHEMA_VERSION = 2
LONGEST_LOCK = 1.0
"""Seconds to wait for another program's lock on the file: the event loop waits with it."""

SCHEMA = """
CREATE TABLE meta(key TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE TABLE instances(
    id TEXT PRIMARY KEY, execution TEXT NOT NULL, name TEXT NOT NULL, version TEXT, status INTEGER NOT NULL,
    input TEXT, output TEXT, custom_status TEXT, failure BLOB,
    created INTEGER NOT NULL, updated INTEGER NOT NULL, completed INTEGER, start_at INTEGER NOT NULL,
    parent_id TEXT, parent_execution TEXT, parent_task INTEGER, parent_name TEXT,
    tags TEXT NOT NULL, trace BLOB NOT NULL, turn INTEGER NOT NULL,
    history_events INTEGER NOT NULL DEFAULT 0, history_bytes INTEGER NOT NULL DEFAULT 0,
    warned INTEGER NOT NULL DEFAULT 0
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
ADDED_IN_2 = """
CREATE INDEX instances_by_completion ON instances(completed, id) WHERE completed IS NOT NULL;
CREATE TABLE failures(
    lane TEXT NOT NULL, item TEXT NOT NULL, count INTEGER NOT NULL, reason TEXT NOT NULL, PRIMARY KEY(lane, item)
) WITHOUT ROWID;
CREATE TABLE parked(
    seq INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, lane TEXT NOT NULL, owner TEXT NOT NULL,
    name TEXT NOT NULL, reason TEXT NOT NULL, event BLOB NOT NULL
);
CREATE INDEX parked_by_owner ON parked(owner);
"""
MIGRATIONS = {
    # Histories from before are not counted: they are as long as they are, and end soon.
    1: "ALTER TABLE instances ADD COLUMN history_events INTEGER NOT NULL DEFAULT 0;"
    " ALTER TABLE instances ADD COLUMN history_bytes INTEGER NOT NULL DEFAULT 0;"
    f" ALTER TABLE instances ADD COLUMN warned INTEGER NOT NULL DEFAULT 0; {ADDED_IN_2}",
}
"""What brings a file from one version to the next."""


@dataclass(frozen=True, slots=True)
class Database:
    """An open database file and the lock on it."""

    path: Path
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
        StorageError: the file cannot be opened, is read-only, full, or no database.
    """
    try:
        return _open(path, synchronous)
    except (sqlite3.Error, OSError) as error:
        trouble = storage_error(error, path)
        if trouble is None:
            raise
        raise trouble from error


def _open(path: Path, synchronous: Synchronous) -> Database:
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = _take_lock(path)
    try:
        return Database(path, _connect(path, synchronous), lock)
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
    connection = sqlite3.connect(path, isolation_level=None, cached_statements=256, timeout=LONGEST_LOCK)
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
    changes = (
        SCHEMA + ADDED_IN_2 if version == 0 else "".join(MIGRATIONS[each] for each in range(version, SCHEMA_VERSION))
    )
    if changes:
        # One transaction, or a kill in between would leave a half-made file.
        connection.executescript(f"BEGIN IMMEDIATE; {changes} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")
