"""Training a baseline: one job and one version for all models of a group, however many of them train at once."""

from typing import Any, Final

from durabletask import task

from functions.boundary import PermanentFailure, Steps, call, explain
from functions.orchestrators.steps import STEP_FAILED
from functions.orchestrators.waiting import wait_for_job
from shared import names
from shared.contracts.evaluation import BaselineJob
from shared.contracts.jobs import NAME_TAKEN, FolderInput, JobState, SubmitJobInput, WatchJobInput, job_parameters
from shared.contracts.policy import BaselinePolicy
from shared.contracts.registry import RegisterBaselineInput, RegisteredVersion
from shared.contracts.training import TrainModelInput

#: Jobs of one baseline on one dataset version; each but the last has failed, or was defined otherwise.
_MOST_JOBS: Final = 20
_FAILED: Final = frozenset({"Failed", "Canceled"})


class BaselineFailedError(Exception):
    """The baseline could not be trained, so there is nothing that the model could be judged by."""


def submit_baseline(
    context: task.OrchestrationContext, order: TrainModelInput, baseline: BaselinePolicy
) -> Steps[BaselineJob]:
    """Submit the baseline's job, or find it submitted.

    The name comes from the content, so that all models of the group find one job. A number at its end is raised past
    jobs that failed or have lost their evaluation before this training began, and past jobs whose code or pipeline was
    another one.

    Raises:
        BaselineFailedError: The platform refuses it, or it has failed too often.
    """
    problem = ""
    for number in range(1, _MOST_JOBS + 1):
        job = _job(order, baseline, number)
        try:
            state = yield from call(context, names.SUBMIT_JOB, job, JobState)
        except STEP_FAILED as error:
            problem = explain(error)
            if not (isinstance(error, PermanentFailure) and error.code == NAME_TAKEN):
                break
        else:
            if state.status not in _FAILED:
                return BaselineJob(model=baseline.model, job=job.name)
            problem = state.error or "no message"
    msg = f"The baseline {baseline.model} could not be trained: {problem}"
    raise BaselineFailedError(msg)


def wait_for_baseline(context: task.OrchestrationContext, baseline: BaselineJob, model: WatchJobInput) -> Steps[None]:
    """Wait for the baseline's job. No event wakes us, since its tags name no instance: it belongs to many.

    Args:
        context: The orchestration that waits.
        baseline: Its job, which runs since the model's does.
        model: How the model's own job was waited for; the budgets are the same.

    Raises:
        BaselineFailedError: It failed, or a budget ended first and it was cancelled.
    """
    end = yield from wait_for_job(context, model.model_copy(update={"name": baseline.job}))
    if end.outcome != "completed":
        msg = f"The baseline {baseline.model} could not be trained: {end.reason}"
        raise BaselineFailedError(msg)


def register_baseline(
    context: task.OrchestrationContext, order: TrainModelInput, baseline: BaselineJob
) -> Steps[dict[str, Any]]:
    """Register what the baseline's job has made, or find it registered; what the ledger says of it."""
    register = RegisterBaselineInput(
        model=baseline.model, fleet=order.policy.fleet, job=baseline.job, dataset=order.dataset, trace=order.trace
    )
    version = yield from call(context, names.REGISTER_BASELINE, register, RegisteredVersion)
    return {"model": baseline.model, "version": version.version, "run": version.run_id, "job": baseline.job}


def _job(order: TrainModelInput, baseline: BaselinePolicy, number: int) -> SubmitJobInput:
    """The same for every model of the group: nothing in it is the asking model's own."""
    fleet, version, folder = order.policy.fleet, order.dataset.version, order.dataset.path
    parameters = job_parameters(baseline.parameters, None)
    return SubmitJobInput(
        name=names.instance_id(
            f"train {baseline.model}", fleet, baseline.pipeline, parameters, version, folder, attempt=number
        ),
        fleet=fleet,
        pipeline=baseline.pipeline,
        experiment=baseline.model,
        inputs={**parameters, "dataset": FolderInput(type="uri_folder", path=folder)},
        tags={
            "signalbox.kind": names.BASELINE,
            "signalbox.fleet": fleet,
            "signalbox.model": baseline.model,
            "signalbox.dataset": version,
        },
        needs="evaluation",
        trace=order.trace,
    )
