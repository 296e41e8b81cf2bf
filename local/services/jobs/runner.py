"""Keeps one task per unfinished job, through cancellation, the end of the service and its next start."""

import asyncio
import sys
from pathlib import Path

from local.services.jobs.definitions import FINAL, Job, JobError, Status
from local.services.jobs.job_run import JobRun, Machine
from local.services.jobs.layout import JobFolder


class Runner:
    """Runs jobs in the background of the event loop.

    Args:
        machine: what to run them with.
        folder: of all jobs' files.
    """

    def __init__(self, machine: Machine, folder: Path) -> None:
        self._machine = machine
        self._folder = folder
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def files(self, job: str) -> JobFolder:
        """The files of a job."""
        return JobFolder(self._folder / job)

    def resume(self) -> None:
        """Go on with what an earlier life of the service left unfinished, the oldest job first."""
        for job in self._machine.store.unfinished():
            self.submit(job)

    def submit(self, job: Job) -> None:
        """Run ``job`` until it ends."""
        task = asyncio.get_running_loop().create_task(self._run(job), name=f"job {job.name}")
        self._tasks[job.name] = task
        task.add_done_callback(lambda ended: self._on_end(job.name, ended))

    def cancel(self, name: str) -> Job:
        """Ask a job to end; one that has ended stays as it is."""
        job = self._machine.store.move(name, Status.CANCEL_REQUESTED)
        if job.status not in FINAL and name in self._tasks:
            self._tasks[name].cancel()
        return job

    async def stop(self) -> None:
        """End all processes, and leave the jobs to the service's next life."""
        self._machine.stopping.set()
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, job: Job) -> None:
        if job.status == Status.CANCEL_REQUESTED:
            self._finish(job.name, Status.CANCELED)
            return
        failure = await JobRun(self._machine, job, self.files(job.name)).run()
        self._finish(job.name, Status.FAILED if failure else Status.COMPLETED, failure)

    def _on_end(self, name: str, task: asyncio.Task[None]) -> None:
        """Canceled jobs end here, because a task may be cancelled before its first line has run."""
        del self._tasks[name]
        if task.cancelled():
            self._finish(name, Status.CANCELED)
        elif (error := task.exception()) is not None:  # a fault of the service must show in the job
            sys.stderr.write(f"jobs: job {name}: {error!r}\n")
            self._finish(name, Status.FAILED, JobError("ServiceError", f"the job service failed: {error!r}"))

    def _finish(self, name: str, status: Status, error: JobError | None = None) -> None:
        if not self._machine.stopping.is_set():
            self._machine.store.close_steps(name)
            self._machine.store.move(name, status, error)
