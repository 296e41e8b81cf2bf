"""The engine: owns the database file and keeps all work moving, on one event loop."""

import asyncio
import logging
from datetime import timedelta
from pathlib import Path
from typing import Any

from local.durable.api import EngineApi
from local.durable.clock import MICROSECOND, Clock, SystemClock, to_datetime
from local.durable.commits import Commits
from local.durable.database import Database, Synchronous, open_database
from local.durable.dispatcher import Lane
from local.durable.errors import EngineError, EngineStoppedError
from local.durable.runner import ActivityWork, Context, EntityWork, OrchestrationWork
from local.durable.timers import Timers
from local.durable.transaction import Transaction, Wakes
from local.durable.watchers import Watchers
from local.durable.worker import FunctionWorker

log = logging.getLogger(__name__)


class Engine(EngineApi):
    """A durable engine for one process; the database file outlives it, and nothing committed is lost when it is killed.

    With a clock that skips, idle time is jumped over while somebody waits for an instance, and by `advance`.

    Args:
        worker: runs user code.
        path: the database file; made when missing.
        clock: where time comes from.
        synchronous: SQLite's setting; NORMAL is faster, and may lose the last commits at a power cut.
        max_orchestrations: turns that run at once.
        max_activities: activities that run at once.
        max_entities: entities that run at once.
    """

    def __init__(
        self,
        worker: FunctionWorker,
        path: Path,
        *,
        clock: Clock | None = None,
        synchronous: Synchronous = "FULL",
        max_orchestrations: int = 32,
        max_activities: int = 32,
        max_entities: int = 32,
    ) -> None:
        self._worker = worker
        self._path = path
        self._clock = clock or SystemClock()
        self._synchronous: Synchronous = synchronous
        self._limits = (max_orchestrations, max_activities, max_entities)
        self._machinery: _Machinery | None = None

    @property
    def now(self) -> int:
        """The engine's time, in microseconds since 1970."""
        return self._clock.now()

    async def start(self) -> None:
        """Open the database and go on with all that it holds.

        Raises:
            DatabaseInUseError: another engine owns the file.
            SchemaTooNewError: a newer engine wrote the file.
        """
        if self._machinery:
            raise EngineError("The durable engine runs already.")
        file = open_database(self._path, self._synchronous)
        self._machinery = _Machinery(file, self._worker, self._clock, self._limits)
        self._machinery.start()

    async def stop(self, drain_seconds: float = 10.0) -> None:
        """Start no more work, wait for what runs, and close the file.

        Activities that take longer than the drain are cancelled, and run again at the next start.
        """
        if self._machinery:
            await self._machinery.stop(drain_seconds)
            self._machinery = None

    async def advance(self, by: timedelta) -> None:
        """Let time pass at once, and all that becomes due in it happen in order. Only with a clock that skips."""
        await self._running.advance(self._clock.now() + by // MICROSECOND)

    @property
    def _running(self) -> "_Machinery":
        if self._machinery is None:
            raise EngineStoppedError("The durable engine is not running. Await engine.start() first.")
        return self._machinery

    @property
    def _context(self) -> Context:
        return self._running.context

    @property
    def _watchers(self) -> Watchers:
        return self._running.watchers


class _Machinery:
    """The parts of a running engine, and how they wake each other."""

    def __init__(self, file: Database, worker: FunctionWorker, clock: Clock, limits: tuple[int, int, int]) -> None:
        self._file = file
        self._clock = clock
        commits = Commits(file.connection, clock, self._wake)
        self.context = Context(file.connection, commits, worker, clock)
        self.watchers = Watchers(self._settled)
        self._timers = Timers(file.connection, clock, self._wake)
        self._orchestrations = Lane[str]("Orchestration", limits[0], OrchestrationWork(self.context), self._settled)
        self._activities = Lane[int]("Activity", limits[1], ActivityWork(self.context), self._settled)
        self._entities = Lane[str]("Entity", limits[2], EntityWork(self.context), self._settled)
        self._idle_futures: list[asyncio.Future[None]] = []
        self._check_pending = False
        self._stopping = False

    @property
    def _lanes(self) -> tuple[Lane[Any], ...]:
        return self._orchestrations, self._activities, self._entities

    def start(self) -> None:
        """Take up all that the database holds."""
        self._restore_clock()
        rows = self._file.connection.execute
        self._wake(
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
            await self._until_idle()
            due = self._timers.next_due()
            if not due or due > target:
                break
            self._skip_to(due)
        self._skip_to(target)

    def _wake(self, wakes: Wakes) -> None:
        for instance_id in wakes.instances:
            self._orchestrations.offer(instance_id)
        for entity_id in wakes.entities:
            self._entities.offer(entity_id)
        for seq in wakes.tasks:
            self._activities.offer(seq)
        if wakes.due:
            self._timers.expect(wakes.due)
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
        if self.watchers and (due := self._timers.next_due()):
            self._skip_to(due)

    async def _until_idle(self) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._idle_futures.append(future)
        self._settled()
        try:
            await future
        finally:
            self._idle_futures.remove(future)

    def _skip_to(self, moment: int) -> None:
        self._clock.skip_to(moment)
        self.context.commits.run(_save_clock)
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
