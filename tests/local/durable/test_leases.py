"""Leases, fences, and the poison limit: what hangs or fails is given out again, then parked with its reason."""

import asyncio
import threading
from collections.abc import Generator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from durabletask import task
from durabletask.client import OrchestrationStatus

from local.durable import dispatcher
from local.durable.dispatcher import Lane, Lease
from local.durable.errors import StorageError
from local.durable.poison import HANG_WEIGHT, POISON_LIMIT, Failures
from local.durable.records import NewInstance, Status
from tests.local.durable.app import functions
from tests.local.durable.conftest import DEADLINE, Hub, close_hub, eventually, open_hub
from tests.local.durable.sdk_worker import SdkWorker
from tests.local.durable.test_faults import TroubledWorker

LEASE = 3600.0
"""Seconds: no lease runs out by itself, however slow the machine is; tests let it, see `run_out`."""
ENOUGH = threading.Event()
"""What the orchestrator `never_yields` computes for."""


@functions.orchestrator
def never_yields(_ctx: task.OrchestrationContext, _: None) -> Generator[task.Task[Any], Any, Any]:
    """Compute without a yield until the test has seen enough."""
    ENOUGH.wait(DEADLINE)
    yield from ()


def run_out(hub: Hub) -> None:
    """Let the leases of all that runs user code now run out."""
    for lane in hub.engine._running._lanes:
        for key, run in list(lane._running.items()):
            if run.lease.timer and not run.lease.timer.cancelled():
                run.lease.timer.cancel()
                lane._expire(key, run.lease)


def attempts(hub: Hub, instance_id: str, attempt: int) -> bool:
    """Whether this attempt at a turn of an instance runs."""
    run = hub.engine._running._orchestrations._running.get(instance_id)
    return run is not None and run.lease.attempt == attempt and run.lease.timer is not None


class HangingWorker(SdkWorker):
    """A worker whose first turns, activities or batches of some name hang, and answer late, whoever cancels them."""

    def __init__(self, name: str, times: int) -> None:
        super().__init__(functions)
        self.name = name
        self.left = times
        self.late = asyncio.Event()
        self.hanging = 0
        self.answered = 0

    async def _hang(self, name: str) -> None:
        if name == self.name and self.left:
            self.left -= 1
            self.hanging += 1
            waiting = asyncio.create_task(self.late.wait())
            while not waiting.done():
                try:
                    await asyncio.shield(waiting)
                except asyncio.CancelledError:
                    continue  # deaf, as a thread is
            self.answered += 1

    async def run_orchestrator(self, name: str, request: str) -> str:
        """Hang, or run."""
        await self._hang(name)
        return await super().run_orchestrator(name, request)

    async def run_activity(self, name: str, payload: str, trace: Any) -> str | None:
        """Hang, or run."""
        hangs = self.left if name == self.name else 0
        await self._hang(name)
        return f'"late, {hangs} left"' if hangs else await super().run_activity(name, payload, trace)

    async def run_entity(self, name: str, request: str) -> str:
        """Hang, or run."""
        await self._hang(name)
        return await super().run_entity(name, request)


async def hanging_hub(path: Path, name: str, times: int) -> tuple[Hub, HangingWorker]:
    """A hub with leases on a worker that hangs."""
    worker = HangingWorker(name, times)
    return await open_hub(path / "durable.db", worker, turn_lease=LEASE, activity_lease=LEASE), worker


@pytest.mark.parametrize("name", ["call", "echo"])
async def test_what_hangs_is_given_out_again(tmp_path: Path, name: str) -> None:
    """A turn or activity that hangs past its lease runs again; the late result of the first is dropped."""
    hub, worker = await hanging_hub(tmp_path, name, 1)
    await hub.start("call", ["echo", "x"], instance_id="i")
    await eventually(lambda: worker.hanging == 1)
    run_out(hub)
    assert await hub.output("i") == "x"
    turns = hub.instance("i").turn
    worker.late.set()
    await eventually(lambda: worker.answered == 1)
    await hub.engine.run_until_idle()
    assert (hub.instance("i").turn, hub.instance("i").output) == (turns, '"x"')
    await close_hub(hub)


async def test_late_result_before_the_second_is_dropped(tmp_path: Path) -> None:
    """A result that comes after its lease ran out is dropped, also when the second run has not ended yet."""
    hub, worker = await hanging_hub(tmp_path, "echo", 2)
    instance_id = await hub.start("call", ["echo", "x"])
    await eventually(lambda: worker.hanging == 1)
    run_out(hub)
    await eventually(lambda: worker.hanging == 2)
    worker.late.set()  # the first is late; the second has its lease still, and its answer counts
    await eventually(lambda: worker.answered == 2)
    state = await hub.finish(instance_id)
    assert state.get_output() == "late, 1 left"
    assert len([e for e in hub.engine.history(instance_id) if e.kind == "taskCompleted"]) == 1
    await close_hub(hub)


async def test_late_batch_is_dropped(tmp_path: Path) -> None:
    """An operation whose batch hung is applied once, though both batches answer in the end."""
    hub, worker = await hanging_hub(tmp_path, "counter", 1)
    await hub.engine.signal_entity("@counter@a", "add", "5")
    await eventually(lambda: worker.hanging == 1)
    run_out(hub)
    await eventually(lambda: (e := hub.engine.get_entity("@counter@a")) and e.state == "5")
    worker.late.set()
    await eventually(lambda: worker.answered == 1)
    await hub.engine.run_until_idle()
    found = hub.engine.get_entity("@counter@a")
    assert found is not None
    assert found.state == "5"
    await close_hub(hub)


async def test_orchestrator_that_never_yields_is_parked(tmp_path: Path) -> None:
    """An orchestrator that computes on without a yield fails with its name after two leases; others go on meanwhile."""
    ENOUGH.clear()
    hub = await open_hub(tmp_path / "durable.db", turn_lease=LEASE)
    bad = await hub.start("never_yields")
    for attempt in (1, 1 + HANG_WEIGHT):
        await eventually(partial(attempts, hub, bad, attempt))
        if attempt == 1:
            assert await hub.run("in_sequence", 3) == 5
        run_out(hub)
    state = await hub.finish(bad)
    ENOUGH.set()
    assert state.failure_details is not None
    assert "'never_yields'" in state.failure_details.message
    assert "lease" in state.failure_details.message
    (parked,) = hub.engine.parked()
    assert (parked.lane, parked.owner, parked.name) == ("Orchestration", bad, "never_yields")
    await close_hub(hub)


class Stumbling:
    """Work that raises, and keeps the lease that it was given."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.lease: Lease | None = None

    async def run(self, _key: str, lease: Lease) -> None:
        """Raise."""
        self.lease = lease
        raise self.error

    async def park(self, key: str, reason: str) -> None:
        """Nothing in these tests is given up."""
        raise AssertionError(f"{key}: {reason}")


@pytest.mark.parametrize("error", [ConnectionError("trouble"), StorageError("full")])
async def test_lease_ends_with_the_attempt(hub: Hub, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """The wait after an attempt that failed is not taken for a hang: its lease does not go on."""
    monkeypatch.setattr(dispatcher, "FIRST_RETRY", 3600)
    monkeypatch.setattr(dispatcher, "LONGEST_RETRY", 3600)
    running = hub.engine._running
    work = Stumbling(error)
    failures = Failures(hub.engine._context.connection, running.context.commits, "Test")
    lane = Lane("Test", 1, LEASE, work, failures=failures, settled=lambda: None)
    lane.open()
    lane.offer("item")
    await eventually(lambda: work.lease and work.lease.timer and work.lease.timer.cancelled())
    await lane.drain(0)


@pytest.mark.parametrize("name", ["call", "echo"])
async def test_poison_count_outlives_the_engine(tmp_path: Path, name: str) -> None:
    """Failures before a restart count after it: an item is tried so many times in all, then parked with its reason."""
    path = tmp_path / "durable.db"
    worker = TroubledWorker(name, 1000)
    first = await open_hub(path, worker)
    instance_id = await first.start("call", ["echo", "x"])
    await eventually(lambda: worker.raised >= 2)
    await first.client.close()
    await first.server.stop()
    await first.engine.stop(drain_seconds=DEADLINE)  # an attempt that a stop cuts off is not counted
    second = await open_hub(path, worker)
    assert (await second.finish(instance_id)).runtime_status is OrchestrationStatus.FAILED
    assert worker.raised == POISON_LIMIT
    (parked,) = second.engine.parked()
    assert "the worker is in trouble" in parked.reason
    await second.client.purge_orchestration(instance_id)
    assert second.engine.parked() == []
    left = second.engine._context.connection.execute("SELECT count(*) FROM failures").fetchone()
    assert left[0] == 0
    await close_hub(second)


async def test_success_clears_the_count(tmp_path: Path) -> None:
    """An instance that got over its trouble has all its tries again."""
    worker = TroubledWorker("wait_for", POISON_LIMIT - 1)
    hub = await open_hub(tmp_path / "durable.db", worker)
    instance_id = await hub.start("wait_for", 60)
    await eventually(lambda: hub.instance(instance_id).turn == 1)
    worker.left = POISON_LIMIT - 1
    await hub.client.raise_orchestration_event(instance_id, "go", data="on")
    assert await hub.output(instance_id) == "on"
    await close_hub(hub)


@pytest.mark.parametrize("how", ["purged", "replaced", "terminated"])
async def test_failures_go_with_their_instance(tmp_path: Path, how: str) -> None:
    """An instance that was purged, replaced or terminated leaves no count; one with its id has all its tries."""
    worker = TroubledWorker("call", POISON_LIMIT - 1)
    hub = await open_hub(tmp_path / "durable.db", worker)
    failures = hub.engine._running._orchestrations._failures
    later = hub.engine.now + 3600 * 1_000_000
    await hub.engine.start_instance(NewInstance("i", "call", '["echo", "x"]', start_at=later))
    await failures.add("i", "trouble", POISON_LIMIT - 1)
    count = hub.engine._context.connection.execute
    assert count("SELECT count(*) FROM failures").fetchone()[0] == 1
    if how == "replaced":
        await hub.engine.start_instance(NewInstance("i", "wait_for", "3600"), frozenset({Status.PENDING}))
    else:
        await hub.engine.terminate("i")
    if how == "purged":
        await failures.add("i", "trouble", POISON_LIMIT - 1)
        await hub.engine.purge(["i"])
    assert failures["i"] == 0
    assert count("SELECT count(*) FROM failures").fetchone()[0] == 0
    await hub.engine.start_instance(NewInstance("i", "call", '["echo", "x"]'), frozenset(Status))
    assert await hub.output("i") == "x"
    assert worker.raised == POISON_LIMIT - 1
    await close_hub(hub)


async def test_failures_go_with_their_entity(hub: Hub) -> None:
    """A purged entity leaves no count of failures."""
    failures = hub.engine._running._entities._failures
    await failures.add("@counter@a", "trouble", POISON_LIMIT - 1)
    await hub.engine.purge(["@counter@a"])
    assert failures["@counter@a"] == 0
    assert hub.engine._context.connection.execute("SELECT count(*) FROM failures").fetchone()[0] == 0
