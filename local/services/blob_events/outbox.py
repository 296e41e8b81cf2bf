"""What has been seen and what is still to be delivered, in one SQLite file.

An arrival and its event are recorded in one transaction, and an event leaves the pending ones only after the target
has taken it: a crash at any moment repeats events, and loses none.
"""

import json
import sqlite3
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from local.services.blob_events.event import Arrival, blob_created, dead_letter

type State = Literal["pending", "delivered", "dead", "lost"]

SCHEMA = """
CREATE TABLE IF NOT EXISTS seen (name TEXT PRIMARY KEY, etag TEXT NOT NULL, created TEXT NOT NULL, md5 TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS events (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    body     TEXT NOT NULL,
    state    TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    due      REAL NOT NULL,              -- Unix time of the next attempt
    reason   TEXT NOT NULL DEFAULT '',   -- why it is dead
    outcome  TEXT NOT NULL DEFAULT ''    -- what the last attempt met
);
CREATE INDEX IF NOT EXISTS pending ON events (due) WHERE state = 'pending';
"""


@dataclass(frozen=True)
class Seen:
    """The version of a blob that was last recorded."""

    etag: str
    created: str
    md5: str


@dataclass(frozen=True)
class Pending:
    """An event to deliver; ``attempts`` counts those already made."""

    sequence: int
    event: dict[str, Any]
    attempts: int


class Outbox:
    """Events of one subscription. Used from one thread."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(path, timeout=10.0, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.executescript(SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def seen(self) -> dict[str, Seen]:
        """The recorded version of every blob, by name."""
        rows = self._database.execute("SELECT name, etag, created, md5 FROM seen")
        return {name: Seen(etag, created, md5) for name, etag, created, md5 in rows}

    def record(self, arrivals: Iterable[Arrival], state: State = "pending") -> None:
        """Remember arrivals and their events; with ``lost`` the events are never delivered."""
        with self._database:
            for arrival in arrivals:
                self._record(arrival, state)

    def due(self, now: float, limit: int) -> list[Pending]:
        """Pending events whose time has come, oldest first."""
        rows = self._database.execute(
            "SELECT sequence, body, attempts FROM events WHERE state = 'pending' AND due <= ?"
            " ORDER BY sequence LIMIT ?",
            (now, limit),
        )
        return [Pending(sequence, json.loads(body), attempts) for sequence, body, attempts in rows]

    def delivered(self, events: Sequence[Pending]) -> None:
        """The target has taken these."""
        self._close_attempt(events, "delivered", reason="", outcome="Delivered", due=time.time())

    def postpone(self, events: Sequence[Pending], due: float, outcome: str) -> None:
        """Another attempt is due at a Unix time."""
        self._close_attempt(events, "pending", reason="", outcome=outcome, due=due)

    def bury(self, events: Sequence[Pending], reason: str, outcome: str) -> None:
        """Give these up, and keep them with the reason."""
        self._close_attempt(events, "dead", reason=reason, outcome=outcome, due=time.time())

    def counts(self) -> dict[str, int]:
        """How many events there are in each state."""
        found = dict(self._database.execute("SELECT state, count(*) FROM events GROUP BY state").fetchall())
        return {state: found.get(state, 0) for state in ("pending", "delivered", "dead", "lost")}

    def dead_letters(self) -> list[dict[str, Any]]:
        """All events given up, in the form of Event Grid's dead letters."""
        rows = self._database.execute("SELECT body, reason, attempts, outcome, due FROM events WHERE state = 'dead'")
        return [dead_letter(json.loads(body), *about) for body, *about in rows]

    def _record(self, arrival: Arrival, state: State) -> None:
        cursor = self._database.execute("INSERT INTO events (body, state, due) VALUES ('', ?, ?)", (state, time.time()))
        assert cursor.lastrowid is not None
        body = json.dumps(blob_created(arrival, cursor.lastrowid))
        self._database.execute("UPDATE events SET body = ? WHERE sequence = ?", (body, cursor.lastrowid))
        self._database.execute(
            "INSERT OR REPLACE INTO seen (name, etag, created, md5) VALUES (?, ?, ?, ?)",
            (arrival.name, arrival.etag, arrival.created, arrival.content_md5),
        )

    def _close_attempt(self, events: Sequence[Pending], state: State, *, reason: str, outcome: str, due: float) -> None:
        with self._database:
            self._database.executemany(
                "UPDATE events SET state = ?, reason = ?, outcome = ?, due = ?, attempts = attempts + 1"
                " WHERE sequence = ?",
                [(state, reason, outcome, due, one.sequence) for one in events],
            )
