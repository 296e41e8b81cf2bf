"""The report on instances that do not move: what each waits for, and whether that can come at all."""

import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from local.durable import reads
from local.durable.clock import to_datetime, to_micros
from local.durable.records import TERMINAL, Instance, Status, Stuck
from local.durable.waiting import unanswered
from local.durable.wire import Message, kind_of, moment, past_events

_OPEN = "SELECT id FROM instances WHERE status NOT IN (1, 3, 4, 5) ORDER BY updated, id"


@dataclass(frozen=True, slots=True)
class _Wait:
    """One thing that is waited for, in words, and whether it can come."""

    text: str
    hopeless: bool = False


def stuck(connection: sqlite3.Connection, now: int, older_than: int, busy: Callable[[str], bool]) -> list[Stuck]:
    """The instances that have not moved for `older_than` microseconds, or wait for what cannot come.

    Those that are about to take a turn (`busy`) are left out, and so are those whose only wait is a start that is due
    later.
    """
    found = []
    for (instance_id,) in connection.execute(_OPEN).fetchall():
        instance = None if busy(instance_id) else reads.instance(connection, instance_id, payloads=False)
        if instance is None:
            continue
        waits = _waits(connection, instance)
        hopeless = any(wait.hopeless for wait in waits)
        if hopeless or (waits and to_micros(instance.updated_at) <= now - older_than):
            texts = tuple(wait.text for wait in waits)
            found.append(Stuck(instance.id, instance.name, instance.status, instance.updated_at, texts, hopeless))
    return found


def _waits(connection: sqlite3.Connection, instance: Instance) -> list[_Wait]:
    if instance.status is Status.PENDING:
        later = connection.execute("SELECT 1 FROM inbox WHERE id = ? AND kind = 'executionStarted'", (instance.id,))
        return [] if later.fetchone() else [_Wait("its start, which is lost: terminate it, and start it again", True)]
    waits = [_Wait("a resume: it is suspended")] if instance.status is Status.SUSPENDED else []
    store = _Store(connection, instance)
    history = [event for frames in reads.history_frames(connection, instance.id) for event in past_events(frames)]
    waits += [wait for event in unanswered(history) for wait in store.waits(event)]
    if not waits:
        waits.append(
            _Wait(
                "an external event; or nothing at all, for an empty when_all or when_any never ends. Raise the event, "
                "or terminate it"
            )
        )
    return waits


class _Store:
    """What the store holds for one instance."""

    def __init__(self, connection: sqlite3.Connection, instance: Instance) -> None:
        self._connection = connection
        self._instance = instance

    def waits(self, opened: Message) -> Iterable[_Wait]:
        """What the outcome of an action waits for."""
        return _WAITS[kind_of(opened)](self, opened)

    def task(self, opened: Message) -> Iterable[_Wait]:
        """An activity is queued or runs."""
        name = opened.taskScheduled.name
        sql = "SELECT 1 FROM tasks WHERE id = ? AND execution = ? AND task_id = ?"
        if self._row(sql, self._instance.id, self._instance.execution_id, opened.eventId):
            yield _Wait(f"activity '{name}', which is queued or runs")
        else:
            yield self._lost(f"activity '{name}'")

    def timer(self, opened: Message) -> Iterable[_Wait]:
        """A timer is due some time."""
        due = moment(opened.timerCreated, "fireAt")
        sql = "SELECT 1 FROM inbox WHERE id = ? AND execution = ? AND kind = 'timerFired' AND arrival >= ?"
        if self._row(sql, self._instance.id, self._instance.execution_id, due):
            yield _Wait(f"a timer, due at {to_datetime(due):%Y-%m-%d %H:%M:%S} UTC")
        else:
            yield self._lost("a timer")

    def child(self, opened: Message) -> Iterable[_Wait]:
        """A sub-orchestration is to end."""
        body = opened.subOrchestrationInstanceCreated
        found = reads.instance(self._connection, body.instanceId, payloads=False)
        if found is None:
            yield self._lost(f"sub-orchestration '{body.name}' ({body.instanceId}), which was purged")
        elif found.status in TERMINAL:
            yield self._lost(f"sub-orchestration '{body.name}' ({body.instanceId}), which ended unheard")
        else:
            yield _Wait(f"sub-orchestration '{body.name}' ({body.instanceId}), which is {found.status.label}")

    def call(self, opened: Message) -> Iterable[_Wait]:
        """An entity is to answer."""
        entity_id = opened.entityOperationCalled.targetInstanceId.value
        row = self._row("SELECT lock_owner FROM entities WHERE id = ?", entity_id)
        locked = f", locked by {row[0]}" if row and row[0] and row[0] != self._instance.id else ""
        yield _Wait(f"the answer of entity {entity_id}{locked}")

    def lock(self, opened: Message) -> Iterable[_Wait]:
        """Locks are to be granted."""
        for entity_id in opened.entityLockRequested.lockSet:
            row = self._row("SELECT lock_owner FROM entities WHERE id = ?", entity_id)
            if row and row[0] and row[0] != self._instance.id:
                yield _Wait(f"the lock on entity {entity_id}, held by {row[0]}")
                return
        yield _Wait("the grant of its locks")

    def _lost(self, what: str) -> _Wait:
        return _Wait(f"{what}: its outcome is lost and cannot come. Terminate and restart the instance", True)

    def _row(self, sql: str, *values: object) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self._connection.execute(sql, values).fetchone()
        return row


_WAITS: dict[str, Callable[[_Store, Message], Iterable[_Wait]]] = {
    "taskScheduled": _Store.task,
    "timerCreated": _Store.timer,
    "subOrchestrationInstanceCreated": _Store.child,
    "entityOperationCalled": _Store.call,
    "entityLockRequested": _Store.lock,
}
