"""The life of an instance: started, replaced, continued as new, finished, terminated, purged.

Each function is a part of one transaction.
"""

import json
import uuid
from collections.abc import Iterable

import durabletask.internal.orchestrator_service_pb2 as pb

from local.durable import entity_storage, poison, reads
from local.durable.errors import InstanceExistsError, InstanceNotFoundError, WrongStateError
from local.durable.records import TERMINAL, Instance, NewInstance, Parent, Status
from local.durable.transaction import CARRIED_RANK, STARTED_RANK, Transaction
from local.durable.wire import Message, event, failure, string, timestamp


def create(tx: Transaction, new: NewInstance, replaceable: frozenset[Status] = TERMINAL) -> None:
    """Start an instance; one with the same id is replaced when its status is `replaceable`.

    The default is that of Durable Functions: whatever is finished may be replaced.

    Raises:
        InstanceExistsError: the id is taken.
    """
    execution = uuid.uuid4().hex
    if not _insert(tx, new, execution):
        _make_room(tx, new.id, replaceable)
        _insert(tx, new, execution)
    tx.wakes.changed.add(new.id)
    _post_start(tx, new, execution)


def _insert(tx: Transaction, new: NewInstance, execution: str) -> bool:
    parent = new.parent or Parent("", "", 0, "")
    return bool(
        tx.run(
            "INSERT OR IGNORE INTO instances(id, execution, name, version, status, input, created, updated, start_at,"
            " parent_id, parent_execution, parent_task, parent_name, tags, trace, turn)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, nullif(?, ''), ?, ?, ?, ?, ?, 0)",
            *(new.id, execution, new.name, new.version, Status.PENDING, new.input, tx.now, tx.now, new.start_at),
            *(parent.instance_id, parent.execution_id, parent.task_id, parent.name, json.dumps(new.tags), new.trace),
        ).rowcount
    )


def _make_room(tx: Transaction, instance_id: str, replaceable: frozenset[Status]) -> None:
    old = _must_exist(tx, instance_id)
    if old.status not in replaceable:
        raise InstanceExistsError(
            f"Orchestration instance '{old.id}' already exists with status {old.status.label}. "
            "Start under another id, or purge it when it is finished."
        )
    if old.status not in TERMINAL:
        finish(tx, old, Status.TERMINATED, failure_details=_terminated("The instance was replaced."))
    forget(tx, old.id)


def continue_as_new(tx: Transaction, old: Instance, status: Status, action: Message) -> None:
    """Begin the next generation of an instance.

    What is tied to the old one is dropped. Raised events are kept; those that the old one carries over come first.
    """
    tx.run("DELETE FROM history WHERE id = ?", old.id)
    tx.run("DELETE FROM inbox WHERE id = ? AND execution IS NOT NULL", old.id)
    release_locks(tx, old.id)
    execution = uuid.uuid4().hex
    following = NewInstance(
        old.id,
        old.name,
        action.result.value if action.HasField("result") else None,
        action.newVersion.value or old.version,
        tags=old.tags,
        trace=old.trace,
        parent=old.parent,
    )
    tx.run(
        "UPDATE instances SET execution = ?, version = ?, status = ?, input = ?, updated = ?,"
        " start_at = 0, turn = turn + 1, history_events = 0, history_bytes = 0 WHERE id = ?",
        *(execution, following.version, status, following.input, tx.now, old.id),
    )
    tx.wakes.changed.add(old.id)
    _post_start(tx, following, execution)
    for carried in action.carryoverEvents:
        tx.post(old.id, carried, rank=CARRIED_RANK)


def finish(
    tx: Transaction, ended: Instance, status: Status, *, output: str | None = None, failure_details: Message = None
) -> None:
    """Give an instance its final status, drop what it has not seen, release its locks, and tell its parent."""
    encoded = failure_details.SerializeToString() if failure_details is not None else None
    tx.run(
        "UPDATE instances SET status = ?, output = ?, failure = ?, updated = ?, completed = ? WHERE id = ?",
        *(status, output, encoded, tx.now, tx.now, ended.id),
    )
    tx.run("DELETE FROM inbox WHERE id = ?", ended.id)
    poison.absolve(tx, "Orchestration", ended.id)
    release_locks(tx, ended.id)
    tx.wakes.changed.add(ended.id)
    if ended.parent:
        tell_parent(tx, ended.parent, status, output, failure_details)


def terminate(tx: Transaction, instance_id: str, output: str | None, *, recursive: bool) -> None:
    """Ask an instance to end, and its children when `recursive`. A finished one is left as it is."""
    found = _must_exist(tx, instance_id)
    if found.status is Status.PENDING:
        # The SDK runs no turn without a start event, and the start of a pending instance may be a year away.
        finish(tx, found, Status.TERMINATED, output=output)
        return
    body = pb.ExecutionTerminatedEvent(input=string(output), recurse=recursive)
    tx.post(instance_id, event(tx.now, executionTerminated=body))


def terminate_children(tx: Transaction, instance_id: str, output: str | None) -> None:
    """Ask all sub-orchestrations of an instance to end, and they theirs."""
    sql = "SELECT id FROM instances WHERE parent_id = ? AND status NOT IN (1, 3, 4, 5)"
    for (child,) in tx.run(sql, instance_id).fetchall():
        terminate(tx, child, output, recursive=True)


def restart(tx: Transaction, instance_id: str, new_id: str) -> None:
    """Start a finished instance again, with its name, input, version and tags; under its own id it is replaced.

    Raises:
        InstanceNotFoundError: there is no such instance.
        WrongStateError: it is not finished.
    """
    old = _must_exist(tx, instance_id)
    if old.status not in TERMINAL:
        raise WrongStateError(
            f"Orchestration instance '{instance_id}' is {old.status.label}. Only a finished one can be restarted: "
            "wait for its end, or terminate it."
        )
    create(tx, NewInstance(new_id, old.name, old.input, old.version, tags=old.tags, trace=old.trace))


def forget(tx: Transaction, instance_id: str) -> None:
    """Delete an instance and all that belongs to it."""
    poison.absolve(tx, "Orchestration", instance_id)
    sql = "DELETE FROM failures WHERE lane = 'Activity' AND item IN (SELECT CAST(seq AS TEXT) FROM tasks WHERE id = ?)"
    tx.run(sql, instance_id)
    for table in ("history", "inbox", "tasks", "instances"):
        tx.run(f"DELETE FROM {table} WHERE id = ?", instance_id)  # noqa: S608 - constant names
    tx.run("DELETE FROM parked WHERE owner = ?", instance_id)
    tx.wakes.changed.add(instance_id)


def purge(tx: Transaction, instance_ids: Iterable[str], *, recursive: bool) -> int:
    """Delete entities and those that are finished, with their descendants when `recursive`; gives how many."""
    deleted = 0
    for instance_id in instance_ids:
        if instance_id.startswith("@"):
            deleted += entity_storage.purge(tx, instance_id)
            continue
        for member in [instance_id, *(_descendants(tx, instance_id) if recursive else ())]:
            found = reads.instance(tx.connection, member, payloads=False)
            if found and found.status in TERMINAL:
                forget(tx, member)
                deleted += 1
    return deleted


def release_locks(tx: Transaction, instance_id: str) -> None:
    """Unlock what an instance holds: neither a finished instance nor a new generation is in a critical section."""
    sql = "UPDATE entities SET locked_by = NULL, lock_owner = NULL WHERE lock_owner = ? RETURNING id"
    for (entity_id,) in tx.run(sql, instance_id).fetchall():
        tx.wakes.entities[entity_id] = None
        entity_storage.drop_empty(tx, entity_id)


def _post_start(tx: Transaction, new: NewInstance, execution: str) -> None:
    body = pb.ExecutionStartedEvent(
        name=new.name,
        version=string(new.version),
        input=string(new.input),
        tags=new.tags,
        orchestrationInstance=pb.OrchestrationInstance(instanceId=new.id, executionId=string(execution)),
    )
    if new.parent:
        body.parentInstance.CopyFrom(_parent_info(new.parent))
    if new.trace:
        body.parentTraceContext.ParseFromString(new.trace)
    if new.start_at:
        body.scheduledStartTimestamp.CopyFrom(timestamp(new.start_at))
    start = event(tx.now, executionStarted=body)
    tx.post(new.id, start, execution=execution, at=new.start_at, rank=STARTED_RANK)


def _parent_info(parent: Parent) -> Message:
    waiting = pb.OrchestrationInstance(instanceId=parent.instance_id, executionId=string(parent.execution_id))
    return pb.ParentInstanceInfo(
        taskScheduledId=parent.task_id, name=string(parent.name), orchestrationInstance=waiting
    )


def tell_parent(tx: Transaction, parent: Parent, status: Status, output: str | None, failure_details: Message) -> None:
    """Send the outcome of a sub-orchestration to who waits for it."""
    if status is Status.COMPLETED:
        done = pb.SubOrchestrationInstanceCompletedEvent(taskScheduledId=parent.task_id, result=string(output))
        message = event(tx.now, subOrchestrationInstanceCompleted=done)
    else:
        details = failure_details if failure_details is not None else _terminated(output)
        failed = pb.SubOrchestrationInstanceFailedEvent(taskScheduledId=parent.task_id, failureDetails=details)
        message = event(tx.now, subOrchestrationInstanceFailed=failed)
    tx.post(parent.instance_id, message, execution=parent.execution_id)


def _terminated(reason: str | None) -> Message:
    return failure("OrchestrationTerminated", reason or "The sub-orchestration was terminated.")


def _descendants(tx: Transaction, instance_id: str) -> list[str]:
    sql = (
        "WITH RECURSIVE found(id) AS (SELECT id FROM instances WHERE parent_id = ? UNION"
        " SELECT instances.id FROM instances JOIN found ON instances.parent_id = found.id) SELECT id FROM found"
    )
    return [row[0] for row in tx.run(sql, instance_id)]


def _must_exist(tx: Transaction, instance_id: str) -> Instance:
    found = reads.instance(tx.connection, instance_id)
    if found is None:
        raise InstanceNotFoundError(instance_id)
    return found
