"""Lanes of work: how much runs at once, no item twice at once, and what happens to one that fails again and again."""

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Hashable
from typing import Protocol

from local.durable.errors import StaleTurnError

log = logging.getLogger(__name__)

POISON_LIMIT = 5
"""Times that an item is tried before it is parked. The count is in memory: a restart gives it as many tries again."""
FIRST_RETRY = 0.05
"""Seconds before the second try; each further wait is twice as long."""


class Work[K](Protocol):
    """What a lane does with an item."""

    async def run(self, key: K, attempt: int) -> None:
        """Carry the item out; `attempt` counts from 1 and grows when it raised."""

    async def park(self, key: K, reason: str) -> None:
        """Get the item that cannot be carried out out of the way, saying why."""


class Lane[K: Hashable]:
    """Runs items of one kind. Items are keys: what there is to do is read from the store when an item's turn comes."""

    def __init__(self, name: str, limit: int, work: Work[K], settled: Callable[[], None]) -> None:
        self._name = name
        self._limit = limit
        self._work = work
        self._settled = settled
        self._ready: dict[K, None] = {}
        self._running: dict[K, asyncio.Task[None]] = {}
        self._again: set[K] = set()
        self._failures: dict[K, int] = {}
        self._open = False

    @property
    def idle(self) -> bool:
        """Whether nothing runs or is ready."""
        return not self._running and not self._ready

    @property
    def running(self) -> int:
        """How many items run."""
        return len(self._running)

    def offer(self, key: K) -> None:
        """Have an item run as soon as there is room; once more, if it is running."""
        if key in self._running:
            self._again.add(key)
        else:
            self._ready[key] = None
            self._pump()

    def open(self) -> None:
        """Begin to run what is offered."""
        self._open = True
        self._pump()

    async def drain(self, seconds: float) -> None:
        """Start nothing more, and give what runs some time to end before it is cancelled."""
        self._open = False
        tasks = list(self._running.values())
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    def _pump(self) -> None:
        while self._open and self._ready and len(self._running) < self._limit:
            key = next(iter(self._ready))
            del self._ready[key]
            self._running[key] = asyncio.get_running_loop().create_task(
                self._carry_out(key), name=f"{self._name} {key}"
            )

    async def _carry_out(self, key: K) -> None:
        try:
            await self._attempt(key)
        finally:
            del self._running[key]
            if key in self._again:
                self._again.discard(key)
                self._ready[key] = None
            self._pump()
            self._settled()

    async def _attempt(self, key: K) -> None:
        failures = self._failures.get(key, 0)
        try:
            await self._work.run(key, failures + 1)
            self._failures.pop(key, None)
        except StaleTurnError as stale:
            log.debug("%s", stale)
            self._again.add(key)
        except sqlite3.OperationalError:  # the store is in trouble (a full disk), the item is not to blame
            log.exception("The durable store failed for %s %s; it is tried again.", self._name, key)
            await self._retry_later(key, failures)
        except Exception as error:  # a boundary: no item may stop its lane
            log.exception("%s %s failed, attempt %d of %d.", self._name, key, failures + 1, POISON_LIMIT)
            await self._count_failure(key, failures + 1, error)

    async def _count_failure(self, key: K, failures: int, error: Exception) -> None:
        self._failures[key] = failures
        if failures < POISON_LIMIT:
            await self._retry_later(key, failures)
            return
        del self._failures[key]
        reason = f"Given up after {failures} attempts that raised; the last: {type(error).__name__}: {error}"
        log.error("%s %s is parked. %s", self._name, key, reason)
        try:
            await self._work.park(key, reason)
        except sqlite3.Error:
            log.exception("%s %s could not be parked; it is tried again.", self._name, key)
            await self._retry_later(key, failures)

    async def _retry_later(self, key: K, failures: int) -> None:
        self._again.add(key)
        await asyncio.sleep(FIRST_RETRY * 2**failures)
