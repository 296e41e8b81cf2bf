"""Carries out the three kinds of work: reads it from the store, has the worker run user code, commits the outcome."""

import logging
import sqlite3
from contextlib import AbstractContextManager
from dataclasses import dataclass

import durabletask.internal.orchestrator_service_pb2 as pb

from local.durable import entities, limits, reads, turn
from local.durable.clock import Clock
from local.durable.commits import Commits
from local.durable.dispatcher import Lease
from local.durable.errors import MalformedAnswerError, PayloadTooLargeError, StaleTurnError
from local.durable.limits import Limits
from local.durable.poison import keep
from local.durable.records import TERMINAL, Status
from local.durable.transaction import Transaction
from local.durable.wire import (
    Message,
    entity_result,
    event,
    failed_orchestration,
    failure,
    orchestrator_response,
    string,
    string_of,
    trace_of,
)
from local.durable.worker import FunctionFailed, FunctionNotFound, FunctionWorker, TraceContext

log = logging.getLogger(__name__)

_Failed = (FunctionFailed, FunctionNotFound, MalformedAnswerError, PayloadTooLargeError)


@dataclass(frozen=True, slots=True)
class Context:
    """What the kinds of work share."""

    connection: sqlite3.Connection
    commits: Commits
    worker: FunctionWorker
    clock: Clock
    limits: Limits

    def reading(self) -> AbstractContextManager[sqlite3.Connection]:
        """The connection for a read outside of a change, see `Commits.reading`."""
        return self.commits.reading()


class OrchestrationWork:
    """Turns of orchestrations, by instance id."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def run(self, key: str, lease: Lease) -> None:
        """Run the next turn of an instance, if it has one."""
        with self._context.reading() as connection:
            next_turn = turn.load(connection, key, self._context.clock.now())
        if next_turn is None:
            return
        name = next_turn.instance.name
        try:
            answer = await self._context.worker.run_orchestrator(name, next_turn.request())
            response = orchestrator_response(answer, name)
        except _Failed as error:
            response = failed_orchestration(_details(error))
        lease.answered()
        response = limits.keep_within(self._context.limits, next_turn.instance, len(next_turn.received), response)
        status, warned = await self._context.commits.persist(lambda tx: self._apply(tx, lease, next_turn, response))
        if warned:
            log.warning("%s", warned)
        if status in TERMINAL:
            _tell_end(key, name, status, response)

    async def park(self, key: str, reason: str) -> None:
        """Fail the instance, by a turn of its own, so that it can be rewound when the cause is gone."""

        def fail(tx: Transaction) -> None:
            last = turn.load(tx.connection, key, tx.now)
            if last is not None:
                text = f"Orchestrator '{last.instance.name}' could not be run. {reason}"
                keep(tx, lane="Orchestration", owner=key, name=last.instance.name, reason=reason)
                turn.apply(tx, last, failed_orchestration(failure("PoisonMessage", text, retriable=False)))

        await self._context.commits.persist(fail)

    def _apply(self, tx: Transaction, lease: Lease, ran: turn.Turn, response: Message) -> tuple[Status, str | None]:
        """Carry out the turn; gives the status, and a warning to log when that is committed."""
        lease.require()
        status, (events, size) = turn.apply(tx, ran, response)
        if not limits.crosses(self._context.limits, ran.instance, events, size):
            return status, None
        tx.run("UPDATE instances SET warned = 1 WHERE id = ?", ran.instance.id)
        return status, (
            f"The history of orchestration {ran.instance.name} '{ran.instance.id}' has {events} events and {size} "
            "bytes. Every turn replays it: continue as new from time to time, or split the work into "
            "sub-orchestrations."
        )


class ActivityWork:
    """Activities, by the key of their task row.

    An activity runs at least once: a kill between its end and the commit repeats it.
    """

    def __init__(self, context: Context) -> None:
        self._context = context

    async def run(self, key: int, lease: Lease) -> None:
        """Run an activity, unless nobody waits for it any more: its generation ended, was replaced or purged since."""
        with self._context.reading() as connection:
            row = self._row(connection, key)
            wanted = row is not None and reads.lives(connection, row["id"], row["execution"])
        if row is None:
            return
        if not wanted:
            await self._context.commits.run(lambda tx: self._drop(tx, key))
            return
        payload = "null" if row["input"] is None else row["input"]
        log.debug("Activity %s of '%s' runs, attempt %d.", row["name"], row["id"], lease.attempt)
        try:
            result = await self._context.worker.run_activity(row["name"], payload, _trace(row["trace"]))
            limits.require_payload(self._context.limits, f"The result of activity '{row['name']}'", result)
        except _Failed as error:
            outcome = {"taskFailed": _failed_task(row["task_id"], _details(error))}
        else:
            outcome = {"taskCompleted": pb.TaskCompletedEvent(taskScheduledId=row["task_id"], result=string(result))}
        lease.answered()
        await self._context.commits.persist(lambda tx: self._end(tx, key, lease, outcome))

    async def park(self, key: int, reason: str) -> None:
        """Fail the activity; the orchestrator decides what that means."""

        def fail(tx: Transaction) -> None:
            row = self._row(tx.connection, key)
            if row is not None:
                text = f"Activity '{row['name']}' could not be run. {reason}"
                keep(tx, lane="Activity", owner=row["id"], name=row["name"], reason=reason)
                details = failure("PoisonMessage", text, retriable=False)
                self._end(tx, key, None, {"taskFailed": _failed_task(row["task_id"], details)})

        await self._context.commits.persist(fail)

    def _end(self, tx: Transaction, key: int, lease: Lease | None, outcome: dict[str, Message]) -> None:
        if lease is not None:
            lease.require()
        row = tx.row("DELETE FROM tasks WHERE seq = ? RETURNING id, execution", key)
        if row is not None:
            tx.post(row["id"], event(tx.now, **outcome), execution=row["execution"])

    @staticmethod
    def _drop(tx: Transaction, key: int) -> None:
        """Delete an activity of a generation that ended; a rewind asks for it again.

        Raises:
            StaleTurnError: its instance was rewound meanwhile, and waits for it.
        """
        row = tx.row("DELETE FROM tasks WHERE seq = ? RETURNING id, execution", key)
        if row is not None and reads.lives(tx.connection, row["id"], row["execution"]):
            raise StaleTurnError(f"Activity {key} of instance '{row['id']}' is wanted again.")

    @staticmethod
    def _row(connection: sqlite3.Connection, key: int) -> sqlite3.Row | None:
        row: sqlite3.Row | None = connection.execute("SELECT * FROM tasks WHERE seq = ?", (key,)).fetchone()
        return row


class EntityWork:
    """Steps of entities, by entity id."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def run(self, key: str, lease: Lease) -> None:
        """Take the next step of an entity, if it has one."""
        # After a failure one operation at a time, so that the one to blame is found and the others get through.
        max_batch = entities.MAX_BATCH if lease.attempt == 1 else 1
        with self._context.reading() as connection:
            step = entities.next_step(connection, key, self._context.clock.now(), max_batch)
        if isinstance(step, entities.LockStep):
            lease.answered()
            await self._context.commits.persist(lambda tx: entities.take_lock_step(tx, key, step))
        elif step is not None:
            await self._run_batch(step, lease)

    async def park(self, key: str, reason: str) -> None:
        """Drop the message that the entity cannot get past."""
        await self._context.commits.persist(lambda tx: entities.park(tx, key, reason))

    async def _run_batch(self, batch: entities.Batch, lease: Lease) -> None:
        try:
            result = await self._result(batch)
        except PayloadTooLargeError as error:
            if len(batch.operations) > 1:  # alone, the first gets through or is the one to blame; the rest follow
                await self._run_batch(batch.first(), lease)
                return
            result = entities.failed_result(batch, _details(error))
        lease.answered()

        def apply(tx: Transaction) -> list[str]:
            lease.require()
            return entities.apply(tx, batch, result)

        for refused in await self._context.commits.persist(apply):
            log.warning("Entity %s: %s", batch.entity_id, refused)
        _warn_of_failures(batch, result)

    async def _result(self, batch: entities.Batch) -> Message:
        name = batch.function
        try:
            answer = await self._context.worker.run_entity(name, batch.request())
            result = entity_result(answer, name, len(batch.operations))
        except (FunctionFailed, FunctionNotFound, MalformedAnswerError) as error:
            return entities.failed_result(batch, _details(error))
        limits.require_payload(
            self._context.limits, f"The state of entity {batch.entity_id}", string_of(result, "entityState")
        )
        for operation, answer in zip(batch.operations, result.results, strict=True):
            what = f"The result of operation '{operation.body.operation}' of entity {batch.entity_id}"
            limits.require_payload(self._context.limits, what, string_of(answer.success, "result"))
        return result


def _trace(encoded: bytes) -> TraceContext | None:
    if not encoded:
        return None
    trace = pb.TraceContext()
    trace.ParseFromString(encoded)
    return trace_of(trace)


def _details(error: Exception) -> Message:
    if isinstance(error, FunctionFailed):
        return failure(error.error_type, error.message, error.stack)
    return failure(type(error).__name__.removesuffix("Error"), str(error), retriable=False)


def _failed_task(task_id: int, details: Message) -> Message:
    return pb.TaskFailedEvent(taskScheduledId=task_id, failureDetails=details)


def _tell_end(instance_id: str, name: str, status: Status, response: Message) -> None:
    if status is not Status.FAILED:
        log.info("Orchestration %s '%s' ended as %s.", name, instance_id, status.label)
        return
    details = response.actions[-1].completeOrchestration.failureDetails
    log.warning(
        "Orchestration %s '%s' ended as Failed: %s: %s", name, instance_id, details.errorType, details.errorMessage
    )


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
