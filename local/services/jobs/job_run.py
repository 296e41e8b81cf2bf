"""One job on its way: fetch the inputs, then run the steps in the order that their needs allow.

A finished step is never repeated. What was running when the service ended is run again, in a new attempt with new
folders; a step must therefore be able to run twice, as on Azure ML, where a preempted node starts it again.
"""

import asyncio
import threading
from dataclasses import dataclass

from local.services.jobs.assets import AssetStore
from local.services.jobs.definitions import Job, JobError, Status, Step
from local.services.jobs.fetch import Wanted, fetch_all
from local.services.jobs.invocation import prepare
from local.services.jobs.layout import INPUTS_LOG, JobFolder
from local.services.jobs.log_tail import tail
from local.services.jobs.metrics import run_context
from local.services.jobs.slots import Slots
from local.services.jobs.sources import is_remote
from local.services.jobs.store import JobStore
from local.services.jobs.worker import run_step
from local.services.warm import LOST, WarmPool, WarmProcess
from shared.contracts.jobs import TRACE_TAG

_SETTLE = 0.5  # seconds: a signal for the whole process group may reach a step before the service knows of its own end


@dataclass(frozen=True)
class Machine:
    """What all jobs share.

    Attributes:
        store: the state.
        assets: the registered versions.
        pool: where processes come from.
        slots: how many of them at once.
        storage: connection string of the storage account that has the datastores' containers.
        mlflow_uri: MLflow's tracking and registry server.
        fetch_timeout: seconds for the download of one job's inputs.
        step_timeout: seconds for a step that sets no limit itself.
        stopping: set as soon as the service is about to end: how processes end then says nothing of their steps.
    """

    store: JobStore
    assets: AssetStore
    pool: WarmPool
    slots: Slots
    storage: str
    mlflow_uri: str
    fetch_timeout: float
    step_timeout: float
    stopping: threading.Event


class JobRun:
    """Runs what has not been completed yet of one job.

    Args:
        machine: what to run it with.
        job: the job, not ended.
        files: its files.
    """

    def __init__(self, machine: Machine, job: Job, files: JobFolder) -> None:
        self._machine = machine
        self._store = machine.store
        self._job = job
        self._files = files
        self._failure: JobError | None = None

    async def run(self) -> JobError | None:
        """Run the job; return why it failed, or None."""
        if self._job.status == Status.NOT_STARTED:
            self._store.move(self._job.name, Status.QUEUED)
        try:
            await self._fetch()
            await self._run_steps()
        except* JobError:
            pass  # recorded by _fail
        return self._failure

    def _fail(self, error: JobError, *, stop: bool) -> None:
        """Keep the first failure; with ``stop``, end the job's other steps too."""
        self._failure = self._failure or error
        if stop:
            raise error

    async def _fetch(self) -> None:
        remote = [data for data in self._job.plan.data if is_remote(data)]
        wanted = [Wanted(self._machine.assets.locate(data), self._files.fetched(data)) for data in remote]
        if all(one.target.exists() for one in wanted):
            return
        log, limit = self._files.log(INPUTS_LOG), self._machine.fetch_timeout
        log.parent.mkdir(parents=True, exist_ok=True)
        async with self._machine.slots.take(self._job.seq):
            self._store.move(self._job.name, Status.RUNNING)
            target = (fetch_all, wanted, self._machine.storage, self._machine.mlflow_uri)
            code = await _finish_within(limit, await self._machine.pool.start(*target, log=log))
        if code != 0:
            await self._settle(code)
            message = f"the job's inputs could not be fetched: it {_ended(code, limit)}.\n{tail(log)}"
            self._fail(JobError("InputNotAvailable", message), stop=True)

    async def _run_steps(self) -> None:
        states = {state.name: state.status for state in self._store.steps(self._job.name)}
        tasks: dict[str, asyncio.Task[bool]] = {}
        async with asyncio.TaskGroup() as group:
            for step in self._job.plan.steps:  # the plan's order puts the needed ones first
                needed = [tasks[name] for name in step.needs]
                tasks[step.name] = group.create_task(self._run_after(needed, step, states[step.name]))

    async def _run_after(self, needed: list[asyncio.Task[bool]], step: Step, status: Status) -> bool:
        """Run ``step`` when all ``needed`` have succeeded, unless an earlier life did; return whether it succeeded."""
        if status == Status.COMPLETED:
            return True
        if not all([await task for task in needed]):
            return False
        failure = self._step_failure(step, "failed") if status == Status.FAILED else await self._execute(step)
        if failure is not None:
            self._fail(failure, stop=not self._job.plan.continue_on_step_failure)
        return failure is None

    async def _execute(self, step: Step) -> JobError | None:
        self._store.queue_step(self._job.name, step.name)
        async with self._machine.slots.take(self._job.seq):
            self._leave_if_ending()
            self._store.move(self._job.name, Status.RUNNING)
            failure = await self._attempt(step)
        self._store.end_step(self._job.name, step.name, Status.FAILED if failure else Status.COMPLETED)
        return failure

    async def _attempt(self, step: Step) -> JobError | None:
        attempt = self._store.start_step(self._job.name, step.name)
        attempts = {state.name: state.attempt for state in self._store.steps(self._job.name)}
        invocation = prepare(self._job, step, attempts, self._files, self._environment(step))
        log, limit = self._files.log(step.name), step.timeout or self._machine.step_timeout
        log.parent.mkdir(parents=True, exist_ok=True)
        if attempt > 1:
            with log.open("a", encoding="utf-8") as stream:
                stream.write(f"--- attempt {attempt}\n")
        code = await _finish_within(limit, await self._machine.pool.start(run_step, invocation, log=log))
        await self._settle(code)
        return None if code == 0 else self._step_failure(step, _ended(code, limit))

    def _step_failure(self, step: Step, how: str) -> JobError:
        end = tail(self._files.log(step.name))
        return JobError("StepFailed", f"step {step.name!r} {how}. The last lines of its log:\n{end}")

    async def _settle(self, code: int | None) -> None:
        """Leave the job as it is when the service is ending; give a signal's other receivers time to tell that."""
        if code is not None and (code < 0 or code == LOST):
            await asyncio.sleep(_SETTLE)
        self._leave_if_ending()

    def _leave_if_ending(self) -> None:
        if self._machine.stopping.is_set():
            raise asyncio.CancelledError

    def _environment(self, step: Step) -> dict[str, str]:
        """What Azure ML gives to a step, as far as it has a meaning here."""
        return {
            "MLFLOW_TRACKING_URI": self._machine.mlflow_uri,
            "MLFLOW_EXPERIMENT_NAME": self._job.plan.experiment_name,
            "AZUREML_ROOT_RUN_ID": self._job.name,
            "AZUREML_RUN_ID": f"{self._job.name}.{step.name}",
            **run_context(self._job.name),
            **self._trace(),
        }

    def _trace(self) -> dict[str, str]:
        """What the job continues, as OpenTelemetry reads it from an environment; none of a job without a trace."""
        trace = self._job.plan.tags.get(TRACE_TAG)
        return {"TRACEPARENT": trace} if trace else {}


async def _finish_within(limit: float, process: WarmProcess) -> int | None:
    """The exit code of ``process``, or None if it did not end within ``limit`` seconds. It has ended afterwards."""
    try:
        return await asyncio.wait_for(process.wait(), limit)
    except TimeoutError:
        return None
    finally:
        await asyncio.shield(process.stop())


def _ended(code: int | None, limit: float) -> str:
    if code is None:
        return f"exceeded its limit of {limit:g} s"
    return f"was ended by signal {-code}" if code < 0 else f"failed with exit code {code}"
