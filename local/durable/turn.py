"""One turn of an orchestration: what it is given, and how its answer becomes state, in one transaction."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

import durabletask.internal.orchestrator_service_pb2 as pb

from local.durable import actions, instances, reads, rewind
from local.durable.errors import StaleTurnError
from local.durable.records import TERMINAL, Instance, Status
from local.durable.transaction import Transaction
from local.durable.wire import (
    Message,
    event,
    optional,
    orchestrator_request,
    parse_event,
    past_frames,
    string_of,
)

_START, _SUSPEND, _RESUME, _TERMINATE, _REWIND = (
    "executionStarted",
    "executionSuspended",
    "executionResumed",
    "executionTerminated",
    "executionRewound",
)

type HistorySize = tuple[int, int]
"""Events and bytes of a history."""


@dataclass(frozen=True, slots=True)
class Received:
    """An inbox row: its key, the kind of its event, the encoded event; an empty one only wakes the instance."""

    seq: int
    kind: str
    event: bytes


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn to run: the instance as it was, its history as `wire.past_frames`, and what is new.

    `started` is the encoded `orchestratorStarted`, the only clock that replay has.
    """

    instance: Instance
    past: bytes
    started: bytes
    received: tuple[Received, ...]

    @property
    def new_events(self) -> list[bytes]:
        """The encoded events of this turn, in order."""
        return [self.started, *(row.event for row in self.received if row.event)]

    def request(self) -> str:
        """The worker's request."""
        instance = self.instance
        traced = bool(instance.trace)
        return orchestrator_request(instance.id, instance.execution_id, self.past, self.new_events, traced=traced)


def load(connection: sqlite3.Connection, instance_id: str, now: int) -> Turn | None:
    """The next turn of an instance, with all that it can see by now; None when there is nothing to do."""
    found = reads.instance(connection, instance_id)
    if found is None:
        return None
    sql = "SELECT seq, kind, event FROM inbox WHERE id = ? AND visible_at <= ? ORDER BY rank, arrival, seq"
    rows = [Received(*row) for row in connection.execute(sql, (instance_id, now))]
    received = tuple(_until_suspended(found.status, rows))
    if not _may_run(found.status, {row.kind for row in received}):
        return None
    started = event(now, orchestratorStarted=pb.OrchestratorStartedEvent()).SerializeToString()
    return Turn(found, reads.past(connection, found.id, found.execution_id), started, received)


def _until_suspended(status: Status, rows: list[Received]) -> Iterator[Received]:
    """The rows up to one that suspends the instance, or rewinds it.

    The SDK holds back what comes behind a suspend, and would lose it if an earlier one made the orchestrator continue
    as new. A rewind it accepts only as the single new event.
    """
    suspended = status is Status.SUSPENDED
    for row in rows:
        yield row
        if row.kind == _REWIND or (row.kind == _SUSPEND and not suspended):
            return
        suspended = suspended and row.kind != _RESUME


def _may_run(status: Status, kinds: set[str]) -> bool:
    if status is Status.PENDING:  # events may come before a delayed start, and wait for it
        return _START in kinds
    if status is Status.SUSPENDED:
        return bool(kinds & {_RESUME, _TERMINATE})
    return bool(kinds) and status not in TERMINAL


def apply(tx: Transaction, turn: Turn, response: Message) -> tuple[Status, HistorySize]:
    """Carry out an `OrchestratorResponse`; gives the status and the size of the history that the instance has then.

    Raises:
        StaleTurnError: the instance is not where it was when the turn was loaded.
    """
    before = turn.instance
    tx.connection.executemany("DELETE FROM inbox WHERE seq = ?", [(row.seq,) for row in turn.received])
    history = turn.new_events
    completion: Message = None
    for action in response.actions:
        if action.HasField("completeOrchestration"):
            completion = action.completeOrchestration
        elif action.HasField("rewindOrchestration"):
            _fence(tx, before)
            return Status.RUNNING, rewind.apply(tx, before, action.rewindOrchestration)
        else:
            history.append(actions.carry_out(tx, before, action).SerializeToString())
    if any(row.kind in {_SUSPEND, _REWIND} for row in turn.received):
        tx.wakes.instances[before.id] = None  # what came behind it was left, and may hold a resume
    status = _status_after(turn)
    if completion is not None and completion.orchestrationStatus == Status.CONTINUED_AS_NEW:
        _fence(tx, before)
        if response.HasField("customStatus"):
            tx.run("UPDATE instances SET custom_status = ? WHERE id = ?", response.customStatus.value, before.id)
        instances.continue_as_new(tx, before, status, completion)
        _repeat_terminate(tx, turn)
        return status, (0, 0)
    size = _commit_turn(tx, turn, history, status, response, completion=completion)
    return Status(completion.orchestrationStatus) if completion is not None else status, size


def _fence(tx: Transaction, before: Instance) -> None:
    row = tx.row("SELECT execution, turn, status FROM instances WHERE id = ?", before.id)
    if (
        row is None
        or (row["execution"], row["turn"]) != (before.execution_id, before.turn)
        or row["status"] in TERMINAL
    ):
        raise _stale(before)


def _stale(before: Instance) -> StaleTurnError:
    return StaleTurnError(f"Instance '{before.id}' moved on while turn {before.turn} ran.")


def _status_after(turn: Turn) -> Status:
    status = Status.SUSPENDED if turn.instance.status is Status.SUSPENDED else Status.RUNNING
    for row in turn.received:
        if row.kind == _SUSPEND:
            status = Status.SUSPENDED
        elif row.kind == _RESUME:
            status = Status.RUNNING
    return status


def _repeat_terminate(tx: Transaction, turn: Turn) -> None:
    """Terminate the next generation: the SDK ignores a terminate that comes behind what made it continue as new."""
    for row in turn.received:
        if row.kind == _TERMINATE:
            tx.post(turn.instance.id, parse_event(row.event))


def _commit_turn(
    tx: Transaction, turn: Turn, history: list[bytes], status: Status, response: Message, *, completion: Message
) -> HistorySize:
    before = turn.instance
    history.append(event(tx.now, orchestratorCompleted=pb.OrchestratorCompletedEvent()).SerializeToString())
    if completion is not None:
        history.append(event(tx.now, executionCompleted=_completed(completion)).SerializeToString())
    frames = past_frames(history)
    size = before.history_events + len(history), before.history_bytes + len(frames)
    # The fence is in the statement itself: one that finds no row undoes all that the turn did.
    moved = tx.run(
        "UPDATE instances SET status = ?, turn = turn + 1, updated = ?, history_events = ?, history_bytes = ?,"
        " custom_status = coalesce(?, custom_status) WHERE id = ? AND execution = ? AND turn = ?"
        " AND status NOT IN (1, 3, 4, 5)",
        *(status, tx.now, *size, string_of(response, "customStatus"), before.id, before.execution_id, before.turn),
    ).rowcount
    if not moved:
        raise _stale(before)
    sql = "INSERT INTO history(id, execution, turn, events) VALUES (?, ?, ?, ?)"
    tx.run(sql, before.id, before.execution_id, before.turn, frames)
    if status is not before.status:
        tx.wakes.changed.add(before.id)
    if completion is not None:
        _finish(tx, turn, completion)
    return size


def _completed(completion: Message) -> Message:
    return pb.ExecutionCompletedEvent(
        orchestrationStatus=completion.orchestrationStatus,
        result=optional(completion, "result"),
        failureDetails=optional(completion, "failureDetails"),
    )


def _finish(tx: Transaction, turn: Turn, completion: Message) -> None:
    output = string_of(completion, "result")
    instances.finish(
        tx,
        turn.instance,
        Status(completion.orchestrationStatus),
        output=output,
        failure_details=optional(completion, "failureDetails"),
    )
    if any(row.kind == _TERMINATE and parse_event(row.event).executionTerminated.recurse for row in turn.received):
        instances.terminate_children(tx, turn.instance.id, output)
