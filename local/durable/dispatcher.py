"""Lanes of work: how much runs at once, no item twice at once, and what happens to one that fails or hangs.

An item is held under a lease. When the lease runs out, the item is given out again, and what held it before can commit
nothing any more.
"""

import asyncio
import logging
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Protocol

from local.durable.commits import FIRST_RETRY, LONGEST_RETRY
from local.durable.errors import StaleTurnError, StorageError
from local.durable.poison import HANG_WEIGHT, POISON_LIMIT, Failures

log = logging.getLogger(__name__)


@dataclass(eq=False, slots=True)
class Lease:
    """The right to carry out an item: the `attempt` counts from 1, and grows when it failed."""

    attempt: int
    held: bool = True
    timer: asyncio.TimerHandle | None = None

    def answered(self) -> None:
        """User code is through: what is left is ours, and takes as long as it takes."""
        if self.timer:
            self.timer.cancel()

    def require(self) -> None:
        """Refuse what comes late: StaleTurnError when the lease is lost."""
        if not self.held:
            raise StaleTurnError("The lease on this work ran out, and it was given out again: its result is dropped.")


class Work[K](Protocol):
    """What a lane does with an item."""

    async def run(self, key: K, lease: Lease) -> None:
        """Carry the item out."""

    async def park(self, key: K, reason: str) -> None:
        """Get the item that cannot be carried out out of the way, saying why."""


@dataclass(eq=False, slots=True)
class _Run:
    task: asyncio.Task[None]
    lease: Lease


class Lane[K: Hashable]:
    """Runs items of one kind. Items are keys: what there is to do is read from the store when an item's turn comes.

    Args:
        name: what the items are called in the log.
        limit: how many run at once.
        lease_seconds: how long user code may take for an item; None for as long as it likes.
        work: what to do with an item.
        failures: counts of what failed.
        settled: called when an item ended.
    """

    def __init__(
        self,
        name: str,
        limit: int,
        lease_seconds: float | None,
        work: Work[K],
        *,
        failures: Failures,
        settled: Callable[[], None],
    ) -> None:
        self._name = name
        self._limit = limit
        self._lease_seconds = lease_seconds
        self._work = work
        self._failures = failures
        self._settled = settled
        self._ready: dict[K, None] = {}
        self._running: dict[K, _Run] = {}
        self._again: set[K] = set()
        self._lost: set[asyncio.Task[None]] = set()
        self._open = False

    @property
    def idle(self) -> bool:
        """Whether nothing runs or is ready."""
        return not self._running and not self._ready

    @property
    def running(self) -> int:
        """How many items run."""
        return len(self._running)

    def holds(self, key: K) -> bool:
        """Whether an item runs or is ready."""
        return key in self._running or key in self._ready

    def absolve(self, key: K) -> None:
        """Count no failures of an item any more; those in the database were deleted."""
        self._failures.absolve(key)

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
        tasks = [run.task for run in self._running.values()]
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
            lease = Lease(self._failures[key] + 1)
            self._launch(key, lease, self._attempt)
            if self._lease_seconds is not None:
                loop = asyncio.get_running_loop()
                lease.timer = loop.call_later(self._lease_seconds, self._expire, key, lease)

    def _launch(self, key: K, lease: Lease, step: Callable[[K, Lease], object]) -> None:
        task = asyncio.get_running_loop().create_task(self._carry_out(key, lease, step), name=f"{self._name} {key}")
        self._running[key] = _Run(task, lease)

    async def _carry_out(self, key: K, lease: Lease, step: Callable[[K, Lease], object]) -> None:
        try:
            await step(key, lease)  # type: ignore[misc] # a coroutine function of this class
        finally:
            lease.answered()
            if lease.held:
                del self._running[key]
                if key in self._again:
                    self._again.discard(key)
                    self._ready[key] = None
                self._pump()
                self._settled()

    async def _attempt(self, key: K, lease: Lease) -> None:
        try:
            try:
                await self._work.run(key, lease)
            finally:
                lease.answered()  # what follows, as the wait before the next attempt, is not the item's
            await self._failures.forget(key)
        except StaleTurnError as stale:
            log.debug("%s", stale)
            if lease.held:
                self._again.add(key)
        except StorageError as trouble:  # the item is not to blame; the trouble itself was logged where it came up
            log.debug("%s", trouble)
            await self._retry_after(key, LONGEST_RETRY)
        except Exception as error:  # a boundary: no item may stop its lane
            if lease.held:
                log.exception("%s %s failed, attempt %d of %d.", self._name, key, lease.attempt, POISON_LIMIT)
                await self._count(key, f"{type(error).__name__}: {error}", 1)

    def _expire(self, key: K, lease: Lease) -> None:
        """Take an item away from what hangs, and give it out again."""
        hanging = self._running[key].task
        lease.held = False
        hanging.cancel()  # ends a coroutine that waits; a thread that is busy goes on, unheard
        self._lost.add(hanging)
        hanging.add_done_callback(self._lost.discard)
        log.error("%s %s did not end within its lease of %g s.", self._name, key, self._lease_seconds)
        self._launch(key, Lease(lease.attempt), self._count_hang)

    async def _count_hang(self, key: K, _lease: Lease) -> None:
        await self._count(key, f"it did not end within its lease of {self._lease_seconds:g} s", HANG_WEIGHT)

    async def _count(self, key: K, reason: str, weight: int) -> None:
        failures = await self._failures.add(key, reason, weight)
        if failures < POISON_LIMIT:
            await self._retry_after(key, FIRST_RETRY * 2**failures)
            return
        reason = f"Given up after attempts that failed; the last: {reason}"
        log.error("%s %s is parked. %s", self._name, key, reason)
        try:
            await self._work.park(key, reason)
        except StorageError:
            await self._retry_after(key, LONGEST_RETRY)
        except Exception:  # a boundary: what cannot even be parked must not end the lane, nor be tried for ever
            log.exception("%s %s could not be parked. It stays as it is until it is terminated.", self._name, key)
        else:
            await self._failures.forget(key)

    async def _retry_after(self, key: K, seconds: float) -> None:
        self._again.add(key)
        await asyncio.sleep(seconds)
