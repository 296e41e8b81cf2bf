"""Queries, answered as typed records.

A page is found by the last key of the page before, so a long list costs no more at its end than at its start.
"""

import json
import sqlite3
from collections.abc import Iterator
from typing import Any

from local.durable.clock import to_datetime, to_micros
from local.durable.records import (
    MAX_PAGE,
    Entity,
    EntityQuery,
    FinishedQuery,
    Instance,
    InstanceQuery,
    Page,
    Parent,
    Status,
)
from local.durable.wire import failure_record

_COLUMNS = (
    "id, execution, name, version, status, custom_status, failure, created, updated, completed, start_at,"
    " parent_id, parent_execution, parent_task, parent_name, tags, trace, turn, history_events, history_bytes, warned"
)


def instance(connection: sqlite3.Connection, instance_id: str, *, payloads: bool = True) -> Instance | None:
    """One instance, or None."""
    row = connection.execute(f"SELECT {_columns(payloads)} FROM instances WHERE id = ?", (instance_id,)).fetchone()  # noqa: S608 - constant columns
    return _instance(row) if row else None


def status(connection: sqlite3.Connection, instance_id: str) -> Status | None:
    """The status of an instance, None when there is none."""
    row = connection.execute("SELECT status FROM instances WHERE id = ?", (instance_id,)).fetchone()
    return Status(row[0]) if row else None


def lives(connection: sqlite3.Connection, instance_id: str, execution: str) -> bool:
    """Whether a generation of an instance is its present one, and has not ended."""
    sql = "SELECT 1 FROM instances WHERE id = ? AND execution = ? AND status NOT IN (1, 3, 4, 5)"
    return connection.execute(sql, (instance_id, execution)).fetchone() is not None


def instances(connection: sqlite3.Connection, query: InstanceQuery) -> Page[Instance]:
    """A page of instances, the oldest first."""
    where = _Where()
    if query.statuses:
        where.add(f"status IN ({', '.join('?' * len(query.statuses))})", *query.statuses)
    if query.created_from:
        where.add("created >= ?", to_micros(query.created_from))
    if query.created_to:
        where.add("created < ?", to_micros(query.created_to))
    if query.id_prefix:
        where.add("substr(id, 1, ?) = ?", len(query.id_prefix), query.id_prefix)
    if query.continuation:
        created, last_id = _instance_key(query.continuation)
        where.add("(created, id) > (?, ?)", created, last_id)
    size = _page_size(query.page_size)
    sql = f"SELECT {_columns(query.payloads)} FROM instances WHERE {where.sql} ORDER BY created, id LIMIT ?"  # noqa: S608 - constant parts
    rows = connection.execute(sql, [*where.values, size + 1]).fetchall()
    more = f"{rows[size - 1]['created']}|{rows[size - 1]['id']}" if len(rows) > size else None
    return Page(tuple(_instance(row) for row in rows[:size]), more)


def finished(connection: sqlite3.Connection, query: FinishedQuery) -> Page[str]:
    """A page of the ids of finished instances, in the order they ended."""
    where = _Where("completed IS NOT NULL")
    if query.statuses:
        where.add(f"status IN ({', '.join('?' * len(query.statuses))})", *query.statuses)
    if query.completed_from:
        where.add("completed >= ?", to_micros(query.completed_from))
    if query.completed_to:
        where.add("completed < ?", to_micros(query.completed_to))
    if query.continuation:
        where.add("(completed, id) > (?, ?)", *_instance_key(query.continuation))
    size = _page_size(query.page_size)
    sql = f"SELECT completed, id FROM instances WHERE {where.sql} ORDER BY completed, id LIMIT ?"  # noqa: S608 - constant parts
    rows = connection.execute(sql, [*where.values, size + 1]).fetchall()
    more = f"{rows[size - 1]['completed']}|{rows[size - 1]['id']}" if len(rows) > size else None
    return Page(tuple(row["id"] for row in rows[:size]), more)


def entity(connection: sqlite3.Connection, entity_id: str, *, state: bool = True) -> Entity | None:
    """One entity that has a state, or None."""
    sql = f"{_entities_sql(state)} WHERE id = ? AND state IS NOT NULL"
    row = connection.execute(sql, (entity_id,)).fetchone()
    return _entity(row) if row else None


def entities(connection: sqlite3.Connection, query: EntityQuery) -> Page[Entity]:
    """A page of the entities that have a state, by id."""
    where = _Where("state IS NOT NULL")
    if query.id_prefix:
        where.add("substr(id, 1, ?) = ?", len(query.id_prefix), query.id_prefix)
    if query.modified_from:
        where.add("updated >= ?", to_micros(query.modified_from))
    if query.modified_to:
        where.add("updated < ?", to_micros(query.modified_to))
    if query.continuation:
        where.add("id > ?", query.continuation)
    size = _page_size(query.page_size)
    sql = f"{_entities_sql(query.state)} WHERE {where.sql} ORDER BY id LIMIT ?"
    rows = connection.execute(sql, [*where.values, size + 1]).fetchall()
    return Page(tuple(_entity(row) for row in rows[:size]), rows[size - 1]["id"] if len(rows) > size else None)


def history_frames(connection: sqlite3.Connection, instance_id: str) -> Iterator[bytes]:
    """The history of an instance's present generation, one turn at a time (see `wire.past_frames`).

    Turns may be committed while it is read.
    """
    found = instance(connection, instance_id, payloads=False)
    sql = "SELECT turn, events FROM history WHERE id = ? AND execution = ? AND turn > ? ORDER BY turn LIMIT 1"
    turn = -1
    while found and (row := connection.execute(sql, (instance_id, found.execution_id, turn)).fetchone()):
        turn = row["turn"]
        yield row["events"]


def past(connection: sqlite3.Connection, instance_id: str, execution_id: str) -> bytes:
    """The whole history of one generation, as `wire.past_frames`."""
    sql = "SELECT events FROM history WHERE id = ? AND execution = ? ORDER BY turn"
    return b"".join([row[0] for row in connection.execute(sql, (instance_id, execution_id))])


class _Where:
    """Conditions joined by AND, with their values."""

    def __init__(self, *conditions: str) -> None:
        self._conditions = list(conditions)
        self.values: list[Any] = []

    def add(self, condition: str, *values: Any) -> None:
        self._conditions.append(condition)
        self.values += values

    @property
    def sql(self) -> str:
        return " AND ".join(self._conditions) or "1"


def _page_size(asked: int) -> int:
    return min(asked, MAX_PAGE) if asked > 0 else MAX_PAGE


def _instance_key(continuation: str) -> tuple[int, str]:
    created, _, last_id = continuation.partition("|")
    if not created.isdigit():
        raise ValueError(
            f"'{continuation}' is no continuation token of this engine. Pass the one that the page before came with."
        )
    return int(created), last_id


def _columns(payloads: bool) -> str:
    return f"{_COLUMNS}, input, output" if payloads else f"{_COLUMNS}, NULL AS input, NULL AS output"


def _instance(row: sqlite3.Row) -> Instance:
    return Instance(
        id=row["id"],
        execution_id=row["execution"],
        name=row["name"],
        version=row["version"],
        status=Status(row["status"]),
        input=row["input"],
        output=row["output"],
        custom_status=row["custom_status"],
        failure=failure_record(row["failure"]),
        created_at=to_datetime(row["created"]),
        updated_at=to_datetime(row["updated"]),
        completed_at=to_datetime(row["completed"]) if row["completed"] else None,
        start_at=to_datetime(row["start_at"]) if row["start_at"] else None,
        parent=_parent(row),
        tags=json.loads(row["tags"]),
        trace=row["trace"],
        turn=row["turn"],
        history_events=row["history_events"],
        history_bytes=row["history_bytes"],
        warned=bool(row["warned"]),
    )


def _parent(row: sqlite3.Row) -> Parent | None:
    if row["parent_id"] is None:
        return None
    return Parent(row["parent_id"], row["parent_execution"], row["parent_task"], row["parent_name"])


def _entities_sql(state: bool) -> str:
    return (
        f"SELECT id, {'state' if state else 'NULL AS state'}, updated, lock_owner,"  # noqa: S608 - constant parts
        " (SELECT count(*) FROM entity_inbox WHERE entity_inbox.id = entities.id) AS backlog FROM entities"
    )


def _entity(row: sqlite3.Row) -> Entity:
    return Entity(row["id"], row["state"], to_datetime(row["updated"]), row["backlog"], row["lock_owner"])
