"""The gRPC service that the SDK's durable client calls. It only translates; `rpc` says how."""

import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import durabletask.internal.orchestrator_service_pb2 as pb
import grpc
import grpc.aio
from google.protobuf.empty_pb2 import Empty
from google.protobuf.wrappers_pb2 import BoolValue

from local.durable import messages
from local.durable.api import EngineApi
from local.durable.records import TERMINAL, Status
from local.durable.rpc import answering, handlers, streaming
from local.durable.wire import Message, moment, past_events, string, string_of

log = logging.getLogger(__name__)

HISTORY_CHUNK = 100
"""Events in one message of a history stream."""
MAX_WAITING_CALLS = 100_000
"""Calls that may be open at once, most of them waits. gRPC's own limit is 1,000, and calls beyond it end as CANCELLED;
beyond this one they end as RESOURCE_EXHAUSTED."""
STOP_GRACE = 1.0
"""Seconds that open calls are given when the server stops."""


class DurableServicer:
    """Answers the durable client's calls from an engine. Methods have the names of the protocol."""

    def __init__(self, engine: EngineApi) -> None:
        self._engine = engine

    @answering
    async def Hello(self, _request: Message) -> Message:  # noqa: N802 - the protocol's name
        """Say that the service is there."""
        return Empty()

    @answering
    async def StartInstance(self, request: Message) -> Message:  # noqa: N802 - the protocol's name
        """Start an orchestration.

        A reuse policy that is present is honoured: an empty one replaces nothing. Without one, Durable Functions'
        default holds, and a finished instance is replaced.
        """
        replaceable = TERMINAL
        if request.HasField("orchestrationIdReusePolicy"):
            replaceable = frozenset(Status(code) for code in request.orchestrationIdReusePolicy.replaceableStatus)
        instance_id = await self._engine.start_instance(messages.new_instance(request), replaceable)
        return pb.CreateInstanceResponse(instanceId=instance_id)

    @answering
    async def GetInstance(self, request: Message) -> Message:  # noqa: N802 - the protocol's name
        """Tell the state of an instance."""
        found = self._engine.get_instance(request.instanceId, payloads=request.getInputsAndOutputs)
        return messages.instance_response(found)

    @answering
    async def WaitForInstanceStart(self, request: Message) -> Message:  # noqa: N802 - the protocol's name
        """Answer when an instance has begun to run; the client sets the deadline."""
        found = await self._engine.wait_for_start(request.instanceId, payloads=request.getInputsAndOutputs)
        return messages.instance_response(found)

    @answering
    async def WaitForInstanceCompletion(self, request: Message) -> Message:  # noqa: N802 - the protocol's name
        """Answer when an instance is finished; the client sets the deadline."""
        found = await self._engine.wait_for_completion(request.instanceId, payloads=request.getInputsAndOutputs)
        return messages.instance_response(found)

    @answering
    async def RaiseEvent(self, request: Message) -> Message:  # noqa: N802 - the protocol's name
        """Send an event to an instance."""
        await self._engine.raise_event(request.instanceId, request.name, string_of(request, "input"))
        return pb.RaiseEventResponse()

    @answering
    async def TerminateInstance(self, request: Message) -> Message:  # noqa: N802 - the protocol's name
        """End an instance."""
        output = string_of(request, "output")
        await self._engine.terminate(request.instanceId, output, recursive=request.recursive)
        return pb.TerminateResponse()

    @answering
    async def SuspendInstance(self, request: Message) -> Message:  # noqa: N802 - the protocol's name
        """Suspend an instance."""
        await self._engine.suspend(request.instanceId, string_of(request, "reason"))
        return pb.SuspendResponse()

    @answering
    async def ResumeInstance(self, request: Message) -> Message:  # noqa: N802 - the protocol's name
        """Resume an instance."""
        await self._engine.resume(request.instanceId, string_of(request, "reason"))
        return pb.ResumeResponse()

    @answering
    async def RewindInstance(self, request: Message) -> Message:  # noqa: N802 - the protocol's name
        """Have a failed instance go on from before its failure."""
        await self._engine.rewind(request.instanceId, string_of(request, "reason"))
        return pb.RewindInstanceResponse()

    @answering
    async def RestartInstance(self, request: Message) -> Message:  # noqa: N802 - the protocol's name
        """Start a finished instance again."""
        instance_id = await self._engine.restart(request.instanceId, new_id=request.restartWithNewInstanceId)
        return pb.RestartInstanceResponse(instanceId=instance_id)

    @answering
    async def ListInstanceIds(self, request: Message) -> Message:  # noqa: N802 - the protocol's name
        """List the ids of finished instances, a page at a time."""
        page = self._engine.list_instance_ids(messages.finished_query(request))
        return pb.ListInstanceIdsResponse(instanceIds=page.items, lastInstanceKey=string(page.continuation))

    @answering
    async def QueryInstances(self, request: Message) -> Message:  # noqa: N802 - the protocol's name
        """List instances, a page at a time."""
        page = self._engine.query(messages.instance_query(request.query))
        states = [messages.instance_message(found) for found in page.items]
        return pb.QueryInstancesResponse(orchestrationState=states, continuationToken=string(page.continuation))

    @answering
    async def PurgeInstances(self, request: Message) -> Message:  # noqa: N802 - the protocol's name
        """Delete finished instances, by filter or by id."""
        if request.HasField("purgeInstanceFilter"):
            asked = request.purgeInstanceFilter
            seconds = asked.timeout.ToTimedelta().total_seconds() if asked.HasField("timeout") else None
            query = messages.purge_query(asked)
            result = await self._engine.purge_where(query, recursive=request.recursive, seconds=seconds)
            complete = BoolValue(value=result.complete)
            return pb.PurgeInstancesResponse(deletedInstanceCount=result.deleted, isComplete=complete)
        ids = list(request.instanceBatch.instanceIds) or [request.instanceId]
        deleted = await self._engine.purge(ids, recursive=request.recursive)
        return pb.PurgeInstancesResponse(deletedInstanceCount=deleted, isComplete=BoolValue(value=True))

    @streaming
    async def StreamInstanceHistory(self, request: Message) -> AsyncIterator[Message]:  # noqa: N802 - the protocol's name
        """Send the history of an instance, in chunks; it is never in memory as a whole."""
        for frames in self._engine.history_frames(request.instanceId):
            events = past_events(frames)
            for start in range(0, len(events), HISTORY_CHUNK):
                yield pb.HistoryChunk(events=events[start : start + HISTORY_CHUNK])

    @answering
    async def SignalEntity(self, request: Message) -> Message:  # noqa: N802 - the protocol's name
        """Send an operation to an entity."""
        await self._engine.signal_entity(
            request.instanceId,
            request.name,
            string_of(request, "input"),
            request_id=request.requestId,
            at=moment(request, "scheduledTime"),
        )
        return pb.SignalEntityResponse()

    @answering
    async def GetEntity(self, request: Message) -> Message:  # noqa: N802 - the protocol's name
        """Tell the state of an entity."""
        found = self._engine.get_entity(request.instanceId, state=request.includeState)
        if found is None:
            return pb.GetEntityResponse(exists=False)
        return pb.GetEntityResponse(exists=True, entity=messages.entity_message(found))

    @answering
    async def QueryEntities(self, request: Message) -> Message:  # noqa: N802 - the protocol's name
        """List entities, a page at a time."""
        page = self._engine.query_entities(messages.entity_query(request.query))
        found = [messages.entity_message(entity) for entity in page.items]
        return pb.QueryEntitiesResponse(entities=found, continuationToken=string(page.continuation))

    @answering
    async def CleanEntityStorage(self, request: Message) -> Message:  # noqa: N802 - the protocol's name
        """Remove empty entities and release locks that nobody holds, all at once."""
        result = await self._engine.clean_entities(
            remove_empty=request.removeEmptyEntities, release_locks=request.releaseOrphanedLocks
        )
        return pb.CleanEntityStorageResponse(emptyEntitiesRemoved=result.removed, orphanedLocksReleased=result.released)

    @answering
    async def CreateTaskHub(self, _request: Message) -> Message:  # noqa: N802 - the protocol's name
        """Say that the task hub is there: it is made with the database file."""
        return pb.CreateTaskHubResponse()


@dataclass(frozen=True, slots=True)
class Server:
    """A running gRPC server on the loopback interface."""

    port: int
    server: Any

    async def stop(self) -> None:
        """Take no more calls, and end the open ones."""
        await self.server.stop(STOP_GRACE)


async def serve(engine: EngineApi, port: int = 0, *, task_hub: str | None = None) -> Server:
    """Serve an engine to durable clients on 127.0.0.1, on a free port when it is 0.

    Messages may be of any size. A client must ask for that too, by `maxGrpcMessageSizeInBytes` in its binding. A client
    that names another task hub than `task_hub` is refused; None takes all.

    Raises:
        OSError: the port is taken.
    """
    server = grpc.aio.server(
        maximum_concurrent_rpcs=MAX_WAITING_CALLS,
        options=[
            ("grpc.max_receive_message_length", -1),
            ("grpc.max_send_message_length", -1),
            ("grpc.server.max_pending_requests", MAX_WAITING_CALLS),
            ("grpc.server.max_pending_requests_hard_limit", MAX_WAITING_CALLS),
            ("grpc.so_reuseport", 0),
        ],
    )
    server.add_generic_rpc_handlers((handlers(DurableServicer(engine), task_hub),))
    try:
        bound = server.add_insecure_port(f"127.0.0.1:{port}")
    except RuntimeError as error:
        raise OSError(f"The durable engine cannot listen on port {port}: it is taken. Choose another port.") from error
    await server.start()
    log.info("The durable engine listens on 127.0.0.1:%d.", bound)
    return Server(bound, server)
