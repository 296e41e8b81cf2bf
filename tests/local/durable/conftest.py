"""An engine on a fresh file, its gRPC server, and the SDK's own client."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from azure.durable_functions.client import DurableFunctionsClient
from durabletask.client import OrchestrationState, OrchestrationStatus

from local.durable.clock import SkippingClock
from local.durable.commits import Change, Commits
from local.durable.engine import Engine
from local.durable.records import Instance
from local.durable.servicer import Server, serve
from local.durable.transaction import Transaction
from tests.local.durable.app import functions
from tests.local.durable.sdk_worker import SdkWorker


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the SDK warn: its Functions converter warns once per process about any payload without a declared type."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            for text in ("df_loads", "Durable JSON codec"):
                item.add_marker(pytest.mark.filterwarnings(f"ignore:azure.functions {text}:DeprecationWarning"))


DEADLINE = 90
"""Seconds that a test waits for something that should take milliseconds."""


def client_for(port: int) -> DurableFunctionsClient:
    """The client that a durable client binding injects."""
    binding = {
        "taskHubName": "hub",
        "rpcBaseUrl": f"127.0.0.1:{port}",
        "baseUrl": "http://127.0.0.1/runtime/webhooks/durabletask",
        "requiredQueryStringParameters": "",
        "managementUrls": {},
        "creationUrls": {},
        "maxGrpcMessageSizeInBytes": 2**31 - 1,
    }
    return DurableFunctionsClient(json.dumps(binding))


async def eventually(condition: Callable[[], Any]) -> None:
    """Wait until a condition holds."""
    async with asyncio.timeout(DEADLINE):
        while not condition():  # noqa: ASYNC110 - any condition, so there is no event to wait for
            await asyncio.sleep(0.005)


@dataclass
class Hub:
    """A running engine and its client."""

    engine: Engine
    worker: SdkWorker
    server: Server
    client: DurableFunctionsClient

    async def start(self, name: str, value: Any = None, **options: Any) -> str:
        """Start an orchestration."""
        return await self.client.schedule_new_orchestration(name, input=value, **options)

    async def finish(self, instance_id: str) -> OrchestrationState:
        """Wait for the end of an orchestration, whatever it is."""
        state = await self.client.wait_for_orchestration_completion(instance_id, timeout=DEADLINE)
        assert state is not None
        return state

    async def custom_status(self, instance_id: str, value: Any) -> None:
        """Wait until an orchestration has set a custom status."""
        await eventually(lambda: self.instance(instance_id).custom_status == json.dumps(value))

    def instance(self, instance_id: str) -> Instance:
        """An instance that must exist."""
        found = self.engine.get_instance(instance_id)
        assert found is not None
        return found

    async def output(self, instance_id: str) -> Any:
        """Wait for the output of an orchestration that must complete."""
        state = await self.finish(instance_id)
        assert state.runtime_status is OrchestrationStatus.COMPLETED, state.failure_details
        return state.get_output()

    async def run(self, name: str, value: Any = None, **options: Any) -> Any:
        """Run an orchestration to its output."""
        return await self.output(await self.start(name, value, **options))


async def open_engine(
    path: Path, port: int = 0, worker: SdkWorker | None = None, **options: Any
) -> tuple[Engine, Server]:
    """Start an engine on a file, and its gRPC server."""
    engine = Engine(worker or SdkWorker(functions), path, **options)
    await engine.start()
    return engine, await serve(engine, port)


async def open_hub(path: Path, worker: SdkWorker | None = None, **options: Any) -> Hub:
    """Start an engine with a client; close it with `close_hub`."""
    worker = worker or SdkWorker(functions)
    # The page cache survives all that these tests do, so they need not wait for the disk.
    engine, server = await open_engine(path, worker=worker, synchronous="NORMAL", **options)
    return Hub(engine, worker, server, client_for(server.port))


async def close_hub(hub: Hub) -> None:
    """Stop all of a hub."""
    await hub.client.close()
    await hub.server.stop()
    await hub.engine.stop()


def rehearsed[T](change: Change[T]) -> Change[T]:
    """A change that is run twice, as a failed commit has it: the first run is rolled back, and must leave no trace."""

    def twice(tx: Transaction) -> T:
        tx.run("SAVEPOINT rehearsal")
        try:
            change(Transaction(tx.connection, tx.now))
        finally:
            if tx.connection.in_transaction:  # a full disk makes SQLite roll back all by itself
                tx.run("ROLLBACK TO rehearsal")
                tx.run("RELEASE rehearsal")
        return change(tx)

    return twice


@pytest.fixture
def every_change_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rehearse every change of the engine before it counts: one that touches more than the database is found out."""
    once = Commits.run
    monkeypatch.setattr(Commits, "run", lambda commits, change: once(commits, rehearsed(change)))


@pytest.fixture
async def hub(tmp_path: Path, every_change_twice: None) -> AsyncIterator[Hub]:
    """An engine on the system's clock; the tests of features run on it, and every change is rehearsed."""
    opened = await open_hub(tmp_path / "durable.db")
    yield opened
    await close_hub(opened)


@pytest.fixture
async def skipping(tmp_path: Path, every_change_twice: None) -> AsyncIterator[Hub]:
    """An engine whose clock skips idle time; every change is rehearsed, as in `hub`."""
    opened = await open_hub(tmp_path / "skipping.db", clock=SkippingClock())
    yield opened
    await close_hub(opened)
