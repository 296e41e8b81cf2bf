"""The outputs of completed jobs."""

from pathlib import Path
from typing import Any

from local.services.jobs.definitions import Job, Status
from local.services.jobs.runner import Runner
from local.services.jobs.store import JobStore
from local.services.web import ServiceError


class Outputs:
    """Where the outputs of jobs are, by the names that the pipelines give them."""

    def __init__(self, store: JobStore, runner: Runner) -> None:
        self._store = store
        self._runner = runner

    def job(self, name: str) -> Job:
        """A job of this name.

        Raises:
            ServiceError: 404.
        """
        job = self._store.find(name)
        if job is None:
            raise ServiceError(404, "NotFound", f"there is no job {name!r}")
        return job

    def names(self, job: str) -> dict[str, str]:
        """The types of a completed job's outputs, by name.

        Raises:
            ServiceError: 404; 409 while the job has not completed.
        """
        return {name: output.type for name, output in self._completed(job).plan.outputs.items()}

    def path(self, job: str, output: str) -> Path:
        """The file or folder of a completed job's output.

        Raises:
            ServiceError: 404; 409 while the job has not completed.
        """
        completed = self._completed(job)
        if output not in completed.plan.outputs:
            raise ServiceError(404, "NotFound", f"job {job!r} has no output {output!r}")
        source = completed.plan.outputs[output]
        attempt = self._store.step(job, source.step).attempt
        return self._runner.files(job).output(source.step, attempt, source.output)

    def file(self, job: str, output: str, path: str) -> Path:
        """One file of an output; the one file of a ``uri_file`` has the output's name.

        Raises:
            ServiceError: 404, also for what is outside of the output; 409 while the job has not completed.
        """
        root = self.path(job, output).resolve()
        file = root if root.is_file() and path == output else (root / path).resolve()
        if not file.is_relative_to(root) or not file.is_file():
            raise ServiceError(404, "NotFound", f"output {output!r} has no file {path!r}")
        return file

    def describe(self, job: str) -> dict[str, Any]:
        """All outputs of a completed job with their files, as the API shows them.

        Raises:
            ServiceError: 404; 409 while the job has not completed.
        """
        return {name: {"type": kind, "files": _files(name, self.path(job, name))}
                for name, kind in self.names(job).items()}  # fmt: skip

    def _completed(self, name: str) -> Job:
        job = self.job(name)
        if job.status != Status.COMPLETED:
            raise ServiceError(409, "NotCompleted", f"job {name!r} is {job.status}: it has outputs once Completed")
        return job


def _files(name: str, root: Path) -> list[dict[str, Any]]:
    """The files of an output, with paths relative to it."""
    if root.is_file():
        return [{"path": name, "size": root.stat().st_size}]
    found = sorted(path for path in root.rglob("*") if path.is_file())
    return [{"path": path.relative_to(root).as_posix(), "size": path.stat().st_size} for path in found]
