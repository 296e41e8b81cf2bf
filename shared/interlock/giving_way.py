"""A release in flight that ends before production changes: for a newer version, a rollback, or a retirement.

The interlock only tells it so. The release alone knows whether production has begun to change; from then on no newer
version takes its place, and only what withdraws it has it go back.
"""

from datetime import datetime

from shared.contracts.interlock import ReleaseStepped
from shared.contracts.release import ReleaseWord
from shared.interlock.idling import with_need
from shared.interlock.readiness import newer_of, newest_ready, why_not_started
from shared.interlock.runs import Release
from shared.interlock.scoring import put_back_scoring
from shared.interlock.state import InterlockState
from shared.interlock.steps import Step, cut
from shared.interlock.telling import tell_release
from shared.interlock.values import changed


def on_stepped(state: InterlockState, event: ReleaseStepped) -> Step:
    """Where the release stands; what it has said before does not count when it comes late."""
    release = state.release
    if release is None or release.queued or release.attempt != event.attempt:
        return Step(state, (), "ignored", f"Release {event.attempt} does not run; its word came late.")
    release = with_need(release, event)
    shifted = release.shifted or event.phase in ("shifting", "watching", "undoing")
    if release.stepped_at is not None and event.at < release.stepped_at:
        after = changed(state, release=changed(release, shifted=shifted))
        return Step(after, (), "ignored", f"Release {event.attempt} was {event.phase} before; its word came late.")
    stepped = changed(release, phase=event.phase, stepped_at=event.at, shifted=shifted)
    if event.evidence != release.evidence:
        stepped = changed(stepped, evidence=event.evidence, answered=None)
    reason = cut(event.reason)
    return Step(changed(state, release=stepped, reason=reason), (), event.phase, reason)


def end_release_next(step: Step, now: datetime, trace: str | None) -> Step:  # noqa: ARG001 - as all that may begin next
    """Tell the release in flight to end, once, if something else has to come first."""
    state = step.state
    release = state.release
    if release is None or not release.gives_way:
        return step
    if state.rollback is not None:
        return step.then(
            _end(state, release, ReleaseWord(withdrawn=f"A rollback comes first: {state.rollback.reason}"))
        )
    if state.retirement is not None:
        return step.then(_end(state, release, ReleaseWord(withdrawn="The model is being retired.")))
    ready = newest_ready(state)
    if ready is None or not newer_of(ready, release.version) or release.ordered is not None or state.gave_way:
        return step
    if why_not_started(state, ready, now) is not None:
        return step
    return step.then(_end(state, release, ReleaseWord(superseded=f"version {ready.version}")))


def go_next(step: Step, now: datetime, trace: str | None) -> Step:  # noqa: ARG001 - as all that may begin next
    """Let a release that has waited change production, as soon as no scoring runs; one without its slot yet waits."""
    state = step.state
    release = state.release
    if release is None or release.phase != "ready" or release.shifted or release.told is not None:
        return step
    if state.scoring is not None and not state.scoring.queued:
        return step
    state = put_back_scoring(state, "A release comes first.")
    after = changed(state, release=changed(release, shifted=True))
    reason = f"Nothing else changes what version {release.version} will change."
    return step.then(Step(after, (tell_release(release, ReleaseWord(go=True), trace),), "go", reason))


def _end(state: InterlockState, release: Release, word: ReleaseWord) -> Step:
    why = word.withdrawn or f"Superseded by {word.superseded}."
    after = changed(state, release=changed(release, told=cut(why)))
    reason = f"Release {release.attempt} of version {release.version} is told to end. {why}"
    return Step(after, (tell_release(release, word, release.trace),), f"told release {release.attempt}", reason)
