"""How the version in production does, and when the policy has it leave production by itself."""

from datetime import datetime, timedelta
from typing import Final

from shared.contracts.health import HealthObserved, ServingLost
from shared.contracts.metrics import kind_of
from shared.contracts.release_policy import RollbackEvent
from shared.interlock.holding import POLICY
from shared.interlock.memory import HealthNote
from shared.interlock.rolling_back import ask_rollback, is_left, why_not_back
from shared.interlock.state import REMEMBERED, InterlockState
from shared.interlock.steps import Step, policy_of, sentence
from shared.interlock.values import changed

_EVENTS: Final[dict[RollbackEvent, str]] = {
    "scoring_failed": "It could not score",
    "endpoint_unhealthy": "Nothing answers for it",
}


def on_serving_lost(state: InterlockState, event: ServingLost, now: datetime) -> Step:
    """What should answer for the model does not."""
    champion = state.champion
    if champion is None or champion.version != event.version:
        return Step(state, (), "ignored", f"Version {event.version} is not in production; its loss came late.")
    release = state.release
    if release is not None and release.shifted:
        reason = f"Release {release.attempt} of version {release.version} changes what answers: the look came late."
        return Step(state, (), "ignored", reason)
    told = Step(changed(state, reason=event.reason), (), "noted", event.reason)
    return roll_back_for(told, "endpoint_unhealthy", event.reason, now, event.trace)


def on_health(state: InterlockState, event: HealthObserved, now: datetime) -> Step:
    """How the champion did in a period: worse than its reference for too many in a row, it leaves production."""
    champion, policy = state.champion, policy_of(state).release.rollback
    if champion is None or champion.version != event.version or champion.stands_in is not None:
        return Step(state, (), "ignored", f"Version {event.version} is not in production; its figures came late.")
    if policy is not None and (now - champion.since) / timedelta(minutes=1) < policy.window_minutes:
        minutes = policy.window_minutes
        return Step(state, (), "noted", f"Within {minutes:g} minutes after a change of production, no figure counts.")
    known = next((one for one in state.health if one.period == event.period), None)
    if known is not None and known.at >= event.at:
        return Step(state, (), "ignored", f"How period {event.period} was is known already.")
    worse, watched = _worse(event), sorted({one.metric for one in policy.worse}) if policy is not None else []
    silent = tuple(one for one in watched if one not in event.figures or one not in event.reference)
    counts = tuple(one for one in worse if one in watched)
    note = HealthNote(period=event.period, at=event.at, worse=counts, silent=silent)
    others = [one for one in state.health if one is not known]
    health = tuple(sorted([*others, note], key=lambda one: one.period)[-REMEMBERED:])
    after = changed(state, health=health)
    how = f"worse than its reference in {', '.join(worse)}" if worse else "no worse than its reference"
    reason = f"Version {event.version} was {how} in period {event.period}."
    if silent:
        reason = f"{reason} That says nothing of {' and '.join(silent)}."
    told = Step(after, (), "noted", reason)
    return told if (why := _too_often(after)) is None else _back(told, why, now, event.trace)


def roll_back_for(step: Step, event: RollbackEvent, reason: str, now: datetime, trace: str | None) -> Step:
    """Something has happened that the policy may want to roll back for."""
    policy = policy_of(step.state).release.rollback
    if policy is None or event not in policy.events:
        return step
    return _back(step, f"{_EVENTS[event]}: {sentence(reason)}", now, trace)


# ── How ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _back(step: Step, why: str, now: datetime, trace: str | None) -> Step:
    state = step.state
    if state.rollback is not None or state.retirement is not None:
        return step
    if is_left(state):
        return step._replace(reason=f"{step.reason} Its rollback has failed: a person has to look.")
    if (wrong := why_not_back(state)) is not None:
        reason = f"{why} {wrong}"
        return step._replace(state=changed(state, reason=reason), reason=f"{step.reason} {wrong}")
    return step.then(ask_rollback(state, now, POLICY, why, trace))


def _worse(event: HealthObserved) -> tuple[str, ...]:
    """The metrics in which the model was worse; one that is not known of both says nothing."""
    return tuple(
        metric
        for metric, figure in sorted(event.figures.items())
        if metric in event.reference and _is_worse(metric, figure, event.reference[metric])
    )


def _is_worse(metric: str, figure: float, reference: float) -> bool:
    kind = kind_of(metric)
    if kind.signed:
        return abs(figure) > abs(reference)
    return figure < reference if kind.higher else figure > reference


def _too_often(state: InterlockState) -> str | None:
    policy = policy_of(state).release.rollback
    for one in policy.worse if policy is not None else ():
        # A period that says nothing of the metric is neither a bad nor a good one.
        last = [note for note in state.health if one.metric not in note.silent][-max(1, one.periods) :]
        if len(last) == max(1, one.periods) and all(one.metric in note.worse for note in last):
            periods = ", ".join(note.period for note in last)
            return f"Its {one.metric} was worse than the {one.than}'s in {periods}."
    return None
