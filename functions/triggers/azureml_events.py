"""`azureml_events`: jobs whose status changed, as Event Grid tells of them."""

from typing import Any

import azure.durable_functions as df
import azure.functions as func
import grpc

from functions import tracing
from shared import names

_KINDS = ("Microsoft.MachineLearningServices.RunCompleted", "Microsoft.MachineLearningServices.RunStatusChanged")


async def azureml_events(event: func.EventGridEvent, client: df.DurableFunctionsClient) -> None:
    """Wake the orchestration that waits for the job; it reads the status itself, so late and repeated events are fine.

    Runs of others, child runs and orchestrations that have ended need no waking.
    """
    kind = event.event_type if isinstance(event, func.EventGridEvent) else event.type
    instance = waiting_instance(event.get_json()) if kind in _KINDS else None
    if instance is None:
        return
    with tracing.span("azureml_events", None):
        try:
            await client.raise_orchestration_event(instance, names.JOB_CHANGED)
        except grpc.aio.AioRpcError as error:
            if error.code() not in (grpc.StatusCode.NOT_FOUND, grpc.StatusCode.FAILED_PRECONDITION):
                raise


def waiting_instance(data: Any) -> str | None:
    """The orchestration that a run's tags name; keys in any casing, since documentation and wire differ."""
    if not isinstance(data, dict):
        return None
    tags = next((value for key, value in data.items() if key.lower() == "runtags"), None)
    if not isinstance(tags, dict):
        return None
    return next((str(value) for key, value in tags.items() if key.lower() == "signalbox.instance"), None)
