"""The local platform: a client of the job and the scoring service that run on a laptop in place of Azure ML.

Their HTTP API is that of `local/services/jobs` and `local/services/scoring`; an error is answered as
`{"error": {"code", "message"}}`. Names and statuses are Azure ML's.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode

from shared.contracts.deployments import DeploymentState
from shared.contracts.jobs import NAME_TAKEN, FolderInput, JobInput, JobState, ModelInput
from shared.contracts.platform_models import Answered, PlatformModel, RequestCounts
from shared.errors import PermanentError
from shared.platforms.azureml.scale_settings import read_yaml, scale_settings
from shared.platforms.local_answers import deployment_state, job_state, platform_model, predictions
from shared.platforms.local_service import LocalService
from shared.platforms.probing import probed

if TYPE_CHECKING:
    import httpx

#: Header that picks a deployment whatever the traffic says (Azure ML online endpoints).
_DEPLOYMENT_HEADER: Final = "azureml-model-deployment"
#: Characters of a hash that are told.
_HASH: Final = 12
#: How the job service says what a version was made of: `azureml://jobs/{job}/outputs/{output}`.
_OF_JOB: Final = "azureml://jobs/"
#: The job service's code, Azure ML's own, where a job of that name is another one.
_JOB_CONFLICT: Final = "UserError"


class LocalPlatform:
    """Jobs and endpoints on a laptop; implements `Platform`. Instances are thread-safe.

    Args:
        jobs_url: The job service.
        scoring_url: The scoring service.
        data_container: The container that paths of folder inputs are in; the job service knows it as a datastore.
        transport: Replaces the network, for tests.
    """

    def __init__(
        self, jobs_url: str, scoring_url: str, data_container: str, transport: "httpx.BaseTransport | None" = None
    ) -> None:
        self._jobs = LocalService("job service", jobs_url, transport)
        self._scoring = LocalService("scoring service", scoring_url, transport)
        self._container = data_container

    def submit_job(
        self, name: str, pipeline: Path, experiment: str, inputs: Mapping[str, JobInput], tags: Mapping[str, str]
    ) -> JobState:
        """Start a pipeline job; the run's own, or a shared one that is defined alike, is adopted, not started again.

        Raises:
            PermanentError: `JobNameTaken`; or the service's own code.
        """
        body = {
            "pipeline": str(pipeline.resolve()),
            "inputs": {key: self._input(value) for key, value in inputs.items()},
            "experiment_name": experiment,
            "tags": dict(tags),
        }
        return self._submitted(_path("jobs", name), body)

    def read_job(self, name: str) -> JobState | None:
        """Where a job stands; `None` when there is none of that name."""
        found = self._jobs.find(_path("jobs", name))
        return None if found is None else job_state(found)

    def cancel_job(self, name: str) -> None:
        """Ask a job to stop; nothing happens when it is final or absent."""
        self._jobs.post(_path("jobs", name, "cancel"), {}, absent_is_fine=True)

    def read_job_metrics(self, name: str) -> dict[str, float]:
        """The last value of each metric that a job's steps have logged to MLflow; empty when they have logged none.

        Raises:
            PermanentError: `JobNotFound`.
        """
        found = self._jobs.find(_path("jobs", name, "metrics"))
        if found is None:
            raise PermanentError("JobNotFound", f"there is no job {name}")
        return {metric: float(value) for metric, value in found["metrics"].items()}

    def read_job_file(self, name: str, output: str) -> bytes:
        """The bytes of a finished job's output of type `uri_file`.

        Raises:
            PermanentError: `OutputNotFound`: the job has no such output, or it is not one file.
        """
        files = self._files(name, output)
        if len(files) != 1:
            msg = f"output {output!r} of job {name} is not one file but {len(files)}: {', '.join(files[:5])}"
            raise PermanentError("OutputNotFound", msg)
        return self._jobs.content(_path("jobs", name, "outputs", output, *files[0].split("/")))

    def download_job_folder(self, name: str, output: str, target: Path) -> None:
        """Copy a finished job's output of type `uri_folder` into an existing folder.

        Raises:
            PermanentError: `OutputNotFound`; `UnsafePath`: a file would land outside of the folder.
        """
        files = self._files(name, output)
        for file in files:
            _require_inside(file, f"output {output!r} of job {name}")
        for file in files:
            place = target / file
            place.parent.mkdir(parents=True, exist_ok=True)
            self._jobs.download(_path("jobs", name, "outputs", output, *file.split("/")), place)

    def register_model(self, model: str, version: str, job: str, output: str, tags: Mapping[str, str]) -> PlatformModel:
        """Make a job's output, an MLflow model, known as a version; the same one is adopted.

        It then goes before a version of the same name in MLflow's registry, for jobs and for deployments.

        Raises:
            PermanentError: `ModelVersionTaken`: the version was made of something else; `NotAnMlflowModel`.
        """
        body = {"job": job, "output": output, "tags": dict(tags)}
        return platform_model(self._jobs.put(_version("models", model, version), body))

    def read_model(self, model: str, version: str) -> PlatformModel | None:
        """A version of a model; `None` when there is none."""
        found = self._jobs.find(_version("models", model, version))
        return None if found is None else platform_model(found)

    def read_images(self, environments: Sequence[str]) -> tuple[str, ...]:  # noqa: ARG002 - all run in the same
        """The interpreter of the job service and its packages: on a laptop a step's environment is not looked at."""
        told = self._jobs.get("/environment")
        return (f"python {told['python']}, {told['packages']} packages (sha256 {str(told['sha256'])[:_HASH]})",)

    def download_model(self, model: str, version: str, target: Path) -> bool:
        """Copy the output that a version was made of, which goes before MLflow's, into an existing folder.

        Returns:
            Whether the version was made known here; where it was not, jobs and deployments take MLflow's.

        Raises:
            PermanentError: `OutputNotFound`: the output is gone; `UnsafePath`.
        """
        found = self.read_model(model, version)
        if found is None:
            return False
        job, _, output = found.path.removeprefix(_OF_JOB).partition("/outputs/")
        self.download_job_folder(job, output, target)
        return True

    def register_data(self, name: str, version: str, path: str, tags: Mapping[str, str]) -> None:
        """Make a folder of the data container known as a version of a data asset; the same one is adopted.

        Raises:
            PermanentError: `DataVersionTaken`: the version is another folder.
        """
        self._jobs.put(_version("data", name, version), {"path": self._stored(path.strip("/")), "tags": dict(tags)})

    def read_data(self, name: str, version: str) -> str | None:
        """The folder of a data asset's version, inside the data container; `None` when there is none.

        Raises:
            PermanentError: `NotInDataContainer`: it was registered in another container.
        """
        found = self._jobs.find(_version("data", name, version))
        if found is None:
            return None
        path, root = str(found["path"]), self._stored("")
        if not path.startswith(root):
            msg = f"version {version} of the data asset {name} is {path}, outside of the data container {root}"
            raise PermanentError("NotInDataContainer", msg)
        return path.removeprefix(root)

    def create_deployment(
        self,
        endpoint: str,
        deployment: str,
        model: str,
        version: str,
        definition: Path | None = None,
        *,
        scales: bool = True,  # noqa: ARG002 - on a laptop nothing does
    ) -> DeploymentState:
        """Start to deploy a version at 0 % traffic; the endpoint is made when absent, the same deployment adopted.

        Of a definition only the environment variables have a meaning on a laptop.

        Raises:
            PermanentError: `UserError`: the deployment exists and is another; `UnsupportedDeployment`: the definition
                wants what only Azure ML has.
        """
        self._scoring.put(_path("endpoints", endpoint), {"tags": {}})
        known = self._jobs.find(_version("models", model, version)) or {}
        body: dict[str, Any] = {"model": f"models:/{model}/{version}", "folder": known.get("folder"), "tags": {}}
        if definition is not None:
            body["definition"] = str(definition.resolve())
        return deployment_state(endpoint, self._scoring.put(_deployment(endpoint, deployment), body))

    def scale_deployment(self, endpoint: str, deployment: str, definition: Path | None = None) -> None:
        """Look whether the definition says what can be: on a laptop a deployment is one process, and stays one.

        Raises:
            PermanentError: `InvalidDefinition`; `NotFound`: there is no such deployment.
        """
        scale = None if definition is None else scale_settings(read_yaml(definition), definition)
        if scale is not None and self.read_deployment(endpoint, deployment) is None:
            raise PermanentError(
                "NotFound", f"the endpoint {endpoint} has no deployment {deployment!r} that could scale"
            )

    def read_deployment(self, endpoint: str, deployment: str) -> DeploymentState | None:
        """Where a deployment stands; `None` when there is none."""
        found = self._scoring.find(_deployment(endpoint, deployment))
        return None if found is None else deployment_state(endpoint, found)

    def read_traffic(self, endpoint: str) -> dict[str, int]:
        """Percent of traffic by deployment; empty when the endpoint is absent."""
        found = self._scoring.find(_path("endpoints", endpoint))
        return {} if found is None else {name: int(share) for name, share in found["traffic"].items()}

    def set_traffic(self, endpoint: str, traffic: Mapping[str, int], mirror: Mapping[str, int] | None = None) -> bool:
        """Route the endpoint's traffic; percentages sum to 100, or to 0.

        Args:
            endpoint: Its name.
            traffic: Percent by deployment.
            mirror: Percent of the traffic that one deployment gets a copy of, at most 50. Where it is absent, what is
                mirrored stays, except to a deployment that gets traffic itself.

        Returns:
            `False`: on a laptop it is done at once.

        Raises:
            PermanentError: `InvalidTraffic`.
        """
        body = {"traffic": dict(traffic)} | ({} if mirror is None else {"mirror": dict(mirror)})
        self._scoring.put(_path("endpoints", endpoint, "traffic"), body)
        return False

    def delete_deployment(self, endpoint: str, deployment: str) -> None:
        """Remove a deployment that carries no traffic; nothing happens when it is absent."""
        self._scoring.delete(_deployment(endpoint, deployment))

    def list_deployments(self, endpoint: str) -> list[DeploymentState]:
        """Every deployment of an endpoint, by name; empty when the endpoint is absent."""
        found = self._scoring.find(_path("endpoints", endpoint))
        deployments = {} if found is None else found["deployments"]
        return [deployment_state(endpoint, deployments[name]) for name in sorted(deployments)]

    def delete_endpoint(self, endpoint: str) -> None:
        """Remove an endpoint that has no deployments; nothing happens when it is absent.

        Raises:
            PermanentError: `EndpointInUse`: it has deployments, which the service itself would delete with it.
        """
        deployments = [one.deployment for one in self.list_deployments(endpoint)]
        if deployments:
            msg = f"the endpoint {endpoint} still has {', '.join(deployments)}: delete what it serves first"
            raise PermanentError("EndpointInUse", msg)
        self._scoring.delete(_path("endpoints", endpoint))

    def score(self, endpoint: str, rows: list[dict[str, Any]], deployment: str | None = None) -> list[float]:
        """Ask predictions, one per row; by traffic, or from one deployment. NaN where the model has no number.

        Raises:
            PermanentError: `BadPredictions`: not one number per row.
        """
        headers = {_DEPLOYMENT_HEADER: deployment} if deployment else {}
        path = _path("endpoints", endpoint, "score")
        return predictions(self._scoring.post(path, {"dataframe_records": rows}, headers), len(rows), endpoint)

    def probe(self, endpoint: str, requests: Sequence[list[dict[str, Any]]], deployment: str) -> list[Answered]:
        """Ask requests of one deployment, one after the other, and say what became of each; fewer if it takes long."""
        return probed(lambda rows: self.score(endpoint, rows, deployment), requests)

    def read_requests(self, endpoint: str, deployment: str, since: datetime, until: datetime) -> RequestCounts:
        """How the requests to a deployment have fared: all that it was sent, copies of mirrored ones included.

        Raises:
            PermanentError: `NotFound`: there is no such deployment.
        """
        times = urlencode({"since": since.timestamp(), "until": until.timestamp()})
        found = self._scoring.get(f"{_deployment(endpoint, deployment)}/requests?{times}")
        return RequestCounts(requests=found["requests"], failed=found["failed"], seconds_p95=found["seconds_p95"])

    def invoke_batch(self, endpoint: str, name: str, data: str, deployment: str | None = None) -> JobState:
        """Start to score a folder with a batch endpoint, as a job of this name; the same job is adopted.

        Batch endpoints are made at the job service itself: `PUT /batch-endpoints/{endpoint}/deployments/{deployment}`
        with a `model` or a `pipeline`.

        Raises:
            PermanentError: `NotFound`; `JobNameTaken`: another job has the name.
        """
        body = {"data": self._stored(data.strip("/")), "deployment": deployment}
        return self._submitted(_path("batch-endpoints", endpoint, "jobs", name), body)

    def close(self) -> None:
        """Close the connections to both services; the next call opens new ones."""
        self._jobs.close()
        self._scoring.close()

    def _submitted(self, path: str, body: Mapping[str, Any]) -> JobState:
        """The job that is there once its service has been asked for it."""
        try:
            return job_state(self._jobs.put(path, body))
        except PermanentError as error:
            if error.code != _JOB_CONFLICT:
                raise
            raise PermanentError(NAME_TAKEN, error.message) from error

    def _input(self, value: JobInput) -> Any:
        match value:
            case FolderInput():
                return {"type": value.type, "path": self._stored(value.path)}
            case ModelInput():
                return {"type": value.type, "path": f"azureml:{value.model}:{value.version}"}
            case _:
                return value

    def _stored(self, path: str) -> str:
        """The reference of a path in the data container."""
        return f"azureml://datastores/{self._container}/paths/{path}"

    def _files(self, name: str, output: str) -> list[str]:
        outputs = self._jobs.get(_path("jobs", name, "outputs"))["outputs"]
        if output not in outputs:
            msg = f"job {name} has no output {output!r}; it has {', '.join(sorted(outputs)) or 'none'}"
            raise PermanentError("OutputNotFound", msg)
        return [file["path"] for file in outputs[output]["files"]]


def _path(*parts: str) -> str:
    return "/" + "/".join(quote(part, safe="") for part in parts)


def _deployment(endpoint: str, deployment: str) -> str:
    return _path("endpoints", endpoint, "deployments", deployment)


def _version(kind: str, name: str, version: str) -> str:
    return _path(kind, name, "versions", version)


def _require_inside(file: str, what: str) -> None:
    path = PurePosixPath(file)
    if path.is_absolute() or ".." in path.parts or "\\" in file:
        raise PermanentError("UnsafePath", f"{what} has a file that would land elsewhere: {file!r}")
