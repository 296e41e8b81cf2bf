"""`GET /api/status/{id}`: how an orchestration stands, for whoever may see what it is about."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import azure.durable_functions as df
import azure.functions as func
from durabletask.client import OrchestrationState, OrchestrationStatus
from pydantic import ValidationError

from functions import sight
from functions.seen_runs import seen_run
from functions.triggers.fleet_runs import find_run
from functions.triggers.following import RETRY_AFTER
from functions.triggers.http import problem
from shared import names
from shared.blocking import run_blocking
from shared.contracts.conditioning import ConditionDatasetInput
from shared.contracts.fleet_runs import RunOutcome

_RUNTIME: Final = {
    OrchestrationStatus.COMPLETED: "Completed",
    OrchestrationStatus.FAILED: "Failed",
    OrchestrationStatus.TERMINATED: "Terminated",
    OrchestrationStatus.SUSPENDED: "Suspended",
    OrchestrationStatus.PENDING: "Pending",
}
#: Where an input may say which model it is about, beside its own `model`.
_ABOUT: Final = ("policy", "order", "row")
#: As the platform's own status URL calls it.
_FAILING: Final = "returnInternalServerErrorOnFailure"


async def get_status(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    """How an orchestration stands, as the platform's own URL tells it: 202 while it goes on, 500 if it failed.

    With `?returnInternalServerErrorOnFailure=false` 200 for what failed, too, for whoever reads the status themselves.
    """
    answer = await _answer(req, client)
    if answer.status_code == HTTPStatus.ACCEPTED:  # Data Factory's Web activity asks again where this says
        answer.headers["Location"] = req.url
        answer.headers["Retry-After"] = RETRY_AFTER
    elif answer.status_code == HTTPStatus.INTERNAL_SERVER_ERROR and req.params.get(_FAILING, "").lower() == "false":
        return func.HttpResponse(answer.get_body(), status_code=HTTPStatus.OK, mimetype=answer.mimetype)
    return answer


async def _answer(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    instance = req.route_params["id"]
    state = await client.get_orchestration_state(instance)
    if state is not None and state.name == names.RUN_FLEET and not sight.is_whole():
        return await _of_run(client, state, instance)
    if state is None or not _is_seen(state):
        return _unknown(instance)
    return _stands(state, state.get_custom_status(), _output(state))


def _unknown(instance: str) -> func.HttpResponse:
    return problem(404, "unknown-run", f"There is no orchestration {instance}, or it was deleted after its time.")


async def _of_run(client: df.DurableFunctionsClient, state: OrchestrationState, instance: str) -> func.HttpResponse:
    """A run of a fleet as the caller may see it."""
    row = await find_run(client, instance)
    found = await run_blocking(seen_run, row) if row is not None else None
    if found is None:
        return _unknown(instance)
    outcome = RunOutcome(run=instance, state=found.row.state, reason=found.row.reason, counts=found.row.counts)
    return _stands(state, None, outcome.to_wire())


def _is_seen(state: OrchestrationState) -> bool:
    """Whether the caller may see what an orchestration is about: its input tells of a model, or a cell of a dataset."""
    if sight.is_whole():
        return True
    given = state.get_input()
    if not isinstance(given, Mapping):
        return False
    within = [given, *(one for key in _ABOUT if isinstance(one := given.get(key), Mapping))]
    models = {one["model"] for one in within if isinstance(one.get("model"), str)}
    if models:
        return all(map(sight.sees_model, models))
    try:
        order = ConditionDatasetInput.from_wire(given)
    except ValidationError:
        return False
    return sight.sees_cell(order.fleet, order.dataset, order.cell)


def _output(state: OrchestrationState) -> Any:
    failure = state.failure_details
    return f"{failure.error_type}: {failure.message}" if failure is not None else state.get_output()


def _stands(state: OrchestrationState, said: Any, output: Any) -> func.HttpResponse:
    runtime = _RUNTIME.get(state.runtime_status, "Running")
    body = {
        "name": state.name,
        "instanceId": state.instance_id,
        "runtimeStatus": runtime,
        "customStatus": said,
        "output": output,
    }
    status = {"Completed": 200, "Failed": 500, "Terminated": 500}.get(runtime, 202)
    return func.HttpResponse(json.dumps(body, ensure_ascii=False), status_code=status, mimetype="application/json")
