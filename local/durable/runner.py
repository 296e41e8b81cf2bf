"""Carries out the three kinds of work: reads it from the store, has the worker run user code, commits the outcome."""

import logging
import sqlite3
from dataclasses import dataclass

import durabletask.internal.orchestrator_service_pb2 as pb

from local.durable import entities, instances, reads, turn
from local.durable.clock import Clock
from local.durable.commits import Commits
from local.durable.records import TERMINAL, Status
from local.durable.transaction import Transaction
from local.durable.wire import (
    Message,
    entity_result,
    event,
    failure,
    orchestrator_response,
    status_code,
    string,
    string_of,
    trace_of,
)
from local.durable.worker import FunctionFailed, FunctionNotFound, FunctionWorker

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Context:
    """What the kinds of work share."""

    connection: sqlite3.Connection
    commits: Commits
    worker: FunctionWorker
    clock: Clock


class OrchestrationWork:
    """Turns of orchestrations, by instance id."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def run(self, key: str, attempt: int) -> None:
        """Run the next turn of an instance, if it has one."""
        next_turn = turn.load(self._context.connection, key, self._context.clock.now())
        if next_turn is None:
            return
        name = next_turn.instance.name
        try:
            response = orchestrator_response(await self._context.worker.run_orchestrator(name, next_turn.request()))
        except (FunctionFailed, FunctionNotFound) as error:
            response = _failed_orchestration(error)
        status = await self._context.commits.run(lambda tx: turn.apply(tx, next_turn, response))
        if status in TERMINAL:
            log.info("Orchestration %s '%s' ended as %s (attempt %d).", name, key, status.label, attempt)

    async def park(self, key: str, reason: str) -> None:
        """Fail the instance."""

        def fail(tx: Transaction) -> None:
            found = reads.instance(tx.connection, key)
            if found and found.status not in TERMINAL:
                details = failure("PoisonMessage", reason, retriable=False)
                instances.finish(tx, found, Status.FAILED, failure_details=details)

        await self._context.commits.run(fail)


class ActivityWork:
    """Activities, by the key of their task row.

    An activity runs at least once: a kill between its end and the commit repeats it.
    """

    def __init__(self, context: Context) -> None:
        self._context = context

    async def run(self, key: int, attempt: int) -> None:
        """Run an activity, unless its instance was replaced or purged since."""
        row = self._row(self._context.connection, key)
        if row is None:
            return
        trace = pb.TraceContext()
        trace.ParseFromString(row["trace"])
        payload = "null" if row["input"] is None else row["input"]
        log.debug("Activity %s of '%s' runs, attempt %d.", row["name"], row["id"], attempt)
        try:
            result = await self._context.worker.run_activity(row["name"], payload, trace_of(trace))
        except (FunctionFailed, FunctionNotFound) as error:
            await self._end(key, taskFailed=_failed_task(row["task_id"], _details(error)))
        else:
            done = pb.TaskCompletedEvent(taskScheduledId=row["task_id"], result=string(result))
            await self._end(key, taskCompleted=done)

    async def park(self, key: int, reason: str) -> None:
        """Fail the activity; the orchestrator decides what that means."""
        row = self._row(self._context.connection, key)
        if row is not None:
            details = failure("PoisonMessage", reason, retriable=False)
            await self._end(key, taskFailed=_failed_task(row["task_id"], details))

    async def _end(self, key: int, **outcome: Message) -> None:
        def end(tx: Transaction) -> None:
            row = self._row(tx.connection, key)
            if row is not None:
                tx.run("DELETE FROM tasks WHERE seq = ?", key)
                tx.post(row["id"], event(tx.now, **outcome), execution=row["execution"])

        await self._context.commits.run(end)

    @staticmethod
    def _row(connection: sqlite3.Connection, key: int) -> sqlite3.Row | None:
        row: sqlite3.Row | None = connection.execute("SELECT * FROM tasks WHERE seq = ?", (key,)).fetchone()
        return row


class EntityWork:
    """Steps of entities, by entity id."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def run(self, key: str, attempt: int) -> None:
        """Take the next step of an entity, if it has one."""
        # After a failure one operation at a time, so that the one to blame is found and the others get through.
        max_batch = entities.MAX_BATCH if attempt == 1 else 1
        step = entities.next_step(self._context.connection, key, self._context.clock.now(), max_batch)
        if isinstance(step, entities.LockStep):
            await self._context.commits.run(lambda tx: entities.take_lock_step(tx, key, step))
        elif step is not None:
            result = await self._result(step)
            await self._context.commits.run(lambda tx: entities.apply(tx, step, result))
            _warn_of_failures(step, result)

    async def park(self, key: str, reason: str) -> None:
        """Drop the message that the entity cannot get past."""
        await self._context.commits.run(lambda tx: entities.park(tx, key, reason))

    async def _result(self, batch: entities.Batch) -> Message:
        try:
            return entity_result(await self._context.worker.run_entity(batch.function, batch.request()))
        except (FunctionFailed, FunctionNotFound) as error:
            return entities.failed_result(batch, _details(error))


def _details(error: FunctionFailed | FunctionNotFound) -> Message:
    if isinstance(error, FunctionNotFound):
        return failure("FunctionNotFound", str(error), retriable=False)
    return failure(error.error_type, error.message, error.stack)


def _failed_orchestration(error: FunctionFailed | FunctionNotFound) -> Message:
    completion = pb.CompleteOrchestrationAction(
        orchestrationStatus=status_code(Status.FAILED), failureDetails=_details(error)
    )
    return pb.OrchestratorResponse(actions=[pb.OrchestratorAction(id=-1, completeOrchestration=completion)])


def _failed_task(task_id: int, details: Message) -> Message:
    return pb.TaskFailedEvent(taskScheduledId=task_id, failureDetails=details)


def _warn_of_failures(batch: entities.Batch, result: Message) -> None:
    """Say which operations failed: of a signal that fails nobody else ever hears."""
    for operation, answer in zip(batch.operations, result.results, strict=True):
        if answer.HasField("failure"):
            details = answer.failure.failureDetails
            log.warning(
                "Operation '%s' of entity %s failed and was rolled back: %s: %s (%s)",
                operation.body.operation,
                batch.entity_id,
                details.errorType,
                details.errorMessage,
                "the caller was told" if operation.called else "a signal: nobody is told",
            )
            log.debug("Stack: %s", string_of(details, "stackTrace"))
