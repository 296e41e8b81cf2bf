"""Entities as rows: deleted when they are purged, and cleaned up after."""

import durabletask.internal.orchestrator_service_pb2 as pb

from local.durable import poison
from local.durable.records import CleanResult
from local.durable.transaction import Transaction
from local.durable.wire import event, failure, parse_event

_EMPTY = (
    "state IS NULL AND locked_by IS NULL AND NOT EXISTS(SELECT 1 FROM entity_inbox WHERE entity_inbox.id = entities.id)"
)


def purge(tx: Transaction, entity_id: str) -> int:
    """Delete an entity with its state and the signals that it has not handled, also those for later; gives how many.

    Callers that wait for an answer are told. One that is locked, or asked for by a lock, is left as it is: the critical
    section would go on with another state.
    """
    row = tx.row("SELECT locked_by FROM entities WHERE id = ?", entity_id)
    messages = tx.run("SELECT kind, event FROM entity_inbox WHERE id = ?", entity_id).fetchall()
    if (row and row["locked_by"]) or any(message["kind"] == "entityLockRequested" for message in messages):
        return 0
    for message in messages:
        if message["kind"] == "entityOperationCalled":
            _refuse(tx, message["event"])
    tx.run("DELETE FROM entity_inbox WHERE id = ?", entity_id)
    tx.run("DELETE FROM parked WHERE owner = ?", entity_id)
    poison.absolve(tx, "Entity", entity_id)
    return tx.run("DELETE FROM entities WHERE id = ?", entity_id).rowcount


def drop_empty(tx: Transaction, entity_id: str) -> None:
    """Delete the row of an entity that was there for a lock only: no state, no lock, no message."""
    tx.run(f"DELETE FROM entities WHERE id = ? AND {_EMPTY}", entity_id)  # noqa: S608 - a constant condition


def clean(tx: Transaction, *, remove_empty: bool, release_locks: bool) -> CleanResult:
    """Remove what has no state and nothing to do, and release locks whose holder is gone.

    The engine does both by itself when an entity is unlocked or its state removed, and when a holder ends. So there is
    something to find only in files of older versions, which did less, and after trouble.
    """
    released = _release(tx) if release_locks else 0
    removed = 0
    if remove_empty:
        removed = tx.run(f"DELETE FROM entities WHERE {_EMPTY}").rowcount  # noqa: S608 - a constant condition
    return CleanResult(removed, released)


def _release(tx: Transaction) -> int:
    rows = tx.run(
        "UPDATE entities SET locked_by = NULL, lock_owner = NULL WHERE lock_owner IS NOT NULL AND NOT EXISTS("
        " SELECT 1 FROM instances WHERE instances.id = lock_owner AND status NOT IN (1, 3, 4, 5)) RETURNING id"
    ).fetchall()
    for (entity_id,) in rows:
        tx.wakes.entities[entity_id] = None
    return len(rows)


def _refuse(tx: Transaction, encoded: bytes) -> None:
    call = parse_event(encoded).entityOperationCalled
    details = failure("EntityPurged", f"Entity {call.targetInstanceId.value} was purged before it ran the operation.")
    failed = pb.EntityOperationFailedEvent(requestId=call.requestId, failureDetails=details)
    tx.post(
        call.parentInstanceId.value, event(tx.now, entityOperationFailed=failed), execution=call.parentExecutionId.value
    )
