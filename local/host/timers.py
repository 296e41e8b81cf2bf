"""Timer triggers: one loop per function, so that its runs never overlap.

An occurrence that passes while a run is still going is skipped. What was missed while the host was down is not made up
for: the real host does that for ``use_monitor`` through its storage account, and a laptop that was shut for a week
should not begin with a storm.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from local.durable.worker import FunctionFailed
from local.host.errors import AppLoadError
from local.host.functions import Function
from local.host.schedule import Schedule, ScheduleError, parse_schedule
from local.host.wire import TypedData

type Invoke = Callable[[Function, TypedData], Awaitable[TypedData | None]]

_LONGEST_NAP = 30.0  # seconds; a laptop that sleeps or sets its clock must not shift the schedule by more
_PAST_DUE = timedelta(minutes=1)

log = logging.getLogger("local.host.timers")


def now_utc() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Timer:
    """A timer-triggered function and its schedule."""

    function: Function
    schedule: Schedule
    run_on_startup: bool


def read_timers(functions: Iterable[Function]) -> tuple[Timer, ...]:
    """What timer-triggered functions ask for.

    Raises:
        AppLoadError: a schedule cannot be read or never comes due.
    """
    return tuple(_read_timer(function) for function in functions)


class TimerLoops:
    """Runs timers until stopped.

    Args:
        invoke: runs a function with the trigger's value; raises FunctionFailed.
        timers: what to run, and when.
        now: the clock.
        sleep: waits a number of seconds.
    """

    def __init__(
        self,
        invoke: Invoke,
        timers: Iterable[Timer],
        now: Callable[[], datetime] = now_utc,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._invoke = invoke
        self._timers = tuple(timers)
        self._now = now
        self._sleep = sleep
        self._loops: list[asyncio.Task[None]] = []
        self._waiting: set[asyncio.Task[None]] = set()
        self._stopping = False

    def start(self) -> None:
        """Start every loop; those that run on startup run at once."""
        self._loops = [asyncio.create_task(self._loop(timer)) for timer in self._timers]

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
        if timer.run_on_startup:
            await self._run(timer, self._now(), past_due=False)
        while not self._stopping:
            due = timer.schedule.next_after(self._now())
            await self._wait_until(due)
            await self._run(timer, due, past_due=self._now() - due > _PAST_DUE)

    async def _wait_until(self, due: datetime) -> None:
        task = asyncio.current_task()
        assert task is not None  # start() made one
        self._waiting.add(task)
        try:
            while (left := (due - self._now()).total_seconds()) > 0:
                await self._sleep(min(left, _LONGEST_NAP))
        finally:
            self._waiting.discard(task)

    async def _run(self, timer: Timer, due: datetime, *, past_due: bool) -> None:
        status = {
            "Last": due.isoformat(),
            "Next": timer.schedule.next_after(due).isoformat(),
            "LastUpdated": due.isoformat(),
        }
        payload = {"IsPastDue": past_due, "ScheduleStatus": status, "Schedule": {"AdjustForDST": True}}
        try:
            await self._invoke(timer.function, TypedData(json=json.dumps(payload)))
        except FunctionFailed:
            log.debug("%s runs again when it is due next", timer.function.name)  # the worker told why it failed


def _read_timer(function: Function) -> Timer:
    try:
        schedule = parse_schedule(str(function.trigger["schedule"]))
        schedule.next_after(now_utc())
    except ScheduleError as error:
        raise AppLoadError(f"function {function.name}: {error}") from error
    return Timer(function, schedule, run_on_startup=bool(function.trigger.get("runOnStartup")))
