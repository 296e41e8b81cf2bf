"""Runs of a fleet: how they are begun, listed, shown and retried."""

from collections.abc import Sequence
from itertools import batched
from typing import Any, Final

import azure.durable_functions as df
import azure.functions as func
from durabletask.client import OrchestrationState, OrchestrationStatus
from pydantic import ValidationError

from functions import adapters, sight, tracing
from functions.run_cells import cells_of_run
from functions.seen_runs import seen_run, seen_runs
from functions.triggers.callers import read_caller
from functions.triggers.following import begun
from functions.triggers.http import BadRequestError, answer, parse_object, problem, read_body, read_limit
from functions.triggers.models import read_fleet
from functions.triggers.run_requests import read_retry
from functions.triggers.starting import start_once, utc_now
from shared import names
from shared.blocking import run_blocking
from shared.contracts.fleet_runs import PlanRunInput, RunFleetInput, RunRow
from shared.fleet_runs import digest, places
from shared.fleet_runs.planning import RETRIED

_LISTED: Final = 100
_MOST_LISTED: Final = 1000
_OVER: Final = frozenset({OrchestrationStatus.COMPLETED, OrchestrationStatus.FAILED, OrchestrationStatus.TERMINATED})


async def begin_fleet_run(client: df.DurableFunctionsClient, order: RunFleetInput) -> str:
    """Start `run_fleet` once per content; the instance id, which is the run's id."""
    run = run_id(order)
    await start_once(client, names.RUN_FLEET, order, run)
    return run


def run_id(order: RunFleetInput) -> str:
    """The id of the run that an order begins.

    Who asks and when does not count: a timer that fires twice and a repeated request begin one run.
    """
    counted = order.model_dump(mode="json", include={"select", "as_of", "again", "retry_of", "request_id"})
    if order.prefix is not None:  # otherwise not a word: what was begun before there were prefixes keeps its id
        counted["prefix"] = order.prefix
    return names.instance_id(f"run {order.fleet} {order.operation}", order.fleet, order.operation, counted)


async def list_runs(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    """The runs of the last time, newest first, each with its figures; `?fleet=` and `?limit=` narrow it.

    Whoever may see some models is told of the runs that were about one of them, and of these models' figures alone.
    """
    try:
        limit = read_limit(req, usual=_LISTED, most=_MOST_LISTED)
        every = await run_blocking(adapters.runs().recent, _MOST_LISTED)
        seen = [row for row in every if sight.sees_fleet(row.fleet)]
        fleet = read_fleet(req, (row.fleet for row in seen))
    except BadRequestError as error:
        return error.answer
    told: list[RunRow] = []
    for rows in batched((row for row in seen if fleet in (None, row.fleet)), limit, strict=False):
        if len(told) < limit:
            told += await _told_rows(client, rows)
    return answer(200, {"runs": [row.to_wire() for row in told[:limit]]})


async def get_run(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    """One run: how it stands, and how each of its cells does; when it has ended, its digest."""
    run = req.route_params["id"]
    row = await find_run(client, run)
    told = await run_blocking(_told, row) if row is not None else None
    return answer(200, told) if told is not None else _unknown(run)


async def retry_run(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    """Run again what an earlier run did not get done; answers 202 with the URLs of the new run.

    Asking twice begins one retry; what that one does not get done is retried by its own id.
    """
    run = req.route_params["id"]
    row = await find_run(client, run)
    if row is None:
        return _unknown(run)
    if row.state == "running":
        return problem(409, "run-not-over", f"The run {run} goes on: {row.reason} Retry it when it has ended.")
    if not any(cell.outcome in RETRIED for cell in await run_blocking(cells_of_run, row.fleet, run)):
        return problem(409, "nothing-to-retry", f"The run {run} has nothing left to do: {row.reason}")
    with tracing.span("retry_run", None):
        try:
            body = parse_object(read_body(req) or b"{}")
            retry = await begin_fleet_run(
                client, read_retry(row, body, utc_now(), tracing.traceparent(), read_caller(req))
            )
        except BadRequestError as error:
            return error.answer
    return begun(client, req, retry)


async def find_run(client: df.DurableFunctionsClient, run: str) -> RunRow | None:
    """A run's row; of one that has only just begun, or has died, what its instance says."""
    return await _as_it_stands(client, run, await run_blocking(adapters.runs().get, run))


async def _as_it_stands(client: df.DurableFunctionsClient, run: str, row: RunRow | None) -> RunRow | None:
    if row is not None and row.ended_at is not None:
        return row
    instance = await client.get_orchestration_state(run)
    # Read again, after its instance: a run that has just ended has written so before its instance did.
    return how_it_stands(run, await run_blocking(adapters.runs().get, run), instance)


def how_it_stands(run: str, row: RunRow | None, instance: OrchestrationState | None) -> RunRow | None:
    """The row as it must be told: a run whose instance was ended from outside does not go on.

    Args:
        run: The run's id.
        row: What the run has written down last.
        instance: What the engine knows; `None` when it was purged, or never was.
    """
    if row is None and instance is not None and instance.name == names.RUN_FLEET:
        try:
            order = RunFleetInput.from_wire(instance.get_input())
        except ValidationError:
            return None
        row = digest.first_row(PlanRunInput(run=run, order=order))
    goes_on = instance is not None and instance.runtime_status not in _OVER
    if row is None or row.ended_at is not None or goes_on:
        return row
    how = "is gone" if instance is None else f"ended as {instance.runtime_status.name.lower()}"
    return row.model_copy(update={"state": "failed", "reason": f"Its instance {how} before the digest. {row.reason}"})


async def _told_rows(client: df.DurableFunctionsClient, rows: Sequence[RunRow]) -> list[RunRow]:
    """Rows as they must be told, those that the caller may see."""
    standing = [await _as_it_stands(client, row.run, row) for row in rows]
    return await run_blocking(seen_runs, [row for row in standing if row is not None])


def _told(row: RunRow) -> dict[str, Any] | None:
    """A run with its cells; `None` where the caller may not see it."""
    found = seen_run(row, with_cells=True)
    if found is None:
        return None
    digest_of = places.digest_path(row.fleet, row.run) if row.ended_at and found.cells else None
    return {**found.row.to_wire(), "digest": digest_of, "cells": [cell.to_wire() for cell in found.cells]}


def _unknown(run: str) -> func.HttpResponse:
    return problem(404, "unknown-run", f"There is no run {run}. `GET /api/runs` lists all.")
