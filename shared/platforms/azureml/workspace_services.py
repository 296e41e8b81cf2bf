"""What a workspace serves beside Resource Manager: the history of runs and MLflow's tracking API.

The SDK keeps these calls to itself, so they are made here. The host of the run history is named by the document at the
workspace's `discoveryUrl`, as the SDK finds it.
"""

import threading
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from shared.errors import PermanentError
from shared.platforms.azureml.connection import Connection
from shared.platforms.azureml.errors import azureml_errors, json_object

#: What Azure must allow: why a step failed, and the metrics that a run has logged.
PERMISSIONS: Final = (
    "Microsoft.MachineLearningServices/workspaces/experiments/runs/read",
    "Microsoft.MachineLearningServices/workspaces/metrics/resource/read",
)
_CONTINUATION: Final = "$continuationtoken"


class WorkspaceServices:
    """Reads of runs. Instances are thread-safe. Errors as in `azureml_errors`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._places: tuple[str, str] | None = None

    def run(self, name: str) -> dict[str, Any] | None:
        """A run as the history has it; `None` when it has none of that name."""
        return self._get(f"{self._history()}/{quote(name, safe='')}", f"read the history of job {name}")

    def children(self, name: str) -> list[dict[str, Any]]:
        """The runs of a pipeline's steps; empty when there are none."""
        url = f"{self._history()}/{quote(name, safe='')}/children"
        steps: list[dict[str, Any]] = []
        query: dict[str, str] = {}
        while True:
            page = self._get(url, f"read the steps of job {name}", query) or {}
            steps += page.get("value") or []
            token = page.get("continuationToken")
            if not token or query.get(_CONTINUATION) == token:
                return steps
            query = {_CONTINUATION: token}

    def metrics(self, name: str) -> list[dict[str, Any]]:
        """The last value of each metric of a run, as MLflow has it: `key`, `value`, `timestamp`; empty without one."""
        url = f"{self._where()[1]}/api/2.0/mlflow/runs/get"
        answer = self._get(url, f"read the metrics of job {name}", {"run_id": name}) or {}
        return list(answer.get("run", {}).get("data", {}).get("metrics") or [])

    def _history(self) -> str:
        return f"{self._where()[0]}/history/v1.0{self._connection.workspace.arm_id}/runs"

    def _where(self) -> tuple[str, str]:
        """The roots of the run history and of MLflow's API; they never change."""
        with self._lock:
            if self._places is None:
                self._places = self._find_places()
            return self._places

    def _find_places(self) -> tuple[str, str]:
        name = self._connection.workspace.name
        operation = f"find the services of the workspace {name}"
        with azureml_errors(operation):
            workspace = self._connection.client.workspaces.get(name)
        services = self._get(str(workspace.discovery_url), operation)
        if not services or not services.get("history"):
            msg = f"Azure ML could not {operation}: {workspace.discovery_url} does not name its run history"
            raise PermanentError("NoRunHistory", msg)
        tracking = str(workspace.mlflow_tracking_uri).replace("azureml://", "https://", 1)
        return str(services["history"]).rstrip("/"), tracking.rstrip("/")

    def _get(self, url: str, operation: str, query: Mapping[str, str] | None = None) -> dict[str, Any] | None:
        with azureml_errors(operation):
            token = self._connection.token(self._connection.arm_scope)
            response = self._connection.http.get(
                url, params=dict(query or {}), headers={"Authorization": f"Bearer {token}"}
            )
            if response.status_code == 404:
                return None
            response.raise_for_status()
        return json_object(response, operation)
