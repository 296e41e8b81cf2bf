"""`GET /api/fleets`: every fleet at one glance: how its models stand, what runs, waits and holds, and what is next."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import azure.functions as func

from functions import adapters, sight
from functions.triggers.http import answer
from functions.triggers.starting import utc_now
from shared.blocking import run_blocking
from shared.contracts.holds import FleetHold
from shared.contracts.read_model import ModelRow
from shared.fleet.fleet import Fleet
from shared.fleet.schedule import parse_schedule
from shared.fleet_runs.selection import is_selected, model_labels


async def list_fleets(req: func.HttpRequest) -> func.HttpResponse:
    """Every fleet of the app, from the read model and the fleet files."""
    return answer(200, {"fleets": await run_blocking(_described, utc_now())})


def _described(now: datetime) -> list[dict[str, Any]]:
    rows, holds = adapters.read_model().all(), adapters.holds()
    return [describe(fleet, rows, now, holds.of(fleet.name)) for fleet in adapters.fleets().all]


def describe(fleet: Fleet, rows: Iterable[ModelRow], now: datetime, holds: Iterable[FleetHold] = ()) -> dict[str, Any]:
    """One fleet.

    Args:
        fleet: As far as the caller may see it.
        rows: Of the read model.
        now: The moment that holds are on at, and the clock starts something after.
        holds: The latest order about each scope of the fleet.

    Returns:
        `fleet`, `environment`, `revision` and `timezone`; `models`: how many are in each state; `at_once`: how many
        jobs may run at the same time, `null` for any number; `running` and `waiting` for a place among them, as
        `{model, kind, attempt}`; `holds`: what was ordered of the fleet, or of its models with some labels, and has
        neither ended nor been lifted, with how many models that is; `next`: when the clock starts what, in UTC.
    """
    by_name = {row.model: row for row in rows if row.fleet == fleet.name}
    mine = [by_name.get(policy.model) for policy in fleet.models]
    runs = [(row.model, run) for row in mine if row is not None for run in row.in_flight]
    return {
        "fleet": fleet.name,
        "environment": fleet.environment,
        "revision": fleet.revision,
        "timezone": fleet.timezone,
        "models": dict(sorted(Counter(row.state if row else "waiting" for row in mine).items())),
        "at_once": next((policy.at_once for policy in fleet.models), None),
        **{
            name: [
                {"model": model, "kind": run.kind, "attempt": run.attempt}
                for model, run in runs
                if run.waits_for_slot == waits
            ]
            for name, waits in (("running", False), ("waiting", True))
        },
        "holds": [told for hold in holds if hold.holds(now) and _is_seen(told := _hold(fleet, hold))],
        "next": {
            operation: parse_schedule(text).next_after(now, fleet.timezone).isoformat()
            for operation, text in fleet.schedule.items()
        },
    }


def _is_seen(hold: Mapping[str, Any]) -> bool:
    """One that is on for none of the models that are seen may be about others; or its models have left the fleet."""
    return hold["models"] > 0 or sight.is_whole()


def _hold(fleet: Fleet, hold: FleetHold) -> dict[str, Any]:
    return {
        "scope": hold.scope,
        "by": hold.by,
        "reason": hold.reason,
        "since": hold.at.isoformat(),
        "until": hold.until.isoformat() if hold.until is not None else None,
        "models": sum(is_selected(model_labels(policy), hold.select) for policy in fleet.models),
    }
