"""Rules of release: a version that is registered, evaluated and passed, one at a time, never an older one.

A release in batch waits for the scoring in flight, and a scoring for the release: both move what readers of predictions
are pointed to. While a release only waits or runs in the shadow, the champion scores all the same.
"""

from datetime import datetime

from shared import names
from shared.contracts.datasets import DatasetRef
from shared.contracts.interlock import ReleaseFinished
from shared.contracts.read_model import Override
from shared.contracts.release import AllowedGate, ReleaseModelInput, ReleaseOutcome
from shared.contracts.rollback import GoodVersion
from shared.interlock.commands import StartRelease
from shared.interlock.holding import after_end
from shared.interlock.memory import Candidate, Champion
from shared.interlock.readiness import newer_of, newer_than_champion, newest_ready, why_not_released, why_not_started
from shared.interlock.runs import Release
from shared.interlock.state import InterlockState
from shared.interlock.steps import Step, bar, cut, policy_of, remember, slot_wait, takes_turns
from shared.interlock.values import changed, made


def on_released(state: InterlockState, event: ReleaseFinished, now: datetime) -> Step:
    """A release has ended: its version is champion now, or nothing changed."""
    outcome, release = event.outcome, state.release
    if release is None or release.queued or (release.attempt, release.version) != (outcome.attempt, outcome.version):
        return Step(state, (), "ignored", f"Release {outcome.attempt} does not run; its result came late.")
    reason = cut(outcome.reason)
    after = changed(state, release=None, reason=reason, gave_way=outcome.ended == "superseded")
    if outcome.released:
        return Step(_in_production(after, outcome, now), (), "released", reason)
    if release.back is not None:
        after = bar(after, outcome.version, release.told or "")
    candidate = after.candidate(outcome.version)
    if outcome.ended == "withdrawn" and release.told is not None and release.back is None:
        # It only made room for what came first, so it is as ready as before.
        return Step(after, (), "withdrawn", reason)
    after = remember(after, changed(candidate, released=False, ended=outcome.ended, ordered=None))
    if outcome.ended is not None:
        return Step(after, (), outcome.ended, reason)
    return Step(after_end(after, now, "release", reason, failed=True), (), "release failed", reason)


def release_next(step: Step, now: datetime, trace: str | None) -> Step:
    """Release the newest version that is ready, unless something is in its way; one that waits makes room for it."""
    state = step.state
    ready = newest_ready(state)
    if ready is None or state.policy is None or state.retirement is not None:
        return step
    if ready.ordered is None and not newer_than_champion(state, ready):
        assert state.champion is not None  # else any version is newer
        reason = f"Version {ready.version} passed, but version {state.champion.version} in production is newer."
        return step.then(Step(remember(state, changed(ready, released=False)), (), "superseded", reason))
    if state.release is not None and state.release.queued:
        return _take_place(step, state.release, ready)
    if why_not_released(state, ready) is not None:
        return step
    return step.then(_order(state, ready, now, trace))


def begin_release(state: InterlockState, release: Release, now: datetime) -> Step:
    """Its slot is there: begin, if the version is still to be released and nothing keeps it."""
    candidate = state.candidate(release.version)
    reason = why_not_started(state, candidate, now)
    if reason is not None or not candidate.ready(now):
        reason = reason or f"Version {release.version} is not to be released any more."
        return Step(changed(state, release=None, reason=reason), (), "not begun", reason)
    begun = changed(release, queued=False, started_at=now, instance=_instance(state, release.attempt, release.version))
    reason = f"Version {begun.version} passed its gates, and its release has its slot."
    after = changed(state, release=begun, reason=reason)
    return Step(after, (_start(after, begun, candidate),), f"started release {begun.attempt}", reason)


def drop_release(state: InterlockState) -> InterlockState:
    """A release that has not begun does not begin any more."""
    return changed(state, release=None) if state.release is not None and state.release.queued else state


def as_good(state: InterlockState) -> GoodVersion | None:
    """The version in production, as a rollback would find it."""
    champion = state.champion
    if champion is None:
        return None
    model = champion.stands_in or state.model
    return GoodVersion(model=model, version=champion.version, serving=champion.serving, dataset=champion.dataset)


# ── How ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _in_production(state: InterlockState, outcome: ReleaseOutcome, now: datetime) -> InterlockState:
    """What served before is the last good version from here on, with where it was served from."""
    candidate = changed(
        state.candidate(outcome.version), released=True, ended=None, ordered=None, barred="", wanted=False
    )
    champion = Champion(
        version=outcome.version,
        since=now,
        serving=outcome.serving,
        previous=outcome.previous,
        dataset=outcome.dataset or _scored_with(state, candidate),
    )
    after = changed(remember(state, candidate), champion=champion, last_good=as_good(state), health=(), drift=None)
    return after_end(after, now, "release", outcome.reason, failed=False)


def _scored_with(state: InterlockState, candidate: Candidate) -> DatasetRef | None:
    """The period that a release in batch has scored; not known where the newest of another dataset was."""
    serve, dataset = policy_of(state).serve, candidate.dataset
    if serve.mode != "batch" or dataset is None or serve.dataset not in (None, dataset.dataset):
        return None
    return dataset


def _take_place(step: Step, release: Release, ready: Candidate) -> Step:
    if ready.version == release.version or release.ordered is not None:
        return step
    if ready.ordered is None and not newer_of(ready, release.version):
        return step
    state = step.state
    instance = _instance(state, release.attempt, ready.version)
    taken = changed(release, version=ready.version, instance=instance, trace=ready.trace, ordered=ready.ordered)
    reason = f"Version {ready.version} takes the place of version {release.version}, whose release has not begun."
    return step.then(Step(changed(state, release=taken, reason=reason), (), "waiting", reason))


def _order(state: InterlockState, candidate: Candidate, now: datetime, trace: str | None) -> Step:
    """A release under the next number: begun at once, or, where it runs jobs, waiting for its slot."""
    policy = policy_of(state)
    waits = policy.serve.mode == "batch" and takes_turns(policy)
    attempt = state.releases + 1
    release = made(
        Release,
        attempt=attempt,
        version=candidate.version,
        instance=_instance(state, attempt, candidate.version),
        started_at=now,
        queued=waits,
        trace=candidate.trace or trace,
        ordered=candidate.ordered,
        phase=None,
        stepped_at=None,
        shifted=False,
        evidence=None,
        answered=None,
        told=None,
        back=None,
        needs="job",
        turn=0,
    )
    reason = f"Version {candidate.version} is registered and passed its gates."
    if candidate.ordered is not None:
        reason = f"{candidate.ordered} ordered the release of version {candidate.version}."
    if waits:
        reason = f"{reason} {slot_wait('Its release', policy)}"
    after = changed(state, releases=attempt, release=release, reason=reason)
    if waits:
        return Step(after, (), f"queued release {attempt}", reason)
    return Step(after, (_start(after, release, candidate),), f"started release {attempt}", reason)


def _start(state: InterlockState, release: Release, candidate: Candidate) -> StartRelease:
    assert candidate.dataset is not None  # a version that is ready was trained or evaluated here
    order = made(
        ReleaseModelInput,
        model=state.model,
        version=release.version,
        attempt=release.attempt,
        policy=policy_of(state),
        dataset=candidate.dataset,
        at=release.started_at,
        replaces=state.champion.serving if state.champion else None,
        overridden=(overridden := candidate.overridden(release.started_at)),
        exceptions=tuple(_allowed(one) for one in candidate.overrides if one.gate in overridden),
        ordered_by=release.ordered,
        champion=state.champion.version if state.champion and state.champion.stands_in is None else None,
        takes_turns=policy_of(state).serve.mode == "batch",
        trace=release.trace,
    )
    return made(StartRelease, instance=release.instance, input=order)


def _allowed(override: Override) -> AllowedGate:
    return AllowedGate(gate=override.gate, by=override.by, reason=override.reason, until=override.until)


def _instance(state: InterlockState, attempt: int, version: str) -> str:
    return names.instance_id(f"release {state.model} {version}", policy_of(state).revision, attempt=attempt)
