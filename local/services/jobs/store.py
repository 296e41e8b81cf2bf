"""Jobs, steps and undelivered events in one SQLite file; every change of status and its events are one transaction."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from local.services.database import now, open_database
from local.services.jobs.definitions import FINAL, Job, JobError, Plan, Status, StepState

_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, fingerprint TEXT NOT NULL, plan TEXT NOT NULL,
    status TEXT NOT NULL, created_at TEXT NOT NULL, started_at TEXT, ended_at TEXT, error TEXT);
CREATE TABLE IF NOT EXISTS steps (
    job TEXT NOT NULL REFERENCES jobs(name), position INTEGER NOT NULL, name TEXT NOT NULL, status TEXT NOT NULL,
    attempt INTEGER NOT NULL DEFAULT 0, started_at TEXT, ended_at TEXT, PRIMARY KEY (job, name));
CREATE TABLE IF NOT EXISTS outbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
    due REAL NOT NULL DEFAULT 0);
"""

type EventsOf = Callable[[Job], list[dict[str, Any]]]
"""The events that tell of a job's present status."""


class JobStore:
    """The state of the service; used from the event loop's thread only.

    Args:
        file: the SQLite file.
        events_of: makes the events that are stored for delivery with each change of a job's status.
    """

    def __init__(self, file: Path, events_of: EventsOf) -> None:
        self._db = open_database(file, _SCHEMA)
        self._events_of = events_of
        self.on_event: Callable[[], None] = lambda: None
        """Called when an event has been stored."""

    def close(self) -> None:
        """Release the file."""
        self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield self._db
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    # --- jobs

    def create(self, name: str, fingerprint: str, plan: Plan) -> Job:
        """Store a new job as NotStarted, with its steps."""
        with self._transaction() as db:
            db.execute(
                "INSERT INTO jobs (name, fingerprint, plan, status, created_at) VALUES (?, ?, ?, ?, ?)",
                (name, fingerprint, plan.model_dump_json(), Status.NOT_STARTED, now()),
            )
            db.executemany(
                "INSERT INTO steps (job, position, name, status) VALUES (?, ?, ?, ?)",
                [(name, position, step.name, Status.NOT_STARTED) for position, step in enumerate(plan.steps)],
            )
        return self.get(name)

    def find(self, name: str) -> Job | None:
        """The job, or None."""
        row = self._db.execute("SELECT * FROM jobs WHERE name = ?", (name,)).fetchone()
        return _job(row) if row else None

    def get(self, name: str) -> Job:
        """A job that is known to exist."""
        job = self.find(name)
        assert job is not None, f"job {name} exists"
        return job

    def newest(self, limit: int) -> list[Job]:
        """At most ``limit`` jobs, the newest first."""
        return [_job(row) for row in self._db.execute("SELECT * FROM jobs ORDER BY seq DESC LIMIT ?", (limit,))]

    def unfinished(self) -> list[Job]:
        """All jobs that have not ended, the oldest first."""
        marks = ", ".join("?" * len(FINAL))
        rows = self._db.execute(f"SELECT * FROM jobs WHERE status NOT IN ({marks}) ORDER BY seq", tuple(FINAL))  # noqa: S608 - only question marks
        return [_job(row) for row in rows]

    def move(self, name: str, status: Status, error: JobError | None = None) -> Job:
        """Give the job another status and store the events; a job that has ended or has this status stays as it is."""
        job = self.get(name)
        if job.status in FINAL or job.status == status:
            return job
        with self._transaction() as db:
            db.execute(
                "UPDATE jobs SET status = ?, started_at = coalesce(started_at, ?), ended_at = ?, error = ?"
                " WHERE name = ?",
                (
                    status,
                    now() if status == Status.RUNNING else None,
                    now() if status in FINAL else None,
                    json.dumps({"code": error.code, "message": error.message}) if error else None,
                    name,
                ),
            )
            job = self.get(name)
            events = [(json.dumps(event),) for event in self._events_of(job)]
            db.executemany("INSERT INTO outbox (body) VALUES (?)", events)
        self.on_event()
        return job

    # --- steps

    def steps(self, job: str) -> list[StepState]:
        """The states of a job's steps, in the plan's order."""
        columns = "name, status, attempt, started_at, ended_at"
        rows = self._db.execute(f"SELECT {columns} FROM steps WHERE job = ? ORDER BY position", (job,))  # noqa: S608 - constant
        return [StepState(**dict(row)) for row in rows]

    def step(self, job: str, name: str) -> StepState:
        """The state of one step that is known to exist."""
        return next(state for state in self.steps(job) if state.name == name)

    def queue_step(self, job: str, step: str) -> None:
        """The step waits for a free process."""
        self._db.execute("UPDATE steps SET status = ? WHERE job = ? AND name = ?", (Status.QUEUED, job, step))

    def start_step(self, job: str, step: str) -> int:
        """The step runs; return the number of this attempt, from 1."""
        self._db.execute(
            "UPDATE steps SET status = ?, attempt = attempt + 1, started_at = ?, ended_at = NULL"
            " WHERE job = ? AND name = ?",
            (Status.RUNNING, now(), job, step),
        )
        return self.step(job, step).attempt

    def end_step(self, job: str, step: str, status: Status) -> None:
        """The step has ended as ``status``."""
        self._db.execute(
            "UPDATE steps SET status = ?, ended_at = ? WHERE job = ? AND name = ?", (status, now(), job, step)
        )

    def close_steps(self, job: str) -> None:
        """Steps of an ended job that wait are not started any more, those that run were canceled."""
        with self._transaction() as db:
            update = "UPDATE steps SET status = ?, ended_at = ? WHERE job = ? AND status = ?"
            db.execute(update, (Status.NOT_STARTED, None, job, Status.QUEUED))
            db.execute(update, (Status.CANCELED, now(), job, Status.RUNNING))

    # --- outbox

    def due_event(self, at: float) -> tuple[int, int, dict[str, Any]] | None:
        """The first event due at ``at`` (Unix seconds): its number, the attempts so far, the event. None if none is."""
        row = self._db.execute(
            "SELECT seq, attempts, body FROM outbox WHERE due <= ? ORDER BY due, seq LIMIT 1", (at,)
        ).fetchone()
        return (row["seq"], row["attempts"], json.loads(row["body"])) if row else None

    def remove_event(self, seq: int) -> None:
        """The event is delivered, or given up."""
        self._db.execute("DELETE FROM outbox WHERE seq = ?", (seq,))

    def postpone_event(self, seq: int, due: float) -> None:
        """Try again at ``due`` (Unix seconds)."""
        self._db.execute("UPDATE outbox SET due = ?, attempts = attempts + 1 WHERE seq = ?", (due, seq))

    def hasten_events(self) -> None:
        """The receiver is back: everything that waits is due now."""
        self._db.execute("UPDATE outbox SET due = 0")

    def undelivered(self) -> int:
        """How many events wait."""
        return int(self._db.execute("SELECT count(*) FROM outbox").fetchone()[0])


def _job(row: sqlite3.Row) -> Job:
    fields = dict(row)
    fields["plan"] = Plan.model_validate_json(fields["plan"])
    fields["error"] = json.loads(fields["error"]) if fields["error"] else None
    return Job(**fields)
