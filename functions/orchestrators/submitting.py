"""Submitting a job of our own, and telling when the job of that name is another one."""

from durabletask import task

from functions.boundary import PermanentFailure, Steps, call
from shared import names
from shared.contracts.evaluation import ChampionRef
from shared.contracts.jobs import NAME_TAKEN, JobInput, JobState, ModelInput, SubmitJobInput
from shared.contracts.training import CHAMPION_INPUT


class JobNameTakenError(PermanentFailure):
    """Another job has the name: it is somebody else's, so whoever fails because of it must not cancel it."""


def champion_input(model: str, champion: ChampionRef | None) -> dict[str, JobInput]:
    """The version in production, where a gate compares with it; before the first release there is none."""
    if champion is None or champion.version is None:
        return {}
    return {CHAMPION_INPUT: ModelInput(model=model, version=champion.version)}


def submit_job(context: task.OrchestrationContext, order: SubmitJobInput) -> Steps[JobState]:
    """Submit a job, or find it submitted.

    Raises:
        JobNameTakenError: The job of that name is another one.
        PermanentFailure: The platform refuses it.
        TaskFailedError: The platform has not answered, or not well.
    """
    try:
        return (yield from call(context, names.SUBMIT_JOB, order, JobState))
    except PermanentFailure as failure:
        if failure.code != NAME_TAKEN:
            raise
        raise JobNameTakenError(failure.code, failure.message) from failure
