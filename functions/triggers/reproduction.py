"""`POST /api/models/{name}/versions/{version}/reproduce`: make a version again, and tell what differs."""

import azure.durable_functions as df
import azure.functions as func
from pydantic import Field

from functions import tracing
from functions.triggers.callers import read_caller
from functions.triggers.following import begun
from functions.triggers.http import BadRequestError, parse_object, read_body
from functions.triggers.models import find_model
from functions.triggers.run_requests import read_body_as
from functions.triggers.starting import start_once, utc_now
from shared import names
from shared.contracts.base import Contract
from shared.contracts.reproduction import ReproduceVersionInput


class ReproduceRequest(Contract):
    """The body, which may be left out.

    Attributes:
        request_id: Makes a repeated request the same; each call is another job without it.
    """

    requested_by: str = Field(default="somebody", min_length=1, max_length=200)
    request_id: str | None = Field(default=None, min_length=1, max_length=200)


async def reproduce(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    """Train once more on what the ledger says, and compare; answers 202 with the URLs of the comparison."""
    with tracing.span("reproduce", None):
        try:
            policy = find_model(req.route_params["name"])
            wanted = "Allowed: requested_by, request_id."
            request = read_body_as(ReproduceRequest, parse_object(read_body(req) or b"{}"), wanted)
        except BadRequestError as error:
            return error.answer
        version, at = req.route_params["version"], utc_now()
        order = ReproduceVersionInput(
            policy=policy,
            version=version,
            requested_by=read_caller(req).name or request.requested_by,
            at=at,
            trace=tracing.traceparent(),
        )
        instance = names.instance_id(
            f"reproduce {policy.model} {version}", request.request_id or at.isoformat(), policy.revision
        )
        await start_once(client, names.REPRODUCE_VERSION, order, instance)
    return begun(client, req, instance)
