"""`POST /api/datafactory/train`: Data Factory, or anybody else, asks for a training."""

import azure.durable_functions as df
import azure.functions as func
from pydantic import Field, ValidationError

from functions import adapters, tracing
from functions.triggers.http import BadRequestError, problem, read_object
from functions.triggers.starting import start_once, utc_now
from shared import names
from shared.contracts.base import Contract
from shared.contracts.training import TrainOnRequestInput

blueprint = df.Blueprint()


class TrainRequest(Contract):
    """The body.

    Attributes:
        model: A model of the fleet file.
        dataset: The dataset version to train on; the newest when absent.
        request_id: Makes a repeated request the same: Data Factory's `@pipeline().RunId`.
    """

    model: str
    dataset: str | None = None
    request_id: str = Field(min_length=1, max_length=200)


@blueprint.route(route="datafactory/train", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
@blueprint.durable_client_input(client_name="client")
async def datafactory_train(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    """Start `train_on_request` once per request id, and answer 202 with the URLs that tell how it stands.

    The status URL answers 500 for a training that failed or was rejected: the usual 200 would look like a success.
    """
    try:
        request = TrainRequest.from_wire(read_object(req))
    except BadRequestError as error:
        return error.answer
    except ValidationError as error:
        wrong = "; ".join(f"`{'.'.join(map(str, e['loc']))}`: {e['msg']}" for e in error.errors())
        return problem(400, "bad-request", f"{wrong}. Needed: model, request_id; allowed: dataset.")
    policy = adapters.fleets().model(request.model)
    if policy is None:
        known = ", ".join(model.model for model in adapters.policies()[:20])
        return problem(404, "unknown-model", f"No fleet of this app has a model {request.model}. Known: {known}.")
    with tracing.span("datafactory_train", req.headers.get("traceparent")):
        order = TrainOnRequestInput(
            policy=policy,
            dataset=request.dataset,
            requested_by="Data Factory",
            request_id=request.request_id,
            at=utc_now(),
            trace=tracing.traceparent(),
        )
        instance = names.instance_id(f"request {request.model}", request.request_id)
        await start_once(client, names.TRAIN_ON_REQUEST, order, instance)
    return client.create_check_status_response(req, instance, return_internal_server_error_on_failure=True)
