"""A release that runs no job for now: its slot is given back, and it has one again before its next job.

It waits for a person or for a period, for weeks perhaps; the fleet's other models have their turns meanwhile. It
numbers its turns, so a word that comes late or again is known for what it is, on either side.
"""

from datetime import datetime

from shared.contracts.interlock import ReleaseStepped
from shared.contracts.release import ReleaseWord
from shared.interlock.runs import Release
from shared.interlock.state import InterlockState
from shared.interlock.steps import Step, policy_of, takes_turns
from shared.interlock.telling import tell_release
from shared.interlock.values import changed


def with_need(release: Release, event: ReleaseStepped) -> Release:
    """The release with what it needs now; within a turn it only ever stops needing its slot.

    One that is undone while it waits for its turn does not wait any more.
    """
    if event.phase == "undoing" and release.needs == "slot" and event.turn == release.turn:
        return changed(release, needs="nothing")
    later = event.turn > release.turn or (event.turn == release.turn and event.needs == "nothing")
    return changed(release, needs=event.needs, turn=event.turn) if later else release


def slot_next(step: Step, now: datetime, trace: str | None) -> Step:  # noqa: ARG001 - as all that may begin next
    """A release that wants a slot where nobody counts them goes on at once."""
    state, release = step.state, step.state.release
    if release is None or release.needs != "slot" or takes_turns(policy_of(state)):
        return step
    return step.then(give_slot(state, release, trace))


def give_slot(state: InterlockState, release: Release, trace: str | None) -> Step:
    """Its turn has come: its next job may run."""
    after = changed(state, release=changed(release, needs="job"))
    reason = f"Release {release.attempt} of version {release.version} goes on: it is its turn."
    return Step(after, (tell_release(release, ReleaseWord(slot=release.turn), trace),), "slot", reason)
