"""Each slot of a fleet's schedule begins one run, however often it is looked at, and whatever was down meanwhile."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import grpc
import pytest

from functions import adapters
from functions.triggers.schedules import begin_due_runs
from shared import names
from shared.contracts.deliveries import Delivery
from shared.contracts.fleet_runs import RunFleetInput

#: A Monday at midnight in Chicago, which is at -6 hours.
MONDAY = datetime(2026, 1, 5, 6, tzinfo=UTC)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
TEN = MONDAY + 10 * HOUR


class Inbox:
    """The inbox in memory; `refuses` lets the next records fail."""

    def __init__(self) -> None:
        self.kept: dict[str, Delivery] = {}
        self.refuses = 0

    def get(self, channel: str, key: str) -> Delivery | None:
        """What is known of a key."""
        return self.kept.get(key) if channel == "schedule" else None

    def record(self, delivery: Delivery) -> bool:
        """Keep the first of each key."""
        if self.refuses:
            self.refuses -= 1
            raise ConnectionError("storage is down")
        assert delivery.channel == "schedule"
        new = delivery.key not in self.kept
        self.kept.setdefault(delivery.key, delivery)
        return new

    def conclude(self, delivery: Delivery) -> None:
        """Keep the last of each key."""
        self.kept[delivery.key] = delivery

    @property
    def reasons(self) -> list[str]:
        """Outcome and reason of every slot, without the sight of a new schedule."""
        told = [f"{one.outcome}: {one.reason}" for one in self.kept.values()]
        return [line for line in told if "holds from now on" not in line]


class Client:
    """The engine: an id is started once, until it is purged."""

    def __init__(self) -> None:
        self.known: set[str] = set()
        self.begun: list[RunFleetInput] = []

    async def schedule_new_orchestration(self, name: str, *, input: Any, instance_id: str, **_: Any) -> str:  # noqa: A002
        """Start, or refuse as the engine does."""
        if instance_id in self.known:
            raise grpc.aio.AioRpcError(grpc.StatusCode.ALREADY_EXISTS, grpc.aio.Metadata(), grpc.aio.Metadata())
        assert name == names.RUN_FLEET
        self.known.add(instance_id)
        self.begun.append(RunFleetInput.from_wire(input))
        return instance_id


@dataclass
class Clockwork:
    """The app's look at the time."""

    schedule: dict[str, str]
    timezone: str = "America/Chicago"
    level: int = 3
    names: tuple[str, ...] = ("demand",)
    inbox: Inbox = field(default_factory=Inbox)
    client: Client = field(default_factory=Client)

    def fleets(self) -> Any:
        """What the fleet files say."""
        models = (SimpleNamespace(level=self.level),)
        return SimpleNamespace(
            all=[
                SimpleNamespace(name=name, timezone=self.timezone, schedule=self.schedule, models=models)
                for name in self.names
            ]
        )

    async def look(self, *times: datetime) -> list[str]:
        """Look at these times; the keys of all runs that were begun so far."""
        for time in times:
            await begin_due_runs(self.client, time)  # type: ignore[arg-type]  # only starts are asked of it
        return [order.request_id for order in self.client.begun]


@pytest.fixture
def clockwork(monkeypatch: pytest.MonkeyPatch) -> Clockwork:
    """A fleet that trains on Mondays at ten, seen first at midnight before."""
    made = Clockwork({"train": "Mon 10:00"})
    monkeypatch.setattr(adapters, "fleets", made.fleets)
    monkeypatch.setattr(adapters, "inbox", lambda: made.inbox)
    return made


def every(minutes: int, start: datetime, end: datetime) -> list[datetime]:
    """Looks from one time to another."""
    return [start + step * minutes * MINUTE for step in range((end - start) // (minutes * MINUTE) + 1)]


async def test_a_fleet_without_a_schedule_is_left_alone(clockwork: Clockwork) -> None:
    """Nothing begins, and nothing is written down."""
    clockwork.schedule = {}
    assert await clockwork.look(*every(60, MONDAY, MONDAY + 24 * HOUR)) == []
    assert clockwork.inbox.kept == {}


async def test_a_slot_begins_one_run_however_often_it_is_looked_at(clockwork: Clockwork) -> None:
    """Every minute for a day, and the next week again: one run each, in the fleet's time zone."""
    await clockwork.look(MONDAY)
    begun = await clockwork.look(*every(1, TEN - HOUR, TEN + HOUR), *every(60, TEN, TEN + timedelta(days=8)))
    assert begun == ["demand/train/2026-01-05T16:00Z", "demand/train/2026-01-12T16:00Z"]
    order = clockwork.client.begun[0]
    assert (order.fleet, order.operation, order.requested_by) == ("demand", "train", "schedule")
    assert order.as_of is None
    assert clockwork.inbox.reasons[0].startswith("accepted: Due Mon 2026-01-05 10:00 America/Chicago; begun as run-")


async def test_each_operation_and_each_fleet_has_its_own_slots(clockwork: Clockwork) -> None:
    """Two fleets, two operations, one time: four runs."""
    clockwork.schedule |= {"score": "Mon 10:00"}
    clockwork.names = ("demand", "other")
    begun = await clockwork.look(MONDAY, TEN, TEN + MINUTE)
    assert sorted(begun) == [f"{fleet}/{operation}/2026-01-05T16:00Z" for fleet in ("demand", "other")
                             for operation in ("score", "train")]  # fmt: skip
    assert len(clockwork.client.known) == 4


async def test_a_new_schedule_does_not_look_back(clockwork: Clockwork) -> None:
    """Deployed on Monday at three, `Mon 10:00` begins next week."""
    assert await clockwork.look(TEN + 5 * HOUR, TEN + 6 * HOUR) == []
    assert await clockwork.look(TEN + timedelta(days=7)) == ["demand/train/2026-01-12T16:00Z"]


async def test_a_changed_schedule_does_not_look_back(clockwork: Clockwork) -> None:
    """Moved from ten to eight at nine: today's eight is over, and next week's is not."""
    await clockwork.look(MONDAY)
    clockwork.schedule = {"train": "Mon 08:00"}
    assert await clockwork.look(*every(10, MONDAY + 9 * HOUR, MONDAY + 24 * HOUR)) == []
    assert await clockwork.look(MONDAY + timedelta(days=7, hours=8)) == ["demand/train/2026-01-12T14:00Z"]


async def test_a_schedule_that_was_changed_back_does_not_look_back(clockwork: Clockwork) -> None:
    """`Mon 10:00` was not in the file at ten, so it does not come due when it is put back at three."""
    await clockwork.look(MONDAY)
    clockwork.schedule = {"train": "Tue 10:00"}
    await clockwork.look(MONDAY + HOUR, TEN)
    clockwork.schedule = {"train": "Mon 10:00"}
    assert await clockwork.look(*every(10, TEN + 5 * HOUR, TEN + 10 * HOUR)) == []
    assert await clockwork.look(TEN + timedelta(days=7)) == ["demand/train/2026-01-12T16:00Z"]


async def test_a_crash_before_it_is_written_down_begins_nothing_twice(clockwork: Clockwork) -> None:
    """Begun, and then storage was gone: the next look begins the same id, and writes it down."""
    await clockwork.look(MONDAY)
    clockwork.inbox.refuses = 1
    with pytest.raises(ConnectionError):
        await clockwork.look(TEN)
    assert len(clockwork.inbox.reasons) == 0
    assert await clockwork.look(TEN + MINUTE, TEN + 2 * MINUTE) == ["demand/train/2026-01-05T16:00Z"]
    assert len(clockwork.inbox.reasons) == 1


async def test_a_purge_begins_nothing_twice(clockwork: Clockwork) -> None:
    """The engine has forgotten the run; the inbox has not."""
    await clockwork.look(MONDAY, TEN)
    clockwork.client.known.clear()
    assert len(await clockwork.look(*every(60, TEN, TEN + 24 * HOUR))) == 1


async def test_a_clock_that_goes_back_begins_nothing_twice(clockwork: Clockwork) -> None:
    """Looked at eleven, and then the machine's clock was set to nine."""
    await clockwork.look(MONDAY, TEN + HOUR)
    assert len(await clockwork.look(*every(10, TEN - HOUR, TEN + 2 * HOUR))) == 1


async def test_a_slot_that_was_missed_is_caught_up_within_a_day(clockwork: Clockwork) -> None:
    """Down over ten o'clock: begun late, and the record says so."""
    await clockwork.look(MONDAY)
    assert await clockwork.look(TEN + 3 * HOUR) == ["demand/train/2026-01-05T16:00Z"]
    (told,) = clockwork.inbox.reasons
    assert "3 h 0 min late" in told
    assert "none older than 24 hours" in told


async def test_a_slot_that_was_missed_for_longer_is_not(clockwork: Clockwork) -> None:
    """Down for two days: nothing begins, and the record says why, once."""
    await clockwork.look(MONDAY)
    assert await clockwork.look(*every(60, TEN + 48 * HOUR, TEN + 60 * HOUR)) == []
    (told,) = clockwork.inbox.reasons
    assert told.startswith("dead: Due Mon 2026-01-05 10:00 America/Chicago, seen 48 h 0 min late: nothing was begun")


async def test_only_the_newest_missed_slot_is_caught_up(clockwork: Clockwork) -> None:
    """Down for five days of a daily schedule: one run."""
    clockwork.schedule = {"condition": "daily 10:00"}
    assert await clockwork.look(MONDAY, TEN + timedelta(days=5, hours=2)) == ["demand/condition/2026-01-10T16:00Z"]


@pytest.mark.parametrize("saturday", ["2026-03-07", "2026-10-31"])
async def test_a_daily_run_comes_once_a_day_around_a_clock_change(clockwork: Clockwork, saturday: str) -> None:
    """02:30 is left out in March, and 01:30 comes twice in November: one run a local day all the same."""
    clockwork.schedule = {"score": "daily 02:30", "condition": "daily 01:30"}
    start = datetime.fromisoformat(saturday).replace(tzinfo=UTC) + 18 * HOUR
    await clockwork.look(*every(10, start, start + timedelta(days=4)))
    for operation in clockwork.schedule:
        begun = [order.at.date() for order in clockwork.client.begun if order.operation == operation]
        assert begun == [(start + timedelta(days=day)).date() for day in (1, 2, 3, 4)]


@pytest.mark.parametrize(("level", "begun"), [(1, {"condition"}), (2, {"condition", "train", "score"})])
async def test_a_fleet_that_only_watches_trains_and_scores_nothing(
    clockwork: Clockwork, level: int, begun: set[str]
) -> None:
    """Level 1 conditions data by the clock and begins nothing else; the record says why."""
    clockwork.schedule = {"condition": "Mon 10:00", "train": "Mon 10:00", "score": "Mon 10:00"}
    clockwork.level = level
    await clockwork.look(MONDAY, TEN, TEN + MINUTE)
    assert {order.operation for order in clockwork.client.begun} == begun
    assert sum("level: 1" in told for told in clockwork.inbox.reasons) == 3 - len(begun)
