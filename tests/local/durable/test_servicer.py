"""The gRPC service: every call of the protocol has an answer, and what is wrong with a call is said."""

import asyncio
import inspect
import re
from collections.abc import AsyncIterator
from pathlib import Path

import durabletask.client
import durabletask.internal.orchestrator_service_pb2 as pb
import grpc
import grpc.aio
import pytest

from local.durable.rpc import SERVICE
from local.durable.servicer import DurableServicer, serve
from tests.local.durable.conftest import Hub, client_for, eventually

WORKER_SIDE = {
    "GetWorkItems",
    "CompleteActivityTask",
    "CompleteOrchestratorTask",
    "CompleteEntityTask",
    "AbandonTaskActivityWorkItem",
    "AbandonTaskOrchestratorWorkItem",
    "AbandonTaskEntityWorkItem",
}
"""Calls of a worker process: this engine's worker is in its own process."""
REFUSED = {"DeleteTaskHub", "SkipGracefulOrchestrationTerminations"}
"""Calls of operators, which the SDK's client does not make."""


@pytest.fixture
async def channel(hub: Hub) -> AsyncIterator[grpc.aio.Channel]:
    """A bare channel to the engine."""
    async with grpc.aio.insecure_channel(f"127.0.0.1:{hub.server.port}") as opened:
        yield opened


async def call(channel: grpc.aio.Channel, method: str, data: bytes = b"") -> grpc.StatusCode:
    """The status of a call with raw bytes as its request."""
    rpc = channel.unary_stream if method == "StreamInstanceHistory" else channel.unary_unary
    made = rpc(f"/{SERVICE.full_name}/{method}")(data, timeout=10)
    try:
        if method == "StreamInstanceHistory":
            [_ async for _ in made]
        else:
            await made
    except grpc.aio.AioRpcError as error:
        return error.code()
    return grpc.StatusCode.OK


def test_every_call_of_the_client_is_answered() -> None:
    """Each RPC that the SDK's durable client makes, as its source says, is implemented."""
    made = set(re.findall(r"_(?:get_)?stub(?:\(\))?\.(\w+)\(", inspect.getsource(durabletask.client)))
    assert len(made) >= 17
    assert made <= {name for name in vars(DurableServicer) if name[0].isupper()}


async def test_every_other_call_says_that_it_is_not_supported(channel: grpc.aio.Channel) -> None:
    """The whole protocol is either implemented or answers UNIMPLEMENTED, and nothing else."""
    names = {method.name for method in SERVICE.methods}
    answered = {name for name in vars(DurableServicer) if name[0].isupper()}
    assert names == answered | WORKER_SIDE | REFUSED
    for name in WORKER_SIDE | REFUSED:
        assert await call(channel, name) is grpc.StatusCode.UNIMPLEMENTED


async def test_malformed_requests_are_refused(hub: Hub, channel: grpc.aio.Channel) -> None:
    """Bytes that are not the request's message are INVALID_ARGUMENT for every call; the service goes on."""
    for name in {method.name for method in SERVICE.methods} - WORKER_SIDE - REFUSED - {"Hello"}:
        assert await call(channel, name, b"\xff\xff\xff\x0f nonsense") is grpc.StatusCode.INVALID_ARGUMENT, name
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await channel.unary_unary(f"/{SERVICE.full_name}/StartInstance")(b"\xff\xff\xff\x0f", timeout=10)
    assert "is no CreateInstanceRequest" in (caught.value.details() or "")
    assert await hub.run("in_sequence", 2) == 1


@pytest.mark.parametrize(
    ("method", "message"),
    [
        ("QueryInstances", pb.QueryInstancesRequest(query=pb.InstanceQuery(runtimeStatus=[99]))),  # type: ignore[list-item] # a status that a newer client may know
        ("StartInstance", pb.CreateInstanceRequest(name="x", instanceId="a/b")),
        ("SignalEntity", pb.SignalEntityRequest(instanceId="no-entity", name="x")),
    ],
)
async def test_nonsense_in_a_request_is_refused(channel: grpc.aio.Channel, method: str, message: pb.WorkItem) -> None:
    """A request whose content makes no sense is INVALID_ARGUMENT."""
    assert await call(channel, method, message.SerializeToString()) is grpc.StatusCode.INVALID_ARGUMENT


async def test_wrong_task_hub_is_refused(hub: Hub) -> None:
    """A client of another task hub is refused with both names; one of this hub is served, whatever its case."""
    for name, served in (("other", False), ("HUB", True)):
        server = await serve(hub.engine, task_hub=name)
        client = client_for(server.port)  # asks for the hub `hub`
        if served:
            await client.schedule_new_orchestration("in_sequence", input=1)
        else:
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await client.schedule_new_orchestration("in_sequence", input=1)
            assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION
            assert "task hub 'hub', and this engine serves 'other'" in (caught.value.details() or "")
        await client.close()
        await server.stop()


async def test_hello_and_create_task_hub(channel: grpc.aio.Channel) -> None:
    """A client that looks whether the service and its hub are there is told so."""
    assert await call(channel, "Hello") is grpc.StatusCode.OK
    assert await call(channel, "CreateTaskHub") is grpc.StatusCode.OK


async def test_waits_are_given_up_with_their_client(hub: Hub) -> None:
    """Fifty waits whose client goes away leave nothing behind."""
    instance_id = await hub.start("wait_for", 60)
    waits = [
        asyncio.create_task(hub.client.wait_for_orchestration_completion(instance_id, timeout=30)) for _ in range(50)
    ]
    await eventually(lambda: len(hub.engine._watchers._waits.get(instance_id, ())) == 50)
    for wait in waits:
        wait.cancel()
    await asyncio.gather(*waits, return_exceptions=True)
    await eventually(lambda: not hub.engine._watchers)


async def test_unavailable_before_the_start(tmp_path: Path) -> None:
    """A call that comes before the engine runs is UNAVAILABLE, which clients try again."""
    from local.durable.engine import Engine
    from tests.local.durable.app import functions
    from tests.local.durable.sdk_worker import SdkWorker

    server = await serve(Engine(SdkWorker(functions), tmp_path / "durable.db"))
    client = client_for(server.port)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await client.get_orchestration_state("x")
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    await client.close()
    await server.stop()
