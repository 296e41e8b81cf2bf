"""The parts of a running engine: lanes of work, timers, the clock, and how they wake each other."""

import asyncio
import logging
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

from local.durable.clock import Clock, to_datetime
from local.durable.commits import LONGEST_RETRY, Commits
from local.durable.database import Database
from local.durable.dispatcher import Lane, Work
from local.durable.errors import EngineStoppedError, StorageError
from local.durable.limits import Limits
from local.durable.poison import Failures
from local.durable.runner import ActivityWork, Context, EntityWork, OrchestrationWork
from local.durable.timers import Timers
from local.durable.transaction import Transaction, Wakes
from local.durable.watchers import Watchers
from local.durable.worker import FunctionWorker

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Lanes:
    """How much runs at once, and for how long."""

    orchestrations: int
    activities: int
    entities: int
    turn_lease: float | None
    activity_lease: float | None


class Machinery:
    """The parts of a running engine, and how they wake each other."""

    def __init__(self, file: Database, worker: FunctionWorker, clock: Clock, limits: Limits, lanes: Lanes) -> None:
        self._file = file
        self._clock = clock
        commits = Commits(file.connection, clock, self.wake, file.path)
        context = self.context = Context(file.connection, commits, worker, clock, limits)
        self.watchers = Watchers(self._settled)
        self._timers = Timers(commits.reading, clock, self.wake)
        turns, activities = OrchestrationWork(context), ActivityWork(context)
        lease = lanes.turn_lease
        self._orchestrations = self._lane("Orchestration", lanes.orchestrations, lease, turns)
        self._activities = self._lane("Activity", lanes.activities, lanes.activity_lease, activities)
        self._entities = self._lane("Entity", lanes.entities, lease, EntityWork(context))
        self._by_name = {"Orchestration": self._orchestrations, "Entity": self._entities}
        self._idle_futures: list[asyncio.Future[None]] = []
        self._check_pending = False
        self._stopping = False

    def _lane[K: Hashable](self, name: str, limit: int, lease: float | None, work: Work[K]) -> Lane[K]:
        failures = Failures(self._file.connection, self.context.commits, name)
        return Lane(name, limit, lease, work, failures=failures, settled=self._settled)

    @property
    def _lanes(self) -> tuple[Lane[Any], ...]:
        return self._orchestrations, self._activities, self._entities

    def start(self) -> None:
        """Take up all that the database holds."""
        self._restore_clock()
        rows = self._file.connection.execute
        self.wake(
            Wakes(
                instances={row[0]: None for row in rows("SELECT DISTINCT id FROM inbox WHERE visible_at = 0")},
                entities={row[0]: None for row in rows("SELECT DISTINCT id FROM entity_inbox WHERE visible_at = 0")},
                tasks=[row[0] for row in rows("SELECT seq FROM tasks ORDER BY seq")],
            )
        )
        for lane in self._lanes:
            lane.open()
        self._timers.fire()

    async def stop(self, drain_seconds: float) -> None:
        """Come to rest and close the file."""
        self._stopping = True
        self._timers.stop()
        await asyncio.gather(*(lane.drain(drain_seconds) for lane in self._lanes))
        await self.context.commits.flushed()
        self._timers.stop()
        self.watchers.abandon()
        for future in self._idle_futures:
            if not future.done():
                future.set_exception(EngineStoppedError("The durable engine stopped while its time was advanced."))
        self._file.close()

    async def advance(self, target: int) -> None:
        """Skip from one due moment to the next until the target."""
        while True:
            await self.until_idle()
            due = self._timers.next_due()
            if not due or due > target:
                break
            self._skip_to(due)
        self._skip_to(target)

    def is_busy(self, instance_id: str) -> bool:
        """Whether an instance takes a turn, or will as soon as there is room."""
        return self._orchestrations.holds(instance_id)

    def wake(self, wakes: Wakes) -> None:
        """Have what a commit made ready run."""
        for instance_id in wakes.instances:
            self._orchestrations.offer(instance_id)
        for entity_id in wakes.entities:
            self._entities.offer(entity_id)
        for seq in wakes.tasks:
            self._activities.offer(seq)
        if wakes.due:
            self._timers.expect(wakes.due)
        for lane, item in wakes.absolved:
            self._by_name[lane].absolve(item)
        self.watchers.wake(wakes.changed)
        self._settled()

    def _settled(self) -> None:
        """Something ended or began: see in a moment whether all is idle."""
        if (self._clock.skips or self._idle_futures) and not self._check_pending:
            self._check_pending = True
            asyncio.get_running_loop().call_soon(self._check_idle)

    def _check_idle(self) -> None:
        self._check_pending = False
        busy = not self.context.commits.idle or not all(lane.idle for lane in self._lanes)
        if busy or self._stopping:
            return
        for future in self._idle_futures:
            if not future.done():
                future.set_result(None)
        if self.watchers:
            self._skip_idle_time()

    def _skip_idle_time(self) -> None:
        try:
            due = self._timers.next_due()
        except StorageError:
            asyncio.get_running_loop().call_later(LONGEST_RETRY, self._settled)
            return
        if due:
            self._skip_to(due)

    async def until_idle(self) -> None:
        """Wait until nothing runs and nothing is ready."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._idle_futures.append(future)
        self._settled()
        try:
            await future
        finally:
            self._idle_futures.remove(future)

    def _skip_to(self, moment: int) -> None:
        self._clock.skip_to(moment)
        self.context.commits.run(_save_clock).add_done_callback(_hear)
        self._timers.fire()

    def _restore_clock(self) -> None:
        """Go on from the virtual time of the last run: time that went back would make timers late, histories wrong."""
        row = self._file.connection.execute("SELECT value FROM meta WHERE key = 'clock'").fetchone()
        if row is None or row[0] <= self._clock.now():
            return
        if self._clock.skips:
            self._clock.skip_to(row[0])
        else:
            log.warning(
                "This durable database was run with a skipping clock up to %s. Its timers wait for the real time.",
                to_datetime(row[0]),
            )


def _save_clock(tx: Transaction) -> None:
    tx.run("INSERT OR REPLACE INTO meta(key, value) VALUES ('clock', ?)", tx.now)


def _hear(future: asyncio.Future[None]) -> None:
    """Take note of a failed commit, which was logged: the time is saved with the next skip."""
    if not future.cancelled():
        future.exception()
