"""Azure ML's Event Grid events about jobs, delivered to a webhook at least once, in order.

Source of the form: "Azure Machine Learning as an Event Grid source", event types `RunStatusChanged`, `RunCompleted`.
"""

import sys
import threading
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final

import httpx

from tests.doubles.azure_ml.plans import FINAL
from tests.doubles.azure_ml.world import now

_KINDS: Final = "Microsoft.MachineLearningServices."
_BACKOFF_FIRST, _BACKOFF_LIMIT = 0.5, 15.0
#: Event Grid does not repeat these: the receiver will never accept the event.
_REFUSED: Final = frozenset({400, 401, 413})


def events_of(workspace: str, experiment: str, name: str, status: str, tags: Mapping[str, str]) -> list[dict[str, Any]]:
    """The events about a job's present status: `RunStatusChanged`, and `RunCompleted` as well at its end."""
    kinds = ["RunStatusChanged"] + (["RunCompleted"] if status in FINAL else [])
    experiment_id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{workspace}/experiments/{experiment}"))
    return [
        {
            "topic": workspace,
            "subject": f"experiments/{experiment_id}/runs/{name}",
            "eventType": _KINDS + kind,
            "eventTime": now(),
            "id": str(uuid.uuid4()),
            "data": {
                "experimentId": experiment_id,
                "experimentName": experiment,
                "runId": name,
                "runType": "azureml.PipelineRun",
                "runStatus": status,
                "runTags": dict(tags),
                "runProperties": {"azureml.runsource": "azureml.PipelineRun"},
            },
            "dataVersion": "2",
            "metadataVersion": "1",
        }
        for kind in kinds
    ]


class EventSender:
    """Posts events to a webhook from a thread of its own; what fails is tried again, later and later.

    Args:
        url: The webhook.
        workspace: The ARM id that the events come from.
        experiment_of: From a job's name to its experiment's.
    """

    def __init__(self, url: str, workspace: str, experiment_of: Callable[[str], str]) -> None:
        self._url = url
        self._workspace = workspace
        self._experiment_of = experiment_of
        self._waiting: deque[dict[str, Any]] = deque()
        self._wake = threading.Event()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def send(self, name: str, status: str, tags: Mapping[str, str]) -> None:
        """Tell that a job's status has changed; for `AzureMlDouble.on_change`."""
        self._waiting.extend(events_of(self._workspace, self._experiment_of(name), name, status, tags))
        self._wake.set()

    def close(self) -> None:
        """Stop; events that have not been delivered are lost."""
        self._stopped = True
        self._wake.set()
        self._thread.join()

    def _run(self) -> None:
        pause = _BACKOFF_FIRST
        with httpx.Client(timeout=httpx.Timeout(10, connect=3), trust_env=False) as client:
            while not self._stopped:
                self._wake.clear()
                if not self._waiting:
                    self._wake.wait()
                elif self._deliver(client, self._waiting[0]):
                    self._waiting.popleft()
                    pause = _BACKOFF_FIRST
                else:
                    self._wake.wait(pause)
                    pause = min(_BACKOFF_LIMIT, pause * 2)

    def _deliver(self, client: httpx.Client, event: dict[str, Any]) -> bool:
        """Whether nothing more has to be done about an event."""
        try:
            answer = client.post(self._url, json=[event], headers={"aeg-event-type": "Notification"})
        except httpx.HTTPError:
            return False
        if answer.status_code in _REFUSED:
            sys.stderr.write(f"azureml: event {event['id']} was refused with {answer.status_code} and is dropped\n")
            return True
        return answer.is_success
