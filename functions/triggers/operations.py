"""What people and the command line ask: models, deliveries, the search for lost events."""

import asyncio
from typing import Final

import azure.durable_functions as df
import azure.functions as func

from functions import adapters, tracing
from functions.triggers.callbacks import look_after_callbacks
from functions.triggers.callers import Seen, require
from functions.triggers.following import begun
from functions.triggers.http import BadRequestError, answer, problem, read_flag, read_limit
from functions.triggers.models import find_model
from functions.triggers.reconciling import begin_reconciliation
from functions.triggers.starting import utc_now
from shared.blocking import run_blocking
from shared.contracts.deliveries import CHANNELS

_NOTHING_YET: Final = (
    "Nothing has happened yet: it is trained when a version of its dataset is published, or by `signalbox run train`."
)


async def list_models(req: func.HttpRequest) -> func.HttpResponse:
    """Every model of the fleets with its state and the reason; those that nothing has happened to yet included.

    With `?brief=true` without past decisions and requests, which makes a list of a thousand a fifth as long.
    """
    try:
        brief = read_flag(req, "brief")
    except BadRequestError as error:
        return error.answer
    read = adapters.read_model().briefs if brief else adapters.read_model().all
    seen = Seen(req)
    rows = {row.model: row.to_wire() for row in await run_blocking(read) if seen.has(row.model)}
    for policy in adapters.policies():
        if policy.model not in rows and seen.has(policy.model):
            rows[policy.model] = {
                "fleet": policy.fleet,
                "model": policy.model,
                "labels": policy.labels,
                "state": "waiting",
                "reason": _NOTHING_YET,
            }
    return answer(200, {"models": [rows[name] for name in sorted(rows)]})


async def get_model(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    """One model: state, figures, gates, serving, and the last decisions with their reasons.

    Of each run in flight also its own status: the step that it is at, and why that is tried again, if it is.
    """
    name = req.route_params["name"]
    if not Seen(req).has(name):
        return no_such_model(name)
    row = await run_blocking(adapters.read_model().get, name)
    if row is None:
        return unknown_model(name)
    told = row.to_wire()
    states = await asyncio.gather(*(client.get_orchestration_state(run.instance) for run in row.in_flight))
    for run, state in zip(told["in_flight"], states, strict=True):
        run["status"] = state.get_custom_status() if state is not None else None
    return answer(200, told)


async def list_deliveries(req: func.HttpRequest) -> func.HttpResponse:
    """What came in lately and what became of it, newest first; `?channel=` and `?limit=` narrow it.

    It belongs to no model, so it is for readers of the whole app.
    """
    require(req, "reader")
    wanted = req.params.get("channel")
    channel = next((one for one in CHANNELS if one == wanted), None)
    if wanted is not None and channel is None:
        return problem(400, "unknown-channel", f"There is no channel {wanted!r}; there are {', '.join(CHANNELS)}.")
    try:
        limit = read_limit(req, usual=100, most=1000)
    except BadRequestError as error:
        return error.answer
    deliveries = await run_blocking(adapters.inbox().recent, channel, limit)
    return answer(200, {"deliveries": [delivery.to_wire() for delivery in deliveries]})


async def reconcile_now(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    """Search for landed files and registered versions whose event was lost; answers 202 with the URLs of the run."""
    with tracing.span("reconcile_now", None):
        at = utc_now()
        await look_after_callbacks(client, at)
        instance = await begin_reconciliation(client, at)
    return begun(client, req, instance)


def no_such_model(name: str) -> func.HttpResponse:
    """The answer where the caller may see no model of that name, whether or not there is one."""
    told = f"No fleet of this app has a model {name} that you may see. `GET /api/models` lists those that you may."
    return problem(404, "unknown-model", told)


def unknown_model(name: str) -> func.HttpResponse:
    """The answer where a model is in no fleet, or nothing has happened to it yet."""
    try:
        find_model(name)
    except BadRequestError as error:
        return error.answer
    return problem(404, "nothing-yet", f"{name}: {_NOTHING_YET}")
