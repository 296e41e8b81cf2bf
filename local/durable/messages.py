"""Records as the SDK's protobuf messages, and its queries as ours."""

from datetime import datetime

import durabletask.internal.orchestrator_service_pb2 as pb

from local.durable.clock import to_datetime, to_micros
from local.durable.records import Entity, EntityQuery, FinishedQuery, Instance, InstanceQuery, NewInstance, Status
from local.durable.wire import Message, moment, status_code, string, string_of, timestamp


def instance_message(instance: Instance) -> Message:
    """An `OrchestrationState`."""
    state = pb.OrchestrationState(
        instanceId=instance.id,
        name=instance.name,
        version=string(instance.version),
        orchestrationStatus=status_code(instance.status),
        createdTimestamp=_stamp(instance.created_at),
        lastUpdatedTimestamp=_stamp(instance.updated_at),
        completedTimestamp=_stamp(instance.completed_at),
        scheduledStartTimestamp=_stamp(instance.start_at),
        input=string(instance.input),
        output=string(instance.output),
        customStatus=string(instance.custom_status),
        executionId=string(instance.execution_id),
        parentInstanceId=string(instance.parent.instance_id if instance.parent else None),
        tags=instance.tags,
    )
    if instance.failure:
        state.failureDetails.ParseFromString(instance.failure.encoded)
    return state


def instance_response(instance: Instance | None) -> Message:
    """A `GetInstanceResponse`."""
    if instance is None:
        return pb.GetInstanceResponse(exists=False)
    return pb.GetInstanceResponse(exists=True, orchestrationState=instance_message(instance))


def entity_message(entity: Entity) -> Message:
    """An `EntityMetadata`."""
    return pb.EntityMetadata(
        instanceId=entity.id,
        lastModifiedTime=_stamp(entity.updated_at),
        backlogQueueSize=entity.backlog,
        lockedBy=string(entity.locked_by),
        serializedState=string(entity.state),
    )


def new_instance(request: Message) -> NewInstance:
    """What a `CreateInstanceRequest` asks to start."""
    return NewInstance(
        id=request.instanceId,
        name=request.name,
        input=string_of(request, "input"),
        version=string_of(request, "version"),
        start_at=moment(request, "scheduledStartTimestamp"),
        tags=dict(request.tags),
        trace=request.parentTraceContext.SerializeToString() if request.HasField("parentTraceContext") else b"",
    )


def instance_query(query: Message) -> InstanceQuery:
    """An `InstanceQuery`; a `maxInstanceCount` of 0 means that we choose."""
    return InstanceQuery(
        statuses=_statuses(query),
        created_from=_time(query, "createdTimeFrom"),
        created_to=_time(query, "createdTimeTo"),
        id_prefix=query.instanceIdPrefix.value,
        payloads=query.fetchInputsAndOutputs,
        page_size=query.maxInstanceCount,
        continuation=query.continuationToken.value or None,
    )


def purge_query(purge_filter: Message) -> InstanceQuery:
    """The instances that a `PurgeInstanceFilter` means."""
    return InstanceQuery(
        statuses=_statuses(purge_filter),
        created_from=_time(purge_filter, "createdTimeFrom"),
        created_to=_time(purge_filter, "createdTimeTo"),
    )


def finished_query(request: Message) -> FinishedQuery:
    """What a `ListInstanceIdsRequest` asks for."""
    return FinishedQuery(
        statuses=_statuses(request),
        completed_from=_time(request, "completedTimeFrom"),
        completed_to=_time(request, "completedTimeTo"),
        page_size=request.pageSize,
        continuation=request.lastInstanceKey.value or None,
    )


def entity_query(query: Message) -> EntityQuery:
    """An `EntityQuery`."""
    return EntityQuery(
        id_prefix=query.instanceIdStartsWith.value,
        modified_from=_time(query, "lastModifiedFrom"),
        modified_to=_time(query, "lastModifiedTo"),
        state=query.includeState,
        page_size=query.pageSize.value,
        continuation=query.continuationToken.value or None,
    )


def _statuses(query: Message) -> frozenset[Status]:
    return frozenset(Status(number) for number in query.runtimeStatus)


def _time(message: Message, field: str) -> datetime | None:
    return to_datetime(moment(message, field)) if message.HasField(field) else None


def _stamp(at: datetime | None) -> Message:
    return timestamp(to_micros(at)) if at else None
