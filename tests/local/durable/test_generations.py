"""Continue-as-new: what an old generation left behind never reaches the new one, and what is for the new one does."""

import asyncio
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from durabletask import task

from local.durable.records import Status
from tests.local.durable.app import GATES, functions
from tests.local.durable.conftest import Hub, close_hub, eventually, open_hub

type Orchestration = Generator[task.Task[Any], Any, Any]
type Context = task.OrchestrationContext


def count(hub: Hub, table: str) -> int:
    """Rows in a table of the engine."""
    row = hub.engine._context.connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(row[0])


async def test_events_keep_their_order_over_generations(hub: Hub) -> None:
    """Events of one name, given one per generation, come in order: what is carried over comes before what arrives."""
    instance_id = await hub.start("collect_by_generation", [30, []])
    for number in range(30):
        await hub.client.raise_orchestration_event(instance_id, "item", data=number)
    assert await hub.output(instance_id) == list(range(30))


async def test_old_timer_does_not_fire_in_the_new_generation(skipping: Hub) -> None:
    """A timer of 10 s that generation 0 left behind has the id of generation 1's timer of 60 s, and is dropped."""
    instance_id = await skipping.start("leave_timer_behind", 0)
    await skipping.client.raise_orchestration_event(instance_id, "go")
    assert 60 <= await skipping.output(instance_id) < 61


async def test_old_activity_result_is_dropped(hub: Hub) -> None:
    """The result of generation 0's activity has the task id of generation 1's, and is not taken for it."""
    GATES.update({0: asyncio.Event(), 1: asyncio.Event()})
    instance_id = await hub.start("leave_activity_behind", 0)
    await eventually(lambda: count(hub, "tasks") == 1)
    await hub.client.raise_orchestration_event(instance_id, "go")
    await eventually(lambda: count(hub, "tasks") == 2)
    GATES[0].set()
    await eventually(lambda: count(hub, "tasks") == 1)
    GATES[1].set()
    assert await hub.output(instance_id) == "gate 1"


@functions.orchestrator
def leave_queue_behind(ctx: Context, what: list[Any]) -> Orchestration:
    """Ask for the activity `gated` and behind it `note_run`, then end as the test says when it sends the event."""
    gate, how = what
    ctx.call_activity("gated", input=gate)
    ctx.call_activity("note_run", input=how)
    yield ctx.wait_for_external_event("go")
    if how == "replaced":
        ctx.continue_as_new([gate, "unused"])


NOTED: list[str] = []
"""What `note_run` ran for."""


@functions.activity
def note_run(how: str) -> None:
    """Note that it ran."""
    NOTED.append(how)


@pytest.mark.parametrize("how", ["completed", "terminated", "purged", "replaced"])
async def test_queued_activity_of_an_old_generation_does_not_run(tmp_path: Path, how: str) -> None:
    """An activity that waits for room when its generation ends never runs; what runs already ends, and is dropped."""
    NOTED.clear()
    GATES[60] = asyncio.Event()
    hub = await open_hub(tmp_path / "durable.db", max_activities=1)
    instance_id = await hub.start("leave_queue_behind", [60, how])
    await eventually(lambda: "gated" in hub.worker.traces and hub.instance(instance_id).turn == 1)
    before = hub.instance(instance_id).execution_id
    if how in {"completed", "replaced"}:
        await hub.client.raise_orchestration_event(instance_id, "go")
    else:
        await hub.client.terminate_orchestration(instance_id)
    if how == "replaced":
        await eventually(lambda: hub.instance(instance_id).execution_id != before)
    else:
        await hub.finish(instance_id)
    if how == "purged":
        await hub.client.purge_orchestration(instance_id)
    GATES[60].set()
    await hub.engine.run_until_idle()
    expected = ["unused"] if how == "replaced" else []
    assert expected == NOTED
    assert count(hub, "tasks") == 0
    await close_hub(hub)


async def test_old_entity_answer_is_dropped(hub: Hub) -> None:
    """The answer to an entity call of generation 0, which would fail generation 1, does not reach it."""
    instance_id = await hub.start("leave_call_behind", 0)
    assert await hub.output(instance_id) == 2


async def test_children_of_all_generations_answer_the_same_parent(hub: Hub) -> None:
    """A sub-orchestration that continues as new still answers its parent."""
    assert await hub.run("call_child", ["collect_by_generation", [0, ["x"]], None]) == ["x"]
    waiting = await hub.start("call_child", ["collect_by_generation", [2, []], "many"])
    await eventually(lambda: hub.engine.get_instance("many"))
    for number in range(2):
        await hub.client.raise_orchestration_event("many", "item", data=number)
    assert await hub.output(waiting) == [0, 1]


async def test_history_holds_the_last_generation_only(skipping: Hub) -> None:
    """An eternal orchestration's history does not grow with its generations."""
    instance_id = await skipping.start("poll", 0)
    await skipping.output(instance_id)
    kinds = [record.kind for record in skipping.engine.history(instance_id)]
    assert kinds.count("executionStarted") == 1
    assert len(kinds) < 100


async def test_terminate_behind_the_event_that_ends_a_generation(hub: Hub) -> None:
    """A terminate in the same turn as the event that makes it continue as new is not lost."""
    instance_id = await hub.start("collect_by_generation", [5, []])
    await eventually(lambda: hub.instance(instance_id).turn == 1)
    await asyncio.gather(hub.engine.raise_event(instance_id, "item", "0"), hub.engine.terminate(instance_id, '"stop"'))
    assert (await hub.finish(instance_id)).get_output() == "stop"


async def test_event_behind_a_suspend_is_kept_for_the_next_generation(hub: Hub) -> None:
    """An event that comes behind a suspend, in the turn that continues as new, is there after the resume."""
    instance_id = await hub.start("collect_by_generation", [2, []])
    await eventually(lambda: hub.instance(instance_id).turn == 1)
    await asyncio.gather(
        hub.engine.raise_event(instance_id, "item", "0"),
        hub.engine.suspend(instance_id),
        hub.engine.raise_event(instance_id, "item", "1"),
    )
    await eventually(lambda: hub.instance(instance_id).status is Status.SUSPENDED)
    await hub.engine.resume(instance_id)
    assert await hub.output(instance_id) == [0, 1]


async def test_suspend_and_resume_in_one_turn(hub: Hub) -> None:
    """A suspend that is taken back before the instance saw it changes nothing."""
    instance_id = await hub.start("wait_for", 60)
    await eventually(lambda: hub.instance(instance_id).turn == 1)
    await asyncio.gather(
        hub.engine.suspend(instance_id),
        hub.engine.resume(instance_id),
        hub.engine.raise_event(instance_id, "go", '"on"'),
    )
    assert await hub.output(instance_id) == "on"


async def test_terminate_between_generations(hub: Hub) -> None:
    """A terminate ends an orchestration that continues as new again and again."""
    instance_id = await hub.start("spin", 0)
    await eventually(lambda: hub.instance(instance_id).turn > 3)
    await hub.client.terminate_orchestration(instance_id, output="enough")
    assert (await hub.finish(instance_id)).get_output() == "enough"
