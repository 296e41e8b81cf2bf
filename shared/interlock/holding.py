"""What keeps a model from beginning anything by itself: a hold, its parking, a freeze, the pause after a training.

None of it loses an event: what would have begun waits, and begins when nothing keeps it any more. What is in flight
goes on; so do scorings, since production must deliver, and rollbacks, since safety comes first.
"""

from datetime import datetime, timedelta

from shared.contracts.interlock import Woken
from shared.contracts.read_model import Parked
from shared.contracts.training import NOT_WANTED
from shared.interlock.commands import Wake
from shared.interlock.state import REMEMBERED, InterlockState
from shared.interlock.steps import Step, cut, policy_of, sentence
from shared.interlock.values import changed

#: Who parked a model that nobody has parked.
POLICY = "policy"


def why_held(state: InterlockState, now: datetime) -> str | None:
    """Who keeps the model from starting a training or a release, why, and how to lift it."""
    if state.parked is not None:
        by = "It is parked" if state.parked.by == POLICY else f"{state.parked.by} parked it"
        return f"{by}: {sentence(state.parked.reason)} A person has to look: `signalbox resume {state.model}`."
    hold = next((one for one in state.holds if one.holds(now)), None)
    if hold is None:
        return None
    until = f" until {hold.until.isoformat()}" if hold.until else ""
    return (
        f"{hold.by} holds it ({hold.scope}){until}: {sentence(hold.reason)} "
        f"`signalbox resume {_lifted_by(state, hold.scope)}` lifts the hold."
    )


def why_frozen(state: InterlockState, now: datetime) -> str | None:
    """The change freeze that keeps the model from being released now."""
    freezes = policy_of(state).release.freezes
    freeze = next((one for one in freezes if one.holds(now)), None)
    return None if freeze is None else f"Releases are frozen until {freeze.end.isoformat()}: {sentence(freeze.reason)}"


def why_paused(state: InterlockState, now: datetime) -> str | None:
    """The pause after a training, in which no other begins by itself."""
    until = _cool_at(state)
    if until is None or until <= now:
        return None
    days = policy_of(state).cooldown_days
    return f"A training begins by itself {days} days after the one before at the earliest: on {until.isoformat()}."


def parked(state: InterlockState, now: datetime, reason: str, by: str = POLICY) -> InterlockState:
    """A person has to look."""
    return changed(state, parked=Parked(at=now, by=by, reason=cut(reason)))


def after_end(state: InterlockState, now: datetime, kind: str, reason: str, *, failed: bool) -> InterlockState:
    """A training or release has ended: so many that failed in a row park the model.

    Trainings and releases are counted apart: each release that fails follows a training that did not.
    """
    field = f"failed_{kind}s"
    times = getattr(state, field) + 1 if failed else 0
    state = changed(state, **{field: times})
    limit = policy_of(state).park_after
    if not failed or limit is None or times < limit or state.parked is not None:
        return state
    what = f"{times} {kind}s have failed in a row, the last one so" if times > 1 else f"A {kind} has failed"
    return parked(state, now, f"{what}: {reason}")


def wake_next(step: Step, now: datetime, trace: str | None) -> Step:
    """Come back when the first of what keeps something waiting ends by itself; holds that have ended are forgotten."""
    state = step.state
    if any(not hold.holds(now) for hold in state.holds):
        state = changed(state, holds=tuple(hold for hold in state.holds if hold.holds(now)))
    if state.wakes and state.wakes[0] <= now:
        state = changed(state, wakes=tuple(one for one in state.wakes if one > now))
    due = _first_end(state, now)
    if due is None or due in state.wakes:
        return step if state is step.state else step._replace(state=state)
    wake = Wake(at=due, input=Woken(model=state.model, at=due, trace=trace))
    wakes = sorted([*state.wakes, due])[:REMEMBERED]
    return step._replace(state=changed(state, wakes=tuple(wakes)), commands=(*step.commands, wake))


# ── How ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _lifted_by(state: InterlockState, scope: str) -> str:
    """What a hold was given to, as the command line says it: `--fleet demand --select region=plains,rockies`."""
    kind, _, what = scope.partition(":")
    if kind == "model":
        return state.model
    fleet = what if kind == "fleet" else policy_of(state).fleet
    labels = what.split(",") if kind == "label" else []
    return " ".join([f"--fleet {fleet}", *(f"--select {one.replace('|', ',')}" for one in labels)])


def _cool_at(state: InterlockState) -> datetime | None:
    """When a training may begin by itself again."""
    if state.policy is None or state.policy.cooldown_days is None:
        return None
    begun = [one.started_at for one in state.trainings if one.outcome not in NOT_WANTED]
    return max(begun) + timedelta(days=state.policy.cooldown_days) if begun else None


def _wants_release(state: InterlockState, now: datetime) -> bool:
    released = state.release.version if state.release is not None else None
    return any(one.version != released and one.ready(now) for one in state.candidates)


def _first_end(state: InterlockState, now: datetime) -> datetime | None:
    ends = [hold.until for hold in state.holds if hold.until is not None]
    if state.policy is not None and state.policy.release.freezes and _wants_release(state, now):
        ends += [freeze.end for freeze in state.policy.release.freezes if freeze.holds(now)]
    if state.queued is not None and (cool := _cool_at(state)) is not None and cool > now:
        ends.append(cool)
    return min(ends, default=None)
