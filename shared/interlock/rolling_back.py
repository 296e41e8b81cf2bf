"""Rules of rollback: from the version in production to the recorded last good one, or to the baseline.

Neither hold nor freeze nor parking stops it. It begins when no release and no scoring changes production, and while it
is under way nothing else does. The version that it leaves is barred: it is not released by itself any more.

While a release changes production, going back is that release's: it is told so, and undoes what it has done.
"""

from datetime import datetime
from typing import Literal

from shared import names
from shared.contracts.interlock import ReleaseFinished, RequestAnswer, RollbackFinished
from shared.contracts.orders import RollbackOrdered
from shared.contracts.release import ReleaseWord
from shared.contracts.rollback import GoodVersion, RollbackModelInput, RollbackOutcome
from shared.interlock.commands import StartRollback
from shared.interlock.holding import parked
from shared.interlock.memory import Champion
from shared.interlock.releasing import as_good, on_released
from shared.interlock.runs import Release, Rollback
from shared.interlock.state import InterlockState
from shared.interlock.steps import Step, accept, adoption_end, bar, cut, policy_of, refuse, sentence, unchanged
from shared.interlock.telling import tell_release
from shared.interlock.values import changed


def on_rollback_order(state: InterlockState, order: RollbackOrdered, now: datetime) -> Step:
    """A person wants the version in production away."""
    release, current = state.release, state.rollback
    if release is not None and release.shifted and state.retirement is None:
        return _tell_back(state, release, order)
    if current is not None:
        reason = f"Rollback {current.attempt} of version {current.leaves} is in flight already."
        return Step(state, (), "joined", reason, _answer("joined", current, reason))
    if (wrong := why_not_back(state)) is not None:
        return refuse(state, wrong)
    step = ask_rollback(state, now, order.by, order.reason, order.trace)
    assert step.state.rollback is not None  # asked just now
    return step._replace(answer=_answer("started", step.state.rollback, step.reason))


def on_release_ended(state: InterlockState, event: ReleaseFinished, now: datetime) -> Step:
    """A release has ended; one that was told to go back after its last look has gone on, and is rolled back."""
    release, step = state.release, on_released(state, event, now)
    if release is None or release.back is None or step.state.release is not None or not event.outcome.released:
        return step
    if (wrong := why_not_back(step.state)) is not None:
        return step._replace(state=changed(step.state, reason=wrong), reason=f"{step.reason} {wrong}")
    return step.then(ask_rollback(step.state, now, release.back, release.told or "", event.trace))


def why_not_back(state: InterlockState) -> str | None:
    """What a rollback lacks, and what to do instead."""
    champion = state.champion
    if state.retirement is not None:
        return f"The model is {state.summary}: it goes out of service anyway."
    if champion is None:
        return "No version is in production: there is nothing to go back from."
    if champion.stands_in is not None:
        return f"The baseline {champion.stands_in} stands in already: `signalbox release {state.model}@VERSION`."
    if _back_to(state) is None and not _fails_over(state):
        return (
            f"There is no last good version to go back to from version {champion.version}: release another one with "
            f"`signalbox release {state.model}@VERSION`, or set `else: baseline` under `release.rollback` in the "
            f"fleet file, so that the baseline stands in."
        )
    return None


def ask_rollback(state: InterlockState, now: datetime, by: str, reason: str, trace: str | None) -> Step:
    """Go back as soon as nothing else changes production; `why_not_back` was asked before."""
    assert state.champion is not None  # else there is nothing to go back from
    attempt, leaves, back_to = state.releases + 1, state.champion.version, _back_to(state)
    asked = Rollback(
        attempt=attempt, leaves=leaves, back_to=back_to, by=by, reason=cut(reason), stage="asked", at=now, trace=trace
    )
    what = f"goes back to version {back_to.version}" if back_to else "gives way to the baseline"
    told = cut(f"Version {leaves} {what}: {sentence(reason)} Ordered by {by}.")
    return Step(changed(state, releases=attempt, rollback=asked, reason=told), (), "accepted", told)


def roll_back_next(step: Step, now: datetime, trace: str | None) -> Step:
    """Begin the rollback that was asked for, when neither a release nor a scoring changes production."""
    state, rollback = step.state, step.state.rollback
    if rollback is None or rollback.stage != "asked":
        return step
    if state.champion is None or state.champion.version != rollback.leaves:
        reason = f"Version {rollback.leaves} is not in production any more, so there is nothing to roll back."
        return step.then(Step(changed(state, rollback=None, reason=reason), (), "not begun", reason))
    if any(run.kind in ("release", "scoring") for run in state.in_flight) or adoption_end(state, now) is not None:
        return step
    leaves = as_good(state)
    assert leaves is not None  # there is a champion
    policy = policy_of(state)
    instance = names.instance_id(
        f"roll back {state.model} {rollback.leaves}", policy.revision, attempt=rollback.attempt
    )
    begun = changed(rollback, stage="running", at=now, instance=instance)
    order = RollbackModelInput(
        model=state.model,
        attempt=begun.attempt,
        policy=policy,
        leaves=leaves,
        back_to=begun.back_to,
        period=leaves.dataset,
        by=begun.by,
        reason=begun.reason,
        compares=True,
        at=now,
        trace=begun.trace or trace,
    )
    after = changed(state, rollback=begun)
    reason = f"Nothing else changes production; version {begun.leaves} leaves it."
    return step.then(
        Step(after, (StartRollback(instance=instance, input=order),), f"started rollback {begun.attempt}", reason)
    )


def on_rolled_back(state: InterlockState, event: RollbackFinished, now: datetime) -> Step:
    """Another version serves again, and the one that was left is barred; or a person has to look."""
    outcome, rollback = event.outcome, state.rollback
    if rollback is None or rollback.attempt != outcome.attempt or rollback.stage != "running":
        return Step(state, (), "ignored", f"Rollback {outcome.attempt} does not run; its result came late.")
    reason = cut(outcome.reason)
    # One that failed is not tried again by itself, either.
    after = bar(changed(state, rollback=None, reason=reason, health=(), drift=None), rollback.leaves, rollback.reason)
    serves = _serves(state, rollback, outcome)
    if serves is not None:
        after = _in_production(after, serves, now)
    if outcome.outcome != "failed":
        return Step(after, (), outcome.outcome, reason)
    after = parked(after, now, f"The rollback of version {rollback.leaves} failed: {reason}")
    return Step(after, (), "rollback failed", reason)


def drop_rollback(state: InterlockState) -> InterlockState:
    """A rollback that has not begun does not begin any more."""
    asked = state.rollback is not None and state.rollback.stage == "asked"
    return changed(state, rollback=None) if asked else state


def is_left(state: InterlockState) -> bool:
    """Whether the version in production was to leave it already, and could not."""
    return state.champion is not None and bool(state.candidate(state.champion.version).barred)


# ── How ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _tell_back(state: InterlockState, release: Release, order: RollbackOrdered) -> Step:
    what = f"Release {release.attempt} of version {release.version}"
    if release.phase == "undoing":
        return unchanged(state, f"{what} is undone already.")
    if release.back is not None:
        return unchanged(state, f"{what} was told to go back already, by {release.back}.")
    why = cut(f"{order.by} ordered it back: {sentence(order.reason)}")
    reason = f"{what} is told to go back; it does at its next look. {why}"
    after = changed(state, release=changed(release, told=why, back=order.by), reason=reason)
    return accept(after, reason, tell_release(release, ReleaseWord(withdrawn=why), order.trace))


def _answer(decision: Literal["started", "joined"], rollback: Rollback, reason: str) -> RequestAnswer:
    return RequestAnswer(decision=decision, attempt=rollback.attempt, reason=reason)


def _back_to(state: InterlockState) -> GoodVersion | None:
    good = state.last_good
    if good is None or (good.model == state.model and state.candidate(good.version).barred):
        return None
    return good


def _fails_over(state: InterlockState) -> bool:
    policy = policy_of(state)
    return policy.baseline is not None and policy.release.rollback is not None and policy.release.rollback.failover


def _serves(state: InterlockState, rollback: Rollback, outcome: RollbackOutcome) -> GoodVersion | None:
    """What is in production now, where that has changed."""
    serves = outcome.serves or (rollback.back_to if outcome.outcome == "rolled_back" else None)
    if serves is None or (serves.model, serves.version) == (state.model, rollback.leaves):
        return None
    return serves


def _in_production(state: InterlockState, serves: GoodVersion, now: datetime) -> InterlockState:
    champion = Champion(
        version=serves.version,
        since=now,
        serving=serves.serving,
        previous=None,
        dataset=serves.dataset,
        stands_in=None if serves.model == state.model else serves.model,
    )
    return changed(state, champion=champion, last_good=None)
