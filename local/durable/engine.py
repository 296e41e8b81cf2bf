"""The engine: owns the database file and keeps all work moving, on one event loop."""

from datetime import datetime, timedelta
from pathlib import Path

from local.durable import stuck
from local.durable.api import EngineApi
from local.durable.clock import MICROSECOND, Clock, SystemClock, to_micros
from local.durable.database import Synchronous, open_database
from local.durable.errors import EngineError, EngineStoppedError
from local.durable.limits import Limits
from local.durable.machinery import Lanes, Machinery
from local.durable.records import Stuck
from local.durable.runner import Context
from local.durable.storage import telling_trouble
from local.durable.watchers import Watchers
from local.durable.worker import FunctionWorker


class Engine(EngineApi):
    """A durable engine for one process; the database file outlives it, and nothing committed is lost when it is killed.

    With a clock that skips, idle time is jumped over while somebody waits for an instance, and by `advance_to`.

    Args:
        worker: runs user code.
        path: the database file; made when missing.
        clock: where time comes from.
        synchronous: SQLite's setting; NORMAL is faster, and may lose the last commits at a power cut.
        max_orchestrations: turns that run at once.
        max_activities: activities that run at once.
        max_entities: entities that run at once.
        limits: budgets of histories and payloads; Azure's by default.
        turn_lease: real seconds that a turn of an orchestrator or a batch of an entity may take before it is given out
            again; the second time, it is given up. None for ever.
        activity_lease: the same for activities, which may take long: None by default, for their time is limited by the
            host's function timeout.
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
        limits: Limits | None = None,
        turn_lease: float | None = 300.0,
        activity_lease: float | None = None,
    ) -> None:
        self._worker = worker
        self._path = path
        self._clock = clock or SystemClock()
        self._synchronous: Synchronous = synchronous
        self._lanes = Lanes(max_orchestrations, max_activities, max_entities, turn_lease, activity_lease)
        self._limits = limits or Limits()
        self._machinery: Machinery | None = None

    @property
    def now(self) -> int:
        """The engine's time, in microseconds since 1970."""
        return self._clock.now()

    async def start(self) -> None:
        """Open the database and go on with all that it holds.

        Raises:
            DatabaseInUseError: another engine owns the file.
            SchemaTooNewError: a newer engine wrote the file.
            StorageError: the file cannot be opened or written.
        """
        if self._machinery:
            raise EngineError("The durable engine runs already.")
        file = open_database(self._path, self._synchronous)
        try:
            with telling_trouble(self._path):
                machinery = Machinery(file, self._worker, self._clock, self._limits, self._lanes)
                machinery.start()
        except BaseException:
            file.close()
            raise
        self._machinery = machinery

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

    async def advance_to(self, moment: datetime) -> None:
        """Let time pass at once up to a moment, as `advance`; naive times are UTC, and the past is no time at all."""
        await self._running.advance(to_micros(moment))

    async def run_until_idle(self) -> None:
        """Wait until nothing runs and nothing is ready to run; what is due later stays, and time is not skipped."""
        await self._running.until_idle()

    def stuck(self, older_than: timedelta) -> list[Stuck]:
        """The instances that wait for what cannot come, or have not moved for so long, with what they wait for."""
        running = self._running
        ages = older_than // MICROSECOND
        with self._context.reading() as connection:
            return stuck.stuck(connection, self._clock.now(), ages, running.is_busy)

    @property
    def _running(self) -> Machinery:
        if self._machinery is None:
            raise EngineStoppedError("The durable engine is not running. Await engine.start() first.")
        return self._machinery

    @property
    def _context(self) -> Context:
        return self._running.context

    @property
    def _watchers(self) -> Watchers:
        return self._running.watchers
