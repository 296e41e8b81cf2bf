"""Async HTTP API: the starter answers 202 at once, with a URL that tells how it stands."""

from collections.abc import Generator
from typing import Any

import azure.durable_functions as df
import azure.functions as func
from durabletask import task

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.route(route="reports/{year:int}", methods=["POST"])
@app.durable_client_input(client_name="client")
async def order_report(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    """Start a report, once per year and request."""
    year = int(req.route_params["year"])
    instance_id = await client.schedule_new_orchestration("report", input=year, instance_id=f"report-{year}")
    return client.create_check_status_response(req, instance_id)


@app.orchestration_trigger(context_name="context")
def report(context: task.OrchestrationContext, year: int) -> Generator[Any, Any, Any]:
    """Twelve months, one after another, and an approval."""
    total = 0
    for month in range(1, 13):
        context.set_custom_status({"month": month})
        total += yield context.call_activity("count_month", input=[year, month])
    context.set_custom_status({"waiting": "approval"})
    approver = yield context.wait_for_external_event("approve")
    return {"total": total, "approved_by": approver}


@app.activity_trigger(input_name="period")
def count_month(period: list) -> int:  # type: ignore[type-arg]  # the indexer refuses parameterized generics
    """How much there was in a month."""
    year, month = period
    return int(year) + int(month)
