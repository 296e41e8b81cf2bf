"""The local stack behind the double: its job service runs the pipelines, its scoring service the deployments.

Their HTTP API is that of `local/services/jobs` and `local/services/scoring`.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import httpx
import yaml

from shared.job_inputs import value_fault
from tests.doubles.azure_ml.messages import Refusal, wrong

#: The tag that names the file of a pipeline: Azure ML is sent what the file says, the job service reads it itself.
PIPELINE_TAG: Final = "signalbox.pipeline"
_ASSET: Final = re.compile(r"/(?:models|data)/(?P<name>[^/]+)/versions/(?P<version>[^/]+)$")
#: Seconds; a pipeline is planned and its files are read before a submission is answered, on a busy machine too.
_TIMEOUT: Final = httpx.Timeout(60, connect=10)
_HEADER: Final = "azureml-model-deployment"


class _Service:
    """One local service's HTTP API; what it refuses, and its absence, is a `Refusal`."""

    def __init__(self, name: str, url: str) -> None:
        self._name = name
        self._http = httpx.Client(base_url=url, timeout=_TIMEOUT, trust_env=False)

    def send(self, method: str, *parts: str, absent_is_fine: bool = False, **options: Any) -> httpx.Response:
        """One request; `parts` are those of its path."""
        try:
            answer = self._http.request(method, "/" + "/".join(quote(part) for part in parts), **options)
        except httpx.HTTPError as error:
            raise Refusal(503, "ServiceUnavailable", f"the local {self._name} does not answer: {error!r}") from error
        if answer.is_success or (absent_is_fine and answer.status_code == 404):
            return answer
        try:
            told = answer.json()["error"]
            raise Refusal(answer.status_code, told["code"], told["message"])
        except (ValueError, KeyError, TypeError):
            raise Refusal(502, "BadGateway", f"the local {self._name} answered {answer.status_code}") from None

    def close(self) -> None:
        """Close the connections."""
        self._http.close()


class LocalJobs:
    """The job service; implements `JobEngine`."""

    def __init__(self, url: str) -> None:
        self._service = _Service("job service", url)

    def start(self, name: str, properties: Mapping[str, Any]) -> None:
        """Start a job from the file that the tag `signalbox.pipeline` names, or of a batch endpoint."""
        own = properties.get("properties") or {}
        if "azureml.endpointname" in own:
            folder = next(one["uri"] for one in properties["inputs"].values() if one["jobInputType"] != "literal")
            body = {"data": folder, "deployment": own["azureml.deploymentname"]}
            self._service.send("PUT", "batch-endpoints", own["azureml.endpointname"], "jobs", name, json=body)
            return
        tags = properties.get("tags") or {}
        if PIPELINE_TAG not in tags:
            raise wrong(f"The double runs a job from the file in its tag {PIPELINE_TAG}, and there is none.")
        pipeline = Path(tags[PIPELINE_TAG])
        types = _input_types(pipeline)
        inputs = {key: _input(value, types.get(key)) for key, value in (properties.get("inputs") or {}).items()}
        body = {"pipeline": str(pipeline), "inputs": inputs, "tags": tags}
        body["experiment_name"] = properties.get("experimentName", "Default")
        self._service.send("PUT", "jobs", name, json=body)

    def read(self, name: str) -> tuple[str, str | None]:
        """Status, and the error's text."""
        job = self._service.send("GET", "jobs", name).json()
        error = job.get("error")
        return job["status"], f"{error['code']}: {error['message']}" if error else None

    def cancel(self, name: str) -> None:
        """Ask a job to stop."""
        self._service.send("POST", "jobs", name, "cancel", json={})

    def outputs(self, name: str) -> dict[str, dict[str, bytes]]:
        """The files of a completed job."""
        listed = self._service.send("GET", "jobs", name, "outputs").json()["outputs"]
        return {
            output: {
                file["path"]: self._service.send(
                    "GET", "jobs", name, "outputs", output, *file["path"].split("/")
                ).content
                for file in described["files"]
            }
            for output, described in listed.items()
        }

    def metrics(self, name: str) -> dict[str, float]:
        """What a job has logged to MLflow."""
        metrics = self._service.send("GET", "jobs", name, "metrics").json()["metrics"]
        return {key: float(value) for key, value in metrics.items()}

    def register_model(self, model: str, version: str, job: str, output: str) -> None:
        """Make a job's output known as a version of a model."""
        body = {"job": job, "output": output}
        self._service.send("PUT", "models", model, "versions", version, json=body)

    def deploy_batch(self, endpoint: str, deployment: str, model: str, version: str) -> None:
        """Make a batch deployment of a model."""
        body = {"model": f"azureml:{model}:{version}"}
        self._service.send("PUT", "batch-endpoints", endpoint, "deployments", deployment, json=body)

    def model_folder(self, model: str, version: str) -> str | None:
        """Where the files of a model are on this machine; `None` when the job service does not know it."""
        answer = self._service.send("GET", "models", model, "versions", version, absent_is_fine=True)
        folder: str | None = answer.json().get("folder") if answer.is_success else None
        return folder

    def close(self) -> None:
        """Close the connections."""
        self._service.close()


class LocalScoring:
    """The scoring service; implements `Serving`.

    Args:
        url: Its root.
        jobs: Knows where the files of models are.
    """

    def __init__(self, url: str, jobs: LocalJobs | None) -> None:
        self._service = _Service("scoring service", url)
        self._jobs = jobs

    def put_endpoint(self, endpoint: str, traffic: Mapping[str, int], mirror: Mapping[str, int]) -> None:
        """Make an endpoint, or route its traffic."""
        self._service.send("PUT", "endpoints", endpoint, json={"tags": {}})
        if traffic or mirror:
            routes = {"traffic": dict(traffic), "mirror": dict(mirror)}
            self._service.send("PUT", "endpoints", endpoint, "traffic", json=routes)

    def deploy(self, endpoint: str, deployment: str, model: str, version: str) -> None:
        """Start to deploy a version of a model."""
        body: dict[str, Any] = {"model": f"azureml:{model}:{version}", "tags": {}}
        folder = self._jobs.model_folder(model, version) if self._jobs is not None else None
        if folder is not None:
            body["folder"] = folder
        self._service.send("PUT", "endpoints", endpoint, "deployments", deployment, json=body)

    def state(self, endpoint: str, deployment: str) -> tuple[str, str | None]:
        """The provisioning state of a deployment, and the error's text."""
        found = self._service.send("GET", "endpoints", endpoint, "deployments", deployment).json()
        error = found.get("error")
        return found["provisioning_state"], f"{error['code']}: {error['message']}" if error else None

    def delete(self, endpoint: str, deployment: str | None) -> None:
        """Delete a deployment, or the endpoint with all of them."""
        if deployment is not None:
            path = ("endpoints", endpoint, "deployments", deployment)
            self._service.send("DELETE", *path, absent_is_fine=True)
            return
        found = self._service.send("GET", "endpoints", endpoint, absent_is_fine=True)
        if found.is_success and any(found.json()["traffic"].values()):
            nothing = dict.fromkeys(found.json()["traffic"], 0)  # the scoring service wants it to be told first
            self._service.send("PUT", "endpoints", endpoint, "traffic", json={"traffic": nothing, "mirror": {}})
        self._service.send("DELETE", "endpoints", endpoint, absent_is_fine=True)

    def score(self, endpoint: str, deployment: str | None, body: Any) -> tuple[str, Any]:
        """Who answered, and what: a list, as Azure ML's inference server answers for MLflow models."""
        if "input_data" in body:  # that server's name for what MLflow's own calls dataframe_split
            body = {"dataframe_split": body["input_data"]}
        headers = {_HEADER: deployment} if deployment else {}
        answer = self._service.send("POST", "endpoints", endpoint, "score", json=body, headers=headers)
        told = answer.json()
        return answer.headers[_HEADER], told.get("predictions", told) if isinstance(told, dict) else told

    def close(self) -> None:
        """Close the connections."""
        self._service.close()


def _input_types(pipeline: Path) -> dict[str, str]:
    """Which of a pipeline's inputs are no texts, by what the file says or shows; on the wire all literals are texts."""
    try:
        declared = yaml.safe_load(pipeline.read_text(encoding="utf-8")).get("inputs") or {}
    except (OSError, yaml.YAMLError, AttributeError) as error:
        raise wrong(f"{PIPELINE_TAG}: {pipeline} is not a pipeline's file: {error}") from error
    names = {bool: "boolean", int: "integer", float: "number"}
    return {
        key: value.get("type", "string") if isinstance(value, dict) else names.get(type(value), "string")
        for key, value in declared.items()
    }


def _input(value: Mapping[str, Any], kind: str | None) -> Any:
    """An input as the job service takes it, from what it is on the wire."""
    if value["jobInputType"] != "literal":
        asset = _ASSET.search(value["uri"])
        path = f"azureml:{asset['name']}:{asset['version']}" if asset else value["uri"]
        return {"type": value["jobInputType"], "path": path}
    text = value["value"]
    if value_fault(kind, text) is not None:
        return text  # the job service refuses it, in its own words
    match kind:
        case "boolean":
            return text.lower() == "true"
        case "integer":
            return int(text)
        case "number":
            return float(text)
    return text
