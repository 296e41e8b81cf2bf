"""Rewind: a failed instance goes on from before its failure, and so do its sub-orchestrations that failed.

The SDK writes the history anew, without what failed (`_build_rewind_result` in `durabletask/worker.py`): it wants
`executionCompleted` in the history and exactly `orchestratorStarted` and `executionRewound` as new events, and gives
the instance a new execution id. What the instance had asked for and not heard of when it failed is asked for again.
"""

from collections.abc import Callable

import durabletask.internal.orchestrator_service_pb2 as pb

from local.durable import actions, instances, reads
from local.durable.errors import InstanceNotFoundError, WrongStateError
from local.durable.records import TERMINAL, Instance, NewInstance, Parent, Status
from local.durable.transaction import STARTED_RANK, Transaction
from local.durable.waiting import unanswered
from local.durable.wire import Message, event, kind_of, moment, optional, parse_event, past_frames, string, string_of


def begin(tx: Transaction, instance_id: str, reason: str | None) -> None:
    """Have a failed instance rewound by its next turn.

    Raises:
        InstanceNotFoundError: there is no such instance.
        WrongStateError: it did not fail.
    """
    found = reads.instance(tx.connection, instance_id, payloads=False)
    if found is None:
        raise InstanceNotFoundError(instance_id)
    if found.status is not Status.FAILED:
        raise WrongStateError(
            f"Orchestration instance '{instance_id}' is {found.status.label}. Only a failed one can be rewound; "
            "restart one that ended otherwise."
        )
    _reopen(tx, found, pb.ExecutionRewoundEvent(reason=string(reason)))


def apply(tx: Transaction, before: Instance, action: Message) -> tuple[int, int]:
    """Carry out a `RewindOrchestrationAction`; gives the events and bytes of the new history."""
    events = list(action.newHistory)
    execution = next(
        each.executionStarted.orchestrationInstance.executionId.value
        for each in events
        if each.HasField("executionStarted")
    )
    frames = past_frames([each.SerializeToString() for each in events])
    tx.run("DELETE FROM history WHERE id = ?", before.id)
    sql = "INSERT INTO history(id, execution, turn, events) VALUES (?, ?, ?, ?)"
    tx.run(sql, before.id, execution, before.turn, frames)
    for table in ("inbox", "tasks"):  # what is on its way is for the new execution
        sql = f"UPDATE {table} SET execution = ? WHERE id = ? AND execution = ?"  # noqa: S608 - constant names
        tx.run(sql, execution, before.id, before.execution_id)
    tx.run(
        "UPDATE instances SET execution = ?, status = ?, turn = turn + 1, updated = ?, history_events = ?,"
        " history_bytes = ? WHERE id = ?",
        *(execution, Status.RUNNING, tx.now, len(events), len(frames), before.id),
    )
    reason = next((string_of(each.executionRewound, "reason") for each in reversed(events) if _rewinds(each)), None)
    for each in unanswered(events):
        _ASK_AGAIN[kind_of(each)](_Again(tx, before, execution, reason), each)
    tx.post_wake(before.id)
    return len(events), len(frames)


def _reopen(tx: Transaction, failed: Instance, body: Message) -> None:
    tx.run(
        "UPDATE instances SET status = ?, output = NULL, failure = NULL, completed = NULL, updated = ? WHERE id = ?",
        *(Status.RUNNING, tx.now, failed.id),
    )
    tx.wakes.changed.add(failed.id)
    tx.post(failed.id, event(tx.now, executionRewound=body), execution=failed.execution_id, rank=STARTED_RANK)


def _rewinds(history_event: Message) -> bool:
    return bool(history_event.HasField("executionRewound"))


class _Again:
    """Asks again for what an instance waits for: `execution` is its new one."""

    def __init__(self, tx: Transaction, instance: Instance, execution: str, reason: str | None) -> None:
        self.tx = tx
        self.instance = instance
        self.execution = execution
        self.reason = reason

    def task(self, scheduled: Message) -> None:
        """Queue an activity, unless it is queued, runs, or has ended."""
        sql = "SELECT 1 FROM tasks WHERE id = ? AND execution = ? AND task_id = ?"
        if self.tx.row(sql, self.instance.id, self.execution, scheduled.eventId) or self._answered(scheduled.eventId):
            return
        body = scheduled.taskScheduled
        trace = optional(body, "parentTraceContext")
        self.tx.add_task(
            self.instance.id,
            execution=self.execution,
            task_id=scheduled.eventId,
            name=body.name,
            payload=string_of(body, "input"),
            trace=trace.SerializeToString() if trace is not None else self.instance.trace,
        )

    def timer(self, created: Message) -> None:
        """Set a timer to the moment that it was set to."""
        fire_at = created.timerCreated.fireAt
        due = moment(created.timerCreated, "fireAt")
        fired = event(due, timerFired=pb.TimerFiredEvent(fireAt=fire_at, timerId=created.eventId))
        self.tx.post(self.instance.id, fired, execution=self.execution, at=due)

    def child(self, created: Message) -> None:
        """Rewind a sub-orchestration that failed, start one that is gone, and hear of one that has ended well."""
        body = created.subOrchestrationInstanceCreated
        found = reads.instance(self.tx.connection, body.instanceId)
        if found and (found.parent is None or found.parent.instance_id != self.instance.id):
            self._child_lost(created)
            return
        if found and found.status not in {Status.TERMINATED, Status.CANCELED}:
            sql = "UPDATE instances SET parent_execution = ? WHERE id = ?"
            self.tx.run(sql, self.execution, found.id)
            if found.status is Status.FAILED:
                rewound = pb.ExecutionRewoundEvent(reason=string(self.reason), parentExecutionId=string(self.execution))
                _reopen(self.tx, found, rewound)
            elif found.status in TERMINAL and not self._answered(created.eventId):
                instances.tell_parent(self.tx, self._parent(created), found.status, found.output, None)
            return
        trace = optional(body, "parentTraceContext")
        child = NewInstance(
            id=body.instanceId,
            name=body.name,
            input=string_of(body, "input"),
            version=string_of(body, "version"),
            tags=dict(body.tags),
            trace=trace.SerializeToString() if trace is not None else self.instance.trace,
            parent=self._parent(created),
        )
        actions.start_child(self.tx, child)

    def call(self, called: Message) -> None:
        """Have the answer to an entity call come here, and make the call again when it was already answered."""
        entity_id = called.entityOperationCalled.targetInstanceId.value
        again = parse_event(called.SerializeToString())  # a copy: the change that this is a part of may run again
        again.entityOperationCalled.parentExecutionId.value = self.execution
        if not self._redirect(entity_id, again):
            self.tx.post_entity(entity_id, again, sender_execution=self.execution)

    def lock(self, requested: Message) -> None:
        """Ask for locks again: entities forget the request of an instance that is finished."""
        entity_id = requested.entityLockRequested.lockSet[0]
        self.tx.post_entity(entity_id, requested, sender_execution=self.execution)

    def _redirect(self, entity_id: str, called: Message) -> bool:
        sql = "SELECT seq, event FROM entity_inbox WHERE id = ? AND sender_execution = ?"
        for seq, encoded in self.tx.run(sql, entity_id, self.instance.execution_id).fetchall():
            if parse_event(encoded).entityOperationCalled.requestId == called.entityOperationCalled.requestId:
                sql = "UPDATE entity_inbox SET event = ?, sender_execution = ? WHERE seq = ?"
                self.tx.run(sql, called.SerializeToString(), self.execution, seq)
                return True
        return False

    def _parent(self, created: Message) -> Parent:
        return Parent(self.instance.id, self.execution, created.eventId, self.instance.name)

    def _child_lost(self, created: Message) -> None:
        text = f"The id '{created.subOrchestrationInstanceCreated.instanceId}' belongs to another instance by now."
        instances.tell_parent(self.tx, self._parent(created), Status.TERMINATED, text, None)

    def _answered(self, action_id: int) -> bool:
        """Whether the outcome of an action is in the inbox."""
        sql = "SELECT event FROM inbox WHERE id = ? AND execution = ? AND length(event) > 0"
        rows = self.tx.run(sql, self.instance.id, self.execution).fetchall()
        bodies = [parse_event(encoded) for (encoded,) in rows]
        return any(getattr(getattr(each, kind_of(each)), "taskScheduledId", None) == action_id for each in bodies)


_ASK_AGAIN: dict[str, Callable[[_Again, Message], None]] = {
    "taskScheduled": _Again.task,
    "timerCreated": _Again.timer,
    "subOrchestrationInstanceCreated": _Again.child,
    "entityOperationCalled": _Again.call,
    "entityLockRequested": _Again.lock,
}
