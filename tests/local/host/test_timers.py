"""Timer triggers: the loops with a clock of the tests' own, and the real thing through a running host."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.durable.worker import FunctionFailed
from local.host.errors import AppLoadError
from local.host.functions import Function
from local.host.schedule import parse_schedule
from local.host.timers import Timer, TimerLoops, read_timers
from local.host.wire import TypedData
from tests.local.host.running_host import RunningHost, eventually

BEGIN = datetime(2026, 11, 20, 12, 0, 0, 500_000, tzinfo=UTC)


class VirtualTime:
    """A clock that only ``sleep`` moves, and a record of runs."""

    def __init__(self, stop_after: int, run_seconds: float = 0.0, *, fail: bool = False) -> None:
        self.present = BEGIN
        self.runs: list[tuple[datetime, dict[str, Any]]] = []
        self.finished = asyncio.Event()
        self._stop_after = stop_after
        self._run_seconds = run_seconds
        self._fail = fail

    def now(self) -> datetime:
        """The present."""
        return self.present

    async def sleep(self, seconds: float) -> None:
        """Let time pass at once."""
        self.present += timedelta(seconds=seconds)
        await asyncio.sleep(0)

    async def invoke(self, _function: Function, data: TypedData) -> TypedData | None:
        """Record a run, which takes a while."""
        self.runs.append((self.present, json.loads(data.content)))
        if len(self.runs) == self._stop_after:
            self.finished.set()
        await self.sleep(self._run_seconds)
        if self._fail:
            raise FunctionFailed("ValueError", "boom")
        return None


def a_timer(schedule: str, *, at_startup: bool = False) -> Timer:
    """A timer of a function named ``tick``."""
    trigger = {"type": "timerTrigger", "name": "timer", "schedule": schedule, "runOnStartup": at_startup}
    return Timer(Function("tick", "1", trigger, ()), parse_schedule(schedule), at_startup)


async def runs_of(timer: Timer, time: VirtualTime) -> list[tuple[datetime, dict[str, Any]]]:
    """Run the loop until it has run often enough."""
    loops = TimerLoops(time.invoke, [timer], now=time.now, sleep=time.sleep)
    loops.start()
    await asyncio.wait_for(time.finished.wait(), 10)
    await loops.stop(5)
    return time.runs


async def test_runs_come_when_due() -> None:
    """Every ten seconds, from the first due second on."""
    runs = await runs_of(a_timer("*/10 * * * * *"), VirtualTime(stop_after=3))
    assert [(at - BEGIN.replace(microsecond=0)).total_seconds() for at, _ in runs[:3]] == [10, 20, 30]
    assert not runs[0][1]["IsPastDue"]
    assert runs[0][1]["ScheduleStatus"]["Next"] == "2026-11-20T12:00:20+00:00"


async def test_a_run_at_startup_comes_first() -> None:
    """``run_on_startup`` runs at once, and then by schedule."""
    runs = await runs_of(a_timer("0 0 0 * * *", at_startup=True), VirtualTime(stop_after=2))
    assert [at for at, _ in runs[:2]] == [BEGIN, datetime(2026, 11, 21, tzinfo=UTC)]


async def test_runs_never_overlap_and_missed_ones_are_skipped() -> None:
    """A run of 25 seconds, due every ten: the next starts at the first occurrence after its end."""
    runs = await runs_of(a_timer("*/10 * * * * *"), VirtualTime(stop_after=3, run_seconds=25))
    assert [at.second + 60 * at.minute for at, _ in runs[:3]] == [10, 40, 70]


async def test_a_failed_run_does_not_end_the_timer() -> None:
    """It runs again when it is due."""
    assert len(await runs_of(a_timer("* * * * * *"), VirtualTime(stop_after=3, fail=True))) >= 3


def test_a_schedule_that_cannot_be_read_names_the_function() -> None:
    """The host refuses to start."""
    trigger = {"type": "timerTrigger", "name": "t", "schedule": "whenever"}
    with pytest.raises(AppLoadError, match="function nightly: 'whenever' is not a schedule"):
        read_timers([Function("nightly", "1", trigger, ())])


def test_timers_run_in_a_host(web: RunningHost) -> None:
    """At startup once; every second without overlap; the disabled one never; the schedule comes from a setting."""

    def ticked_twice() -> dict[str, Any] | None:
        ticks: dict[str, Any] = web.client.get("/api/ticks").json()
        return ticks if ticks["every_second"].count("end") >= 2 else None

    ticks = eventually(ticked_twice, "two ticks")
    assert [tick["past_due"] for tick in ticks["startup"]] == [False]
    assert ticks["startup"][0]["status"]["Next"][5:10] == "01-01"
    assert ticks["every_second"][:4] == ["begin", "end", "begin", "end"]
    assert "at_startup: timerTrigger 0 0 0 1 1 *" in web.output
    assert "switched_off: timerTrigger * * * * * * (disabled)" in web.output
