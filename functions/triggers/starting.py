"""Starting orchestrations and telling interlocks from a trigger, once per content."""

from datetime import UTC, datetime

import azure.durable_functions as df
import grpc
from durabletask.client import OrchestrationState
from durabletask.entities import EntityInstanceId
from durabletask.internal.orchestrator_service_pb2 import OrchestrationIdReusePolicy

from functions import adapters
from shared import names
from shared.blocking import run_blocking
from shared.contracts.base import Contract
from shared.contracts.deliveries import Delivery
from shared.contracts.interlock import InterlockEvent


def utc_now() -> datetime:
    """The time that a trigger stamps on what it hands on."""
    return datetime.now(UTC)


async def start_once(client: df.DurableFunctionsClient, name: str, order: Contract, instance_id: str) -> bool:
    """Start an orchestration unless one of that id exists or has existed; whether it was started.

    Starting is atomic in the backend, so two deliveries at the same moment start one. Of a run that was deleted after
    its time `remember_started` has kept the id, so that a very late delivery does not start it again.
    """
    if await run_blocking(adapters.inbox().get, "starts", instance_id) is not None:
        return False
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


async def remember_started(run: OrchestrationState) -> None:
    """Keep a finished run's id before the run is deleted."""
    delivery = Delivery(
        channel="starts",
        key=run.instance_id,
        subject=run.name,
        received_at=run.created_at.replace(tzinfo=UTC),
        outcome="done",
        reason=f"It ended as {run.runtime_status.name.lower()}, and was deleted after its time.",
    )
    await run_blocking(adapters.inbox().record, delivery)


async def signal_interlock(client: df.DurableFunctionsClient, event: InterlockEvent) -> None:
    """Signal a model's interlock."""
    entity = EntityInstanceId(names.MODEL_INTERLOCK, event.model)
    await client.signal_entity(entity, names.INTERLOCK_RECEIVE, event.to_wire())
