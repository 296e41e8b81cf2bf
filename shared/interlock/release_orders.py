"""What people order of a version: its release, or that a gate which it failed does not count."""

from datetime import datetime

from shared.contracts.interlock import RequestAnswer
from shared.contracts.orders import OverrideOrdered, ReleaseOrdered
from shared.contracts.read_model import Override
from shared.interlock.evaluating import why_not_evaluated, why_not_evaluated_now
from shared.interlock.holding import why_frozen, why_held
from shared.interlock.memory import Candidate
from shared.interlock.readiness import why_not_released
from shared.interlock.state import InterlockState
from shared.interlock.steps import Step, accept, refuse, remember, sentence, unchanged
from shared.interlock.values import changed


def on_release_order(state: InterlockState, order: ReleaseOrdered, now: datetime) -> Step:
    """A person wants a version in production: whatever the level and the champion, and also one that was barred."""
    candidate = state.candidate(order.version)
    known = _already(state, order.version) if state.retirement is None else None
    if known is not None:
        return known
    if (wrong := _wrong(state, candidate) or _in_the_way(state, now)) is not None:
        return refuse(state, wrong)
    if candidate.verdict is None or candidate.dataset is None:
        return _evaluate_first(state, candidate, now)
    if not candidate.passes(now):
        return refuse(state, _not_passed(state, candidate))
    wanted = changed(candidate, barred="", released=None, ended=None, ordered=order.by)
    after = remember(state, wanted)
    waits = why_not_released(after, wanted)
    reason = f"{order.by} ordered the release of version {order.version}: {sentence(order.reason)}"
    if waits is not None:
        reason = f"{reason} {waits}"
    decision = "accepted" if waits is None else "waiting"
    told = RequestAnswer(decision="accepted" if waits is None else "waiting", attempt=None, reason=reason)
    return Step(changed(after, reason=reason), (), decision, reason, told)


def on_override(state: InterlockState, order: OverrideOrdered, now: datetime) -> Step:
    """A person lets a version pass a gate that it failed, until a moment by which its release has to begin."""
    candidate = state.candidate(order.version)
    if (wrong := _wrong(state, candidate)) is not None:
        return refuse(state, wrong)
    if order.until <= now:
        return refuse(state, f"The override would have ended on {order.until.isoformat()}, which is over.")
    if candidate.verdict is None:
        return _evaluate_first(state, candidate, now)
    gate = next((one for one in candidate.verdict.gates if one.gate == order.gate), None)
    if gate is None:
        gates = ", ".join(one.gate for one in candidate.verdict.gates)
        return refuse(state, f"Version {order.version} was not held to a gate {order.gate}; its gates are {gates}.")
    if gate.passed:
        return unchanged(state, f"Version {order.version} has passed the gate {order.gate}.")
    override = Override(gate=order.gate, by=order.by, reason=order.reason, until=order.until)
    others = tuple(one for one in candidate.overrides if one.gate != order.gate)
    allowed = changed(candidate, overrides=(*others, override))
    reason = f"{order.by} lets version {order.version} pass the gate {order.gate}: {sentence(order.reason)}"
    if not allowed.passes(now):
        reason = f"{reason} {_not_passed(state, allowed)}"
    elif allowed.released is not None or allowed.barred:
        reason = f"{reason} `signalbox release {state.model}@{order.version}` releases it."
    return accept(changed(remember(state, allowed), reason=reason), reason)


# ── How ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _already(state: InterlockState, version: str) -> Step | None:
    champion, release = state.champion, state.release
    if champion is not None and champion.version == version and champion.stands_in is None:
        return unchanged(state, f"Version {version} is in production since {champion.since.isoformat()}.")
    if release is None or release.version != version or release.told is not None:
        return None
    reason = f"Release {release.attempt} of version {version} is in flight."
    told = RequestAnswer(decision="joined", attempt=release.attempt, reason=reason)
    return Step(state, (), "joined", reason, told)


def _wrong(state: InterlockState, candidate: Candidate) -> str | None:
    if state.retirement is not None:
        return f"The model is {state.summary}: no version of it is released any more."
    if candidate not in state.candidates:
        known = ", ".join(one.version for one in state.candidates) or "none"
        return f"Version {candidate.version} is not known; known versions: {known}."
    if not candidate.registered:
        return (
            f"The registry has not told of version {candidate.version} yet: order it again when it has. The search for "
            f"lost events finds what it has told in vain."
        )
    return None


def _in_the_way(state: InterlockState, now: datetime) -> str | None:
    if (stops := why_held(state, now) or why_frozen(state, now)) is not None:
        return f"Nothing is released now. {stops}"
    if state.rollback is not None:
        return f"Rollback {state.rollback.attempt} is in flight: order it again when that has ended."
    if state.release is not None and not state.release.queued:
        release = state.release
        return (
            f"Release {release.attempt} of version {release.version} is in flight: order it again when that has ended."
        )
    return None


def _evaluate_first(state: InterlockState, candidate: Candidate, now: datetime) -> Step:
    """Whatever the level: somebody wants to know."""
    version = candidate.version
    if state.evaluation is not None and state.evaluation.version == version:
        return refuse(state, f"Version {version} is being evaluated: order it again when it has passed.")
    wanted = changed(candidate, attempt=None, wanted=True)
    after = remember(state, wanted)
    if (why := why_not_evaluated(after, wanted)) is not None:
        return refuse(state, f"Version {version} is not evaluated. {why}")
    if (first := why_not_evaluated_now(after, now)) is not None:
        told = f"Version {version} is not evaluated yet, and waits for that: {first} Order it again when it has passed."
        return refuse(after, told)
    return refuse(after, f"Version {version} is not evaluated yet; it is now: order it again when it has passed.")


def _not_passed(state: InterlockState, candidate: Candidate) -> str:
    assert candidate.verdict is not None  # asked by the callers
    allowed = candidate.overridden(state.last_at)
    failed = [gate.gate for gate in candidate.verdict.gates if not gate.passed and gate.gate not in allowed]
    first = failed[0] if failed else "GATE"
    return (
        f"Version {candidate.version} fails the gate{'s' * (len(failed) > 1)} {' and '.join(failed)}: train a better "
        f"one, or `signalbox override {state.model}@{candidate.version} --gate {first}`."
    )
