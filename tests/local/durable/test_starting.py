"""What becomes of a start under an id that was used before."""

import durabletask.internal.orchestrator_service_pb2 as pb
import grpc
import pytest
from durabletask.client import OrchestrationStatus

from local.durable.records import Status
from tests.local.durable.conftest import Hub, eventually

REPLACE_NOTHING = pb.OrchestrationIdReusePolicy()


async def refused(hub: Hub, name: str, value: object, **options: object) -> grpc.StatusCode:
    """The status of a start that must be refused."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await hub.start(name, value, **options)
    return caught.value.code()


async def test_running_id_is_refused(hub: Hub) -> None:
    """A second start of a running instance is ALREADY_EXISTS, and changes nothing."""
    await hub.start("wait_for", 60, instance_id="one")
    assert await refused(hub, "in_sequence", 1, instance_id="one") is grpc.StatusCode.ALREADY_EXISTS
    assert hub.instance("one").name == "wait_for"


async def test_finished_id_is_replaced_by_default(hub: Hub) -> None:
    """Without a policy a finished instance is replaced, as Durable Functions documents."""
    assert await hub.run("in_sequence", 2, instance_id="one") == 1
    assert await hub.run("in_sequence", 3, instance_id="one") == 5
    assert hub.instance("one").execution_id


async def test_empty_policy_replaces_nothing(hub: Hub) -> None:
    """An explicit policy without any status refuses a finished id too; after a purge it is free."""
    assert await hub.run("in_sequence", 2, instance_id="one", reuse_id_policy=REPLACE_NOTHING) == 1
    code = await refused(hub, "in_sequence", 3, instance_id="one", reuse_id_policy=REPLACE_NOTHING)
    assert code is grpc.StatusCode.ALREADY_EXISTS
    await hub.client.purge_orchestration("one")
    assert await hub.run("in_sequence", 3, instance_id="one", reuse_id_policy=REPLACE_NOTHING) == 5


async def test_policy_names_what_may_be_replaced(hub: Hub) -> None:
    """A policy that names FAILED replaces a failed instance, and no completed one."""
    only_failed = pb.OrchestrationIdReusePolicy(replaceableStatus=[pb.ORCHESTRATION_STATUS_FAILED])
    await hub.finish(await hub.start("call", ["boom", "x"], instance_id="bad"))
    assert await hub.run("in_sequence", 2, instance_id="bad", reuse_id_policy=only_failed) == 1
    code = await refused(hub, "in_sequence", 2, instance_id="bad", reuse_id_policy=only_failed)
    assert code is grpc.StatusCode.ALREADY_EXISTS


async def test_running_instance_can_be_replaced(hub: Hub) -> None:
    """A policy that names RUNNING replaces a running child; its parent hears that it ended."""
    running = pb.OrchestrationIdReusePolicy(replaceableStatus=[pb.ORCHESTRATION_STATUS_RUNNING])
    parent = await hub.start("call_child", ["wait_for", 60, "child-1"])
    await eventually(lambda: (found := hub.engine.get_instance("child-1")) and found.status is Status.RUNNING)
    assert await hub.run("in_sequence", 3, instance_id="child-1", reuse_id_policy=running) == 5
    assert (await hub.finish(parent)).runtime_status is OrchestrationStatus.FAILED


@pytest.mark.parametrize("instance_id", ["@counter@a", "a/b", "a#b", "x" * 101, "line\nbreak"])
async def test_ids_that_azure_refuses(hub: Hub, instance_id: str) -> None:
    """An id that Durable Functions does not allow is refused here too, so that it is found on the laptop."""
    assert await refused(hub, "in_sequence", 1, instance_id=instance_id) is grpc.StatusCode.INVALID_ARGUMENT
