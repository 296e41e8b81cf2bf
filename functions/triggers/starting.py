"""Starting orchestrations and telling interlocks from a trigger, once per content."""

from datetime import UTC, datetime

import azure.durable_functions as df
import grpc
from durabletask.entities import EntityInstanceId
from durabletask.internal.orchestrator_service_pb2 import OrchestrationIdReusePolicy

from shared import names
from shared.contracts.base import Contract
from shared.contracts.interlock import InterlockEvent


def utc_now() -> datetime:
    """The time that a trigger stamps on what it hands on."""
    return datetime.now(UTC)


async def start_once(client: df.DurableFunctionsClient, name: str, order: Contract, instance_id: str) -> bool:
    """Start an orchestration unless one of that id exists, finished ones included; whether it was started.

    Starting is atomic in the backend, so two deliveries at the same moment start one.
    """
    try:
        await client.schedule_new_orchestration(
            name,
            input=order.to_wire(),
            instance_id=instance_id,
            reuse_id_policy=OrchestrationIdReusePolicy(replaceableStatus=[]),
        )
    except grpc.aio.AioRpcError as error:
        if error.code() is grpc.StatusCode.ALREADY_EXISTS:
            return False
        raise
    return True


async def signal_interlock(client: df.DurableFunctionsClient, event: InterlockEvent) -> None:
    """Signal a model's interlock."""
    entity = EntityInstanceId(names.MODEL_INTERLOCK, event.model)
    await client.signal_entity(entity, names.INTERLOCK_RECEIVE, event.to_wire())
