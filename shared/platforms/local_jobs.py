"""Pipeline jobs, registered models and data assets on a laptop: a client of the job service."""

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Final

from shared.contracts.jobs import NAME_TAKEN, FolderInput, JobInput, JobState, ModelInput
from shared.contracts.platform_models import PlatformModel
from shared.errors import PermanentError
from shared.platforms.local_answers import job_state, platform_model
from shared.platforms.local_service import LocalService, path_of, version_path

#: Characters of a hash that are told.
_HASH: Final = 12
#: How the job service says what a version was made of: `azureml://jobs/{job}/outputs/{output}`.
_OF_JOB: Final = "azureml://jobs/"
#: The job service's code, Azure ML's own, where a job of that name is another one.
_JOB_CONFLICT: Final = "UserError"


class LocalJobs:
    """Jobs and assets on a laptop; implements `Jobs` and `Assets`. Instances are thread-safe.

    Args:
        jobs: The job service.
        data_container: The container that paths of folder inputs are in; the job service knows it as a datastore.
    """

    def __init__(self, jobs: LocalService, data_container: str) -> None:
        self._jobs = jobs
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
        return self._submitted(path_of("jobs", name), body)

    def read_job(self, name: str) -> JobState | None:
        """Where a job stands; `None` when there is none of that name."""
        found = self._jobs.find(path_of("jobs", name))
        return None if found is None else job_state(found)

    def cancel_job(self, name: str) -> None:
        """Ask a job to stop; nothing happens when it is final or absent."""
        self._jobs.post(path_of("jobs", name, "cancel"), {}, absent_is_fine=True)

    def read_job_metrics(self, name: str) -> dict[str, float]:
        """The last value of each metric that a job's steps have logged to MLflow; empty when they have logged none.

        Raises:
            PermanentError: `JobNotFound`.
        """
        found = self._jobs.find(path_of("jobs", name, "metrics"))
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
        return self._jobs.content(path_of("jobs", name, "outputs", output, *files[0].split("/")))

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
            self._jobs.download(path_of("jobs", name, "outputs", output, *file.split("/")), place)

    def register_model(self, model: str, version: str, job: str, output: str, tags: Mapping[str, str]) -> PlatformModel:
        """Make a job's output, an MLflow model, known as a version; the same one is adopted.

        It then goes before a version of the same name in MLflow's registry, for jobs and for deployments.

        Raises:
            PermanentError: `ModelVersionTaken`: the version was made of something else; `NotAnMlflowModel`.
        """
        body = {"job": job, "output": output, "tags": dict(tags)}
        return platform_model(self._jobs.put(version_path("models", model, version), body))

    def read_model(self, model: str, version: str) -> PlatformModel | None:
        """A version of a model; `None` when there is none."""
        found = self._jobs.find(version_path("models", model, version))
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
        self._jobs.put(version_path("data", name, version), {"path": self._stored(path.strip("/")), "tags": dict(tags)})

    def read_data(self, name: str, version: str) -> str | None:
        """The folder of a data asset's version, inside the data container; `None` when there is none.

        Raises:
            PermanentError: `NotInDataContainer`: it was registered in another container.
        """
        found = self._jobs.find(version_path("data", name, version))
        if found is None:
            return None
        path, root = str(found["path"]), self._stored("")
        if not path.startswith(root):
            msg = f"version {version} of the data asset {name} is {path}, outside of the data container {root}"
            raise PermanentError("NotInDataContainer", msg)
        return path.removeprefix(root)

    def invoke_batch(self, endpoint: str, name: str, data: str, deployment: str | None = None) -> JobState:
        """Start to score a folder with a batch endpoint, as a job of this name; the same job is adopted.

        Batch endpoints are made at the job service itself: `PUT /batch-endpoints/{endpoint}/deployments/{deployment}`
        with a `model` or a `pipeline`.

        Raises:
            PermanentError: `NotFound`; `JobNameTaken`: another job has the name.
        """
        body = {"data": self._stored(data.strip("/")), "deployment": deployment}
        return self._submitted(path_of("batch-endpoints", endpoint, "jobs", name), body)

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
        outputs = self._jobs.get(path_of("jobs", name, "outputs"))["outputs"]
        if output not in outputs:
            msg = f"job {name} has no output {output!r}; it has {', '.join(sorted(outputs)) or 'none'}"
            raise PermanentError("OutputNotFound", msg)
        return [file["path"] for file in outputs[output]["files"]]


def _require_inside(file: str, what: str) -> None:
    path = PurePosixPath(file)
    if path.is_absolute() or ".." in path.parts or "\\" in file:
        raise PermanentError("UnsafePath", f"{what} has a file that would land elsewhere: {file!r}")
