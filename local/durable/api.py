"""What callers can ask of the engine: commands and reads, used by the gRPC service and by the local host."""

import asyncio
import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import replace

import durabletask.internal.orchestrator_service_pb2 as pb

from local.durable import entities, entity_storage, instances, poison, reads, rewind
from local.durable.errors import InstanceNotFoundError
from local.durable.instance_ids import require_id
from local.durable.limits import require_payload
from local.durable.records import (
    TERMINAL,
    CleanResult,
    Entity,
    EntityQuery,
    FinishedQuery,
    HistoryRecord,
    Instance,
    InstanceQuery,
    NewInstance,
    Page,
    Parked,
    PurgeResult,
    Status,
)
from local.durable.runner import Context
from local.durable.transaction import Transaction
from local.durable.watchers import Watchers
from local.durable.wire import Message, event, history_record, past_events, string


class EngineApi(ABC):
    """Reads answer at once, from what is committed. Commands are `async`, and are committed when they return.

    All raise EngineStoppedError when the engine does not run, InstanceNotFoundError when an instance must exist and
    does not, PayloadTooLargeError for a payload over the limit, and StorageError when the disk does not take a command
    or give what is read.
    """

    @property
    @abstractmethod
    def _context(self) -> Context:
        """The open store."""

    @property
    @abstractmethod
    def _watchers(self) -> Watchers:
        """Those who wait."""

    def get_instance(self, instance_id: str, *, payloads: bool = True) -> Instance | None:
        """An instance, without input and output unless `payloads`; None when there is none."""
        with self._context.reading() as connection:
            return reads.instance(connection, instance_id, payloads=payloads)

    def query(self, query: InstanceQuery | None = None) -> Page[Instance]:
        """A page of instances, the oldest first; ValueError for a continuation that is not ours."""
        with self._context.reading() as connection:
            return reads.instances(connection, query or InstanceQuery())

    def list_instance_ids(self, query: FinishedQuery | None = None) -> Page[str]:
        """A page of the ids of finished instances, in the order they ended; ValueError as in `query`."""
        with self._context.reading() as connection:
            return reads.finished(connection, query or FinishedQuery())

    def parked(self) -> list[Parked]:
        """The work that was given up, and why; what was parked goes when its instance or entity is purged."""
        with self._context.reading() as connection:
            return poison.parked(connection)

    def history(self, instance_id: str) -> list[HistoryRecord]:
        """All events of an instance's present generation."""
        return [history_record(past) for frames in self.history_frames(instance_id) for past in past_events(frames)]

    def history_frames(self, instance_id: str) -> Iterator[bytes]:
        """The same as encoded protobuf, one turn at a time, see `wire.past_events`."""
        self._require(instance_id)
        return self._history_frames(instance_id)

    def get_entity(self, entity_id: str, *, state: bool = True) -> Entity | None:
        """An entity by its id `@name@key`, the name in lower case; None when it has no state."""
        with self._context.reading() as connection:
            return reads.entity(connection, entity_id, state=state)

    def query_entities(self, query: EntityQuery | None = None) -> Page[Entity]:
        """A page of entities by id."""
        with self._context.reading() as connection:
            return reads.entities(connection, query or EntityQuery())

    async def start_instance(self, new: NewInstance, replaceable: frozenset[Status] = TERMINAL) -> str:
        """Start an orchestration, under a new id when it has none; gives the id.

        Raises:
            InstanceExistsError: the id is taken by an instance whose status is not `replaceable`.
            InvalidIdError: the id is not one that Durable Functions allows; it is a ValueError too.
        """
        named = new if new.id else replace(new, id=uuid.uuid4().hex)
        require_id(named.id)
        self._require_payload(f"The input of orchestration '{named.name}'", named.input)
        await self._context.commits.run(lambda tx: instances.create(tx, named, replaceable))
        return named.id

    async def wait_for_completion(self, instance_id: str, *, payloads: bool = True) -> Instance | None:
        """Wait until an instance is finished; None when there is none. The caller sets the deadline."""
        return await self._wait(instance_id, TERMINAL, payloads=payloads)

    async def wait_for_start(self, instance_id: str, *, payloads: bool = True) -> Instance | None:
        """Wait until an instance has begun to run; None when there is none. The caller sets the deadline."""
        return await self._wait(instance_id, frozenset(Status) - {Status.PENDING}, payloads=payloads)

    async def raise_event(self, instance_id: str, name: str, payload: str | None = None) -> None:
        """Send an event to an instance, which keeps it until it waits for it; to a finished one it is dropped."""
        self._require_payload(f"The payload of event '{name}'", payload)
        await self._post(instance_id, eventRaised=pb.EventRaisedEvent(name=name, input=string(payload)))

    async def suspend(self, instance_id: str, reason: str | None = None) -> None:
        """Have an instance do nothing until it is resumed; what happens meanwhile is kept for it."""
        await self._post(instance_id, executionSuspended=pb.ExecutionSuspendedEvent(input=string(reason)))

    async def resume(self, instance_id: str, reason: str | None = None) -> None:
        """Have a suspended instance go on."""
        await self._post(instance_id, executionResumed=pb.ExecutionResumedEvent(input=string(reason)))

    async def terminate(self, instance_id: str, output: str | None = None, *, recursive: bool = True) -> None:
        """End an instance, and its sub-orchestrations when `recursive`.

        Activities that run go on, and their results are dropped; those that have not begun are dropped.
        """
        self._require(instance_id)
        self._require_payload("The output of a terminate", output)
        await self._context.commits.run(lambda tx: instances.terminate(tx, instance_id, output, recursive=recursive))

    async def rewind(self, instance_id: str, reason: str | None = None) -> None:
        """Have a failed instance go on from before its failure: what succeeded is kept, what failed is run again.

        Sub-orchestrations that failed are rewound too. An activity with a retry policy cannot be run again, says the
        SDK.

        Raises:
            WrongStateError: the instance did not fail.
        """
        await self._context.commits.run(lambda tx: rewind.begin(tx, instance_id, reason))

    async def restart(self, instance_id: str, *, new_id: bool = False) -> str:
        """Start a finished instance again from its input, under its own id or a new one; gives the id.

        Raises:
            WrongStateError: the instance is not finished.
        """
        started = uuid.uuid4().hex if new_id else instance_id
        await self._context.commits.run(lambda tx: instances.restart(tx, instance_id, started))
        return started

    async def purge(self, instance_ids: Iterable[str], *, recursive: bool = False) -> int:
        """Delete those of the instances that are finished; gives how many, counting descendants when `recursive`.

        An id of the form `@name@key` deletes that entity, unless it is locked.
        """
        ids = list(instance_ids)
        return await self._context.commits.run(lambda tx: instances.purge(tx, ids, recursive=recursive))

    async def purge_where(
        self, query: InstanceQuery, *, recursive: bool = False, seconds: float | None = None
    ) -> PurgeResult:
        """Delete the finished instances that match, page by page, for at most so many seconds."""
        statuses = query.statuses & TERMINAL if query.statuses else TERMINAL
        query = replace(query, statuses=statuses, payloads=False, continuation=None)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds if seconds is not None else None
        deleted = 0
        while statuses and (page := self.query(query)).items:
            if deadline is not None and loop.time() >= deadline:
                return PurgeResult(deleted, complete=False)
            deleted += await self.purge([found.id for found in page.items], recursive=recursive)
        return PurgeResult(deleted, complete=True)

    async def signal_entity(
        self, entity_id: str, operation: str, payload: str | None = None, *, request_id: str = "", at: int = 0
    ) -> None:
        """Send an operation to an entity, to run at once or at a moment (see `clock`).

        Signals of one sender run in the order sent.

        Raises:
            ValueError: the id is not of the form `@name@key`.
        """
        if not entity_id.startswith("@") or "@" not in entity_id[1:]:
            raise ValueError(f"'{entity_id}' is no entity id. It has the form '@name@key', the name in lower case.")
        self._require_payload(f"The input of operation '{operation}' of entity {entity_id}", payload)
        await self._context.commits.run(
            lambda tx: entities.signal(tx, entity_id, operation, payload, request_id=request_id, at=at)
        )

    async def clean_entities(self, *, remove_empty: bool = True, release_locks: bool = True) -> CleanResult:
        """Remove entities without state that have nothing to do, and release locks whose holder is gone."""
        return await self._context.commits.run(
            lambda tx: entity_storage.clean(tx, remove_empty=remove_empty, release_locks=release_locks)
        )

    async def _wait(self, instance_id: str, statuses: frozenset[Status], *, payloads: bool) -> Instance | None:
        def reached() -> bool:
            status = self._status(instance_id)
            return status is None or status in statuses

        await self._watchers.until(instance_id, reached)
        return self.get_instance(instance_id, payloads=payloads)

    async def _post(self, instance_id: str, **body: Message) -> None:
        def post(tx: Transaction) -> None:
            tx.post(instance_id, event(tx.now, **body))

        self._require(instance_id)
        await self._context.commits.run(post)

    def _require_payload(self, what: str, text: str | None) -> None:
        require_payload(self._context.limits, what, text)

    def _require(self, instance_id: str) -> None:
        if self._status(instance_id) is None:
            raise InstanceNotFoundError(instance_id)

    def _status(self, instance_id: str) -> Status | None:
        with self._context.reading() as connection:
            return reads.status(connection, instance_id)

    def _history_frames(self, instance_id: str) -> Iterator[bytes]:
        with self._context.reading() as connection:
            yield from reads.history_frames(connection, instance_id)
