"""`POST /api/datafactory/{operation}`: Data Factory, or anybody else, asks for one training, or for a whole fleet."""

from typing import Any

import azure.durable_functions as df
import azure.functions as func
from pydantic import Field

from functions import tracing
from functions.triggers.callers import require
from functions.triggers.fleet_runs import begin_fleet_run
from functions.triggers.following import begun
from functions.triggers.http import BadRequestError, read_object
from functions.triggers.models import find_model
from functions.triggers.run_requests import check_landed, read_body_as, read_operation, read_run_request
from functions.triggers.starting import start_once, utc_now
from shared import names
from shared.blocking import run_blocking
from shared.contracts.base import Contract
from shared.contracts.training import TrainOnRequestInput


class TrainRequest(Contract):
    """The body for one training.

    Attributes:
        model: A model of the fleet file.
        dataset: The dataset version to train on; the newest when absent.
        requested_by: Who asks, where no token says it; they do not approve what comes of it.
        request_id: Makes a repeated request the same: Data Factory's `@pipeline().RunId`.
    """

    model: str
    dataset: str | None = None
    requested_by: str = Field(default="Data Factory", min_length=1, max_length=200)
    request_id: str = Field(min_length=1, max_length=200)


async def datafactory(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    """Start what is asked for once per request id, and answer 202 with the URLs that tell how it stands.

    `train` with a `model` is one training; everything else is a run over what `select` says. The status URL answers
    500 for what failed: the usual 200 would look like a success.
    """
    with tracing.span("datafactory", req.headers.get("traceparent")):
        try:
            operation, body = read_operation(req.route_params.get("operation")), read_object(req)
            if operation == "train" and "model" in body:
                instance = await _train_one(client, req, body)
            else:
                caller = require(req, "operator")
                order = read_run_request(operation, body, utc_now(), tracing.traceparent(), caller)
                await run_blocking(check_landed, order)
                instance = await begin_fleet_run(client, order)
        except BadRequestError as error:
            return error.answer
    return begun(client, req, instance)


async def _train_one(client: df.DurableFunctionsClient, req: func.HttpRequest, body: dict[str, Any]) -> str:
    """Start `train_on_request`; a training that failed or was rejected fails the instance."""
    allowed = "Needed: model, request_id; allowed: dataset, requested_by."
    wanted = f"{allowed} For several models leave `model` out, and give `select`."
    request = read_body_as(TrainRequest, body, wanted)
    policy = find_model(request.model)
    caller = require(req, "operator", policy)
    order = TrainOnRequestInput(
        policy=policy,
        dataset=request.dataset,
        requested_by=caller.name or request.requested_by,
        request_id=request.request_id,
        at=utc_now(),
        trace=tracing.traceparent(),
    )
    instance = names.instance_id(f"request {request.model}", request.request_id)
    await start_once(client, names.TRAIN_ON_REQUEST, order, instance)
    return instance
