"""Steps that several orchestrators take: telling an interlock, writing the ledger, waiting."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from durabletask import task
from durabletask.entities import EntityInstanceId

from functions.boundary import PermanentFailure, Steps, call, explain, fitting
from shared import names
from shared.contracts.interlock import InterlockEvent
from shared.contracts.jobs import JobKey, JobState
from shared.contracts.ledger import LedgerEntry, LedgerRow
from shared.contracts.release import DeploymentKey, DeploymentSpec, DeploymentState

_FIRST_POLL: Final = timedelta(seconds=10)
_LAST_POLL: Final = timedelta(minutes=10)
_DEPLOYMENT_BUDGET: Final = timedelta(minutes=20)


#: What a step ends with when it does not succeed: a way of going on, not a mistake in the code.
STEP_FAILED: Final = (PermanentFailure, task.TaskFailedError)


class WaitTimeoutError(Exception):
    """What was waited for did not come within its budget."""


def now(context: task.OrchestrationContext) -> datetime:
    """The orchestrator's clock, with its zone: the same on every replay."""
    return context.current_utc_datetime.replace(tzinfo=UTC)


def tell_interlock(context: task.OrchestrationContext, event: InterlockEvent) -> None:
    """Signal the model's interlock; the signal leaves with this turn, exactly once per history."""
    entity = EntityInstanceId(names.MODEL_INTERLOCK, event.model)
    context.signal_entity(entity, names.INTERLOCK_RECEIVE, fitting(event))


def write_ledger(  # noqa: PLR0917 - an entry, field by field, in the order in which it reads
    context: task.OrchestrationContext,
    model: str,
    effect: str,
    reason: str,
    facts: dict[str, Any],
    trace: str | None,
) -> Steps[LedgerRow]:
    """Record an effect that has happened, once per orchestration instance and effect."""
    entry = LedgerEntry(
        model=model,
        effect=effect,
        key=f"{context.instance_id}/{effect}",
        at=now(context),
        by=context.instance_id,
        reason=reason,
        facts=facts,
        trace=trace,
    )
    return (yield from call(context, names.APPEND_LEDGER, entry, LedgerRow))


def wait_for_job(
    context: task.OrchestrationContext, name: str, budget: timedelta, trace: str | None
) -> Steps[JobState]:
    """Wait until a job is final: its events wake us, and sparse, backed-off reads are the net.

    Raises:
        WaitTimeoutError: The budget ended first; the job was asked to stop.
    """
    deadline = context.current_utc_datetime + budget
    pause = _FIRST_POLL
    state = yield from call(context, names.READ_JOB, JobKey(name=name, trace=trace), JobState)
    while not state.final:
        left = deadline - context.current_utc_datetime
        if left <= timedelta(0):
            yield from call(context, names.CANCEL_JOB, JobKey(name=name, trace=trace), JobState)
            minutes = budget.total_seconds() / 60
            msg = f"The job {name} was {state.status} after {minutes:.0f} minutes, and was cancelled."
            raise WaitTimeoutError(msg)
        event = context.wait_for_external_event(names.JOB_CHANGED)
        timer = context.create_timer(min(pause, left))
        winner = yield task.when_any([event, timer])
        (timer if winner is event else event).cancel()
        if winner is timer:
            pause = min(pause * 2, _LAST_POLL)
        state = yield from call(context, names.READ_JOB, JobKey(name=name, trace=trace), JobState)
    return state


def deploy_and_wait(context: task.OrchestrationContext, spec: DeploymentSpec) -> Steps[DeploymentState]:
    """Start a deployment and wait, by durable timers, until it is provisioned or has failed.

    Raises:
        WaitTimeoutError: It is still being created after twenty minutes.
    """
    deadline = context.current_utc_datetime + _DEPLOYMENT_BUDGET
    pause = timedelta(seconds=1)
    state = yield from call(context, names.CREATE_DEPLOYMENT, spec, DeploymentState)
    key = DeploymentKey(endpoint=spec.endpoint, deployment=spec.deployment, trace=spec.trace)
    while state.status not in ("Succeeded", "Failed"):
        if context.current_utc_datetime >= deadline:
            msg = f"The deployment {spec.deployment} of {spec.endpoint} is still {state.status} after 20 minutes."
            raise WaitTimeoutError(msg)
        yield context.create_timer(pause)
        pause = min(pause * 2, timedelta(minutes=1))
        state = yield from call(context, names.READ_DEPLOYMENT, key, DeploymentState)
    return state


def attempt(step: Steps[Any]) -> Steps[str | None]:
    """Take a step whose failure must not keep the next ones from being taken; why it failed, or `None`."""
    try:
        yield from step
    except STEP_FAILED as error:
        return explain(error)
    return None
