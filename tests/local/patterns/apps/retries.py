"""Retries with backoff: what fails now may work later; what always fails is given up."""

from collections.abc import Generator
from datetime import timedelta
from typing import Any

import azure.durable_functions as df
from durabletask import task

app = df.DFApp()

FAILURES_LEFT: dict[str, int] = {}
"""How often a call to a service still fails."""

POLICY = task.RetryPolicy(
    first_retry_interval=timedelta(seconds=5),
    backoff_coefficient=3.0,
    max_retry_interval=timedelta(minutes=2),
    max_number_of_attempts=6,
)


@app.orchestration_trigger(context_name="context")
def insist(context: task.OrchestrationContext, service: str) -> Generator[Any, Any, Any]:
    """Call a service that is shaky; gives its answer, and the seconds that it took."""
    began = context.current_utc_datetime
    try:
        answer = yield context.call_activity("call_service", input=service, retry_policy=POLICY)
    except task.TaskFailedError as error:
        answer = f"given up: {error.details.message}"
    return [answer, round((context.current_utc_datetime - began).total_seconds())]


@app.activity_trigger(input_name="service")
def call_service(service: str) -> str:
    """Call it."""
    FAILURES_LEFT[service] -= 1
    if FAILURES_LEFT[service] >= 0:
        raise ConnectionError(f"{service} is busy")
    return f"{service} answered"
