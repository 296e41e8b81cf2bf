"""`azureml_events`: jobs whose status changed, as Event Grid tells of them."""

from collections.abc import Mapping
from typing import Any, Final

import azure.durable_functions as df
import azure.functions as func
import grpc

from functions import tracing
from shared import names
from shared.contracts.jobs import INSTANCE_TAG, TRACE_TAG

_KINDS: Final = (
    "Microsoft.MachineLearningServices.RunCompleted",
    "Microsoft.MachineLearningServices.RunStatusChanged",
)
#: What a step's run says of the run that it is part of; a pipeline's own may name itself.
_PARENTS: Final = ("parentrunid", "azureml.parentrunid", "azureml.pipelinerunid", "azureml.rootpipelinerunid")


async def azureml_events(event: func.EventGridEvent, client: df.DurableFunctionsClient) -> None:
    """Wake what waits for the job; it reads the status itself, so late, repeated and wrong events are fine.

    Nobody needs waking by steps of a pipeline, by jobs that nobody waits for, and when the wait has ended.
    """
    kind = event.event_type if isinstance(event, func.EventGridEvent) else event.type
    instance = waiting_instance(event.get_json(), event.subject) if kind in _KINDS else None
    if instance is None:
        return
    with tracing.span("azureml_events", trace_of(event.get_json())):
        try:
            await client.raise_orchestration_event(instance, names.JOB_CHANGED, data=told(event.get_json()))
        except grpc.aio.AioRpcError as error:
            if error.code() not in (grpc.StatusCode.NOT_FOUND, grpc.StatusCode.FAILED_PRECONDITION):
                raise


def waiting_instance(data: Any, subject: str | None = None) -> str | None:
    """The instance that waits for a run, if any does; `None` for a step's run, and for what cannot be read.

    Args:
        data: The event's data; its keys in any casing, since documentation and wire differ.
        subject: `experiments/{id}/runs/{run}`, for data without a run.
    """
    run = run_of(data, subject)
    if run is None:
        return None
    found = _lowered(data)
    about = {**_lowered(found.get("runproperties")), "parentrunid": found.get("parentrunid")}
    if any(about.get(parent) not in (None, "", run) for parent in _PARENTS):
        return None
    owner = _lowered(found.get("runtags")).get(INSTANCE_TAG)
    return names.watcher(run, str(owner) if owner else None)


def trace_of(data: Any) -> str | None:
    """What led to the run, as its tags say."""
    trace = _lowered(_lowered(data).get("runtags")).get(TRACE_TAG)
    return trace if isinstance(trace, str) else None


def run_of(data: Any, subject: str | None = None) -> str | None:
    """The run that an event tells of; `None` where it names none."""
    run = _lowered(data).get("runid") or _run_in(subject)
    return run if isinstance(run, str) and run else None


def told(data: Any) -> dict[str, Any]:
    """What the wait is told: the status, where the event has one."""
    status = _lowered(data).get("runstatus")
    return {"status": status if isinstance(status, str) else None}


def _lowered(value: Any) -> Mapping[str, Any]:
    return {str(key).lower(): one for key, one in value.items()} if isinstance(value, dict) else {}


def _run_in(subject: str | None) -> str | None:
    before, found, run = (subject or "").rpartition("/runs/")
    return run if before and found else None
