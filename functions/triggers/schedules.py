"""Beginning the runs of fleets that are due by the clock.

Every look asks each schedule for its newest slot, and begins it unless the inbox knows it: nothing is lost while the
app is down, and nothing is begun twice, whatever was restarted or purged in between.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, get_args
from zoneinfo import ZoneInfo

import azure.durable_functions as df

from functions import adapters, metering, tracing
from functions.triggers.fleet_runs import begin_fleet_run
from shared.blocking import run_blocking
from shared.contracts.deliveries import Delivery
from shared.contracts.fleet_runs import Operation, RunFleetInput
from shared.fleet.fleet import Fleet
from shared.fleet.schedule import parse_schedule

#: A schedule comes due at least once in this time.
_LOOK_BACK: Final = timedelta(days=8)
#: A slot that was missed is caught up within this time only.
_CATCH_UP: Final = timedelta(hours=24)
#: Looks come every minute; what is later than this was missed.
_LATE: Final = timedelta(minutes=5)
#: Level of automation that an operation needs: 1 only watches.
_LEVELS: Final[dict[Operation, int]] = {"condition": 1, "train": 2, "score": 2}


@dataclass(frozen=True)
class DueRun:
    """An operation of a fleet, and a moment at which its schedule wants it."""

    fleet: Fleet
    operation: Operation
    at: datetime

    @property
    def subject(self) -> str:
        """What is due, for a person."""
        return f"{self.fleet.name} {self.operation}"

    @property
    def key(self) -> str:
        """The same for every look that finds this run."""
        return f"{self.fleet.name}/{self.operation}/{self.at:%Y-%m-%dT%H:%MZ}"

    @property
    def told(self) -> str:
        """When it is due, in the fleet's time zone."""
        return f"{self.at.astimezone(ZoneInfo(self.fleet.timezone)):%a %Y-%m-%d %H:%M} {self.fleet.timezone}"


async def begin_due_runs(client: df.DurableFunctionsClient, now: datetime) -> None:
    """Begin what is due by the schedules of all fleets, once per slot.

    Of the slots that were missed, only the newest of each operation is caught up, and none older than 24 hours.
    """
    for fleet in adapters.fleets().all:
        for operation in get_args(Operation):
            run = await _newest(fleet, operation, now) if operation in fleet.schedule else None
            if run is not None and await run_blocking(adapters.inbox().get, "schedule", run.key) is None:
                await _begin(client, run, now)


async def _newest(fleet: Fleet, operation: Operation, now: datetime) -> DueRun | None:
    """The last slot that has come, if any has since the schedule is as it is."""
    since = max(await _holds_since(fleet, operation, now), now - _LOOK_BACK)
    slots = parse_schedule(fleet.schedule[operation]).between(since, now, fleet.timezone)
    return DueRun(fleet, operation, slots[-1]) if slots else None


async def _holds_since(fleet: Fleet, operation: Operation, now: datetime) -> datetime:
    """When this schedule was seen first: one that is new or was changed does not look back."""
    key, written = f"{fleet.name}/{operation}", f"{fleet.schedule[operation]} {fleet.timezone}"
    known = await run_blocking(adapters.inbox().get, "schedule", key)
    if known is not None and known.body == written:
        return known.received_at
    seen = Delivery(
        channel="schedule",
        key=key,
        subject=f"{fleet.name} {operation}",
        received_at=now,
        outcome="accepted",
        reason=f"The schedule {written} is new, and holds from now on.",
        body=written,
    )
    await run_blocking(adapters.inbox().conclude, seen)
    return now


async def _begin(client: df.DurableFunctionsClient, run: DueRun, now: datetime) -> None:
    refusal = _refusal(run, now)
    if refusal is not None:
        await _record(run, "dead", refusal, now)
        return
    order = RunFleetInput(
        fleet=run.fleet.name,
        operation=run.operation,
        requested_by="schedule",
        request_id=run.key,
        at=now,
        trace=tracing.traceparent(),
    )
    instance = await begin_fleet_run(client, order)
    # Recorded after it was begun: a crash in between makes the next look begin it again, and starts are unique.
    await _record(run, "accepted", _accepted(run, instance, now), now, instance)


def _refusal(run: DueRun, now: datetime) -> str | None:
    """Why nothing is begun although it is due."""
    if now - run.at > _CATCH_UP:
        return (
            f"Due {run.told}, seen {_hours(now - run.at)} late: nothing was begun, since a slot that was missed is "
            "caught up within 24 hours only. Begin a run yourself if it is still wanted."
        )
    needed = _LEVELS[run.operation]
    if all(policy.level < needed for policy in run.fleet.models):
        return f"Due {run.told}: nothing was begun, since `level: 1` of the fleet only watches."
    return None


def _accepted(run: DueRun, instance: str, now: datetime) -> str:
    told = f"Due {run.told}; begun as {instance}."
    if now - run.at <= _LATE:
        return told
    return (
        f"{told} That is {_hours(now - run.at)} late: nobody looked at the time. Of the slots that were missed, only "
        "the newest is caught up, and none older than 24 hours."
    )


def _hours(time: timedelta) -> str:
    minutes = int(time.total_seconds()) // 60
    return f"{minutes // 60} h {minutes % 60} min"


async def _record(run: DueRun, outcome: Literal["accepted", "dead"], reason: str, now: datetime, *started: str) -> None:
    delivery = Delivery(
        channel="schedule",
        key=run.key,
        subject=run.subject,
        received_at=now,
        outcome=outcome,
        reason=reason,
        trace=tracing.traceparent(),
        started=started,
    )
    if await run_blocking(adapters.inbox().record, delivery):
        metering.count_delivery(delivery)
