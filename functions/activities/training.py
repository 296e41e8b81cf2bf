"""Jobs on the training platform."""

from functions import adapters
from functions.boundary import activity
from shared.blocking import run_blocking
from shared.contracts.jobs import VANISHED, JobKey, JobState, SubmitJobInput
from shared.errors import PermanentError


@activity
async def submit_job(order: SubmitJobInput) -> JobState:
    """Start a pipeline job; the platform adopts one of this name that is the run's own, or shared and defined alike."""
    pipeline = adapters.fleet_file(order.fleet, order.pipeline)
    state = await run_blocking(
        adapters.platform().submit_job, order.name, pipeline, order.experiment, order.inputs, order.tags
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
    return state


@activity
async def cancel_job(order: JobKey) -> JobState:
    """Ask a job to stop, and say where it stands."""
    await run_blocking(adapters.platform().cancel_job, order.name)
    state = await run_blocking(adapters.platform().read_job, order.name)
    return state or JobState(name=order.name, status="Canceled")


def _if_it_still_has(state: JobState, output: str) -> JobState:
    """A job that completed, as failed when its output is gone: what it has made cannot be used any more."""
    try:
        adapters.platform().read_job_file(state.name, output)
    except PermanentError as error:
        return state.model_copy(update={"status": "Failed", "error": f"its output `{output}` is gone: {error.message}"})
    return state
