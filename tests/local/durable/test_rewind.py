"""Rewind: a failed instance goes on from before its failure, with its sub-orchestrations."""

import asyncio
from collections.abc import Generator
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from durabletask import task
from durabletask.client import OrchestrationStatus
from durabletask.entities import EntityInstanceId

from local.durable.records import Status
from tests.local.durable.app import FAILURES_LEFT, GATES, functions
from tests.local.durable.conftest import Hub, close_hub, eventually, open_hub
from tests.local.durable.sdk_worker import GatedWorker
from tests.local.durable.test_faults import TroubledWorker

type Orchestration = Generator[task.Task[Any], Any, Any]
type Context = task.OrchestrationContext

RUNS: list[str] = []
"""What `count_run` was called with."""


@functions.activity
def count_run(key: str) -> str:
    """Note that it ran."""
    RUNS.append(key)
    return key


@functions.orchestrator
def good_then_flaky(ctx: Context, key: str) -> Orchestration:
    """One activity that succeeds, then one that fails as often as the test says."""
    first = yield ctx.call_activity("count_run", input=key)
    second = yield ctx.call_activity("flaky", input=key)
    return [first, second, ctx.parent_instance_id]


@functions.orchestrator
def family(ctx: Context, depth: int) -> Orchestration:
    """Two children, one of which leads down to what fails."""
    name, value = ("family", depth - 1) if depth else ("good_then_flaky", "leaf")
    good: task.Task[Any] = ctx.call_sub_orchestrator(
        "good_then_flaky", input=f"good-{depth}", instance_id=f"good-{depth}"
    )
    bad: task.Task[Any] = ctx.call_sub_orchestrator(name, input=value, instance_id=f"bad-{depth}")
    return (yield task.when_all([good, bad]))


@functions.orchestrator
def leave_open(ctx: Context, key: str) -> Orchestration:
    """Fail while an activity, a timer, a call and a child are open; collect them when it goes on."""
    gate: task.Task[Any] = ctx.call_activity("gated", input=70)
    timer = ctx.create_timer(timedelta(milliseconds=10))
    call: task.Task[Any] = ctx.call_entity(EntityInstanceId("counter", key), "add", 1)
    child: task.Task[Any] = ctx.call_sub_orchestrator("wait_for", input=3600, instance_id=f"{key}-child")
    yield ctx.call_activity("flaky", input=key)
    yield timer
    return (yield task.when_all([gate, call, child]))


@functions.orchestrator
def call_beside_flaky(ctx: Context, key: str) -> Orchestration:
    """Call an entity, fail beside it when the test says so, and give the entity's answer."""
    call: task.Task[Any] = ctx.call_entity(EntityInstanceId("counter", key), "add", 1)
    yield ctx.wait_for_external_event("fail")
    yield ctx.call_activity("flaky", input=key)
    return (yield call)


@functions.orchestrator
def fail_with_a_queue(ctx: Context, gate: int) -> Orchestration:
    """Ask for two activities and fail through a child before they end; collect them when the child does well."""
    calls: list[task.Task[Any]] = [
        ctx.call_activity("gated", input=gate),
        ctx.call_activity("count_run", input="queued"),
    ]
    yield ctx.call_sub_orchestrator("fail_when_told", input="child")
    return (yield task.when_all(calls))


@functions.orchestrator
def fail_when_told(_ctx: Context, key: str) -> Orchestration:
    """Fail by itself, without an activity, while the test says so."""
    yield from ()
    if FAILURES_LEFT[key]:
        raise RuntimeError("told to fail")


async def failed(hub: Hub, name: str, value: Any, instance_id: str) -> None:
    """Run an orchestration that must fail."""
    state = await hub.finish(await hub.start(name, value, instance_id=instance_id))
    assert state.runtime_status is OrchestrationStatus.FAILED


async def test_only_what_failed_runs_again(hub: Hub) -> None:
    """After a rewind the activity that failed runs again, the one before it does not, and the instance completes."""
    RUNS.clear()
    FAILURES_LEFT["again"] = 2
    await failed(hub, "good_then_flaky", "again", "r")
    await hub.client.rewind_orchestration("r", reason="first try")
    assert (await hub.finish("r")).runtime_status is OrchestrationStatus.FAILED
    await hub.client.rewind_orchestration("r", reason="second try")
    assert await hub.output("r") == ["again", "done", None]
    assert RUNS == ["again"]
    rewound = [each for each in hub.engine.history("r") if each.kind == "executionRewound"]
    assert [each.attributes["reason"] for each in rewound] == ["first try", "second try"]
    assert hub.instance("r").failure is None


async def test_rewind_reaches_failed_descendants(hub: Hub) -> None:
    """A rewind of the root rewinds the failed children down to the leaf, and runs nothing that succeeded again."""
    RUNS.clear()
    FAILURES_LEFT.update({"leaf": 1, **{f"good-{depth}": 0 for depth in range(3)}})
    await failed(hub, "family", 2, "root")
    await hub.client.rewind_orchestration("root")
    assert await hub.output("root") == [
        ["good-2", "done", "root"],
        [["good-1", "done", "bad-2"], [["good-0", "done", "bad-1"], ["leaf", "done", "bad-1"]]],
    ]
    assert sorted(RUNS) == ["good-0", "good-1", "good-2", "leaf"]
    for child in ("bad-2", "bad-1", "bad-0"):
        assert hub.instance(child).status is Status.COMPLETED
        assert hub.instance(child).parent is not None


@pytest.mark.parametrize("how", ["purged", "terminated"])
async def test_child_that_is_gone_is_started_again(hub: Hub, how: str) -> None:
    """A child that was purged or terminated before the rewind is started anew, and its parent hears of it."""
    FAILURES_LEFT["gone"] = 1
    if how == "purged":
        await failed(hub, "call_child", ["good_then_flaky", "gone", "c"], "p")
        await hub.client.purge_orchestration("c")
        await hub.client.rewind_orchestration("p")
        assert await hub.output("p") == ["gone", "done", "p"]
        return
    await hub.start("call_child", ["wait_for", 3600, "c"], instance_id="p")
    await eventually(lambda: hub.engine.get_instance("c"))
    await hub.client.terminate_orchestration("c")
    assert (await hub.finish("p")).runtime_status is OrchestrationStatus.FAILED
    await hub.client.rewind_orchestration("p")
    await eventually(lambda: (c := hub.engine.get_instance("c")) and c.status is Status.RUNNING)
    await hub.client.raise_orchestration_event("c", "go", data="anew")
    assert await hub.output("p") == "anew"


async def test_what_was_open_is_asked_for_again(hub: Hub) -> None:
    """Activity, timer, entity call and child that were open at the failure are there after the rewind."""
    GATES[70] = asyncio.Event()
    FAILURES_LEFT["open"] = 1
    await failed(hub, "leave_open", "open", "o")
    GATES[70].set()
    await hub.client.raise_orchestration_event("open-child", "go", data="child")
    assert await hub.output("open-child") == "child"
    await eventually(lambda: hub.engine._running._activities.idle)
    await hub.client.rewind_orchestration("o")
    gate, added, child = await hub.output("o")
    assert (gate, child) == ("gate 70", "child")
    assert added in {1, 2}  # the call may have been answered before the failure, and is then made again


async def test_activity_in_flight_is_not_run_twice(hub: Hub) -> None:
    """An activity that still runs at the rewind answers the rewound instance."""
    GATES[70] = asyncio.Event()
    FAILURES_LEFT["flight"] = 1
    await failed(hub, "leave_open", "flight", "f")
    await hub.client.rewind_orchestration("f")
    await eventually(lambda: hub.instance("f").execution_id and FAILURES_LEFT["flight"] < 0)
    rows = hub.engine._context.connection.execute("SELECT count(*) FROM tasks WHERE name = 'gated'").fetchone()
    assert rows[0] == 1
    GATES[70].set()
    await hub.client.raise_orchestration_event("flight-child", "go", data="child")
    assert (await hub.output("f"))[0] == "gate 70"


async def test_activity_that_was_dropped_is_asked_for_again(tmp_path: Path) -> None:
    """An activity that waited for room when its instance failed is dropped, and run when the instance is rewound."""
    RUNS.clear()
    GATES[71] = asyncio.Event()
    FAILURES_LEFT["child"] = 1
    hub = await open_hub(tmp_path / "durable.db", max_activities=1)
    await hub.start("fail_with_a_queue", 71, instance_id="q")
    await eventually(lambda: "gated" in hub.worker.traces)
    assert (await hub.finish("q")).runtime_status is OrchestrationStatus.FAILED
    GATES[71].set()
    await hub.engine.run_until_idle()
    assert RUNS == []
    FAILURES_LEFT["child"] = 0
    await hub.client.rewind_orchestration("q")
    assert await hub.output("q") == ["gate 71", "queued"]
    await close_hub(hub)


async def test_entity_call_in_flight_answers_the_rewound_instance(tmp_path: Path) -> None:
    """An entity call that runs while its caller is rewound is run once, and its answer reaches the new execution."""
    worker = GatedWorker(functions, "counter")
    FAILURES_LEFT["calling"] = 1
    hub = await open_hub(tmp_path / "durable.db", worker)
    await hub.start("call_beside_flaky", "calling", instance_id="c")
    await eventually(lambda: worker.begun)
    await hub.client.raise_orchestration_event("c", "fail")
    assert (await hub.finish("c")).runtime_status is OrchestrationStatus.FAILED
    failed_execution = hub.instance("c").execution_id
    await hub.client.rewind_orchestration("c")
    await eventually(lambda: hub.instance("c").execution_id != failed_execution)
    worker.gate.set()
    assert await hub.output("c") == 1
    await close_hub(hub)


async def test_event_at_the_same_time_is_kept(hub: Hub) -> None:
    """An event that comes between the rewind and its turn is not lost, though the SDK takes the rewind alone only."""
    FAILURES_LEFT["race"] = 1
    functions.orchestrators["flaky_then_event"] = flaky_then_event
    await failed(hub, "flaky_then_event", "race", "e")
    await asyncio.gather(hub.engine.rewind("e"), hub.engine.raise_event("e", "go", '"kept"'))
    assert await hub.output("e") == ["done", "kept"]


def flaky_then_event(ctx: Context, key: str) -> Orchestration:
    """Call what may fail, then wait for an event."""
    done = yield ctx.call_activity("flaky", input=key)
    return [done, (yield ctx.wait_for_external_event("go"))]


async def test_parked_instance_can_be_rewound(tmp_path: Path) -> None:
    """An instance that was given up before its first turn can be rewound when the worker is well again."""
    worker = TroubledWorker("call", 5)
    hub = await open_hub(tmp_path / "durable.db", worker)
    await failed(hub, "call", ["echo", "x"], "parked")
    await hub.client.rewind_orchestration("parked")
    assert await hub.output("parked") == "x"
    await close_hub(hub)


async def test_missing_function_can_be_added_and_rewound(hub: Hub) -> None:
    """An instance that failed because its orchestrator was missing completes when it was added and is rewound."""
    await failed(hub, "added_later", None, "late")
    functions.orchestrators["added_later"] = lambda _ctx, _: "there"
    await hub.client.rewind_orchestration("late")
    assert await hub.output("late") == "there"
    del functions.orchestrators["added_later"]


async def test_only_failed_instances_are_rewound(hub: Hub) -> None:
    """A rewind of one that did not fail is FAILED_PRECONDITION with what to do, of a missing one NOT_FOUND."""
    await hub.run("in_sequence", 1, instance_id="fine")
    for instance_id, code in (
        ("fine", grpc.StatusCode.FAILED_PRECONDITION),
        ("nobody", grpc.StatusCode.NOT_FOUND),
    ):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await hub.client.rewind_orchestration(instance_id)
        assert caught.value.code() is code
        assert instance_id in (caught.value.details() or "")
