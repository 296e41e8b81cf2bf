"""How a caller follows what was begun: by the platform's own URLs, or by ours where roles say who may do what.

The platform's carry a key that ends, purges and sends events to any orchestration of the hub. Whoever holds a function
key is trusted with that. Whoever comes with a token is not: an operator could approve what they trained themselves.
"""

import json
from typing import Final
from urllib.parse import urlsplit

import azure.durable_functions as df
import azure.functions as func
from durabletask.client import OrchestrationStatus

from functions.triggers.callers import knows_people
from functions.triggers.http import problem

_RUNTIME: Final = {
    OrchestrationStatus.COMPLETED: "Completed",
    OrchestrationStatus.FAILED: "Failed",
    OrchestrationStatus.TERMINATED: "Terminated",
    OrchestrationStatus.SUSPENDED: "Suspended",
    OrchestrationStatus.PENDING: "Pending",
}
_SECONDS: Final = "10"


def begun(client: df.DurableFunctionsClient, req: func.HttpRequest, instance: str) -> func.HttpResponse:
    """202 with the URL that tells how an orchestration stands; of one that failed it answers 500."""
    if not knows_people():
        return client.create_check_status_response(req, instance, return_internal_server_error_on_failure=True)
    parts = urlsplit(req.url)
    url = f"{parts.scheme}://{parts.netloc}/api/status/{instance}"
    return func.HttpResponse(
        json.dumps({"id": instance, "statusQueryGetUri": url}),
        status_code=202,
        mimetype="application/json",
        headers={"Location": url, "Retry-After": _SECONDS},
    )


async def get_status(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    """How an orchestration stands, as the platform's own URL tells it: 202 while it goes on, 500 if it failed."""
    instance = req.route_params["id"]
    state = await client.get_orchestration_state(instance)
    if state is None:
        return problem(404, "unknown-run", f"There is no orchestration {instance}, or it was deleted after its time.")
    runtime = _RUNTIME.get(state.runtime_status, "Running")
    failure = state.failure_details
    body = {
        "name": state.name,
        "instanceId": instance,
        "runtimeStatus": runtime,
        "customStatus": state.get_custom_status(),
        "output": f"{failure.error_type}: {failure.message}" if failure is not None else state.get_output(),
    }
    status = {"Completed": 200, "Failed": 500, "Terminated": 200}.get(runtime, 202)
    return func.HttpResponse(json.dumps(body, ensure_ascii=False), status_code=status, mimetype="application/json")
