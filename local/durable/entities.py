"""Entities: which messages come next, under locks, and how the answer to a batch of operations becomes state.

A lock request travels along its lock set, from entity to entity, and the last one grants it to the orchestration. While
an entity is locked, only calls of the holder are served.
"""

import sqlite3
import uuid
from dataclasses import dataclass, replace

import durabletask.internal.orchestrator_service_pb2 as pb

from local.durable import entity_storage, instances
from local.durable.errors import InstanceExistsError, InvalidIdError, StaleTurnError
from local.durable.instance_ids import require_id
from local.durable.poison import keep
from local.durable.records import REPLACE_NOTHING, TERMINAL, NewInstance
from local.durable.transaction import Transaction
from local.durable.wire import (
    Message,
    entity_request,
    event,
    failure,
    kind_of,
    moment,
    optional,
    parse_event,
    string,
    string_of,
)

MAX_BATCH = 100
"""Operations that one invocation is given at most, so that its time and its transaction stay bounded."""

_CALL, _LOCK, _UNLOCK = "entityOperationCalled", "entityLockRequested", "entityUnlockSent"


@dataclass(frozen=True, slots=True)
class Operation:
    """A message with an operation: its inbox key, and its `entityOperationCalled` or `entityOperationSignaled` body."""

    seq: int
    body: Message
    called: bool


@dataclass(frozen=True, slots=True)
class Batch:
    """Operations to run on an entity in a given state, which it had after `turn` batches."""

    entity_id: str
    state: str | None
    turn: int
    operations: tuple[Operation, ...]

    @property
    def function(self) -> str:
        """The entity's name in `@name@key`."""
        return self.entity_id[1:].split("@", 1)[0]

    def first(self) -> "Batch":
        """The batch with its first operation only."""
        return replace(self, operations=self.operations[:1])

    def request(self) -> str:
        """The worker's request."""
        return entity_request(self.entity_id, self.state, [operation.body for operation in self.operations])


@dataclass(frozen=True, slots=True)
class LockStep:
    """A lock request or an unlock message, which runs no user code."""

    seq: int
    sender_execution: str | None
    message: Message


def next_step(
    connection: sqlite3.Connection, entity_id: str, now: int, max_batch: int = MAX_BATCH
) -> Batch | LockStep | None:
    """What an entity does next, None when it has nothing to do or waits for the holder of its lock."""
    row = connection.execute("SELECT state, turn, lock_owner FROM entities WHERE id = ?", (entity_id,)).fetchone()
    state, turn, owner = row or (None, 0, None)
    operations: list[Operation] = []
    sql = (
        "SELECT seq, sender_execution, kind, event FROM entity_inbox WHERE id = ? AND visible_at <= ?"
        " ORDER BY arrival, seq"
    )
    for seq, sender, kind, encoded in connection.execute(sql, (entity_id, now)):
        message = parse_event(encoded)
        if kind == _UNLOCK or (kind == _LOCK and not owner):
            if not operations:
                return LockStep(seq, sender, message)
            break
        if owner and not _is_call_of(owner, kind, message):
            continue
        operations.append(Operation(seq, getattr(message, kind), kind == _CALL))
        if len(operations) == max_batch:
            break
    return Batch(entity_id, state, turn, tuple(operations)) if operations else None


def _is_call_of(owner: str, kind: str, message: Message) -> bool:
    return kind == _CALL and message.entityOperationCalled.parentInstanceId.value == owner


def take_lock_step(tx: Transaction, entity_id: str, step: LockStep) -> None:
    """Unlock the entity, or lock it and pass the request on; the last of the lock set grants it."""
    _drop_step(tx, entity_id, step)
    if kind_of(step.message) == _UNLOCK:
        section = step.message.entityUnlockSent.criticalSectionId
        sql = "UPDATE entities SET locked_by = NULL, lock_owner = NULL WHERE id = ? AND locked_by = ?"
        tx.run(sql, entity_id, section)
        entity_storage.drop_empty(tx, entity_id)
        return
    request = step.message.entityLockRequested
    owner = request.parentInstanceId.value
    if not _waits(tx, owner, step.sender_execution):
        entity_storage.drop_empty(tx, entity_id)
        return
    tx.run(
        "INSERT INTO entities(id, locked_by, lock_owner, updated, turn) VALUES (?, ?, ?, ?, 0)"
        " ON CONFLICT(id) DO UPDATE SET locked_by = excluded.locked_by, lock_owner = excluded.lock_owner",
        *(entity_id, request.criticalSectionId, owner, tx.now),
    )
    if request.position + 1 < len(request.lockSet):
        passed_on = parse_event(step.message.SerializeToString())  # a copy: this change may run again
        passed_on.entityLockRequested.position += 1
        tx.post_entity(request.lockSet[request.position + 1], passed_on, sender_execution=step.sender_execution)
    else:
        granted = pb.EntityLockGrantedEvent(criticalSectionId=request.criticalSectionId)
        tx.post(owner, event(tx.now, entityLockGranted=granted), execution=step.sender_execution)


def _drop_step(tx: Transaction, entity_id: str, step: LockStep) -> None:
    tx.run("DELETE FROM entity_inbox WHERE seq = ?", step.seq)
    tx.wakes.entities[entity_id] = None


def _waits(tx: Transaction, instance_id: str, execution: str | None) -> bool:
    """Whether the generation that asked for a lock still lives; a lock that nobody waits for would be held for ever."""
    row = tx.row("SELECT execution, status FROM instances WHERE id = ?", instance_id)
    return row is not None and row["execution"] == execution and row["status"] not in TERMINAL


def apply(tx: Transaction, batch: Batch, result: Message) -> list[str]:
    """Carry out an `EntityBatchResult`: keep the state, answer the callers, send signals, start orchestrations.

    Returns:
        Why orchestrations that it asks for were refused: nobody hears of that but the log.

    Raises:
        StaleTurnError: the entity, or one of the messages, is not where it was when the batch was made.
    """
    row = tx.row("SELECT turn FROM entities WHERE id = ?", batch.entity_id)
    if (row["turn"] if row else 0) != batch.turn:
        raise _stale(batch)
    _keep_state(tx, batch.entity_id, string_of(result, "entityState"))
    for operation, answer in zip(batch.operations, result.results, strict=True):
        taken = tx.row("DELETE FROM entity_inbox WHERE seq = ? RETURNING event", operation.seq)
        if taken is None:  # the entity was purged, and one without a row has turn 0, like one that is new
            raise _stale(batch)
        if operation.called:  # the message as it is now: a rewind may have redirected the answer
            _answer(tx, parse_event(taken["event"]).entityOperationCalled, answer)
    refused = []
    for action in result.actions:
        if action.HasField("sendSignal"):
            _send_signal(tx, action.sendSignal)
        elif reason := _start_orchestration(tx, action.startNewOrchestration):
            refused.append(reason)
    tx.wakes.entities[batch.entity_id] = None
    return refused


def _stale(batch: Batch) -> StaleTurnError:
    return StaleTurnError(f"Entity '{batch.entity_id}' moved on while batch {batch.turn} ran.")


def failed_result(batch: Batch, details: Message) -> Message:
    """The result of a batch that could not run: every operation failed, the state is as it was."""
    failed = pb.OperationResult(failure=pb.OperationResultFailure(failureDetails=details))
    return pb.EntityBatchResult(results=[failed] * len(batch.operations), entityState=string(batch.state))


def signal(
    tx: Transaction, entity_id: str, operation: str, payload: str | None, *, request_id: str = "", at: int = 0
) -> None:
    """Send an operation to an entity that nobody waits for, to be run at `at` or at once."""
    body = pb.EntityOperationSignaledEvent(
        requestId=request_id or uuid.uuid4().hex,
        operation=operation,
        input=string(payload),
        targetInstanceId=string(entity_id),
    )
    tx.post_entity(entity_id, event(tx.now, entityOperationSignaled=body), at=at)


def park(tx: Transaction, entity_id: str, reason: str) -> None:
    """Drop the message that an entity cannot get past, and keep it among what was parked; a caller is told."""
    step = next_step(tx.connection, entity_id, tx.now, max_batch=1)
    if isinstance(step, LockStep):
        keep(tx, lane="Entity", owner=entity_id, name="lock", reason=reason, event=step.message)
        _drop_step(tx, entity_id, step)
        entity_storage.drop_empty(tx, entity_id)
    elif step is not None:
        (operation,) = step.operations
        text = f"Operation '{operation.body.operation}' of entity {entity_id} could not be run. {reason}"
        keep(tx, lane="Entity", owner=entity_id, name=operation.body.operation, reason=reason, event=operation.body)
        apply(tx, step, failed_result(step, failure("PoisonMessage", text, retriable=False)))


def _keep_state(tx: Transaction, entity_id: str, state: str | None) -> None:
    """Store a state. No state means that the entity was deleted; its row stays only while it is locked."""
    tx.run(
        "INSERT INTO entities(id, state, updated, turn) VALUES (?, ?, ?, 1)"
        " ON CONFLICT(id) DO UPDATE SET state = excluded.state, updated = excluded.updated, turn = turn + 1",
        *(entity_id, state, tx.now),
    )
    if state is None:
        tx.run("DELETE FROM entities WHERE id = ? AND locked_by IS NULL", entity_id)


def _answer(tx: Transaction, call: Message, answer: Message) -> None:
    if answer.HasField("success"):
        done = pb.EntityOperationCompletedEvent(requestId=call.requestId, output=optional(answer.success, "result"))
        message = event(tx.now, entityOperationCompleted=done)
    else:
        details = answer.failure.failureDetails
        failed = pb.EntityOperationFailedEvent(requestId=call.requestId, failureDetails=details)
        message = event(tx.now, entityOperationFailed=failed)
    tx.post(call.parentInstanceId.value, message, execution=call.parentExecutionId.value)


def _send_signal(tx: Transaction, body: Message) -> None:
    signal(tx, body.instanceId, body.name, string_of(body, "input"), at=moment(body, "scheduledTime"))


def _start_orchestration(tx: Transaction, body: Message) -> str | None:
    """Start an orchestration for an entity, unless its id was ever used; gives why when its id is no id.

    An entity can state no reuse policy; this one makes a decision that is repeated start once. The .NET extension
    throws at once in the operation that names a bad id (seen for one that starts with '@'). Here the operation is
    through when the engine hears of it, and like a signal that fails it can be told in the log only.
    """
    trace = optional(body, "parentTraceContext")
    new = NewInstance(
        id=body.instanceId or uuid.uuid4().hex,
        name=body.name,
        input=string_of(body, "input"),
        version=string_of(body, "version"),
        start_at=moment(body, "scheduledTime"),
        trace=trace.SerializeToString() if trace is not None else b"",
    )
    try:
        require_id(new.id)
        instances.create(tx, new, REPLACE_NOTHING)
    except InvalidIdError as error:
        return f"Orchestration '{new.name}' was not started: {error}."
    except InstanceExistsError:
        pass
    return None
