"""What the rules of the interlock are made of: a step, and small changes of the state."""

from typing import Any, NamedTuple

from shared.contracts.interlock import RequestAnswer
from shared.interlock.commands import Command
from shared.interlock.state import REMEMBERED, Candidate, InterlockState, Request, Training


class Step(NamedTuple):
    """What one rule did: the new state, its commands, and the words for it."""

    state: InterlockState
    commands: tuple[Command, ...]
    decision: str
    reason: str
    answer: RequestAnswer | None = None


def changed[C: (InterlockState, Candidate, Training, Request)](value: C, **changes: Any) -> C:
    """A copy with some fields changed."""
    return value.model_copy(update=changes)


def remember(state: InterlockState, candidate: Candidate) -> InterlockState:
    """The state with a candidate as it is now; the newest few are kept, in the order of their versions."""
    others = [c for c in state.candidates if c.version != candidate.version]
    ordered = sorted([*others, candidate], key=lambda c: order_of(c.version))
    return changed(state, candidates=tuple(ordered[-REMEMBERED:]))


def order_of(version: str) -> tuple[int, str]:
    """Registries number versions; what is no number comes first."""
    return (int(version), "") if version.isascii() and version.isdecimal() else (-1, version)


def answer(decision: Any, attempt: int | None, reason: str) -> RequestAnswer:
    """What somebody who asked is told."""
    return RequestAnswer(decision=decision, attempt=attempt, reason=reason)
