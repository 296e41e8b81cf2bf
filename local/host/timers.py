"""Timer triggers: one loop per function, so that its runs never overlap.

As in the real host's TimerListener: an occurrence that passes while a run is going on comes right after it; with
``use_monitor``, one that passed while the host was down comes at the start, past due, once for all that were missed.
Schedules of less than a minute are not monitored.
"""

import asyncio
import itertools
import json
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from local.durable.worker import FunctionFailed
from local.host.calls import Call
from local.host.errors import AppLoadError
from local.host.functions import Function
from local.host.schedule import Schedule, ScheduleError, parse_schedule
from local.host.schedule_status import ScheduleStatus, StatusStore, check_past_due
from local.host.wire import TypedData

type Invoke = Callable[[Function, Call], Awaitable[TypedData | None]]

_LONGEST_NAP = 30.0  # seconds; a laptop that sleeps or sets its clock must not shift the schedule by more
_LATE = timedelta(minutes=1)  # by which a run that the laptop slept through counts as past due
_SHORTEST_MONITORED = timedelta(minutes=1)
_OCCURRENCES = 5  # looked at to tell how often a schedule comes due

log = logging.getLogger("local.host.timers")


def now_utc() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Timer:
    """A timer-triggered function, its schedule, and whether what it misses is made up for."""

    function: Function
    schedule: Schedule
    run_on_startup: bool
    monitored: bool = False


def read_timers(functions: Iterable[Function], now: datetime | None = None) -> tuple[Timer, ...]:
    """What timer-triggered functions ask for.

    Raises:
        AppLoadError: a schedule cannot be read or never comes due.
    """
    return tuple(_read_timer(function, now or now_utc()) for function in functions)


class TimerLoops:
    """Runs timers until stopped.

    Args:
        invoke: runs a function with the trigger's value; what it raises fails that run only.
        timers: what to run, and when.
        store: keeps the schedule status of those that are monitored; None keeps none.
        now: the clock.
        sleep: waits a number of seconds.
    """

    def __init__(
        self,
        invoke: Invoke,
        timers: Iterable[Timer],
        store: StatusStore | None = None,
        now: Callable[[], datetime] = now_utc,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._invoke = invoke
        self._timers = tuple(timers)
        self._store = store
        self._now = now
        self._sleep = sleep
        self._loops: list[asyncio.Task[None]] = []
        self._waiting: set[asyncio.Task[None]] = set()
        self._stopping = False

    def start(self) -> None:
        """Start every loop; those that run on startup or are past due run at once."""
        self._loops = [asyncio.create_task(self._loop(timer)) for timer in self._timers]
        for loop, timer in zip(self._loops, self._timers, strict=True):
            loop.add_done_callback(partial(_tell_end, timer))

    async def stop(self, patience: float) -> None:
        """Start no run any more, and wait at most ``patience`` seconds for what runs; then cancel it."""
        self._stopping = True
        for task in tuple(self._waiting):
            task.cancel()
        if self._loops:
            _, late = await asyncio.wait(self._loops, timeout=patience)
            for task in late:
                task.cancel()

    async def _loop(self, timer: Timer) -> None:
        status, past_due = self._first_status(timer)
        if past_due:
            log.info("Function '%s' is past due on startup. Executing now.", timer.function.name)
        if past_due or timer.run_on_startup:
            status = await self._run(timer, self._now(), status, past_due=past_due)
        while not self._stopping:
            await self._wait_until(status.next)
            due, now = status.next, self._now()
            status = await self._run(timer, max(due, now), status, past_due=now - due > _LATE)

    def _first_status(self, timer: Timer) -> tuple[ScheduleStatus, bool]:
        store = self._store if timer.monitored else None
        known = store.read(timer.function.name) if store is not None else None
        status, past_due = check_past_due(known, timer.schedule, self._now())
        if store is not None and status != known:
            store.write(timer.function.name, status)
        return status, past_due

    async def _wait_until(self, due: datetime) -> None:
        task = asyncio.current_task()
        assert task is not None  # start() made one
        self._waiting.add(task)
        try:
            while (left := (due - self._now()).total_seconds()) > 0:
                await self._sleep(min(left, _LONGEST_NAP))
        finally:
            self._waiting.discard(task)

    async def _run(self, timer: Timer, at: datetime, status: ScheduleStatus, *, past_due: bool) -> ScheduleStatus:
        """Run once; gives the status after it."""
        payload = {
            "IsPastDue": past_due,
            "ScheduleStatus": status.shown() if timer.monitored else None,
            "Schedule": {"AdjustForDST": True},
        }
        reason = "Timer fired at " + at.isoformat()
        try:
            await self._invoke(timer.function, Call(TypedData(json=json.dumps(payload)), reason=reason))
        except FunctionFailed:
            log.debug("%s runs again when it is due next", timer.function.name)  # the worker told why it failed
        except Exception:
            log.exception("function %s failed in the host itself; it runs again when due next", timer.function.name)
        after = ScheduleStatus(at, timer.schedule.next_after(at), at)
        if timer.monitored and self._store is not None:
            self._store.write(timer.function.name, after)
        return after


def _tell_end(timer: Timer, loop: asyncio.Task[None]) -> None:
    if not loop.cancelled() and (error := loop.exception()) is not None:
        text = "function %s does not run by its schedule any more, restart the host: %r"
        log.error(text, timer.function.name, error, exc_info=error)


def _read_timer(function: Function, now: datetime) -> Timer:
    trigger = function.trigger
    try:
        schedule = parse_schedule(str(trigger["schedule"]))
        shortest = _shortest_interval(schedule, now)
    except ScheduleError as error:
        raise AppLoadError(f"function {function.name}: {error}") from error
    monitored = trigger.get("useMonitor", True) is not False and shortest >= _SHORTEST_MONITORED
    return Timer(function, schedule, run_on_startup=bool(trigger.get("runOnStartup")), monitored=monitored)


def _shortest_interval(schedule: Schedule, now: datetime) -> timedelta:
    """The least time between the next occurrences."""
    moments = [schedule.next_after(now)]
    for _ in range(_OCCURRENCES):
        moments.append(schedule.next_after(moments[-1]))
    return min(later - earlier for earlier, later in itertools.pairwise(moments))
