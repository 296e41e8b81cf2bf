"""Faults on the way between engine and functions, and messages that come late: all decided by a seed.

Every decision is drawn from the seed and from what it is about: which function or instance, and how often it was tried.
It does not depend on the order in which things happen to run, so a failure is repeated by running with its seed again.

What is injected is what Azure does now and then: the result of a turn, of a batch or of an activity is lost and the
work is done again; an activity runs twice; a message overtakes another.
"""

import asyncio
import base64
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random

import durabletask.internal.orchestrator_service_pb2 as pb

from local.durable.worker import FunctionWorker, TraceContext

MOST_LOSSES = 2
"""How often the result of one piece of work is lost: below the engine's poison limit, at which it would be given up."""

type Message = Callable[[], Awaitable[None]]


class ResultLostError(ConnectionError):
    """Injected: the work was done, and its result never arrived."""


@dataclass
class Chaos:
    """Which faults, how often, and from which seed.

    Attributes:
        seed: what every decision is drawn from.
        lose: the share of turns, entity batches and activities whose result is lost, so that they run again.
        double: the share of activities that run twice at once.
        delay: the share of results that come late, so that others overtake them.
        delay_seconds: the longest such delay, in real seconds.
        reorder: the share of events and signals from outside that are held back and overtaken by later ones.
        injected: what was injected so far, by kind.
    """

    seed: int
    lose: float = 0.15
    double: float = 0.2
    delay: float = 0.3
    delay_seconds: float = 0.02
    reorder: float = 0.3
    injected: Counter[str] = field(default_factory=Counter, repr=False)

    def decides(self, fault: str, share: float, about: str) -> bool:
        """Whether to inject a fault; the same answer for the same seed, fault and subject."""
        hit = self.draw(fault, about) < share
        self.injected[fault] += hit
        return hit

    async def late(self, about: str) -> None:
        """Wait a moment, if this is to come late."""
        if self.decides("result delayed", self.delay, about):
            await asyncio.sleep(self.draw("delay", about) * self.delay_seconds)

    def note(self) -> str:
        """What a failure message needs to say, so that the failure can be repeated."""
        faults = ", ".join(f"{count} x {fault}" for fault, count in sorted(self.injected.items()) if count)
        return f"This ran under chaos: {faults or 'nothing was injected'}. Repeat it with {self!r}."

    def draw(self, fault: str, about: str) -> float:
        """A number from 0 to 1 that belongs to a seed, a fault and a subject."""
        return Random(f"{self.seed}/{fault}/{about}").random()  # noqa: S311 - faults, no secrets


class ChaosWorker:
    """A function worker whose results get lost, doubled and delayed on the way to the engine."""

    def __init__(self, inner: FunctionWorker, chaos: Chaos) -> None:
        self._inner = inner
        self._chaos = chaos
        self._tried: Counter[str] = Counter()
        self._lost: Counter[str] = Counter()

    async def run_orchestrator(self, name: str, request: str) -> str:
        """A turn whose result may be lost."""
        parsed = pb.OrchestratorRequest()
        parsed.ParseFromString(base64.b64decode(request))
        answer = await self._inner.run_orchestrator(name, request)
        await self._deliver("turn lost", f"{name} {parsed.instanceId}")
        return answer

    async def run_activity(self, name: str, payload: str, trace: TraceContext | None) -> str | None:
        """An activity that may run twice at once, and whose result may be lost."""
        about = f"{name} {payload}"
        if self._chaos.decides("activity doubled", self._chaos.double, f"{about} #{self._tried[about]}"):
            await asyncio.gather(
                self._inner.run_activity(name, payload, trace),
                answer := asyncio.ensure_future(self._inner.run_activity(name, payload, trace)),
                return_exceptions=True,
            )
            result = await answer
        else:
            result = await self._inner.run_activity(name, payload, trace)
        await self._deliver("activity result lost", about)
        return result

    async def run_entity(self, name: str, request: str) -> str:
        """A batch whose result may be lost: its operations run again on the old state."""
        parsed = pb.EntityBatchRequest()
        parsed.ParseFromString(base64.b64decode(request))
        answer = await self._inner.run_entity(name, request)
        await self._deliver("entity batch lost", parsed.instanceId)
        return answer

    async def _deliver(self, fault: str, about: str) -> None:
        self._tried[about] += 1
        numbered = f"{about} #{self._tried[about]}"
        await self._chaos.late(numbered)
        if self._lost[about] < MOST_LOSSES and self._chaos.decides(fault, self._chaos.lose, numbered):
            self._lost[about] += 1
            raise ResultLostError(f"{fault}: {numbered} (injected by {self._chaos!r})")
        if not fault.startswith("activity"):  # the next turn or batch is other work, the same activity may be the same
            self._lost[about] = 0


class Mail:
    """Messages on their way to the engine; some are held back until a later one has gone, or somebody waits."""

    def __init__(self, chaos: Chaos | None) -> None:
        self._chaos = chaos
        self._held: list[tuple[float, Message]] = []
        self._sent: Counter[str] = Counter()

    async def send(self, about: str, message: Message) -> None:
        """Send a message now, or hold it back."""
        self._sent[about] += 1
        numbered = f"{about} #{self._sent[about]}"
        if self._chaos and self._chaos.decides("message reordered", self._chaos.reorder, numbered):
            self._held.append((self._chaos.draw("order", numbered), message))
        else:
            await message()

    async def deliver(self) -> None:
        """Send what was held back, in an order of the seed's choice."""
        held, self._held = sorted(self._held, key=lambda one: one[0]), []
        for _, message in held:
            await message()
