"""SIGKILL, again and again: nothing that was committed is lost, and only what was in flight is run again."""

import asyncio
import contextlib
import json
import os
import random
import socket
import sqlite3
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import durabletask.internal.orchestrator_service_pb2 as pb
import grpc
import pytest
from durabletask.client import AsyncTaskHubGrpcClient, OrchestrationState
from durabletask.entities import EntityInstanceId

DEADLINE = 60
"""Seconds for a server process to start."""
LIFECYCLES = 40
EFFECTS_EACH = 8
REPOSITORY = Path(__file__).parents[3]
REPLACE_NOTHING = pb.OrchestrationIdReusePolicy()
TRANSIENT = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED}


class Victim:
    """A server process that is killed whenever some more effects were recorded."""

    def __init__(self, folder: Path) -> None:
        self.database = folder / "durable.db"
        self.effects = folder / "effects.log"
        self.effects.touch()
        self.port = free_port()
        self.in_flight: Counter[str] = Counter()
        self.kills = 0
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start the process and wait until it serves."""
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.local.durable.crash_server", str(self.database), str(self.port)),
            cwd=REPOSITORY,
            env={**os.environ, "EFFECTS": str(self.effects)},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        assert self._process.stdout is not None
        async with asyncio.timeout(DEADLINE):
            assert await self._process.stdout.readline() == b"ready\n"

    async def kill(self) -> None:
        """Kill the process as it stands, and note which activities had not been committed."""
        await self.end()
        database = sqlite3.connect(self.database)
        self.in_flight.update(json.loads(row[0]) for row in database.execute("SELECT input FROM tasks"))
        database.close()

    async def end(self) -> None:
        """Kill the process, if it lives."""
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.communicate()

    def recorded(self) -> list[str]:
        """All effects so far."""
        return self.effects.read_text().split()

    async def kill_along_the_way(self) -> None:
        """Kill and start again after every 15 to 40 effects, until all are recorded."""
        rng = random.Random(7)
        target = rng.randint(15, 40)
        while len(set(recorded := self.recorded())) < LIFECYCLES * EFFECTS_EACH:
            if len(recorded) >= target:
                await self.kill()
                self.kills += 1
                await self.start()
                target = len(self.recorded()) + rng.randint(15, 40)
            await asyncio.sleep(0.01)


def free_port() -> int:
    """A port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def insist[T](call: Callable[[], Awaitable[T]]) -> T | None:
    """Make a call until the server is there to answer it; that something exists already is an answer too."""
    while True:
        try:
            return await call()
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.ALREADY_EXISTS:
                return None
            if error.code() not in TRANSIENT:
                raise
            await asyncio.sleep(0.05)


async def live(client: AsyncTaskHubGrpcClient, number: int) -> OrchestrationState:
    """One lifecycle, from start to end, over all kills."""
    instance_id = f"life-{number}"
    await insist(
        lambda: client.schedule_new_orchestration(
            "lifecycle", input=number, instance_id=instance_id, reuse_id_policy=REPLACE_NOTHING
        )
    )
    await insist(lambda: client.raise_orchestration_event(instance_id, "approve", data="yes"))
    while True:
        state = await insist(lambda: client.get_orchestration_state(instance_id))
        assert state is not None
        if state.serialized_output or state.failure_details:
            return state
        await asyncio.sleep(0.1)


@pytest.fixture
async def victim(tmp_path: Path) -> AsyncIterator[Victim]:
    """A server process, gone when the test ends."""
    server = Victim(tmp_path)
    try:
        await server.start()
        yield server
    finally:
        await server.end()


@pytest.fixture
async def client(victim: Victim) -> AsyncIterator[AsyncTaskHubGrpcClient]:
    """A client that outlives the server's processes, and connects again at once."""
    options = [(f"grpc.{which}_reconnect_backoff_ms", 100) for which in ("initial", "min", "max")]
    async with grpc.aio.insecure_channel(f"127.0.0.1:{victim.port}", options=options) as channel:
        yield AsyncTaskHubGrpcClient(channel=channel)


@pytest.mark.timeout(180)
async def test_kill_loses_nothing(victim: Victim, client: AsyncTaskHubGrpcClient) -> None:
    """40 lifecycles end as if nothing had happened, while their engine is killed again and again."""
    lives = [live(client, number) for number in range(LIFECYCLES)]
    killing = asyncio.create_task(victim.kill_along_the_way())
    states = await asyncio.gather(*lives)
    await killing
    for number, state in enumerate(states):
        assert state.get_output() == [number, 4, 2, 2, "yes", f"life-{number}/last"], state.failure_details
    for number in range(LIFECYCLES):
        entity = await insist(lambda key=number: client.get_entity(EntityInstanceId("counter", f"life-{key}")))  # type: ignore[misc] # mypy infers no default of a lambda
        assert entity is not None
        assert entity.get_state(int) == 2
    runs = Counter(victim.recorded())
    assert len(runs) == LIFECYCLES * EFFECTS_EACH
    assert victim.kills >= 5
    repeated = {key: times - 1 for key, times in runs.items() if times > 1}
    assert all(again <= victim.in_flight[key] for key, again in repeated.items())
