"""The defects of the SDK's in-memory backend, none of which this engine has: see `README.md` for the whole list."""

import asyncio
import threading
from datetime import timedelta

from tests.local.durable.app import GATES
from tests.local.durable.conftest import Hub, eventually


async def test_sub_orchestration_of_a_virtual_day_answers_its_parent(skipping: Hub) -> None:
    """In memory the end of a child that runs long never reaches its parent; here that of a day of skipped time does."""
    assert await skipping.run("call_child", ["wait_for", 86_400, None]) == "late"


async def test_many_concurrent_waits(hub: Hub) -> None:
    """In memory nine concurrent waits are a deadlock; here sixty wait while the instance still takes its event."""
    instance_id = await hub.start("wait_for", 3600)
    waits = [asyncio.create_task(hub.output(instance_id)) for _ in range(60)]
    await eventually(lambda: len(hub.engine._watchers._waits.get(instance_id, ())) == 60)
    await hub.client.raise_orchestration_event(instance_id, "go", data="all")
    assert await asyncio.gather(*waits) == ["all"] * 60


async def test_timers_take_no_threads(hub: Hub) -> None:
    """In memory there is a thread per timer; here five hundred timers are rows."""
    before = threading.active_count()
    waiting = await asyncio.gather(*(hub.start("wait_for", 3600) for _ in range(500)))
    await eventually(lambda: all(hub.instance(each).turn == 1 for each in waiting))
    timers = hub.engine._context.connection.execute("SELECT count(*) FROM inbox WHERE visible_at > 0").fetchone()
    assert timers[0] == 500
    assert threading.active_count() <= before + 12  # the worker's pool, whose size does not depend on the timers


async def test_start_at_is_kept(skipping: Hub) -> None:
    """In memory `start_at` is ignored; here an instance of tomorrow starts tomorrow."""
    from local.durable.clock import to_datetime

    tomorrow = to_datetime(skipping.engine.now) + timedelta(days=1)
    await skipping.start("in_sequence", 2, instance_id="later", start_at=tomorrow)
    await skipping.engine.advance(timedelta(hours=23))
    assert skipping.instance("later").status.label == "Pending"
    await skipping.engine.advance(timedelta(hours=2))
    assert skipping.instance("later").output == "1"


async def test_waiting_for_a_gate_holds_no_other_work(hub: Hub) -> None:
    """Instances whose activities wait hold one slot each, and nothing else: the last slot still serves all others."""
    GATES[40] = asyncio.Event()
    limit = hub.engine._lanes.activities
    blocked = [await hub.start("call", ["gated", 40]) for _ in range(limit - 1)]
    assert await hub.run("in_sequence", 3) == 5
    GATES[40].set()
    for each in blocked:
        assert await hub.output(each) == "gate 40"
