"""Rules of release: a version that is registered, evaluated and passed, one at a time, never an older one."""

from datetime import datetime

from shared import names
from shared.contracts.interlock import RegistryChanged, ReleaseFinished, VersionRegistered
from shared.contracts.release import ReleaseModelInput
from shared.interlock.commands import StartRelease
from shared.interlock.state import REASON_LIMIT, Champion, InterlockState, Release
from shared.interlock.steps import Step, changed, order_of, remember


def on_registered(state: InterlockState, event: VersionRegistered, now: datetime) -> Step:
    """The registry tells of a version: only this, beside a verdict, lets a release begin."""
    candidate = state.candidate(event.version)
    if candidate.registered:
        return Step(state, (), "ignored", f"Version {event.version} is known to be registered.")
    after = remember(state, changed(candidate, registered=True))
    reason = f"Version {event.version} is registered; its verdict is not in yet."
    if candidate.verdict is not None:
        reason = (
            f"Version {event.version} is registered, and was {'accepted' if candidate.verdict.passed else 'rejected'}."
        )
    elif state.running is None:
        reason = f"Version {event.version} was registered by someone else and is not evaluated, so it is not released."
    return release_if_ready(after, now, event.trace, Step(after, (), "noted", reason))


def on_released(state: InterlockState, event: ReleaseFinished, now: datetime) -> Step:
    """A release has ended: its version is champion now, or nothing changed."""
    outcome, release = event.outcome, state.release
    if release is None or release.attempt != outcome.attempt:
        return Step(state, (), "ignored", f"Release {outcome.attempt} is not the one in flight; its result came late.")
    after = remember(state, changed(state.candidate(outcome.version), released=outcome.released))
    after = changed(
        after,
        release=None,
        champion=Champion(version=outcome.version, since=now, serving=outcome.serving, previous=outcome.previous)
        if outcome.released
        else state.champion,
        reason=outcome.reason[:REASON_LIMIT],
    )
    decision = "released" if outcome.released else "release failed"
    return release_if_ready(after, now, event.trace, Step(after, (), decision, outcome.reason))


def release_if_ready(state: InterlockState, now: datetime, trace: str | None, otherwise: Step) -> Step:
    """Start the newest version that is ready, unless a release is in flight or production is newer."""
    ready = max((c for c in state.candidates if c.ready), key=lambda c: order_of(c.version), default=None)
    if ready is None or ready.dataset is None or state.policy is None:
        return otherwise
    if state.release is not None:
        reason = f"Version {ready.version} passed and waits: release {state.release.attempt} is in flight."
        return otherwise._replace(decision="waiting", reason=reason)
    if state.champion is not None and order_of(ready.version) <= order_of(state.champion.version):
        reason = f"Version {ready.version} passed, but version {state.champion.version} in production is newer."
        superseded = remember(state, changed(ready, released=False))
        return otherwise._replace(state=superseded, decision="superseded", reason=reason)
    attempt = state.releases + 1
    instance = names.instance_id(f"release {state.model} {ready.version}", state.policy.revision, attempt=attempt)
    reason = f"Version {ready.version} is registered and passed its gates."
    order = ReleaseModelInput(
        model=state.model,
        version=ready.version,
        attempt=attempt,
        policy=state.policy,
        dataset=ready.dataset,
        at=now,
        replaces=state.champion.serving if state.champion else None,
        trace=ready.trace or trace,
    )
    after = changed(
        state,
        releases=attempt,
        release=Release(attempt=attempt, version=ready.version, instance=instance, started_at=now),
        reason=reason,
    )
    return otherwise._replace(
        state=after,
        commands=(*otherwise.commands, StartRelease(instance=instance, input=order)),
        decision=f"started release {attempt}",
        reason=reason,
    )


def on_registry_change(state: InterlockState, event: RegistryChanged) -> Step:
    """Our own effects come back as events; they confirm and start nothing. So does what a person changes, for now."""
    what = f"{event.change.replace('_', ' ')} {event.name} on version {event.version}"
    releasing = state.release is not None and state.release.version == event.version
    serving = state.champion is not None and state.champion.version == event.version
    if releasing or serving:
        return Step(state, (), "confirmed", f"The registry confirms: {what}.")
    return Step(state, (), "noted", f"The registry says: {what}; a change of tags or aliases starts nothing.")
