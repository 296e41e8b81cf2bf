"""An orchestration whose process is killed in the middle: right after an effect, before anybody has its answer.

The engine is stopped without waiting for what runs, and opened again on the same file.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

from local.durable.clock import SkippingClock
from local.durable.engine import Engine
from local.durable.servicer import serve
from local.testing.chaos import Chaos, ChaosWorker
from local.testing.functions import Functions
from local.testing.sdk_worker import SdkWorker
from shared import names
from shared.contracts.base import Contract
from tests.functions.conftest import registered
from tests.functions.world import Payload, World
from tests.local.durable.conftest import client_for

_SECONDS = 20
INSTANCE = "killed"


class Ended(NamedTuple):
    """How it ended.

    Attributes:
        killed: Whether it had so many effects that it could be killed.
        output: Of the orchestration.
    """

    killed: bool
    output: Any


@asynccontextmanager
async def process(
    activities: dict[str, Callable[..., Any]], database: Path, *, chaos: Chaos | None = None
) -> AsyncIterator[tuple[Engine, Any]]:
    """The app's orchestrators and entities on an engine, and a client of it; it ends as a kill would end it."""
    found = registered()
    worker = SdkWorker(Functions(dict(found.orchestrators), activities, dict(found.entities)))
    way = worker if chaos is None else ChaosWorker(worker, chaos)
    engine = Engine(way, database, clock=SkippingClock(), synchronous="NORMAL", max_activities=1000)
    await engine.start()
    server = await serve(engine)
    client = client_for(server.port)
    try:
        yield engine, client
    finally:
        await client.close()
        await server.stop()
        await engine.stop(drain_seconds=0)


class _Process:
    """The process, as often as it lives."""

    def __init__(self, world: World, folder: Path, kill_after: int) -> None:
        self._world = world
        self._folder = folder
        self._left = kill_after
        self.hangs = asyncio.Event()

    def lives(self) -> AbstractAsyncContextManager[tuple[Engine, Any]]:
        """An engine and a client of it."""
        activities = {name: self._killing(name, effect) for name, effect in self._world.activities().items()}
        return process(activities, self._folder / "durable.db")

    def _killing(self, name: str, effect: Callable[[Payload], Payload]) -> Any:
        async def run(payload: Payload) -> Payload:
            answer = effect(payload)
            if name != names.WRITE_MODEL_ROW:  # the interlock's, beside the orchestration
                self._left -= 1
                if self._left == 0:
                    self.hangs.set()
                    await asyncio.Event().wait()
            return answer

        return run


async def run_killed(name: str, order: Contract, world: World, folder: Path, kill_after: int) -> Ended:
    """Run an orchestration, killed after so many effects, to its end."""
    process = _Process(world, folder, kill_after)
    async with process.lives() as (engine, client):
        await client.schedule_new_orchestration(name, input=order.to_wire(), instance_id=INSTANCE)
        ends, hangs = (
            asyncio.create_task(engine.wait_for_completion(INSTANCE)),
            asyncio.create_task(process.hangs.wait()),
        )
        async with asyncio.timeout(_SECONDS):
            await asyncio.wait((ends, hangs), return_when=asyncio.FIRST_COMPLETED)
        killed = process.hangs.is_set()
        for task in (ends, hangs):
            task.cancel()
        await asyncio.gather(ends, hangs, return_exceptions=True)
        if not killed:
            return Ended(killed, await _output(client))
    async with process.lives() as (_, client):
        return Ended(killed, await _output(client))


async def _output(client: Any) -> Any:
    state = await client.wait_for_orchestration_completion(INSTANCE, timeout=_SECONDS)
    assert state is not None
    assert state.runtime_status.name == "COMPLETED", state.failure_details
    return state.get_output()
