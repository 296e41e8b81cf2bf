"""Rules of retirement: what runs ends first, nothing new starts, and a model that is wanted again lives on.

A training need not run to its end for that: its job is cancelled.
"""

from datetime import datetime

from shared import names
from shared.contracts.interlock import AnyInterlockEvent, RetirementFinished, RetirementRequested
from shared.contracts.jobs import JobWord
from shared.contracts.retirement import RetireModelInput
from shared.interlock.commands import StartRetirement
from shared.interlock.evaluating import drop_evaluation
from shared.interlock.giving_up import drop_training, with_unwanted_data, withdraw_training, without_waiting_data
from shared.interlock.releasing import drop_release
from shared.interlock.requests import refuse_waiting
from shared.interlock.rolling_back import drop_rollback
from shared.interlock.runs import Retirement
from shared.interlock.scoring import drop_scoring
from shared.interlock.state import InterlockState
from shared.interlock.steps import Step, adoption_end, cut, policy_of
from shared.interlock.values import changed


def on_retirement(state: InterlockState, event: RetirementRequested, now: datetime) -> Step:
    """Somebody confirmed it: what has not begun does not begin, and what runs is waited for.

    Nobody wants what a training would lead to, so its job is cancelled; its end is waited for all the same.
    """
    if state.policy is None:
        return Step(state, (), "ignored", "Nothing has happened to this model, so there is nothing to retire.")
    if state.retirement is not None:
        return Step(state, (), "joined", f"The model is {state.summary} already.")
    attempt = state.retirements + 1
    asked = Retirement(
        attempt=attempt,
        requested_by=event.requested_by,
        stage="asked",
        at=now,
        instance=names.instance_id(f"retire {state.model}", policy_of(state).revision, attempt=attempt),
        trace=event.trace,
    )
    reason = f"{event.requested_by} asked to retire the model."
    dropped = refuse_waiting(state, reason)
    dropped = drop_rollback(drop_scoring(drop_release(drop_training(drop_evaluation(dropped), reason)), reason))
    running = " and ".join(run.kind for run in dropped.in_flight)
    training = dropped.training
    told = () if training is None else (withdraw_training(training, JobWord(unwanted=reason), event.trace),)
    reason = f"{reason} The {running} in flight ends first." if running else reason
    after = changed(dropped, retirement=asked, retirements=attempt, reason=reason)
    return Step(after, told, "waiting" if running else "accepted", reason)


def retire_next(step: Step, now: datetime, trace: str | None) -> Step:
    """Begin a retirement that was asked for, as soon as nothing runs."""
    state, retirement = step.state, step.state.retirement
    if retirement is None or retirement.stage != "asked" or state.in_flight or adoption_end(state, now):
        return step
    begun = changed(retirement, stage="running", at=now)
    order = RetireModelInput(
        model=state.model,
        attempt=begun.attempt,
        policy=policy_of(state),
        requested_by=begun.requested_by,
        at=now,
        champion=state.champion.version if state.champion else None,
        serving=state.champion.serving if state.champion else None,
        stands_in=state.champion.stands_in if state.champion else None,
        trace=begun.trace or trace,
    )
    command = StartRetirement(instance=begun.instance, input=order)
    reason = f"Asked for by {begun.requested_by}; nothing runs any more."
    after = changed(state, retirement=begun, reason=reason)
    return step.then(Step(after, (command,), f"started retirement {begun.attempt}", reason))


def on_retired(state: InterlockState, event: RetirementFinished, now: datetime) -> Step:
    """It is out of service; or some of it could not be taken away, and may be tried again by asking again.

    A retired model forgets its trainings and versions: if it comes back, it begins anew. Holds stay. One
    that came back before that is trained on the data that it was not trained on because of the retirement.
    """
    outcome, retirement = event.outcome, state.retirement
    if retirement is None or retirement.attempt != outcome.attempt or retirement.stage != "running":
        return Step(state, (), "ignored", f"Retirement {outcome.attempt} does not run; its result came late.")
    reason = cut(outcome.reason)
    if not outcome.retired:
        after = changed(state, retirement=None, reason=reason)
        after = with_unwanted_data(after) if outcome.back else without_waiting_data(after)
        return Step(after, (), "retirement failed", reason)
    retired = changed(retirement, stage="retired", at=now)
    after = changed(
        without_waiting_data(state),
        retirement=retired,
        champion=None,
        last_good=None,
        trainings=(),
        candidates=(),
        health=(),
        parked=None,
        failed_trainings=0,
        failed_releases=0,
        gave_way=False,
        drift=None,
        reason=reason,
    )
    return Step(after, (), "retired", reason)


def live_on(state: InterlockState, event: AnyInterlockEvent) -> InterlockState:
    """A retired model of which the fleet file speaks again is in service again; what was sent before does not count."""
    retirement = state.retirement
    if retirement is None or retirement.stage != "retired" or event.__dict__.get("policy") is None:
        return state
    if event.at <= retirement.at:
        return state
    # Orders to its fleet went past it while no file had it.
    return changed(state, retirement=None, fleet_holds="unknown", reason="The model is back in the fleet file.")
