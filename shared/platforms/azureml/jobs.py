"""Jobs of an Azure ML workspace, with what they leave behind, and the models and data assets made of it."""

import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from shared.contracts.jobs import NAME_TAKEN, JobInput, JobState, is_of_same_run, job_tags, may_adopt
from shared.contracts.platform_models import PlatformModel
from shared.errors import PermanentError, TransientError
from shared.platforms.azureml import data_assets, job_files, metrics, models
from shared.platforms.azureml.connection import Connection
from shared.platforms.azureml.environments import image_of
from shared.platforms.azureml.errors import azureml_errors, found, shown_ends
from shared.platforms.azureml.job_files import status_of
from shared.platforms.azureml.pipelines import definition_of, load_pipeline, read_pipeline
from shared.platforms.azureml.workspace_services import WorkspaceServices
from shared.platforms.log_ends import ERROR_LIMIT

if TYPE_CHECKING:
    from azure.ai.ml.entities import Job

#: What Azure must allow: a pipeline is submitted with its components and their code, watched and cancelled.
PERMISSIONS: Final = (
    "Microsoft.MachineLearningServices/workspaces/jobs/read",
    "Microsoft.MachineLearningServices/workspaces/jobs/write",
    "Microsoft.MachineLearningServices/workspaces/jobs/cancel/action",
    "Microsoft.MachineLearningServices/workspaces/components/versions/write",
    "Microsoft.MachineLearningServices/workspaces/codes/versions/write",
)
_LOG: Final = logging.getLogger(__name__)
#: Tags of lineage: what was asked for, and the file that says what it is.
_DEFINITION: Final = "signalbox.definition"
_PIPELINE: Final = "signalbox.pipeline"
_FAILED: Final = "Failed"
#: Failed steps of one job that are told of.
_STEPS: Final = 4
#: Statuses at which the run history has times to tell.
_BEGAN: Final = frozenset({"Running", "Finalizing", "Completed", "Canceled", _FAILED})


class AzureMlJobs:
    """Implements `Jobs` and `Assets`. Instances are thread-safe.

    Args:
        connection: To the workspace.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._services = WorkspaceServices(connection)

    def submit_job(
        self, name: str, pipeline: Path, experiment: str, inputs: Mapping[str, JobInput], tags: Mapping[str, str]
    ) -> JobState:
        """Start a pipeline job; the run's own, or a shared one that is defined alike, is adopted, not started again.

        Which definition an adopted job runs says its tag `signalbox.definition`; where that is not today's, a warning.

        Raises:
            PermanentError: `InvalidDefinition`, `UnknownInput`, `InvalidInput`; `JobNameTaken`; or the service's code.
        """
        there = self._find(name)
        try:
            content = read_pipeline(pipeline)
        except PermanentError as error:
            if there is None or not is_of_same_run(tags, there.tags or {}):
                raise
            _LOG.warning("job %s is adopted as it was submitted: its pipeline cannot be read now: %s", name, error)
            return self._state(there)
        own = {_DEFINITION: definition_of(content, experiment, inputs), _PIPELINE: str(pipeline.resolve())}
        if there is not None:
            return self._adopted(there, tags, own)
        job = load_pipeline(self._connection, pipeline, content, name, inputs)
        job.name, job.experiment_name = name, experiment
        job.tags = job_tags(job.tags or {}, {**tags, **own})
        try:
            with azureml_errors(f"submit job {name} of {pipeline}"):
                # checked already; what else it would check it asks the service, which answers for itself
                submitted = self._connection.client.jobs.create_or_update(job, skip_validation=True)
        except PermanentError:
            there = self._find(name)
            if there is None:
                raise
            return self._adopted(there, tags, own)  # somebody else was faster, or our first answer was lost
        return self._state(submitted)

    def read_job(self, name: str) -> JobState | None:
        """Where a job stands, whoever submitted it; `None` when there is none of that name."""
        job = self._find(name)
        return None if job is None else self._state(job)

    def cancel_job(self, name: str) -> None:
        """Ask a job to stop; nothing happens when it is final or absent."""
        jobs = self._connection.client.jobs
        try:
            # a poller would live on in a thread; whether it stopped is read like any other status
            found(f"cancel job {name}", lambda: jobs.begin_cancel(name, polling=False))
        except PermanentError:  # the service refuses what is final, each kind of job in words of its own
            job = self.read_job(name)
            if job is not None and not job.final and job.status != "CancelRequested":
                raise

    def read_job_metrics(self, name: str) -> dict[str, float]:
        """The last value of each metric that a job, or a step of it, has logged; empty when it has logged none.

        Raises:
            PermanentError: `JobNotFound`.
        """
        self._get(name)
        return metrics.last_values(self._services, name)

    def read_job_file(self, name: str, output: str) -> bytes:
        """The bytes of a finished job's output of type `uri_file`.

        Raises:
            PermanentError: `OutputNotFound`: the job has no such output, or it is not one file.
        """
        return job_files.read_file(self._connection, self._folder(name, output), _what(name, output))

    def download_job_folder(self, name: str, output: str, target: Path) -> None:
        """Copy a finished job's output of type `uri_folder` into an existing folder.

        Raises:
            PermanentError: `OutputNotFound`; `UnsafePath`: a file would land outside of the folder.
        """
        job_files.download_folder(self._connection, self._folder(name, output), target, _what(name, output))

    def register_model(self, model: str, version: str, job: str, output: str, tags: Mapping[str, str]) -> PlatformModel:
        """Make a job's output, an MLflow model, known as a version; the same one is adopted.

        Raises:
            PermanentError: `ModelVersionTaken`: the version was made of something else.
        """
        folder = self._folder(job, output)
        return models.register(self._connection, model, version, folder, {**tags, "signalbox.job": job})

    def read_model(self, model: str, version: str) -> PlatformModel | None:
        """A version of a model; `None` when there is none."""
        return models.read(self._connection, model, version)

    def read_images(self, environments: Sequence[str]) -> tuple[str, ...]:
        """The image and the version of each of the workspace's environments, as they are now; `unknown` for others."""
        return tuple(image_of(self._connection, named) or "unknown" for named in environments)

    def download_model(self, model: str, version: str, target: Path) -> bool:
        """Copy the files of the workspace's own version, which endpoints and jobs get, into an existing folder.

        Returns:
            Whether the workspace has the version.

        Raises:
            PermanentError: `OutputNotFound`: its files are gone; `NotInDataContainer`: they cannot be read from here.
        """
        return models.download(self._connection, model, version, target)

    def register_data(self, name: str, version: str, path: str, tags: Mapping[str, str]) -> None:
        """Make a folder of the data container known as a version of a data asset; the same one is adopted.

        Raises:
            PermanentError: `DataVersionTaken`: the version is another folder.
        """
        data_assets.register(self._connection, name, version, path, tags)

    def read_data(self, name: str, version: str) -> str | None:
        """The folder of a data asset's version, inside the data container; `None` when there is none."""
        return data_assets.read(self._connection, name, version)

    def _find(self, name: str) -> "Job | None":
        jobs = self._connection.client.jobs
        return found(f"read job {name}", lambda: jobs.get(name))

    def _get(self, name: str) -> "Job":
        job = self._find(name)
        if job is None:
            msg = f"the workspace {self._connection.workspace.name} has no job {name}"
            raise PermanentError("JobNotFound", msg)
        return job

    def _adopted(self, job: "Job", tags: Mapping[str, str], own: Mapping[str, str]) -> JobState:
        """A job that is there already, if it is the one that was asked for."""
        found_tags = job.tags or {}
        same = found_tags.get(_DEFINITION) == own[_DEFINITION]
        if not may_adopt(tags, found_tags, same_definition=same):
            msg = (
                f"A job with this name already exists and is another one: {job.name}. "
                "Give the run another name, or delete that job where it was started by hand"
            )
            raise PermanentError(NAME_TAKEN, msg)
        if not same:
            _LOG.warning("job %s is adopted as it was submitted: %s says otherwise now", job.name, own[_PIPELINE])
        return self._state(job)

    def _folder(self, name: str, output: str) -> str:
        """Where a completed job's output lies in the data container."""
        return job_files.place(self._connection, self._get(name), output)

    def _state(self, job: "Job") -> JobState:
        name, status = str(job.name), status_of(job)
        run = self._run(name, status) if status in _BEGAN else {}
        return JobState(
            name=name,
            status=status,
            error=self._why(name, run) if status == _FAILED else None,
            started_at=_instant(run.get("startTimeUtc")),
            ended_at=_instant(run.get("endTimeUtc")),
        )

    def _run(self, name: str, status: str) -> dict[str, Any]:
        """The run's history; a status is told without its times rather than not at all, but no failure without why."""
        try:
            return self._services.run(name) or {}
        except TransientError:
            if status == _FAILED:
                raise
            return {}
        except PermanentError as error:
            return {"error": {"error": {"code": error.code, "message": f"its reason cannot be read: {error.message}"}}}

    def _why(self, name: str, run: Mapping[str, Any]) -> str:
        """Why a job failed. A pipeline only says that a step did: then the step's own words come first."""
        told = _error_text(run) or "the service gives no reason"
        try:
            steps = self._services.children(name)
        except PermanentError:
            return shown_ends(told)
        reasons = [
            f"step {step.get('displayName') or step.get('runId')}: {why}"
            for step in steps
            if step.get("status") == _FAILED and (why := _error_text(step))
        ]
        return _joined([*reasons[:_STEPS], told])


def _joined(reasons: Sequence[str]) -> str:
    """Reasons in one text: short ones whole, and of the others, which share what room is left, the ends."""
    room, shown = ERROR_LIMIT - len("; ") * (len(reasons) - 1), dict[str, str]()
    for taken, reason in enumerate(sorted(reasons, key=len)):
        shown[reason] = shown_ends(reason, room // (len(reasons) - taken))
        room -= len(shown[reason])
    return "; ".join(shown[reason] for reason in reasons)


def _what(name: str, output: str) -> str:
    return f"output {output!r} of job {name}"


def _error_text(run: Mapping[str, Any]) -> str | None:
    """Code and message of a run's error: `{"error": {"error": {"code", "message"}}}`."""
    error = (run.get("error") or {}).get("error") or {}
    parts = [str(error[key]) for key in ("code", "message") if error.get(key)]
    return ": ".join(parts) or None


def _instant(text: Any) -> datetime | None:
    """A time of the run history, which is UTC whether or not it says so."""
    if not isinstance(text, str) or not text:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:  # in another form than known: a status is told without it
        return None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
