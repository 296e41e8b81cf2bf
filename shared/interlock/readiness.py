"""Which version is next for production, and what keeps it from being released now."""

from datetime import datetime

from shared.interlock.holding import why_frozen, why_held
from shared.interlock.memory import Candidate
from shared.interlock.state import InterlockState
from shared.interlock.steps import adoption_end, order_of, policy_of


def newest_ready(state: InterlockState) -> Candidate | None:
    """The version to release next: what a person ordered before what passed, and the newest of these."""
    found: Candidate | None = None
    for one in state.candidates:  # the oldest first
        if one.released is not None or one.dataset is None or not one.ready(state.last_at) or _is_released(state, one):
            continue
        if found is None or one.ordered is not None or found.ordered is None:
            found = one
    return found


def newer_of(candidate: Candidate, version: str) -> bool:
    """Whether a candidate is newer than a version."""
    return order_of(candidate.version) > order_of(version)


def newer_than_champion(state: InterlockState, candidate: Candidate) -> bool:
    """Whether a version is newer than the one in production; a baseline that stands in is older than any."""
    champion = state.champion
    return champion is None or champion.stands_in is not None or newer_of(candidate, champion.version)


def why_not_released(state: InterlockState, candidate: Candidate) -> str | None:
    """What keeps a version that is ready from being released now; `None` also for one that is not ready."""
    now = state.last_at
    if now is None or state.policy is None or not candidate.ready(now):
        return None
    return why_not_started(state, candidate, now) or _what_is_first(state, candidate)


def why_not_started(state: InterlockState, candidate: Candidate, now: datetime) -> str | None:
    """What keeps a version that is ready from production, whatever is in flight."""
    policy, version = policy_of(state), candidate.version
    if policy.level < 3 and candidate.ordered is None:
        return (
            f"Version {version} passed and stays registered: level {policy.level} does not release. "
            f"Set `level: 3` or more in the fleet file to release it."
        )
    stops = why_held(state, now) or why_frozen(state, now)
    return stops and f"Version {version} passed and waits. {stops}"


# ── How ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _is_released(state: InterlockState, candidate: Candidate) -> bool:
    release = state.release
    return release is not None and not release.queued and release.version == candidate.version


def _what_is_first(state: InterlockState, candidate: Candidate) -> str | None:
    first = None
    if state.adopting is not None and state.last_at is not None and adoption_end(state, state.last_at) is not None:
        first = f"the adoption of version {state.adopting.version}"
    elif state.rollback is not None:
        first = f"rollback {state.rollback.attempt}"
    elif state.release is not None and not state.release.queued:
        first = f"release {state.release.attempt}"
    elif state.scoring is not None:
        first = f"scoring {state.scoring.attempt}"
    return first and f"Version {candidate.version} passed and waits: {first} is in flight."
