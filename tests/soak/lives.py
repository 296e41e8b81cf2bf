"""Lifecycles as a client sees them: over HTTP, insisting while nobody is there, and knowing what must come out."""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import httpx

PARTS, GENERATIONS = 4, 3
"""As in the app, which is not imported: the worker library of this process must not see its functions."""

AT_ONCE = 32
ACCOUNTS = 10
POLL_SECONDS = 1.5
REFUSALS = 20
"""Times that one request may be answered with 500 or more before the run fails."""
ENDED = {"Completed", "Failed", "Terminated", "Canceled"}


@dataclass(frozen=True, slots=True)
class Life:
    """What is to happen in one lifecycle: pauses in seconds, and between which accounts it moves 1."""

    number: int
    pause: float
    approval: float
    accounts: tuple[int, int]

    @property
    def keys(self) -> list[str]:
        """The keys of all its activities."""
        steps = [f"part-{part}" for part in range(PARTS)]
        steps += [f"generation-{number}" for number in range(GENERATIONS)]
        return [f"life-{self.number}/{step}" for step in [*steps, "moved", "last"]]

    @property
    def output(self) -> list[Any]:
        """What it must return."""
        me = f"life-{self.number}"
        return [PARTS, GENERATIONS, 2, f"{me}/moved", f"yes {self.number}", f"{me}/last"]


def plan_lives(count: int, rng: random.Random) -> list[Life]:
    """Lifecycles that differ in their pauses and accounts."""
    return [
        Life(number, rng.uniform(0.1, 15), rng.uniform(0, 25), (pair[0], pair[1]))
        for number in range(count)
        for pair in [rng.sample(range(ACCOUNTS), 2)]
    ]


@dataclass(slots=True)
class Progress:
    """What the client has seen so far: outputs by number, and all that went wrong."""

    ended: dict[int, Any] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


class Client:
    """A client of the app that is killed."""

    def __init__(self, http: httpx.AsyncClient, rng: random.Random) -> None:
        self._http = http
        self._rng = rng
        self._room = asyncio.Semaphore(AT_ONCE)

    async def live(self, life: Life, progress: Progress) -> None:
        """One lifecycle from start to end."""
        async with self._room:
            plan = {"pause_ms": round(life.pause * 1000), "accounts": life.accounts}
            links = (await self._insist("PUT", f"/api/lives/{life.number}", json=plan)).json()
            await asyncio.sleep(life.approval)
            approve = links["sendEventPostUri"].replace("{eventName}", "approve")
            await self._insist("POST", approve, json=f"yes {life.number}", gone_is_fine=True)
            state = await self._end_of(links["statusQueryGetUri"])
        progress.ended[life.number] = state["output"]
        if state["runtimeStatus"] != "Completed" or state["output"] != life.output:
            progress.wrong.append(f"life-{life.number} ended as {state['runtimeStatus']} with {state['output']}")

    async def entity(self, key: str) -> int | None:
        """The state of a counter."""
        value: int | None = (await self._insist("GET", f"/api/states/counter/{key}")).json()
        return value

    async def _end_of(self, url: str) -> Any:
        while True:
            state = (await self._insist("GET", url)).json()
            if state["runtimeStatus"] in ENDED:
                return state
            await asyncio.sleep(self._rng.uniform(0.5, 1.5) * POLL_SECONDS)

    async def _insist(self, method: str, url: str, *, json: Any = None, gone_is_fine: bool = False) -> httpx.Response:
        """Ask until there is an answer: a connection that breaks is none, nor is an error of a host that ends."""
        refusals = 0
        while True:
            try:
                answer = await self._http.request(method, url, json=json)
            except httpx.TransportError:
                await asyncio.sleep(self._rng.uniform(0.1, 0.3))
                continue
            if answer.is_success or (gone_is_fine and answer.status_code == 410):
                return answer
            refusals += 1
            hopeless = answer.status_code < 500 or refusals > REFUSALS
            assert not hopeless, f"{method} {url}: {answer.status_code} {answer.text}"
            await asyncio.sleep(self._rng.uniform(0.1, 0.3))


def balances(lives: list[Life]) -> Counter[int]:
    """What each account must hold in the end."""
    held: Counter[int] = Counter()
    for life in lives:
        payer, receiver = life.accounts
        held[payer] -= 1
        held[receiver] += 1
    return held
