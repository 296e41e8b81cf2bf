"""Many releases at once on one engine, each in a world of its own, in which one step goes wrong.

Steps are numbered as they are called; a repetition of the one that goes wrong is the same step. A killed process is an
engine that is stopped in the middle of an activity, without waiting for it, and opened again on the same file.
"""

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from local.durable.engine import Engine
from local.testing.chaos import Chaos
from shared import names
from shared.contracts.release import ReleaseModelInput, ReleaseOutcome
from tests.functions.killed import process
from tests.functions.world import Payload, World

#: Refused: said once. Down: every attempt fails. Blip: one attempt does. Killed: the process ends in the middle of it.
#: Each before the step had its effect, or after.
Harm = Literal["refused", "down", "blip", "killed"]

#: After so many an outage is one.
ATTEMPTS: Final = 3
_CASE = re.compile(r"case-\d+")
_SECONDS = 400
#: How long nothing has to move until the process is killed; too early does no harm, for it may be killed at any time.
_QUIET_SECONDS = 0.1


@dataclass
class Case:
    """A release, its world, and the step that goes wrong in it."""

    order: ReleaseModelInput
    world: World
    step: int | None = None
    harm: Harm = "refused"
    after: bool = False
    number: int = 0
    steps: list[str] = field(default_factory=list)
    states: list[Any] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    harmed: str = ""
    left: int = ATTEMPTS
    outcome: ReleaseOutcome | None = None
    _again: str | None = None

    @property
    def state(self) -> tuple[Any, ...]:
        """What clients, readers and the registry see of the model, and what is paid for."""
        world = self.world
        routes = [self._plain(route.deployment) for route in world.routes.values()]
        deployments = sorted(map(self._plain, world.deployments))
        return world.champion, dict(world.traffic), dict(world.mirror), routes, world.published, deployments

    def _plain(self, deployment: str | None) -> str:
        """Without the model's name, which a shared endpoint's deployments have: another one in each case."""
        return (deployment or "").removesuffix(f"-{self.order.model}")

    async def call(self, name: str, payload: Payload, hang: Callable[[], Awaitable[None]]) -> Payload:
        """An activity, as the world does it; or harmed, if this is the step."""
        if self._again != name:
            self.number += 1
            self.steps.append(name)
        repeated, self._again = self._again == name, None
        if self.number != self.step or self.left == 0 or (repeated and self.harm != "down"):
            return self._effect(name, payload)
        self.harmed = f"{name}, step {self.step}"
        self.left -= 1
        if self.after:
            self._effect(name, payload)
        if self.harm == "refused":
            return {"permanent": {"code": "Broken", "message": f"{name} is broken"}}
        self._again = name if self.left or self.harm == "killed" else None
        if self.harm == "killed":
            await hang()
        raise ConnectionError(f"{name} is down")

    def _effect(self, name: str, payload: Payload) -> Payload:
        try:
            answer = self.world.activities()[name](payload)
        except AssertionError as error:
            self.broken.append(f"{name}: {error}")
            raise
        if not self.states or self.states[-1] != self.state:
            self.states.append(self.state)
        return answer


@dataclass
class Lab:
    """The app on an engine, with a world for each case; and, if wanted, with chaos between engine and app."""

    folder: Path
    cases: dict[str, Case] = field(default_factory=dict)
    common: World = field(default_factory=World)
    chaos: Chaos | None = None
    hanging: int = 0
    moved: float = 0.0

    def add(self, case: Case) -> None:
        """A case, by the name that is in all that it does."""
        self.cases[case.order.model] = case

    async def run(self) -> None:
        """Run all cases to their ends, in as many processes as are killed."""
        begun = False
        while True:
            async with self._engine() as (engine, client):
                for name, case in self.cases.items():
                    if not begun:
                        order = case.order.to_wire()
                        await client.schedule_new_orchestration(names.RELEASE_MODEL, input=order, instance_id=name)
                begun = True
                if await self._ended(engine):
                    return

    async def _ended(self, engine: Engine) -> bool:
        """Whether all have ended; otherwise some hang, and nothing else moves until the process is killed."""
        waits = [asyncio.create_task(self._end(engine, name, case)) for name, case in self.cases.items()]
        async with asyncio.timeout(_SECONDS):
            while not all(wait.done() for wait in waits):
                if self.hanging and time.monotonic() - self.moved > _QUIET_SECONDS:
                    break
                await asyncio.sleep(0.01)
        ended = all(wait.done() for wait in waits)
        for wait in waits:
            wait.cancel()
        for result in await asyncio.gather(*waits, return_exceptions=True):
            if isinstance(result, Exception):
                raise result
        return ended

    async def _end(self, engine: Engine, name: str, case: Case) -> None:
        """Wait for the end of a case: only while somebody waits is time skipped."""
        found = await engine.wait_for_completion(name)
        assert found is not None
        assert found.status.name == "COMPLETED", found
        case.outcome = ReleaseOutcome.from_wire(json.loads(found.output or ""))

    def _engine(self) -> AbstractAsyncContextManager[tuple[Engine, Any]]:
        self.hanging = 0
        activities = {name: self._routed(name) for name in self.common.activities()}
        return process(activities, self.folder / f"{len(self.cases)}.db", chaos=self.chaos)

    def _routed(self, name: str) -> Callable[[Payload], Awaitable[Payload]]:
        async def run(payload: Payload) -> Payload:
            case = self._case(payload)
            # What the interlock records runs beside the release, and is no step of it.
            if case is None or name == names.WRITE_MODEL_ROW:
                return self.common.activities()[name](payload)
            self.moved = time.monotonic()
            return await case.call(name, payload, self._hang)

        return run

    async def _hang(self) -> None:
        """Until the process ends."""
        self.hanging += 1
        await asyncio.Event().wait()

    def _case(self, payload: Payload) -> Case | None:
        said: Sequence[Any] = [payload.get(key) for key in ("model", "endpoint", "fleet", "name", "job")]
        found = next((match[0] for one in said if isinstance(one, str) and (match := _CASE.match(one))), None)
        return self.cases.get(found) if found else None
