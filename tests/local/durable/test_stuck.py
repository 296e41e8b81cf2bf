"""The report on what is stuck: what each instance waits for, and whether it can come."""

import asyncio
from collections.abc import Generator
from datetime import timedelta
from typing import Any

import pytest
from durabletask import task

from local.durable.records import Stuck
from tests.local.durable.app import GATES, functions
from tests.local.durable.conftest import Hub, eventually


@functions.orchestrator
def wait_for_nothing(_ctx: task.OrchestrationContext, _: None) -> Generator[task.Task[Any], Any, Any]:
    """Await an empty list, which never ends."""
    return (yield task.when_all([]))


@functions.orchestrator
def yield_nonsense(_ctx: task.OrchestrationContext, _: None) -> Any:
    """Yield what is no task, which the SDK takes silently."""
    yield 42


async def report(hub: Hub, instance_id: str, older_than: timedelta = timedelta(0)) -> Stuck | None:
    """What the report says of one instance."""
    await hub.engine.run_until_idle()
    return next((each for each in hub.engine.stuck(older_than) if each.id == instance_id), None)


@pytest.mark.parametrize(
    ("name", "value", "waits"),
    [
        ("wait_for", 3600, "a timer, due at"),
        ("collect", 1, "an external event"),
        ("wait_for_nothing", None, "an empty when_all"),
        ("yield_nonsense", None, "or nothing at all"),
        ("call_child", ["wait_for", 3600, "child"], "sub-orchestration 'wait_for' (child), which is Running"),
    ],
)
async def test_what_an_instance_waits_for(hub: Hub, name: str, value: Any, waits: str) -> None:
    """Timers, events, children and nothing at all are told apart; none of them is hopeless."""
    instance_id = await hub.start(name, value)
    await eventually(lambda: hub.instance(instance_id).turn == 1)
    found = await report(hub, instance_id)
    assert found is not None
    assert waits in found.waits_for[0]
    assert not found.hopeless
    assert await report(hub, instance_id, timedelta(hours=1)) is None


async def test_waits_for_entities(hub: Hub) -> None:
    """One that waits for a lock is told who holds it."""
    holder = await hub.start("hold_lock", "a")
    await hub.custom_status(holder, "locked")
    waiting = await hub.start("hold_lock", "a")
    await eventually(lambda: hub.instance(waiting).turn == 1)
    found = await report(hub, waiting)
    assert found is not None
    assert found.waits_for == (f"the lock on entity @counter@a, held by {holder}",)


async def test_running_activity_and_suspension(hub: Hub) -> None:
    """An activity that runs is named; a suspended instance says that it waits for a resume."""
    GATES[95] = asyncio.Event()
    instance_id = await hub.start("call", ["gated", 95])
    await eventually(lambda: hub.instance(instance_id).turn == 1)
    await hub.engine.suspend(instance_id)
    await eventually(lambda: hub.instance(instance_id).status.label == "Suspended")
    found = next(each for each in hub.engine.stuck(timedelta(0)) if each.id == instance_id)
    assert found.waits_for == ("a resume: it is suspended", "activity 'gated', which is queued or runs")
    GATES[95].set()
    await hub.engine.resume(instance_id)
    await hub.output(instance_id)
    assert hub.engine.stuck(timedelta(0)) == []


@pytest.mark.parametrize(
    ("name", "value", "sabotage", "text"),
    [
        ("wait_for", 3600, "DELETE FROM inbox", "a timer: its outcome is lost"),
        ("call_child", ["wait_for", 3600, "c"], "DELETE FROM instances WHERE id = 'c'", "(c), which was purged"),
        ("call_child", ["wait_for", 3600, "c"], "UPDATE instances SET status = 1 WHERE id = 'c'", "ended unheard"),
        ("call", ["gated", 96], "DELETE FROM tasks", "activity 'gated': its outcome is lost"),
    ],
)
async def test_what_cannot_come_is_hopeless(hub: Hub, name: str, value: Any, sabotage: str, text: str) -> None:
    """What was lost, as only sabotage does it, is reported at once, whatever the age."""
    GATES[96] = asyncio.Event()
    instance_id = await hub.start(name, value, instance_id="p")
    await eventually(lambda: hub.instance(instance_id).turn == 1)
    if name == "call_child":
        await eventually(lambda: (c := hub.engine.get_instance("c")) and c.turn == 1)
    hub.engine._context.connection.execute(sabotage)
    await eventually(lambda: [each for each in hub.engine.stuck(timedelta(days=1)) if each.id == instance_id])
    found = next(each for each in hub.engine.stuck(timedelta(days=1)) if each.id == instance_id)
    assert found.hopeless
    assert text in found.waits_for[0]
    GATES[96].set()
