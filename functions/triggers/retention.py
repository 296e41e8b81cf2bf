"""What expires by policy, by the clock and on demand.

Finished runs are deleted here, since only a trigger has a client; everything else is what `apply_retention` does.
"""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Final

import azure.durable_functions as df
import azure.functions as func
from durabletask.client import OrchestrationQuery, OrchestrationState, OrchestrationStatus
from pydantic import Field

from functions import adapters, tracing
from functions.triggers.callers import require
from functions.triggers.following import begun
from functions.triggers.http import BadRequestError, answer, parse_object, problem, read_body
from functions.triggers.run_requests import read_body_as
from functions.triggers.starting import remember_started, start_once, utc_now
from shared import names
from shared.blocking import run_blocking
from shared.contracts.base import Contract
from shared.contracts.retention import ApplyRetentionInput, ExpiredCount, RetentionOutcome
from shared.retention.expiry import longest

_FINISHED: Final = (OrchestrationStatus.COMPLETED, OrchestrationStatus.FAILED, OrchestrationStatus.TERMINATED)
#: No late delivery asks for these: a model's interlock starts them and remembers by itself which it has started, or
#: the clock does, or another run.
_NEVER_ASKED_AGAIN: Final = frozenset({
    names.TRAIN_MODEL, names.WITHDRAW_JOB, names.EVALUATE_VERSION, names.RELEASE_MODEL, names.TELL_RELEASE,
    names.ROLLBACK_MODEL, names.SCORE_MODEL, names.RETIRE_MODEL, names.RECORD_MODEL, names.WAKE_MODEL,
    names.LOOK_FOR_HOLDS, names.RECONCILE_EVENTS, names.CHECK_SERVING, names.APPLY_RETENTION, names.ANCHOR_LEDGERS,
    names.TELL_MODELS, names.CONDITION_FILE, names.CONDITION_RANGES, names.ANSWER_CALLBACK,
})  # fmt: skip
_REPORTS: Final = 20
#: Runs that one call deletes, and at once: a thousand models that are trained every week leave some 2,000 a day.
_RUNS_LIMIT: Final = 10_000
_RUNS_AT_ONCE: Final = 20
#: How far our clock may be from storage's.
_SKEW: Final = timedelta(hours=1)
_CLOCK: Final = "retention/clock.txt"


class RetentionRequest(Contract):
    """The body of `POST /api/operations/retention`, which may be left out.

    Attributes:
        dry_run: Only tell what would go, and why; the default.
    """

    dry_run: bool = True
    requested_by: str = Field(default="an operator", min_length=1, max_length=200)


async def retain_on_schedule(timer: func.TimerRequest, client: df.DurableFunctionsClient) -> None:
    """Delete what has expired."""
    with tracing.span("retain_on_schedule", None):
        request, at = RetentionRequest(dry_run=False, requested_by="the schedule"), utc_now().replace(microsecond=0)
        await run_blocking(refuse_wrong_clock, at)
        await begin_retention(client, request, at)


async def retain_now(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    """Tell what has expired, or delete it with `dry_run: false`; answers 202 with the URLs of the run."""
    with tracing.span("retain_now", None):
        try:
            body = parse_object(read_body(req) or b"{}")
            request, at = read_body_as(RetentionRequest, body, "Allowed: dry_run, requested_by."), utc_now()
            if not request.dry_run:
                await run_blocking(refuse_wrong_clock, at)
        except BadRequestError as error:
            return error.answer
        instance = await begin_retention(client, request, at)
    return begun(client, req, instance)


async def list_retention(req: func.HttpRequest) -> func.HttpResponse:
    """What was deleted by policy lately, newest first: a line per kind, and the blob that names every thing.

    It is about all models at once, so it is for readers of the whole app.
    """
    require(req, "reader")
    reports = await run_blocking(adapters.inbox().recent, "retention", _REPORTS)
    shown = [
        {"outcome": one.outcome, "reason": one.reason, "report": json.loads(one.body) if one.body else None}
        for one in reports
    ]
    return answer(200, {"runs": shown})


async def get_retention(req: func.HttpRequest) -> func.HttpResponse:
    """One run of the retention that has ended: its figures, and every thing with the reason why it goes; as above."""
    require(req, "reader")
    instance = req.route_params["id"]
    delivery = await run_blocking(adapters.inbox().get, "retention", instance)
    if delivery is None or not delivery.body:
        told = delivery.reason if delivery else "It may not have ended; `GET /api/operations/retention` lists the last."
        return problem(404, "no-report", f"There is no report of the retention {instance}. {told}")
    outcome = RetentionOutcome.model_validate_json(delivery.body)
    plan = json.loads(await run_blocking(adapters.data().read, outcome.plan))
    found = {"summary": delivery.reason, "outcome": outcome.to_wire(), "things": plan["things"]}
    return answer(200, found)


def refuse_wrong_clock(at: datetime) -> None:
    """Refuse to delete by age when our clock is not storage's: one that is a year ahead makes everything a year old.

    Raises:
        BadRequestError: It tells both times.
    """
    adapters.data().write(_CLOCK, at.isoformat().encode(), content_type="text/plain")
    for blob in adapters.data().list(_CLOCK):
        if abs(blob.at - at) > _SKEW:
            told = f"By this app's clock it is {at:%Y-%m-%d %H:%M}, by storage's {blob.at:%Y-%m-%d %H:%M} UTC."
            raise BadRequestError(409, "wrong-clock", f"Nothing was deleted. {told} Set the clock, and ask again.")


async def begin_retention(client: df.DurableFunctionsClient, request: RetentionRequest, at: datetime) -> str:
    """Delete finished runs, unless it is a dry run, and start `apply_retention`; its instance id."""
    found = await expired_runs(client, at)
    gone = 0 if request.dry_run else await _purge(client, found[:_RUNS_LIMIT])
    order = ApplyRetentionInput(
        at=at,
        requested_by=request.requested_by,
        dry_run=request.dry_run,
        runs=ExpiredCount(kind="run", found=len(found), going=min(len(found), _RUNS_LIMIT), gone=gone),
        trace=tracing.traceparent(),
    )
    instance = names.instance_id("retention", at.isoformat(), request.dry_run)
    await start_once(client, names.APPLY_RETENTION, order, instance)
    return instance


async def expired_runs(client: df.DurableFunctionsClient, at: datetime) -> list[OrchestrationState]:
    """Runs that ended longer ago than every fleet keeps them, oldest first.

    Never an entity, or a run for whose result an interlock still waits: the search for lost events will tell it.
    """
    fleets = adapters.fleets().all
    ended_before = at - timedelta(days=longest(fleet.retention for fleet in fleets).runs_days)
    query = OrchestrationQuery(created_time_to=ended_before, runtime_status=list(_FINISHED))
    rows = await run_blocking(adapters.read_model().all)
    awaited = {run.instance for row in rows for run in row.in_flight}
    states = await client.get_all_orchestration_states(query)
    ended = [
        state
        for state in states
        if state.runtime_status in _FINISHED
        and state.last_updated_at.replace(tzinfo=UTC) < ended_before
        and not state.instance_id.startswith("@")
        and state.instance_id not in awaited
    ]
    return sorted(ended, key=lambda state: state.last_updated_at)


async def _purge(client: df.DurableFunctionsClient, runs: list[OrchestrationState]) -> int:
    """Delete runs; how many are gone."""
    gone = 0
    for first in range(0, len(runs), _RUNS_AT_ONCE):
        gone += sum(await asyncio.gather(*(_purge_one(client, run) for run in runs[first : first + _RUNS_AT_ONCE])))
    return gone


async def _purge_one(client: df.DurableFunctionsClient, run: OrchestrationState) -> int:
    """Delete a run after it was written down that it had been started."""
    if run.name not in _NEVER_ASKED_AGAIN:
        await remember_started(run)
    return (await client.purge_orchestration(run.instance_id, recursive=False)).deleted_instance_count
