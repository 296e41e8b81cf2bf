"""What a job logged and why it failed: run history, and the workspace's MLflow tracking server."""

import re
import uuid
from typing import Any, Final

from tests.doubles.azure_ml.jobs import Job, Jobs
from tests.doubles.azure_ml.messages import Answer, Refusal, Request, UnknownRoute, absent, wrong
from tests.doubles.azure_ml.world import World

_HISTORY: Final = re.compile(r"/(?:experiments/[^/]+/)?runs/(?P<run>[^/:]+)(?P<tail>/details|/children)?$")
#: What a run may be changed in.
_PATCHABLE: Final = frozenset({"tags", "properties", "displayName", "description", "runId"})
_MLFLOW_STATUS: Final = {"Completed": "FINISHED", "Failed": "FAILED", "Canceled": "KILLED", "NotStarted": "SCHEDULED"}


class History:
    """`/history/v1.0/...` and `/mlflow/v1.0/...`, over the jobs. A read here does not move a job."""

    def __init__(self, world: World, jobs: Jobs) -> None:
        self._world = world
        self._jobs = jobs

    def answer_history(self, request: Request) -> Answer:
        """Serve run history."""
        if request.method == "POST" and request.path.endswith("/rundata"):
            return Answer(200, {"runMetadata": self._run(str((request.body or {}).get("runId")))})
        match = _HISTORY.search(request.path)
        if match is None:
            raise UnknownRoute
        name = match["run"]
        if request.method == "PATCH" and not match["tail"]:
            self._patch(name, request.body)
        elif request.method != "GET":
            raise UnknownRoute
        if match["tail"] == "/children":
            self._known(name)
            return Answer(200, {"value": []})
        return Answer(200, self._run(name))

    def answer_mlflow(self, request: Request) -> Answer:
        """Serve `runs/get` of MLflow's REST API; a job's name is its run's id."""
        name = request.query.get("run_id", "")
        if request.method == "GET" and request.path.endswith("/api/2.0/mlflow/runs/get"):
            return Answer(200, {"run": self._mlflow_run(name)})
        raise UnknownRoute

    def _known(self, name: str) -> tuple[Job, dict[str, Any]]:
        job = self._jobs.known.get(name)
        if job is None:
            raise absent(f"The run {name}")
        return job, self._world.get(f"/jobs/{name}")

    def _run(self, name: str) -> dict[str, Any]:
        job, resource = self._known(name)
        properties = resource["properties"]
        error = None
        if properties["status"] == "Failed":
            inner: dict[str, Any] = {"code": "UserError", "message": job.error, "messageParameters": {}, "details": []}
            error = {"error": inner, "time": job.ended_at}
        return {
            "runId": name,
            "experimentId": str(uuid.uuid5(uuid.NAMESPACE_URL, properties["experimentName"])),
            "experimentName": properties["experimentName"],
            "runType": "azureml.PipelineRun",
            "displayName": properties.get("displayName") or name,
            "status": properties["status"],
            "createdUtc": resource["systemData"]["createdAt"],
            "startTimeUtc": job.started_at,
            "endTimeUtc": job.ended_at,
            "error": error,
            "warnings": [],
            "tags": properties.get("tags") or {},
            "properties": properties.get("properties") or {},
        }

    def _patch(self, name: str, body: Any) -> None:
        _, resource = self._known(name)
        if not isinstance(body, dict) or not body.keys() <= _PATCHABLE:
            raise wrong(f"A run can be changed in {', '.join(sorted(_PATCHABLE))} only.")
        properties = resource["properties"]
        for field in ("tags", "properties"):
            properties[field] = (properties.get(field) or {}) | (body.get(field) or {})
        for field in ("displayName", "description"):
            if body.get(field) is not None:
                properties[field] = body[field]

    def _mlflow_run(self, name: str) -> dict[str, Any]:
        job = self._jobs.known.get(name)
        if job is None:
            raise _NoRun(name)
        properties = self._world.get(f"/jobs/{name}")["properties"]
        metrics = [{"key": key, "value": value, "timestamp": 0, "step": 0} for key, value in job.metrics.items()]
        info = {
            "run_id": name,
            "run_uuid": name,
            "experiment_id": str(uuid.uuid5(uuid.NAMESPACE_URL, properties["experimentName"])),
            "status": _MLFLOW_STATUS.get(properties["status"], "RUNNING"),
            "lifecycle_stage": "active",
        }
        tags = [{"key": key, "value": value} for key, value in (properties.get("tags") or {}).items()]
        return {"info": info, "data": {"metrics": metrics, "params": [], "tags": tags}}


class _NoRun(Refusal):
    """MLflow's own words for a run that is not there."""

    def __init__(self, name: str) -> None:
        super().__init__(404, "RESOURCE_DOES_NOT_EXIST", f"Run with id={name} not found")

    def answer(self) -> Answer:
        """As MLflow answers errors: without the envelope of Resource Manager."""
        return Answer(self.status, {"error_code": self.code, "message": self.message})
