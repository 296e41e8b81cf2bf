"""Jobs on the training platform."""

from functions import adapters, tracing
from functions.boundary import activity
from shared.blocking import run_blocking
from shared.contracts.jobs import INSTANCE_TAG, TRACE_TAG, VANISHED, JobKey, JobState, SubmitJobInput
from shared.errors import PermanentError


@activity
async def submit_job(order: SubmitJobInput) -> JobState:
    """Start a pipeline job; the platform adopts one of this name that is the run's own, or shared and defined alike."""
    pipeline = adapters.fleet_file(order.fleet, order.pipeline)
    state = await run_blocking(
        adapters.platform().submit_job, order.name, pipeline, order.experiment, order.inputs, _traced(order)
    )
    if order.needs is None or state.status != "Completed":
        return state
    return await run_blocking(_if_it_still_has, state, order.needs)


@activity
async def read_job(order: JobKey) -> JobState:
    """Where a job stands; one that is gone is a permanent failure, since nothing will bring it back."""
    state = await run_blocking(adapters.platform().read_job, order.name)
    if state is None:
        raise PermanentError(VANISHED, f"The platform does not know the job {order.name} any more.")
    _tell(state, order.trace)
    return state


@activity
async def cancel_job(order: JobKey) -> JobState:
    """Ask a job to stop, and say where it stands."""
    await run_blocking(adapters.platform().cancel_job, order.name)
    state = await run_blocking(adapters.platform().read_job, order.name)
    return state or JobState(name=order.name, status="Canceled")


def _traced(order: SubmitJobInput) -> dict[str, str]:
    """Its tags, and what the job and its events continue.

    Not for a job that several runs share: it is found again by its tags, which must be alike whoever asks.
    """
    trace = tracing.traceparent_of_job(order.name) if INSTANCE_TAG in order.tags else None
    return order.tags if trace is None else {**order.tags, TRACE_TAG: trace}


def _tell(state: JobState, trace: str | None) -> None:
    """The span of a job that has ended: whoever looks tells the same one."""
    if state.final and state.started_at is not None and state.ended_at is not None:
        error = None if state.status == "Completed" else state.error or state.status
        tracing.job(state.name, trace, state.started_at, state.ended_at, error)


def _if_it_still_has(state: JobState, output: str) -> JobState:
    """A job that completed, as failed when its output is gone: what it has made cannot be used any more."""
    try:
        adapters.platform().read_job_file(state.name, output)
    except PermanentError as error:
        return state.model_copy(update={"status": "Failed", "error": f"its output `{output}` is gone: {error.message}"})
    return state
