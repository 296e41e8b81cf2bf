"""What the registry tells: versions, and changes of tags, aliases and stages, which are mostly our own."""

from datetime import datetime, timedelta
from typing import Final

from shared import names
from shared.contracts.interlock import RegistryChanged, VersionRegistered
from shared.interlock.evaluating import why_not_evaluated
from shared.interlock.memory import Candidate
from shared.interlock.readiness import why_not_released
from shared.interlock.state import InterlockState
from shared.interlock.steps import CONFIRMED, Step, remember
from shared.interlock.values import changed

#: For so long after a change of production, the registry's words may be the echo of our own effects.
_ECHOES: Final = timedelta(hours=1)


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


def on_registry_change(state: InterlockState, event: RegistryChanged, now: datetime) -> Step:
    """Our own effects come back as events; they confirm and start nothing. Nor does what somebody else changes.

    What somebody else changes of production is told, since the registry then says one thing and clients get another.
    """
    what = " ".join(part for part in (event.change.replace("_", " "), event.name or event.value) if part)
    what = f"{what} on version {event.version}"
    if (drift := _drift(state, event, now)) is not None:
        reason = f"Drift of the registry: {what}. {drift} Nothing is started: a person decides."
        return Step(changed(state, drift=reason, reason=reason), (), "noted", reason)
    if _is_ours(state, event):
        agrees = event.change == "alias_set" and event.name == names.CHAMPION and state.drift is not None
        return Step(
            changed(state, drift=None) if agrees else state,
            (),
            "noted" if agrees else CONFIRMED,
            f"The registry confirms: {what}.",
        )
    return Step(state, (), "noted", f"The registry says: {what}; a change of tags or aliases starts nothing.")


# ── How ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _is_ours(state: InterlockState, event: RegistryChanged) -> bool:
    releasing = state.release is not None and state.release.version == event.version
    champion = state.champion
    serving = champion is not None and champion.stands_in is None and champion.version == event.version
    return releasing or serving or state.rollback is not None or state.retirement is not None


def _drift(state: InterlockState, event: RegistryChanged, now: datetime) -> str | None:
    """How production differs from what the registry says now, if that is not of our own making."""
    champion = state.champion
    if champion is None or champion.stands_in is not None or now - champion.since < _ECHOES:
        return None
    if any((state.release, state.rollback, state.retirement)):
        return None
    serves = event.version == champion.version
    remedy = f"version {champion.version} serves: set it back, or"
    match event.change:
        case "alias_set" if event.name == names.CHAMPION and not serves:
            return f"But {remedy} `signalbox release {state.model}@{event.version}`."
        case "alias_removed" if event.name == names.CHAMPION and serves:
            return f"But {remedy} `signalbox rollback {state.model}`."
        case "stage_set" if serves and event.value != names.PRODUCTION:
            return f"But {remedy} `signalbox rollback {state.model}`."
        case _:
            return None


def _known_of(state: InterlockState, candidate: Candidate) -> str:
    """What is known of a version that was just registered."""
    version = candidate.version
    if candidate.verdict is not None:
        passed = candidate.passes(state.last_at)
        return f"Version {version} is registered, and was {'accepted' if passed else 'rejected'}."
    if state.training is not None and state.training.outcome == "running":
        return f"Version {version} is registered; its verdict is not in yet."
    why = why_not_evaluated(state, candidate)
    if why is None:
        return f"Version {version} was registered by someone else: it is evaluated first."
    return f"Version {version} was registered by someone else and is not evaluated, so it is not released. {why}"
