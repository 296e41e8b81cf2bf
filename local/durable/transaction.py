"""The primitives of a change: messages and tasks, and what has to be woken when the change is committed."""

import sqlite3
from dataclasses import dataclass, field
from typing import Any

from local.durable.wire import Message, kind_of

STARTED_RANK, CARRIED_RANK, LIVE_RANK = 0, 1, 2
"""The order of messages of one instance: its start, what an older generation carried over, the rest by arrival."""


@dataclass(slots=True)
class Wakes:
    """What a commit makes ready: work by id, and instances whose status changed.

    `due` is the earliest moment in the future that something was posted for, 0 for none. `absolved` are lanes and items
    whose failures count no more.
    """

    instances: dict[str, None] = field(default_factory=dict)
    entities: dict[str, None] = field(default_factory=dict)
    tasks: list[int] = field(default_factory=list)
    due: int = 0
    changed: set[str] = field(default_factory=set)
    absolved: set[tuple[str, str]] = field(default_factory=set)


class Transaction:
    """A running SQLite transaction at a fixed moment.

    A change may run twice (see `commits`), so it must touch nothing else.
    """

    def __init__(self, connection: sqlite3.Connection, now: int) -> None:
        self.connection = connection
        self.now = now
        self.wakes = Wakes()

    def run(self, sql: str, *values: Any) -> sqlite3.Cursor:
        """Execute one statement."""
        return self.connection.execute(sql, values)

    def row(self, sql: str, *values: Any) -> sqlite3.Row | None:
        """The first row of a query."""
        row: sqlite3.Row | None = self.connection.execute(sql, values).fetchone()
        return row

    def post(
        self, instance_id: str, event: Message, *, execution: str | None = None, at: int = 0, rank: int = LIVE_RANK
    ) -> bool:
        """Put an event into the inbox of a living instance, visible from `at` on.

        Returns:
            False, and nothing is put, when the instance is missing or finished, or is no longer in the generation
            `execution`.
        """
        posted = self.run(
            "INSERT INTO inbox(id, execution, visible_at, rank, arrival, kind, event) SELECT ?, ?, ?, ?, ?, ?, ?"
            " WHERE EXISTS(SELECT 1 FROM instances"
            " WHERE id = ? AND status NOT IN (1, 3, 4, 5) AND coalesce(?, execution) = execution)",
            *(instance_id, execution, self._visible(at), rank, max(at, self.now), kind_of(event)),
            *(event.SerializeToString(), instance_id, execution),
        ).rowcount
        if posted and at <= self.now:
            self.wakes.instances[instance_id] = None
        return bool(posted)

    def post_wake(self, instance_id: str) -> None:
        """Have an instance take a turn for which nothing happened."""
        sql = "INSERT INTO inbox(id, visible_at, rank, arrival, kind, event) VALUES (?, 0, ?, ?, 'wake', x'')"
        self.run(sql, instance_id, STARTED_RANK, self.now)
        self.wakes.instances[instance_id] = None

    def post_entity(self, entity_id: str, event: Message, *, sender_execution: str | None = None, at: int = 0) -> None:
        """Put a message into the inbox of an entity, visible from `at` on."""
        self.run(
            "INSERT INTO entity_inbox(id, sender_execution, visible_at, arrival, kind, event)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            *(entity_id, sender_execution, self._visible(at), max(at, self.now)),
            *(kind_of(event), event.SerializeToString()),
        )
        if at <= self.now:
            self.wakes.entities[entity_id] = None

    def add_task(
        self, instance_id: str, *, execution: str, task_id: int, name: str, payload: str | None, trace: bytes
    ) -> None:
        """Queue an activity."""
        sql = "INSERT INTO tasks(id, execution, task_id, name, input, trace) VALUES (?, ?, ?, ?, ?, ?)"
        seq = self.run(sql, instance_id, execution, task_id, name, payload, trace).lastrowid
        assert seq is not None
        self.wakes.tasks.append(seq)

    def _visible(self, at: int) -> int:
        if at <= self.now:
            return 0
        self.wakes.due = min(at, self.wakes.due or at)
        return at
