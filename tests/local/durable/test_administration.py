"""Restart, lists of ids, purging and cleaning of entities, versions, and what an ended instance leaves behind."""

import json
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest
from durabletask import task
from durabletask.client import OrchestrationStatus
from durabletask.entities import EntityInstanceId

from local.durable.records import FinishedQuery, NewInstance, Status
from tests.local.durable.app import functions
from tests.local.durable.conftest import Hub, eventually

type Orchestration = Generator[task.Task[Any], Any, Any]
type Context = task.OrchestrationContext


@functions.orchestrator
def tell_version(ctx: Context, generation: int) -> Orchestration:
    """The versions of this generation and of a child; generation 0 continues as new under another version."""
    if generation == 0:
        ctx.continue_as_new(1, new_version="2.0")
        return None
    child = yield ctx.call_sub_orchestrator("own_version", version="9.9")
    return [ctx.version, child]


@functions.orchestrator
def own_version(ctx: Context, _: None) -> str | None:
    """The version that it runs under."""
    return ctx.version


@functions.orchestrator
def leave_much_behind(ctx: Context, key: str) -> Orchestration:
    """End while a timer and an event wait are open, and an entity is locked."""
    ctx.create_timer(timedelta(days=30))
    ctx.wait_for_external_event("never")
    with (yield ctx.lock_entities([EntityInstanceId("counter", key)])):
        raise ValueError("ended in the middle")


async def test_restart_runs_the_input_again(hub: Hub) -> None:
    """A restart starts a finished instance again with its input, version and tags, under its id or a new one."""
    await hub.run("in_sequence", 3, instance_id="one", version="1.5", tags={"a": "b"})
    before = hub.instance("one")
    assert await hub.client.restart_orchestration("one") == "one"
    assert await hub.output("one") == 5
    after = hub.instance("one")
    assert after.execution_id != before.execution_id
    assert (after.version, after.tags, after.input) == (before.version, before.tags, before.input)
    new_id = await hub.client.restart_orchestration("one", restart_with_new_instance_id=True)
    assert new_id != "one"
    assert await hub.output(new_id) == 5


async def test_only_finished_instances_are_restarted(hub: Hub) -> None:
    """A restart of a running instance is FAILED_PRECONDITION, of a missing one NOT_FOUND."""
    await hub.start("wait_for", 60, instance_id="running")
    for instance_id, code in (
        ("running", grpc.StatusCode.FAILED_PRECONDITION),
        ("nobody", grpc.StatusCode.NOT_FOUND),
    ):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await hub.client.restart_orchestration(instance_id)
        assert caught.value.code() is code


async def test_list_instance_ids(hub: Hub) -> None:
    """Ids of finished instances come in the order they ended, by page, status and time; running ones do not."""
    ids = [f"i{number}" for number in range(5)]
    for instance_id in ids:
        await hub.run("in_sequence", 1, instance_id=instance_id)
    await hub.finish(await hub.start("call", ["boom", "x"], instance_id="bad"))
    await hub.start("wait_for", 60)
    listed: list[str] = []
    token = None
    while True:
        page = await hub.client.list_instance_ids(page_size=2, continuation_token=token)
        assert len(page.items) <= 2
        listed += page.items
        token = page.continuation_token
        if token is None:
            break
    assert listed == [*ids, "bad"]
    failed = await hub.client.list_instance_ids(runtime_status=[OrchestrationStatus.FAILED])
    assert failed.items == ["bad"]
    later = datetime.now(UTC) + timedelta(hours=1)
    assert (await hub.client.list_instance_ids(completed_time_from=later)).items == []
    assert len((await hub.client.list_instance_ids(completed_time_to=later)).items) == 6
    with pytest.raises(ValueError, match="no continuation token"):
        hub.engine.list_instance_ids(FinishedQuery(continuation="?"))


async def test_purged_entity_is_gone(hub: Hub) -> None:
    """Purging an entity id deletes its state and the signals that it has for later; a locked one is left."""
    for key in ("a", "b"):
        await hub.engine.signal_entity(f"@counter@{key}", "set", "7")
    await hub.engine.signal_entity("@counter@a", "add", "1", at=hub.engine.now + 3_600_000_000)
    holder = await hub.start("hold_lock", "b")
    await hub.custom_status(holder, "locked")
    await eventually(lambda: hub.engine.get_entity("@counter@a"))
    assert (await hub.client.purge_orchestration("@counter@a")).deleted_instance_count == 1
    assert (await hub.client.purge_orchestration("@counter@b")).deleted_instance_count == 0
    assert hub.engine.get_entity("@counter@a") is None
    rows = hub.engine._context.connection.execute("SELECT count(*) FROM entity_inbox WHERE id = '@counter@a'")
    assert rows.fetchone()[0] == 0


async def test_clean_entity_storage(hub: Hub) -> None:
    """Empty entities and locks whose holder is gone, as trouble may leave them, are removed and counted."""
    connection = hub.engine._context.connection
    connection.execute("INSERT INTO entities(id, updated, turn) VALUES ('@counter@empty', 0, 1)")
    connection.execute(
        "INSERT INTO entities(id, state, locked_by, lock_owner, updated, turn)"
        " VALUES ('@counter@held', '1', 'section', 'nobody', 0, 1)"
    )
    result = await hub.client.clean_entity_storage()
    assert (result.empty_entities_removed, result.orphaned_locks_released) == (1, 1)
    await hub.engine.signal_entity("@counter@held", "add", "1")
    await eventually(lambda: (e := hub.engine.get_entity("@counter@held")) and e.state == "2")
    result = await hub.client.clean_entity_storage(remove_empty_entities=False)
    assert (result.empty_entities_removed, result.orphaned_locks_released) == (0, 0)


async def test_versions(hub: Hub) -> None:
    """A start's version reaches the orchestrator, a new generation may have another, and a child its own."""
    assert await hub.run("own_version", None, version="1.0") == "1.0"
    assert await hub.run("tell_version", 0, version="1.0") == ["2.0", "9.9"]


async def test_recursive_terminate_reaches_grandchildren(hub: Hub) -> None:
    """A recursive terminate ends children of children too, and those that have not begun yet."""
    await hub.start("call_child", ["call_child", ["wait_for", 60, "grandchild"], "child"], instance_id="root")
    await eventually(lambda: hub.engine.get_instance("grandchild"))
    await hub.client.terminate_orchestration("root", recursive=True)
    for instance_id in ("root", "child", "grandchild"):
        assert (await hub.finish(instance_id)).runtime_status is OrchestrationStatus.TERMINATED


async def test_finished_instance_leaves_nothing_behind(hub: Hub) -> None:
    """When an instance ends, its timers and its messages go and its locks are released."""
    await hub.finish(await hub.start("leave_much_behind", "x", instance_id="gone"))
    connection = hub.engine._context.connection
    assert connection.execute("SELECT count(*) FROM inbox WHERE id = 'gone'").fetchone()[0] == 0
    await hub.engine.signal_entity("@counter@x", "add", "1")
    await eventually(lambda: (e := hub.engine.get_entity("@counter@x")) and e.state == "1")
    assert hub.engine._running._timers.next_due() == 0


async def test_delayed_start_can_be_queried(skipping: Hub) -> None:
    """A delayed start shows when it will be, and is pending until then."""
    later = skipping.engine.now + 60_000_000
    await skipping.engine.start_instance(NewInstance("later", "in_sequence", json.dumps(1), start_at=later))
    found = skipping.instance("later")
    assert found.status is Status.PENDING
    assert found.start_at is not None
    await skipping.engine.advance_to(found.start_at)
    await skipping.engine.run_until_idle()
    assert skipping.instance("later").status is Status.COMPLETED
