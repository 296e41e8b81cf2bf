"""Rules of release: a version that is registered, evaluated and passed, one at a time, never an older one.

A release in batch waits for the scoring in flight, and a scoring for the release: both move what readers of predictions
are pointed to.
"""

from datetime import datetime
from typing import Final

from shared import names
from shared.contracts.interlock import RegistryChanged, ReleaseFinished, VersionRegistered
from shared.contracts.release import ReleaseModelInput
from shared.interlock.commands import StartRelease
from shared.interlock.memory import Candidate, Champion
from shared.interlock.runs import Release
from shared.interlock.state import InterlockState
from shared.interlock.steps import Step, changed, cut, order_of, policy_of, remember, takes_turns

#: The decision about an echo of our own effect.
CONFIRMED: Final = "confirmed"


def on_registered(state: InterlockState, event: VersionRegistered) -> Step:
    """The registry tells of a version: only this, beside a verdict, lets a release begin."""
    candidate = state.candidate(event.version)
    if candidate.registered:
        return Step(state, (), "ignored", f"Version {event.version} is known to be registered.")
    candidate = changed(candidate, registered=True)
    after = remember(state, candidate)
    if (blocked := why_not_released(after, candidate)) is not None:
        return Step(changed(after, reason=blocked), (), "noted", f"Version {event.version} is registered. {blocked}")
    return Step(after, (), "noted", _known_of(after, candidate))


def on_released(state: InterlockState, event: ReleaseFinished, now: datetime) -> Step:
    """A release has ended: its version is champion now, or nothing changed."""
    outcome, release = event.outcome, state.release
    if release is None or release.queued or (release.attempt, release.version) != (outcome.attempt, outcome.version):
        return Step(state, (), "ignored", f"Release {outcome.attempt} does not run; its result came late.")
    after = remember(state, changed(state.candidate(outcome.version), released=outcome.released))
    after = changed(
        after,
        release=None,
        champion=Champion(version=outcome.version, since=now, serving=outcome.serving, previous=outcome.previous)
        if outcome.released
        else state.champion,
        reason=cut(outcome.reason),
    )
    return Step(after, (), "released" if outcome.released else "release failed", outcome.reason)


def on_registry_change(state: InterlockState, event: RegistryChanged) -> Step:
    """Our own effects come back as events; they confirm and start nothing. So does what a person changes, for now."""
    what = f"{event.change.replace('_', ' ')} {event.name} on version {event.version}"
    releasing = state.release is not None and state.release.version == event.version
    serving = state.champion is not None and state.champion.version == event.version
    if releasing or serving or state.retirement is not None:
        return Step(state, (), CONFIRMED, f"The registry confirms: {what}.")
    return Step(state, (), "noted", f"The registry says: {what}; a change of tags or aliases starts nothing.")


def release_next(step: Step, now: datetime, trace: str | None) -> Step:
    """Release the newest version that is ready, unless something is in its way; one that waits makes room for it."""
    state = step.state
    ready = _newest_ready(state)
    if ready is None or state.policy is None or state.retirement is not None:
        return step
    if state.champion is not None and order_of(ready.version) <= order_of(state.champion.version):
        reason = f"Version {ready.version} passed, but version {state.champion.version} in production is newer."
        return step.then(Step(remember(state, changed(ready, released=False)), (), "superseded", reason))
    if state.release is not None and state.release.queued:
        return _take_place(step, state.release, ready)
    if why_not_released(state, ready) is not None:
        return step
    return step.then(_order(state, ready, now, trace))


def why_not_released(state: InterlockState, candidate: Candidate) -> str | None:
    """What keeps a version that is ready from being released now; `None` also for one that is not ready."""
    if not candidate.ready or state.policy is None:
        return None
    if state.policy.level < 3:
        return (
            f"Version {candidate.version} passed and stays registered: level {state.policy.level} does not release. "
            f"Set `level: 3` or more in the fleet file to release it."
        )
    if state.release is not None and not state.release.queued:
        return f"Version {candidate.version} passed and waits: release {state.release.attempt} is in flight."
    if state.scoring is not None:
        return f"Version {candidate.version} passed and waits: scoring {state.scoring.attempt} is in flight."
    return None


def begin_release(state: InterlockState, release: Release, now: datetime) -> Step:
    """Its slot is there: begin, if the version is still to be released and the fleet file still wants it."""
    candidate = state.candidate(release.version)
    if not candidate.ready or policy_of(state).level < 3:
        reason = why_not_released(state, candidate) or f"Version {release.version} is not to be released any more."
        return Step(changed(state, release=None, reason=reason), (), "not begun", reason)
    begun = changed(release, queued=False, started_at=now, instance=_instance(state, release.attempt, release.version))
    reason = f"Version {begun.version} passed its gates, and its release has its slot."
    after = changed(state, release=begun, reason=reason)
    return Step(after, (_start(after, begun, candidate),), f"started release {begun.attempt}", reason)


def drop_release(state: InterlockState) -> InterlockState:
    """A release that has not begun does not begin any more."""
    return changed(state, release=None) if state.release is not None and state.release.queued else state


# ── How ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _known_of(state: InterlockState, candidate: Candidate) -> str:
    """What is known of a version that was just registered."""
    version = candidate.version
    if candidate.verdict is not None:
        return f"Version {version} is registered, and was {'accepted' if candidate.verdict.passed else 'rejected'}."
    if state.training is None:
        return f"Version {version} was registered by someone else and is not evaluated, so it is not released."
    return f"Version {version} is registered; its verdict is not in yet."


def _newest_ready(state: InterlockState) -> Candidate | None:
    ready = [candidate for candidate in state.candidates if candidate.ready and candidate.dataset is not None]
    if state.release is not None and not state.release.queued:
        ready = [candidate for candidate in ready if candidate.version != state.release.version]
    return max(ready, key=lambda candidate: order_of(candidate.version), default=None)


def _take_place(step: Step, release: Release, ready: Candidate) -> Step:
    if order_of(ready.version) <= order_of(release.version):
        return step
    state = step.state
    instance = _instance(state, release.attempt, ready.version)
    taken = changed(release, version=ready.version, instance=instance, trace=ready.trace)
    reason = f"Version {ready.version} takes the place of version {release.version}, whose release has not begun."
    return step.then(Step(changed(state, release=taken, reason=reason), (), "waiting", reason))


def _order(state: InterlockState, candidate: Candidate, now: datetime, trace: str | None) -> Step:
    """A release under the next number: begun at once, or, where it runs jobs, waiting for its slot."""
    policy = policy_of(state)
    waits = policy.serve.mode == "batch" and takes_turns(policy)
    attempt = state.releases + 1
    release = Release(
        attempt=attempt,
        version=candidate.version,
        instance=_instance(state, attempt, candidate.version),
        started_at=now,
        queued=waits,
        trace=candidate.trace or trace,
    )
    reason = f"Version {candidate.version} is registered and passed its gates."
    if waits:
        reason = f"{reason} Its release waits for one of the {policy.at_once} slots of the fleet."
    after = changed(state, releases=attempt, release=release, reason=reason)
    if waits:
        return Step(after, (), f"queued release {attempt}", reason)
    return Step(after, (_start(after, release, candidate),), f"started release {attempt}", reason)


def _start(state: InterlockState, release: Release, candidate: Candidate) -> StartRelease:
    assert candidate.dataset is not None  # a version that is ready was trained here
    order = ReleaseModelInput(
        model=state.model,
        version=release.version,
        attempt=release.attempt,
        policy=policy_of(state),
        dataset=candidate.dataset,
        at=release.started_at,
        replaces=state.champion.serving if state.champion else None,
        trace=release.trace,
    )
    return StartRelease(instance=release.instance, input=order)


def _instance(state: InterlockState, attempt: int, version: str) -> str:
    return names.instance_id(f"release {state.model} {version}", policy_of(state).revision, attempt=attempt)
