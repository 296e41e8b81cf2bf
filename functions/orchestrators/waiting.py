"""Waiting for what the platform does: jobs by a child that sleeps, deployments by durable timers. No thread is held."""

from datetime import datetime, timedelta
from typing import Final

from durabletask import task

from functions.boundary import PermanentFailure, Steps, call, fitting
from functions.orchestrators.steps import now
from shared import names
from shared.contracts.deployments import DeploymentKey, DeploymentSpec, DeploymentState, ShiftTrafficInput, Traffic
from shared.contracts.jobs import VANISHED, JobEnd, JobKey, JobState, WatchJobInput
from shared.contracts.policy import ModelPolicy
from shared.contracts.retirement import WithdrawnTraffic, WithdrawTrafficInput
from shared.waiting import STOP_BUDGET, stop_pause

#: From when it is being made; Azure builds the image of an environment that it has not seen.
_DEPLOYMENT_BUDGET: Final = timedelta(hours=1)
#: How often a shift is looked at again, and begun anew where it was not done.
_SHIFTS: Final = 2


class WaitTimeoutError(Exception):
    """What was waited for did not come within its budget."""


def training_watch(policy: ModelPolicy, job: str, since: datetime, trace: str | None) -> WatchJobInput:
    """How a job of the model's pipeline is waited for: with the model's budgets, from a moment on."""
    train = policy.train
    return WatchJobInput(
        name=job,
        queue_minutes=train.queue_timeout_minutes,
        run_minutes=train.timeout_minutes,
        ours=True,
        since=since,
        trace=trace,
    )


def wait_for_job(context: task.OrchestrationContext, order: WatchJobInput) -> Steps[JobEnd]:
    """Wait until a job has ended, or is given up and cancelled; this history grows by two events, however long it is.

    The job's tag `signalbox.instance` must name this orchestration: so its events find the child that waits.

    Raises:
        TaskFailedError: The child was ended from outside.
    """
    child = names.watcher(order.name, context.instance_id)
    value = yield context.call_sub_orchestrator(names.WATCH_JOB, input=fitting(order), instance_id=child)
    return JobEnd.from_wire(value)


def read_job(context: task.OrchestrationContext, name: str, trace: str | None) -> Steps[JobState | None]:
    """Where a job stands; `None` when the platform does not know it."""
    try:
        return (yield from call(context, names.READ_JOB, JobKey(name=name, trace=trace), JobState))
    except PermanentFailure as failure:
        if failure.code != VANISHED:
            raise
        return None


def stop_job(context: task.OrchestrationContext, name: str, trace: str | None) -> Steps[JobState | None]:
    """Cancel a job and see to it that it stops: read until it is final, for a quarter of an hour at most.

    Returns:
        Where it stands then, which need not be final; `None` when the platform does not know it any more.
    """
    deadline, step = now(context) + STOP_BUDGET, 0
    state: JobState | None = yield from call(context, names.CANCEL_JOB, JobKey(name=name, trace=trace), JobState)
    while state is not None and not state.final and now(context) < deadline:
        yield context.create_timer(stop_pause(step))
        step += 1
        state = yield from read_job(context, name, trace)
    return state


def shift_and_wait(context: task.OrchestrationContext, order: ShiftTrafficInput) -> Steps[Traffic]:
    """Route traffic, and see to it that it was done; how it was before is what only the first call can tell.

    Raises:
        PermanentFailure: The endpoint has failed; `TrafficNotShifted`: each change ended with the traffic as it was.
    """
    first = yield from call(context, names.SHIFT_TRAFFIC, order, Traffic)
    for _ in range(_SHIFTS):
        # While the endpoint is being changed, tried again. One that begins anew has found the traffic as it was before.
        last = yield from call(context, names.SHIFT_TRAFFIC, order, Traffic)
        if not last.begun:
            return first.model_copy(update={"begun": False})
    raise _not_shifted(order.endpoint)


def withdraw_and_wait(context: task.OrchestrationContext, order: WithdrawTrafficInput) -> Steps[WithdrawnTraffic]:
    """Take a model's traffic away, and see to it that it was done, where it had some: then its deployments can go.

    Raises:
        PermanentFailure: As `shift_and_wait`.
    """
    left = yield from call(context, names.WITHDRAW_TRAFFIC, order, WithdrawnTraffic)
    again = order.model_copy(update={"confirming": True})
    for _ in range(_SHIFTS):
        if not left.begun:
            break
        left = yield from call(context, names.WITHDRAW_TRAFFIC, again, WithdrawnTraffic)
    if left.begun:
        raise _not_shifted(order.endpoint)
    return left


def deploy_and_wait(
    context: task.OrchestrationContext, spec: DeploymentSpec, *, scaled: bool = False
) -> Steps[DeploymentState]:
    """Start a deployment and wait, by durable timers, until it is provisioned or has failed.

    Args:
        context: The orchestration's.
        spec: What to deploy.
        scaled: Whether it scales as its definition says, from then on; otherwise it stays as it begins.

    Raises:
        PermanentFailure: It cannot be made, or cannot scale.
        WaitTimeoutError: It is still being created after an hour.
    """
    pause = timedelta(seconds=1)
    # What has no definition cannot say how it scales: histories of such releases say and do nothing about it.
    if spec.definition is not None:
        spec = spec.model_copy(update={"scales": scaled})
    state = yield from call(context, names.CREATE_DEPLOYMENT, spec, DeploymentState)
    deadline = context.current_utc_datetime + _DEPLOYMENT_BUDGET
    key = DeploymentKey(endpoint=spec.endpoint, deployment=spec.deployment, trace=spec.trace)
    while state.status not in ("Succeeded", "Failed"):
        if context.current_utc_datetime >= deadline:
            msg = f"The deployment {spec.deployment} of {spec.endpoint} is still {state.status} after an hour."
            raise WaitTimeoutError(msg)
        yield context.create_timer(pause)
        pause = min(pause * 2, timedelta(minutes=1))
        state = yield from call(context, names.READ_DEPLOYMENT, key, DeploymentState)
    if scaled and spec.definition is not None and state.status == "Succeeded":
        yield from call(context, names.SCALE_DEPLOYMENT, spec, DeploymentState)
    return state


def _not_shifted(endpoint: str) -> PermanentFailure:
    told = f"The endpoint {endpoint} was told {_SHIFTS + 1} times to route its traffic otherwise, and has not"
    return PermanentFailure("TrafficNotShifted", f"{told}: its activity log on the platform says why")
