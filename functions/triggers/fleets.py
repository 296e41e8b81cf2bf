"""`GET /api/fleets`: every fleet at one glance: how its models stand, what runs, what waits, what comes next."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import azure.functions as func

from functions import adapters
from functions.triggers.http import answer
from functions.triggers.starting import utc_now
from shared.blocking import run_blocking
from shared.contracts.read_model import ModelRow
from shared.fleet.fleet import Fleet
from shared.fleet.schedule import parse_schedule


async def list_fleets(req: func.HttpRequest) -> func.HttpResponse:
    """Every fleet of the app, from the read model and the fleet files."""
    rows = await run_blocking(adapters.read_model().all)
    now = utc_now()
    return answer(200, {"fleets": [describe(fleet, rows, now) for fleet in adapters.fleets().all]})


def describe(fleet: Fleet, rows: Iterable[ModelRow], now: datetime) -> dict[str, Any]:
    """One fleet.

    Returns:
        `fleet`, `environment`, `revision` and `timezone`; `models`: how many are in each state; `at_once`: how many
        jobs may run at the same time, `null` for any number; `running` and `waiting` for a place among them, as
        `{model, kind, attempt}`; `next`: when the clock starts what, in UTC.
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
        "next": {
            operation: parse_schedule(text).next_after(now, fleet.timezone).isoformat()
            for operation, text in fleet.schedule.items()
        },
    }
