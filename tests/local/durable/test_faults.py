"""Faults: poison, a worker in trouble, restarts, and the lock on the database file."""

import asyncio
import json
import sqlite3
from pathlib import Path

import grpc
import pytest
from durabletask.client import OrchestrationStatus

from local.durable.clock import SystemClock
from local.durable.commits import Commits
from local.durable.database import SCHEMA_VERSION, open_database
from local.durable.engine import Engine
from local.durable.errors import DatabaseInUseError, EngineStoppedError, SchemaTooNewError
from local.durable.poison import POISON_LIMIT
from local.durable.transaction import Transaction
from local.durable.worker import TraceContext
from tests.local.durable.app import GATES, functions
from tests.local.durable.conftest import Hub, close_hub, eventually, open_hub
from tests.local.durable.sdk_worker import SdkWorker


class TroubledWorker(SdkWorker):
    """A worker that raises what no worker should, for functions and operations of some name, so many times."""

    def __init__(self, name: str, times: int) -> None:
        super().__init__(functions)
        self.name = name
        self.left = times
        self.raised = 0

    def _stumble(self, name: str) -> None:
        if name == self.name and self.left:
            self.left -= 1
            self.raised += 1
            raise ConnectionError("the worker is in trouble")

    async def run_orchestrator(self, name: str, request: str) -> str:
        """Stumble, or run."""
        self._stumble(name)
        return await super().run_orchestrator(name, request)

    async def run_activity(self, name: str, payload: str, trace: TraceContext | None) -> str | None:
        """Stumble, or run."""
        self._stumble(name)
        return await super().run_activity(name, payload, trace)

    async def run_entity(self, name: str, request: str) -> str:
        """Stumble, or run."""
        self._stumble(name)
        return await super().run_entity(name, request)


@pytest.mark.parametrize("name", ["call", "echo"])
async def test_trouble_that_passes_is_retried(tmp_path: Path, name: str) -> None:
    """A worker that raises a few times delays an orchestrator or an activity, and loses nothing."""
    worker = TroubledWorker(name, POISON_LIMIT - 1)
    hub = await open_hub(tmp_path / "durable.db", worker)
    assert await hub.run("call", ["echo", "x"]) == "x"
    assert worker.raised == POISON_LIMIT - 1
    await close_hub(hub)


@pytest.mark.parametrize("name", ["call", "echo"])
async def test_poison_fails_the_instance(tmp_path: Path, name: str) -> None:
    """Work that always raises is given up after some attempts, and the instance fails with the reason."""
    worker = TroubledWorker(name, 1000)
    hub = await open_hub(tmp_path / "durable.db", worker)
    state = await hub.finish(await hub.start("call", ["echo", "x"]))
    assert state.runtime_status is OrchestrationStatus.FAILED
    assert state.failure_details is not None
    assert "the worker is in trouble" in state.failure_details.message
    assert worker.raised == POISON_LIMIT
    await close_hub(hub)


async def test_poison_signal_is_dropped(tmp_path: Path) -> None:
    """A signal that the worker cannot take is dropped after some attempts; those behind it run."""
    worker = TroubledWorker("counter", POISON_LIMIT)
    hub = await open_hub(tmp_path / "durable.db", worker)
    for number in (1, 10):
        await hub.engine.signal_entity("@counter@a", "add", json.dumps(number))
    await eventually(lambda: (found := hub.engine.get_entity("@counter@a")) and found.state == "10")
    await close_hub(hub)


async def test_unsupported_action_fails_the_instance(tmp_path: Path) -> None:
    """An action that the engine does not know ends the instance with its name, not in an endless loop."""

    class Strange(SdkWorker):
        async def run_orchestrator(self, name: str, request: str) -> str:
            import base64

            import durabletask.internal.orchestrator_service_pb2 as pb

            action = pb.OrchestratorAction(id=1, terminateOrchestration=pb.TerminateOrchestrationAction())
            return base64.b64encode(pb.OrchestratorResponse(actions=[action]).SerializeToString()).decode()

    hub = await open_hub(tmp_path / "durable.db", Strange(functions))
    state = await hub.finish(await hub.start("call"))
    assert state.failure_details is not None
    assert "does not support 'terminateOrchestration'" in state.failure_details.message
    await close_hub(hub)


async def test_restart_goes_on(tmp_path: Path) -> None:
    """An engine that was stopped goes on with timers, events and activities when it is started again."""
    path = tmp_path / "durable.db"
    GATES[7] = asyncio.Event()
    first = await open_hub(path)
    waiting = await first.start("wait_for", 60)
    working = await first.start("call", ["gated", 7])
    timing = await first.start("wait_for", 0.3)
    await eventually(lambda: all(first.instance(each).turn == 1 for each in (waiting, working, timing)))
    await first.client.close()
    await first.server.stop()
    await first.engine.stop(drain_seconds=0)
    GATES[7].set()
    second = await open_hub(path)
    await second.client.raise_orchestration_event(waiting, "go", data="after")
    assert await second.output(waiting) == "after"
    assert await second.output(working) == "gate 7"
    assert await second.output(timing) == "late"
    await close_hub(second)


async def test_stop_drains_what_runs(tmp_path: Path) -> None:
    """A stop waits for a running activity and keeps its result."""
    path = tmp_path / "durable.db"
    GATES[8] = asyncio.Event()
    hub = await open_hub(path)
    instance_id = await hub.start("call", ["gated", 8])
    await eventually(lambda: "gated" in hub.worker.traces)
    await hub.client.close()
    await hub.server.stop()
    stopping = asyncio.create_task(hub.engine.stop())
    await asyncio.sleep(0)
    GATES[8].set()
    await stopping
    del GATES[8]
    again = await open_hub(path)
    assert await again.output(instance_id) == "gate 8"
    await close_hub(again)


async def test_stopped_engine_says_so(tmp_path: Path) -> None:
    """Callers of an engine that is not running are told, those who waited too, and clients get UNAVAILABLE."""
    hub = await open_hub(tmp_path / "durable.db")
    instance_id = await hub.start("wait_for", 60)
    waiting = asyncio.create_task(hub.engine.wait_for_completion(instance_id))
    await eventually(lambda: bool(hub.engine._watchers))
    await hub.engine.stop()
    with pytest.raises(EngineStoppedError):
        await waiting
    with pytest.raises(EngineStoppedError):
        hub.engine.query()
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await hub.client.get_orchestration_state(instance_id)
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    await close_hub(hub)


async def test_second_owner_is_refused(hub: Hub, tmp_path: Path) -> None:
    """A second engine on the same file is refused with the owner's process id; the first goes on."""
    second = Engine(SdkWorker(functions), tmp_path / "durable.db")
    with pytest.raises(DatabaseInUseError, match=r"in use by the process \d+"):
        await second.start()
    assert await hub.run("in_sequence", 2) == 1


async def test_newer_schema_is_refused(tmp_path: Path) -> None:
    """A file that a newer engine wrote is refused, and is not left locked."""
    path = tmp_path / "durable.db"
    database = sqlite3.connect(path)
    database.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    database.close()
    for _ in range(2):
        with pytest.raises(SchemaTooNewError, match="newer version"):
            await Engine(SdkWorker(functions), path).start()


async def test_taken_port_is_refused(hub: Hub) -> None:
    """A gRPC port that is taken is an error that names it."""
    from local.durable.servicer import serve

    with pytest.raises(OSError, match=str(hub.server.port)):
        await serve(hub.engine, hub.server.port)


async def test_failing_change_fails_alone(tmp_path: Path) -> None:
    """A change that fails is rolled back; those of the same group commit are not."""
    database = open_database(tmp_path / "durable.db", "FULL")
    commits = Commits(database.connection, SystemClock(), lambda _: None, database.path)

    def put(tx: Transaction, key: str) -> None:
        tx.run("INSERT INTO meta(key, value) VALUES (?, 1)", key)

    def fail(tx: Transaction) -> None:
        put(tx, "b")
        raise LookupError("no")

    results = await asyncio.gather(
        commits.run(lambda tx: put(tx, "a")),
        commits.run(fail),
        commits.run(lambda tx: put(tx, "c")),
        return_exceptions=True,
    )
    assert [type(result) for result in results] == [type(None), LookupError, type(None)]
    keys = [row[0] for row in database.connection.execute("SELECT key FROM meta ORDER BY key")]
    assert keys == ["a", "c"]
    database.close()


async def test_limits_bound_what_runs_at_once(tmp_path: Path) -> None:
    """No more activities run at once than the engine is told."""
    GATES[9] = asyncio.Event()
    hub = await open_hub(tmp_path / "durable.db", max_activities=2)
    ids = [await hub.start("call", ["gated", 9]) for _ in range(5)]
    await eventually(lambda: sum(hub.instance(each).turn for each in ids) == 5)
    assert hub.engine._running._activities.running == 2
    GATES[9].set()
    for instance_id in ids:
        await hub.output(instance_id)
    await close_hub(hub)


async def test_replaced_instance_drops_the_old_turn(hub: Hub) -> None:
    """An activity result of an instance that was purged and started again does not reach the new one."""
    GATES.update({20: asyncio.Event(), 21: asyncio.Event()})
    await hub.start("call", ["gated", 20], instance_id="same")
    await eventually(lambda: hub.instance("same").turn == 1)
    await hub.client.terminate_orchestration("same")
    await hub.finish("same")
    await hub.client.purge_orchestration("same")
    await hub.start("call", ["gated", 21], instance_id="same")
    await eventually(lambda: hub.instance("same").turn == 1)
    GATES[20].set()
    GATES[21].set()
    assert await hub.output("same") == "gate 21"


async def test_many_calls_at_once(hub: Hub) -> None:
    """Four thousand calls at once on one connection are all answered; gRPC's defaults cancel some beyond a thousand."""
    await hub.start("wait_for", 60, instance_id="one")
    states = await asyncio.gather(*(hub.client.get_orchestration_state("one") for _ in range(4000)))
    assert all(state is not None for state in states)


async def test_many_orchestrations_at_once(hub: Hub) -> None:
    """Hundreds of orchestrations that are started and waited for at once all end with their own result."""
    ids = await asyncio.gather(*(hub.start("call", ["echo", number]) for number in range(400)))
    assert await asyncio.gather(*(hub.output(each) for each in ids)) == list(range(400))
