"""What keeps a model from beginning anything by itself: a hold, its parking, a freeze, the pause after a training.

None of it loses an event: what would have begun waits, and begins when nothing keeps it any more. What is in flight
goes on; so do scorings, since production must deliver, and rollbacks, since safety comes first.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

from shared import names
from shared.contracts.holds import LookForHoldsInput
from shared.contracts.interlock import HoldsFound
from shared.contracts.policy import ModelPolicy
from shared.contracts.read_model import Parked
from shared.contracts.release_policy import Freeze
from shared.contracts.training import NOT_WANTED
from shared.contracts.waking import WakeModelInput
from shared.interlock.commands import LookForHolds, Wake
from shared.interlock.state import REMEMBERED, InterlockState
from shared.interlock.steps import Step, adoption_end, cut, policy_of, sentence
from shared.interlock.values import changed

#: Who parked a model that nobody has parked.
POLICY: Final = "policy"
#: Why a model that is new does not begin at once.
_LOOKS: Final = "It is being looked up whether somebody holds its fleet; nothing starts by itself before that is known."
#: What a model that is held says first.
NOTHING_STARTS: Final = "Nothing starts by itself."
#: What is told while nobody can look; it is taken back by the answer.
_NOBODY_LOOKED: Final = "Nothing starts by itself: nobody could look up yet who holds its fleet."
#: After so long an answer does not come any more: nobody could look, or somebody has ended whoever looked.
UNANSWERED: Final = timedelta(hours=1)
#: Until the fleet file is looked at where the end of a freeze has passed without a word of it.
_SOON: Final = timedelta(minutes=1)
#: Between two questions of the same moment, so that each answer is known by the time of its question.
_NEXT_QUESTION: Final = timedelta(microseconds=1)
#: The end of a pause that is longer than there are years.
_NEVER: Final = datetime.max.replace(tzinfo=UTC)
#: So many are kept of what is on at a time; whether there are others is looked up when one of these is over.
MOST_HOLDS: Final = 10


def why_held(state: InterlockState, now: datetime) -> str | None:
    """Who keeps the model from starting a training or a release, why, and how to lift it."""
    if state.parked is not None:
        by = "It is parked" if state.parked.by == POLICY else f"{state.parked.by} parked it"
        return f"{by}: {sentence(state.parked.reason)} A person has to look: `signalbox resume {state.model}`."
    hold = next((one for one in state.holds if one.holds(now)), None)
    if hold is None:
        return None if state.fleet_holds == "known" else _LOOKS
    until = f" until {hold.until.isoformat()}" if hold.until else ""
    return (
        f"{hold.by} holds it ({hold.scope}){until}: {sentence(hold.reason)} "
        f"`signalbox resume {_lifted_by(state, hold.scope)}` lifts the hold."
    )


def why_frozen(state: InterlockState, now: datetime) -> str | None:
    """The change freeze that keeps the model from being released now.

    One is over when the fleet file, as it was told at its end or later, has not extended it.
    """
    freeze = next((one for one in policy_of(state).release.freezes if _on(state, one, now)), None)
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
    if state.holds and any(not hold.holds(now) for hold in state.holds):
        state = _without_ended(state, now)
    if state.wakes and state.wakes[0] <= now:
        state = changed(state, wakes=tuple(one for one in state.wakes if one > now))
    due = _first_end(state, now)
    if due is None or due in state.wakes:
        return step if state is step.state else step._replace(state=state)
    instance = names.instance_id(f"wake {state.model}", due.isoformat())
    wake = Wake(instance=instance, input=WakeModelInput(model=state.model, at=due, trace=trace))
    wakes = sorted([*state.wakes, due])[:REMEMBERED]
    return step._replace(state=changed(state, wakes=tuple(wakes)), commands=(*step.commands, wake))


def look_next(step: Step, now: datetime, trace: str | None) -> Step:
    """Look who holds the fleet of a model that is new, or back, or in another fleet now; again if nobody answers.

    Again, too, when there is room for one of those that were too many.
    """
    state = step.state
    if state.fleet_holds == "known" or state.policy is None:
        return step
    if state.fleet_holds == "more" and len(state.holds) >= MOST_HOLDS:
        return step
    looked_at = state.looked_at
    if state.fleet_holds == "asked" and looked_at is not None and now - looked_at < UNANSWERED:
        return step
    asked_at = now if looked_at is None or looked_at < now else looked_at + _NEXT_QUESTION
    instance = names.instance_id(f"look for holds of {state.model}", state.revision, asked_at.isoformat())
    look = LookForHolds(instance=instance, input=LookForHoldsInput(policy=state.policy, at=asked_at, trace=trace))
    after = changed(state, fleet_holds="asked", looked_at=asked_at)
    return step._replace(state=after, commands=(*step.commands, look))


def is_elsewhere(before: ModelPolicy, after: ModelPolicy) -> bool:
    """Whether orders to fleets and labels reach a model that others do: it has moved."""
    return before.fleet != after.fleet or before.labels != after.labels


def moved(state: InterlockState) -> InterlockState:
    """A model in another fleet, or with other labels: who held it there does not hold it here.

    Who does is asked; what is heard from here on counts beside the answer.
    """
    return changed(state, fleet_holds="unknown", holds=tuple(one for one in state.holds if one.scope == "model"))


def on_holds_found(state: InterlockState, event: HoldsFound) -> Step:
    """It is known now who holds the fleet; what was lifted meanwhile, or ordered anew, holds as the model has heard.

    Only the answer to the last question counts: by an older one another fleet was looked at.
    """
    if state.fleet_holds in ("known", "more"):
        return Step(state, (), "ignored", "It is known already who holds its fleet.")
    if event.problem is not None:
        reason = cut(f"{_NOBODY_LOOKED} {event.problem}")
        return Step(changed(state, reason=reason), (), "noted", reason)
    if state.looked_at is not None and event.at != state.looked_at:
        return Step(state, (), "ignored", "It was asked anew since who holds its fleet; that answer counts.")
    heard = {one.scope for one in state.holds}
    new = [one for one in event.holds if one.scope not in heard and not lifted_since(state, one.scope, one.since)]
    holds = (*state.holds, *new)
    known = "more" if len(holds) > MOST_HOLDS else "known"
    after = changed(state, fleet_holds=known, holds=holds[:MOST_HOLDS])
    if not new:
        reason = "Nobody holds its fleet."
        after = changed(after, reason=reason) if after.reason.startswith(_NOBODY_LOOKED) else after
        return Step(after, (), "noted", reason)
    reason = f"{NOTHING_STARTS} {why_held(after, event.at)}"
    return Step(changed(after, reason=reason), (), "held", reason)


def lifted_since(state: InterlockState, scope: str, ordered_at: datetime) -> bool:
    """Whether a hold was lifted after it was ordered: orders to many models may come out of order."""
    return any(one.scope == scope and one.kind == "resume_ordered" and one.at > ordered_at for one in state.orders)


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
    """When a training may begin by itself again; no pause is so long that nobody could decide any more."""
    if state.policy is None or state.policy.cooldown_days is None:
        return None
    begun = [one.started_at for one in state.trainings if one.outcome not in NOT_WANTED]
    try:
        return max(begun) + timedelta(days=state.policy.cooldown_days) if begun else None
    except OverflowError:
        return _NEVER


def _wants_release(state: InterlockState, now: datetime) -> bool:
    released = state.release.version if state.release is not None else None
    return any(one.version != released and one.ready(now) for one in state.candidates)


def _without_ended(state: InterlockState, now: datetime) -> InterlockState:
    """The state without holds that have ended, which says so unless something else has happened since."""
    ended = " and ".join(hold.scope for hold in state.holds if not hold.holds(now))
    after = changed(state, holds=tuple(hold for hold in state.holds if hold.holds(now)))
    if not state.reason.startswith(NOTHING_STARTS):
        return after
    held = why_held(after, now)
    return changed(after, reason=cut(f"The hold of {ended} has ended." if held is None else f"{NOTHING_STARTS} {held}"))


def _on(state: InterlockState, freeze: Freeze, now: datetime) -> bool:
    return freeze.start <= now and (state.policy_at or now) < freeze.end


def _soon(state: InterlockState, now: datetime) -> datetime:
    """When the file is looked at of which nothing was heard since the end of a freeze: once, whatever else happens."""
    soon = now + _SOON
    return state.wakes[0] if state.wakes and state.wakes[0] <= soon else soon


def _first_end(state: InterlockState, now: datetime) -> datetime | None:
    freezes = state.policy is not None and state.policy.release.freezes
    if not (state.holds or state.queued is not None or state.adopting is not None or freezes):
        return None  # mostly
    ends = [hold.until for hold in state.holds if hold.until is not None]
    adopted = adoption_end(state, now)
    if adopted is not None and (
        state.rollback is not None or state.retirement is not None or _wants_release(state, now)
    ):
        ends.append(adopted)
    if state.policy is not None and state.policy.release.freezes and _wants_release(state, now):
        soon = _soon(state, now)
        ends += [one.end if now < one.end else soon for one in state.policy.release.freezes if _on(state, one, now)]
    if state.queued is not None and (cool := _cool_at(state)) is not None and now < cool < _NEVER:
        ends.append(cool)
    return min(ends, default=None)
