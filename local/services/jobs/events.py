"""Event Grid events about jobs, delivered at least once to the host's Event Grid endpoint.

Source of the form: "Azure Machine Learning as an Event Grid source" (event types ``RunStatusChanged`` and
``RunCompleted``) and the Functions host's ``/runtime/webhooks/eventgrid``.
"""

import asyncio
import contextlib
import sys
import time
import uuid
from typing import Any

import httpx

from local.services.database import now
from local.services.jobs.definitions import FINAL, Job
from local.services.jobs.store import JobStore

_PREFIX = "Microsoft.MachineLearningServices."
_TOPIC = (
    "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/local"
    "/providers/Microsoft.MachineLearningServices/workspaces/local"
)
_TIMEOUT = httpx.Timeout(30, connect=5)
_BACKOFF_FIRST, _BACKOFF_LIMIT = 0.5, 15.0
_REFUSED = frozenset({400, 401, 413})
"""Event Grid does not repeat these: the receiver will never accept the event."""


def events_of(job: Job) -> list[dict[str, Any]]:
    """The events about the present status of ``job``: RunStatusChanged, and RunCompleted as well at the end."""
    kinds = ["RunStatusChanged"] + (["RunCompleted"] if job.status in FINAL else [])
    return [_event(job, kind) for kind in kinds]


def _event(job: Job, kind: str) -> dict[str, Any]:
    experiment = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{_TOPIC}/experiments/{job.plan.experiment_name}"))
    return {
        "topic": _TOPIC,
        "subject": f"experiments/{experiment}/runs/{job.name}",
        "eventType": _PREFIX + kind,
        "eventTime": job.ended_at or now(),
        "id": str(uuid.uuid4()),
        "data": {
            "experimentId": experiment,
            "experimentName": job.plan.experiment_name,
            "runId": job.name,
            "runType": "azureml.PipelineRun",
            "runStatus": job.status.value,
            "runTags": job.plan.tags,
            "runProperties": {"azureml.runsource": "azureml.PipelineRun"},
        },
        "dataVersion": "2",
        "metadataVersion": "1",
    }


class EventSender:
    """Delivers the stored events, one at a time, and repeats what fails; an event is removed after a 2xx only."""

    def __init__(self, store: JobStore, url: str) -> None:
        self._store = store
        self._url = url
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """There is something to deliver."""
        self._wake.set()

    async def run(self) -> None:
        """Deliver until cancelled."""
        async with httpx.AsyncClient(timeout=_TIMEOUT, trust_env=False) as client:
            while True:
                self._wake.clear()
                while (due := self._store.due_event(time.time())) is not None:
                    await self._deliver(client, *due)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), _BACKOFF_FIRST)

    async def _deliver(self, client: httpx.AsyncClient, seq: int, attempts: int, event: dict[str, Any]) -> None:
        try:
            response = await client.post(self._url, json=[event], headers={"aeg-event-type": "Notification"})
        except httpx.HTTPError:
            response = None
        if response is not None and response.is_success:
            self._store.remove_event(seq)
            if attempts:
                self._store.hasten_events()
        elif response is not None and response.status_code in _REFUSED:
            sys.stderr.write(f"jobs: event {event['id']} was refused with {response.status_code} and is dropped\n")
            self._store.remove_event(seq)
        else:
            wait = min(_BACKOFF_LIMIT, _BACKOFF_FIRST * 2 ** min(attempts, 10))
            self._store.postpone_event(seq, time.time() + wait)
