"""`POST /api/datafactory/{operation}`: Data Factory, or anybody else, asks for one training, or for a whole fleet."""

from typing import Any, Final

import azure.durable_functions as df
import azure.functions as func
from pydantic import Field

from functions import tracing
from functions.triggers.callbacks import check_callback, follow, keep_callback
from functions.triggers.callers import require
from functions.triggers.fleet_runs import begin_fleet_run, run_id
from functions.triggers.following import begun
from functions.triggers.http import BadRequestError, read_object
from functions.triggers.models import find_model
from functions.triggers.run_requests import (
    check_landed,
    read_body_as,
    read_named_operation,
    read_operation,
    read_run_request,
)
from functions.triggers.starting import start_once, utc_now
from shared import names
from shared.blocking import run_blocking
from shared.contracts.base import Contract
from shared.contracts.fleet_runs import Operation
from shared.contracts.policy import ModelPolicy
from shared.contracts.training import TrainOnRequestInput

#: The name in the path under which the body names the operation.
ANY: Final = "run"


class TrainRequest(Contract):
    """The body for one training.

    Attributes:
        model: A model of the fleet file.
        dataset: The dataset version to train on; the newest when absent.
        requested_by: Who asks, where no token says it; they do not approve what comes of it.
        request_id: Makes a repeated request the same: Data Factory's `@pipeline().RunId`.
        callBackUri: Is called when the training has ended: Data Factory's Webhook activity adds it, and waits for that.
    """

    model: str
    dataset: str | None = None
    requested_by: str = Field(default="Data Factory", min_length=1, max_length=200)
    request_id: str = Field(min_length=1, max_length=200)
    callBackUri: str | None = Field(default=None, min_length=1, repr=False)  # noqa: N815 - Data Factory's name


async def datafactory(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    """Start what is asked for once per request id, and answer 202 with the URLs that tell how it stands.

    `train` with a `model` is one training; everything else is a run over what `select` says; `run` is always one, of
    the `operation` that its body names. The status URL answers 500 for what failed: the usual 200 would look like a
    success. A `callBackUri` is called when it has ended.
    """
    with tracing.span("datafactory", None):
        try:
            called, body = req.route_params.get("operation"), read_object(req)
            if called == ANY:
                operation, body = read_named_operation(body)
            else:
                operation = read_operation(called)
            if called == "train" and "model" in body:
                instance = await _train_one(client, req, body)
            else:
                instance = await _run(client, req, operation, body)
        except BadRequestError as error:
            return error.answer
    return begun(client, req, instance)


async def _run(
    client: df.DurableFunctionsClient, req: func.HttpRequest, operation: Operation, body: dict[str, Any]
) -> str:
    """Start `run_fleet`; more failures than `fail_on` allows fail the instance."""
    caller = require(req, "operator")
    order = read_run_request(operation, body, utc_now(), tracing.traceparent(), caller)
    await run_blocking(check_landed, order)
    await check_callback(uri := body.get("callBackUri"))
    callback = await keep_callback(uri, run_id(order), operation, fleet=order.fleet)
    instance = await begin_fleet_run(client, order.model_copy(update={"followed": callback is not None}))
    if callback is not None:
        await follow(client, callback)
    return instance


async def _train_one(client: df.DurableFunctionsClient, req: func.HttpRequest, body: dict[str, Any]) -> str:
    """Start `train_on_request`; a training that failed or was rejected fails the instance."""
    request, policy = read_train_request(body)
    caller = require(req, "operator", policy)
    instance = instance_of(request)
    await check_callback(request.callBackUri)
    callback = await keep_callback(request.callBackUri, instance, "train", model=policy.model)
    order = TrainOnRequestInput(
        policy=policy,
        dataset=request.dataset,
        requested_by=caller.name or request.requested_by,
        request_id=request.request_id,
        at=utc_now(),
        trace=tracing.traceparent(),
        followed=callback is not None,
    )
    await start_once(client, names.TRAIN_ON_REQUEST, order, instance)
    if callback is not None:
        await follow(client, callback)
    return instance


def read_train_request(body: dict[str, Any]) -> tuple[TrainRequest, ModelPolicy]:
    """What is asked for, and what the fleet file says of the model.

    Raises:
        BadRequestError: The body does not fit, or no fleet file has the model.
    """
    allowed = "Needed: model, request_id; allowed: dataset, requested_by."
    wanted = f"{allowed} For several models leave `model` out, and give `select`."
    request = read_body_as(TrainRequest, body, wanted)
    return request, find_model(request.model)


def instance_of(request: TrainRequest) -> str:
    """The orchestration that one request begins, however often it comes."""
    return names.instance_id(f"request {request.model}", request.request_id)
