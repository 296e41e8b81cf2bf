"""What expires by policy, by the clock and on demand.

Finished runs are deleted here, since only a trigger has a client; everything else is what `apply_retention` does.
"""

import json
from datetime import UTC, datetime, timedelta
from typing import Final

import azure.durable_functions as df
import azure.functions as func
from durabletask.client import OrchestrationQuery, OrchestrationState, OrchestrationStatus
from pydantic import Field

from functions import adapters, tracing
from functions.triggers.http import BadRequestError, answer, parse_object, problem, read_body
from functions.triggers.run_requests import read_body_as
from functions.triggers.starting import remember_started, start_once, utc_now
from shared import names
from shared.blocking import run_blocking
from shared.contracts.base import Contract
from shared.contracts.retention import ApplyRetentionInput, ExpiredCount, RetentionOutcome
from shared.retention.expiry import longest
from shared.retention.plan import LIMIT

blueprint = df.Blueprint()

_FINISHED: Final = (OrchestrationStatus.COMPLETED, OrchestrationStatus.FAILED, OrchestrationStatus.TERMINATED)
#: A model's interlock starts these, and remembers by itself which it has started.
_OF_INTERLOCKS: Final = frozenset(
    {names.TRAIN_MODEL, names.RELEASE_MODEL, names.SCORE_MODEL, names.RETIRE_MODEL, names.RECORD_MODEL}
)
_REPORTS: Final = 20


class RetentionRequest(Contract):
    """The body of `POST /api/operations/retention`, which may be left out.

    Attributes:
        dry_run: Only tell what would go, and why; the default.
    """

    dry_run: bool = True
    requested_by: str = Field(default="an operator", min_length=1, max_length=200)


@blueprint.timer_trigger(arg_name="timer", schedule="%SIGNALBOX_RETENTION_SCHEDULE%", run_on_startup=False)
@blueprint.durable_client_input(client_name="client")
async def retain_on_schedule(timer: func.TimerRequest, client: df.DurableFunctionsClient) -> None:
    """Delete what has expired."""
    with tracing.span("retain_on_schedule", None):
        request = RetentionRequest(dry_run=False, requested_by="the schedule")
        await begin_retention(client, request, utc_now().replace(microsecond=0))


@blueprint.route(route="operations/retention", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
@blueprint.durable_client_input(client_name="client")
async def retain_now(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    """Tell what has expired, or delete it with `dry_run: false`; answers 202 with the URLs of the run."""
    with tracing.span("retain_now", req.headers.get("traceparent")):
        try:
            body = parse_object(read_body(req) or b"{}")
            request = read_body_as(RetentionRequest, body, "Allowed: dry_run, requested_by.")
        except BadRequestError as error:
            return error.answer
        instance = await begin_retention(client, request, utc_now())
    return client.create_check_status_response(req, instance, return_internal_server_error_on_failure=True)


@blueprint.route(route="operations/retention", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
async def list_retention(req: func.HttpRequest) -> func.HttpResponse:
    """What was deleted by policy lately, newest first: a line per kind, and the blob that names every thing."""
    reports = await run_blocking(adapters.inbox().recent, "retention", _REPORTS)
    shown = [
        {"outcome": one.outcome, "reason": one.reason, "report": json.loads(one.body) if one.body else None}
        for one in reports
    ]
    return answer(200, {"runs": shown})


@blueprint.route(route="operations/retention/{id}", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
async def get_retention(req: func.HttpRequest) -> func.HttpResponse:
    """One run of the retention that has ended: its figures, and every thing with the reason why it goes."""
    instance = req.route_params["id"]
    delivery = await run_blocking(adapters.inbox().get, "retention", instance)
    if delivery is None or not delivery.body:
        told = delivery.reason if delivery else "It may not have ended; `GET /api/operations/retention` lists the last."
        return problem(404, "no-report", f"There is no report of the retention {instance}. {told}")
    outcome = RetentionOutcome.model_validate_json(delivery.body)
    plan = json.loads(await run_blocking(adapters.data().read, outcome.plan))
    found = {"summary": delivery.reason, "outcome": outcome.to_wire(), "things": plan["things"]}
    return answer(200, found)


async def begin_retention(client: df.DurableFunctionsClient, request: RetentionRequest, at: datetime) -> str:
    """Delete finished runs, unless it is a dry run, and start `apply_retention`; its instance id."""
    found = await expired_runs(client, at)
    gone = 0 if request.dry_run else await _purge(client, found[:LIMIT])
    order = ApplyRetentionInput(
        at=at,
        requested_by=request.requested_by,
        dry_run=request.dry_run,
        runs=ExpiredCount(kind="run", found=len(found), going=min(len(found), LIMIT), gone=gone),
        trace=tracing.traceparent(),
    )
    instance = names.instance_id("retention", at.isoformat(), request.dry_run)
    await start_once(client, names.APPLY_RETENTION, order, instance)
    return instance


async def expired_runs(client: df.DurableFunctionsClient, at: datetime) -> list[OrchestrationState]:
    """Runs that ended longer ago than every fleet keeps them, oldest first; never an entity."""
    fleets = adapters.fleets().all
    ended_before = at - timedelta(days=longest(fleet.retention for fleet in fleets).runs_days)
    query = OrchestrationQuery(created_time_to=ended_before, runtime_status=list(_FINISHED))
    states = await client.get_all_orchestration_states(query)
    ended = [
        state
        for state in states
        if state.runtime_status in _FINISHED
        and state.last_updated_at.replace(tzinfo=UTC) < ended_before
        and not state.instance_id.startswith("@")
    ]
    return sorted(ended, key=lambda state: state.last_updated_at)


async def _purge(client: df.DurableFunctionsClient, runs: list[OrchestrationState]) -> int:
    """Delete runs, each after it was written down that it had been started; how many are gone."""
    gone = 0
    for run in runs:
        if run.name not in _OF_INTERLOCKS:
            await remember_started(run)
        gone += (await client.purge_orchestration(run.instance_id, recursive=False)).deleted_instance_count
    return gone
