"""Starting orchestrations and telling interlocks from a trigger, once per content."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

import azure.durable_functions as df
import grpc
from durabletask.client import OrchestrationState, OrchestrationStatus
from durabletask.entities import EntityInstanceId
from durabletask.internal.orchestrator_service_pb2 import OrchestrationIdReusePolicy

from functions import adapters
from shared import names
from shared.blocking import run_blocking
from shared.contracts.base import Contract
from shared.contracts.deliveries import Delivery
from shared.contracts.events import InterlockEvent

#: What makes room for another one of its id.
_FAILED: Final = (OrchestrationStatus.FAILED, OrchestrationStatus.TERMINATED)
_ENDED: Final = (OrchestrationStatus.COMPLETED, OrchestrationStatus.FAILED, OrchestrationStatus.TERMINATED)


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
    return await _start(client, name, order, instance_id, replaceable=())


async def start_unless_running(client: df.DurableFunctionsClient, name: str, order: Contract, instance_id: str) -> bool:
    """Start an orchestration unless one of that id is under way; whether it was started.

    One that has ended makes room, atomically, and one that was deleted after its time is not remembered: this is for
    what somebody asks for, who wants it again when asking later, and for orchestrations that only read.
    """
    return await _start(client, name, order, instance_id, replaceable=_ENDED)


async def start_until_done(client: df.DurableFunctionsClient, name: str, order: Contract, instance_id: str) -> bool:
    """Start an orchestration unless one of that id is under way or has completed; one that failed makes room."""
    return await _start(client, name, order, instance_id, replaceable=_FAILED)


async def _start(
    client: df.DurableFunctionsClient,
    name: str,
    order: Contract,
    instance_id: str,
    replaceable: Iterable[OrchestrationStatus],
) -> bool:
    policy = OrchestrationIdReusePolicy(replaceableStatus=[status.value for status in replaceable])
    try:
        await client.schedule_new_orchestration(
            name, input=order.to_wire(), instance_id=instance_id, reuse_id_policy=policy
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
