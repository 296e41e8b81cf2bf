"""What the rules of the interlock are made of: a step, and small changes of the state."""

from typing import Any, NamedTuple

from shared.contracts.base import Contract
from shared.contracts.interlock import RequestAnswer
from shared.contracts.policy import ModelPolicy
from shared.interlock.commands import Command
from shared.interlock.memory import Candidate
from shared.interlock.runs import Training
from shared.interlock.state import REASON_LIMIT, REMEMBERED, InterlockState


class Step(NamedTuple):
    """What one rule did: the new state, its commands, and the words for it."""

    state: InterlockState
    commands: tuple[Command, ...]
    decision: str
    reason: str
    answer: RequestAnswer | None = None

    def then(self, further: "Step") -> "Step":
        """This step and one more that went on from its state."""
        return Step(
            further.state,
            (*self.commands, *further.commands),
            f"{self.decision}; {further.decision}",
            f"{self.reason} {further.reason}",
            self.answer or further.answer,
        )


def changed[C: Contract](value: C, **changes: Any) -> C:
    """A copy with some fields changed."""
    return value.model_copy(update=changes)


def remember(state: InterlockState, candidate: Candidate) -> InterlockState:
    """The state with a candidate as it is now; the newest few are kept, in the order of their versions."""
    others = [c for c in state.candidates if c.version != candidate.version]
    ordered = sorted([*others, candidate], key=lambda c: order_of(c.version))
    return changed(state, candidates=tuple(ordered[-REMEMBERED:]))


def with_training(state: InterlockState, training: Training) -> InterlockState:
    """The state with a training as it is now; the last few are kept, in the order of their attempts."""
    others = [other for other in state.trainings if other.attempt != training.attempt]
    ordered = sorted([*others, training], key=lambda one: one.attempt)
    return changed(state, trainings=tuple(ordered[-REMEMBERED:]))


def order_of(version: str) -> tuple[int, str]:
    """Registries number versions; what is no number comes first."""
    return (int(version), "") if version.isascii() and version.isdecimal() else (-1, version)


def cut(reason: str) -> str:
    """A reason that is short enough to be kept."""
    return reason[:REASON_LIMIT]


def policy_of(state: InterlockState) -> ModelPolicy:
    """What the fleet file says; every event that begins something has brought it."""
    assert state.policy is not None
    return state.policy


def takes_turns(policy: ModelPolicy) -> bool:
    """Whether a run that has jobs needs a slot of the fleet before it begins."""
    return policy.at_once is not None
