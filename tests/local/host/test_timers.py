"""Timer triggers: the loops with a clock of the tests' own, and the real thing through a running host."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from local.durable.worker import FunctionFailed
from local.host.calls import Call
from local.host.errors import AppLoadError
from local.host.functions import Function
from local.host.schedule import parse_schedule
from local.host.schedule_status import NEVER, ScheduleStatus, StatusFiles, StatusStore
from local.host.timers import Timer, TimerLoops, read_timers
from local.host.wire import TypedData
from tests.local.host.running_host import RunningHost, eventually

BEGIN = datetime(2026, 11, 20, 12, 0, 0, 500_000, tzinfo=UTC)


class VirtualTime:
    """A clock that only ``sleep`` moves, and a record of runs."""

    def __init__(self, stop_after: int, run_seconds: float = 0.0, *, fail: Exception | None = None) -> None:
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

    async def invoke(self, _function: Function, call: Call) -> TypedData | None:
        """Record a run, which takes a while."""
        self.runs.append((self.present, json.loads(call.data.content)))
        if len(self.runs) == self._stop_after:
            self.finished.set()
        await self.sleep(self._run_seconds)
        if self._fail is not None:
            raise self._fail
        return None


class Memory:
    """A store of schedule statuses."""

    def __init__(self, **kept: ScheduleStatus) -> None:
        self.kept = kept

    def read(self, function: str) -> ScheduleStatus | None:
        """What is kept."""
        return self.kept.get(function)

    def write(self, function: str, status: ScheduleStatus) -> None:
        """Keep it."""
        self.kept[function] = status


def a_timer(schedule: str, *, at_startup: bool = False, use_monitor: bool | None = None) -> Timer:
    """A timer of a function named ``tick``."""
    trigger = {"type": "timerTrigger", "name": "timer", "schedule": schedule, "runOnStartup": at_startup}
    if use_monitor is not None:
        trigger["useMonitor"] = use_monitor
    return read_timers([Function("tick", "1", trigger, ())], BEGIN)[0]


async def runs_of(
    timer: Timer, time: VirtualTime, store: StatusStore | None = None
) -> list[tuple[datetime, dict[str, Any]]]:
    """Run the loop until it has run often enough."""
    loops = TimerLoops(time.invoke, [timer], store, now=time.now, sleep=time.sleep)
    loops.start()
    await asyncio.wait_for(time.finished.wait(), 10)
    await loops.stop(5)
    return time.runs


async def test_runs_come_when_due() -> None:
    """Every ten seconds, from the first due second on."""
    runs = await runs_of(a_timer("*/10 * * * * *"), VirtualTime(stop_after=3))
    assert [(at - BEGIN.replace(microsecond=0)).total_seconds() for at, _ in runs[:3]] == [10, 20, 30]
    assert not runs[0][1]["IsPastDue"]


async def test_a_run_at_startup_comes_first() -> None:
    """``run_on_startup`` runs at once, and then by schedule."""
    runs = await runs_of(a_timer("0 0 0 * * *", at_startup=True), VirtualTime(stop_after=2))
    assert [at for at, _ in runs[:2]] == [BEGIN, datetime(2026, 11, 21, tzinfo=UTC)]


async def test_runs_never_overlap_and_a_missed_one_follows_at_once() -> None:
    """A run of 25 seconds, due every ten: the next starts right after its end, once, as in the real host."""
    runs = await runs_of(a_timer("*/10 * * * * *"), VirtualTime(stop_after=3, run_seconds=25))
    assert [at.second + 60 * at.minute for at, _ in runs[:3]] == [10, 35, 60]


@pytest.mark.parametrize(
    ("schedule", "use_monitor", "expected"),
    [("0 * * * * *", None, True), ("*/30 * * * * *", None, False), ("0 0 * * * *", False, False)],
)
def test_only_schedules_of_a_minute_or_more_are_monitored(
    schedule: str, use_monitor: bool | None, expected: bool
) -> None:
    """By default; ``use_monitor=False`` switches it off."""
    assert a_timer(schedule, use_monitor=use_monitor).monitored is expected


async def test_an_occurrence_missed_while_down_comes_once_past_due() -> None:
    """The host was down for three hours: one run at once with IsPastDue, then by schedule."""
    last = BEGIN - timedelta(hours=3, minutes=30)
    kept = ScheduleStatus(last, parse_schedule("0 0 * * * *").next_after(last), last)
    runs = await runs_of(a_timer("0 0 * * * *"), VirtualTime(stop_after=3), Memory(tick=kept))
    assert [(at, run["IsPastDue"]) for at, run in runs[:3]] == [
        (BEGIN, True),
        (BEGIN.replace(hour=13, microsecond=0), False),
        (BEGIN.replace(hour=14, microsecond=0), False),
    ]
    assert runs[0][1]["ScheduleStatus"]["Last"] == last.isoformat()


async def test_past_due_does_not_run_twice_with_run_on_startup() -> None:
    """Both ask for a run at once; there is one."""
    last = BEGIN - timedelta(hours=3)
    kept = ScheduleStatus(last, parse_schedule("0 0 * * * *").next_after(last), last)
    runs = await runs_of(a_timer("0 0 * * * *", at_startup=True), VirtualTime(stop_after=2), Memory(tick=kept))
    assert [run["IsPastDue"] for _, run in runs[:2]] == [True, False]


async def test_a_timer_that_nothing_is_known_of_is_not_past_due() -> None:
    """The first start writes what is due next, so that the second one can notice a miss."""
    store = Memory()
    runs = await runs_of(a_timer("0 0 * * * *"), VirtualTime(stop_after=1), store)
    assert [(at.hour, run["IsPastDue"]) for at, run in runs] == [(13, False)]
    assert store.kept["tick"].next == datetime(2026, 11, 20, 14, tzinfo=UTC)


async def test_a_changed_schedule_is_not_past_due() -> None:
    """The old schedule's next occurrence is still to come: the new schedule begins from now."""
    kept = ScheduleStatus(BEGIN - timedelta(hours=1), BEGIN + timedelta(hours=9), BEGIN - timedelta(hours=1))
    runs = await runs_of(a_timer("0 15 12 * * *"), VirtualTime(stop_after=1), Memory(tick=kept))
    assert [(at.hour, at.minute, run["IsPastDue"]) for at, run in runs] == [(12, 15, False)]


def test_schedule_statuses_survive_in_files(tmp_path: Path) -> None:
    """What is written is read again, and a file that is damaged counts as none."""
    files = StatusFiles(tmp_path / "timers")
    status = ScheduleStatus(NEVER, BEGIN, BEGIN)
    files.write("tick", status)
    assert StatusFiles(tmp_path / "timers").read("tick") == status
    (tmp_path / "timers" / "tick.json").write_text("{")
    assert files.read("tick") is None


@pytest.mark.parametrize("failure", [FunctionFailed("ValueError", "boom"), ValueError("in the host itself")])
async def test_a_failed_run_does_not_end_the_timer(failure: Exception) -> None:
    """It runs again when it is due, whatever the failure was."""
    assert len(await runs_of(a_timer("* * * * * *"), VirtualTime(stop_after=3, fail=failure))) >= 3


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
