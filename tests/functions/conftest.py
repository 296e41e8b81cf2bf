"""The app's own orchestrators and interlock on the engine, with a world in memory and a clock that skips waiting."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from azure.durable_functions.client import DurableFunctionsClient
from durabletask.client import OrchestrationState
from durabletask.entities import EntityInstanceId

import function_app
from functions import boundary
from local.durable.clock import SkippingClock
from local.durable.engine import Engine
from local.durable.servicer import serve
from local.testing.chaos import Chaos, ChaosWorker
from local.testing.functions import Functions, functions_of
from local.testing.sdk_worker import SdkWorker
from shared import names
from shared.contracts.base import Contract
from shared.contracts.events import InterlockEvent
from shared.interlock.state import InterlockState, upcast
from tests.functions.world import World
from tests.local.durable.conftest import client_for
from tests.shared.interlock.builders import MODEL

if TYPE_CHECKING:
    from tests.functions.landing_site import Site

_SECONDS = 20
#: Of the app, before a test makes them fewer.
ATTEMPTS = boundary._ATTEMPTS


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the SDK warn: its converter warns once per process about any payload without a declared type."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.filterwarnings("ignore:azure.functions df_loads:DeprecationWarning"))


def app_functions(world: World) -> Functions:
    """The app's orchestrators and entities, and the world's activities."""
    found = registered()
    return Functions(dict(found.orchestrators), dict(world.activities()), dict(found.entities))


@cache
def registered() -> Functions:
    """What function_app registers, by the names that the host would use."""
    return functions_of(function_app.app)


@dataclass
class App:
    """The running app."""

    world: World
    engine: Engine
    client: DurableFunctionsClient
    engine_functions: dict[str, Any]

    async def run(self, name: str, order: Contract, instance: str | None = None) -> OrchestrationState:
        """Run an orchestration to its end, skipping every pause."""
        started = await self.client.schedule_new_orchestration(name, input=order.to_wire(), instance_id=instance)
        return await self.finish(started)

    async def finish(self, instance: str) -> OrchestrationState:
        """Wait for the end of an orchestration, whatever it is."""
        state = await self.client.wait_for_orchestration_completion(instance, timeout=_SECONDS)
        assert state is not None
        return state

    async def tell(self, event: InterlockEvent) -> None:
        """Signal the model's interlock."""
        entity = EntityInstanceId(names.MODEL_INTERLOCK, event.model)
        await self.client.signal_entity(entity, names.INTERLOCK_RECEIVE, event.to_wire())

    async def interlock(self) -> InterlockState:
        """What the interlock knows."""
        found = await self.client.get_entity(EntityInstanceId(names.MODEL_INTERLOCK, MODEL))
        raw: Any = found.get_typed_state(dict) if found is not None else None
        return upcast(raw)

    async def until_summary(self, summary: str) -> InterlockState:
        """Let time pass until the model is in a state."""
        async with asyncio.timeout(_SECONDS):
            while (state := await self.interlock()).summary != summary:
                await self.engine.advance(timedelta(minutes=1))
        return state


@pytest.fixture(autouse=True)
def _by_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Doors are called as whoever has a function key; where the app keeps its settings is not looked at."""
    monkeypatch.setattr("functions.triggers.callers.settings", lambda: SimpleNamespace(authentication="keys"))


@pytest.fixture(autouse=True)
def _few_attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    """An outage is over for those who wait after six attempts, a test of each step takes them; see `a_whole_hour`."""
    monkeypatch.setattr("functions.boundary._ATTEMPTS", 6)


@pytest.fixture
def a_whole_hour(_few_attempts: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many attempts as the app makes."""
    monkeypatch.setattr("functions.boundary._ATTEMPTS", ATTEMPTS)


@pytest.fixture
def chaos() -> Chaos | None:
    """Faults on the way between engine and functions: none, unless a test is parametrized with some."""
    return None


@pytest.fixture
async def app(tmp_path: Path, chaos: Chaos | None) -> AsyncIterator[App]:
    """The app on a fresh engine."""
    world = World()
    worker = SdkWorker(app_functions(world))
    way = worker if chaos is None else ChaosWorker(worker, chaos)
    engine = Engine(way, tmp_path / "durable.db", clock=SkippingClock(), synchronous="NORMAL")
    await engine.start()
    server = await serve(engine)
    client = client_for(server.port)
    try:
        yield App(world, engine, client, worker.functions.activities)
    finally:
        await client.close()
        await server.stop()
        await engine.stop()


@pytest.fixture
def site(app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "Site":
    """A fleet whose files land."""
    from tests.functions.landing_site import landing_site

    return landing_site(app, tmp_path, monkeypatch)


@pytest.fixture
async def large(site: "Site", monkeypatch: pytest.MonkeyPatch) -> "Site":
    """The site, where files are cut into ranges of a few hundred bytes."""
    from tests.functions.large_files import cutting_site

    return await cutting_site(site, monkeypatch)
