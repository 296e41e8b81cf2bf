"""What the rules of the interlock are made of: a step, and small changes of the state."""

import re
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from shared.contracts.interlock import RequestAnswer
from shared.contracts.policy import ModelPolicy
from shared.interlock.commands import Command
from shared.interlock.memory import Candidate
from shared.interlock.runs import Training
from shared.interlock.state import REASON_LIMIT, REMEMBERED, InterlockState
from shared.interlock.values import changed

#: The decision about an echo of our own effect: it changes nothing that anybody is shown.
CONFIRMED: Final = "confirmed"
#: What is said of a version that may not come back by itself.
_BAR_LIMIT: Final = 200
#: What `slot_wait` says, behind another sentence.
_SLOT_WAIT: Final = re.compile(r" [A-Z][^.]* waits for one of the \d+ slots of the fleet\.")
#: After so long an adoption is over whose end nobody tells: its steps are tried for an hour, unless somebody ended it.
_ADOPTION: Final = timedelta(hours=4)


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


def accept(state: InterlockState, reason: str, *commands: Command) -> Step:
    """An order is carried out, and whoever gave it is told."""
    return Step(state, commands, "accepted", reason, RequestAnswer(decision="accepted", attempt=None, reason=reason))


def refuse(state: InterlockState, reason: str) -> Step:
    """An order is refused: what is wrong, and what to do."""
    return Step(state, (), "refused", reason, RequestAnswer(decision="refused", attempt=None, reason=reason))


def unchanged(state: InterlockState, reason: str) -> Step:
    """An order changes nothing, since it is so already."""
    return Step(state, (), "unchanged", reason, RequestAnswer(decision="unchanged", attempt=None, reason=reason))


def remember(state: InterlockState, candidate: Candidate) -> InterlockState:
    """The state with a candidate as it is now; the newest few are kept, in the order of their versions."""
    known, version = state.candidates, candidate.version
    for at in range(len(known) - 1, -1, -1):  # mostly one of the newest
        if known[at].version == version:
            return changed(state, candidates=(*known[:at], candidate, *known[at + 1 :]))
    if known and order_of(version) < order_of(known[-1].version):
        known = tuple(sorted([*known, candidate], key=lambda one: order_of(one.version)))
    else:
        known = (*known, candidate)
    return changed(state, candidates=known[-REMEMBERED:])


def bar(state: InterlockState, version: str, why: str) -> InterlockState:
    """The state in which a version is not released by itself any more."""
    return remember(state, changed(state.candidate(version), barred=why[:_BAR_LIMIT] or "rolled back", ordered=None))


def with_training(state: InterlockState, training: Training) -> InterlockState:
    """The state with a training as it is now; the last few are kept, in the order of their attempts."""
    if not state.trainings or state.trainings[-1].attempt < training.attempt:
        return changed(state, trainings=(*state.trainings, training)[-REMEMBERED:])
    others = [other for other in state.trainings if other.attempt != training.attempt]
    ordered = sorted([*others, training], key=lambda one: one.attempt)
    return changed(state, trainings=tuple(ordered[-REMEMBERED:]))


def order_of(version: str) -> tuple[int, str]:
    """Registries number versions; what is no number comes first."""
    return (int(version), "") if version.isascii() and version.isdecimal() else (-1, version)


def cut(reason: str) -> str:
    """A reason that is short enough to be kept."""
    return reason[:REASON_LIMIT]


def shown(text: str, most: int) -> str:
    """A text that takes at most so many bytes of a row, in UTF-8."""
    if len(text) * 4 <= most or (len(text) <= most and text.isascii()):
        return text
    if len(raw := text.encode()) <= most:
        return text
    return raw[: most - 3].decode(errors="ignore") + "…"


def sentence(text: str) -> str:
    """What somebody said, with its full stop."""
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def policy_of(state: InterlockState) -> ModelPolicy:
    """What the fleet file says; every event that begins something has brought it."""
    assert state.policy is not None
    return state.policy


def adoption_end(state: InterlockState, now: datetime) -> datetime | None:
    """Until when an adoption may still move the registry's alias at the latest; absent while none is in flight."""
    end = state.adopting.at + _ADOPTION if state.adopting is not None else None
    return end if end is not None and now < end else None


def waits_for_slot(state: InterlockState) -> bool:
    """Whether a run does not go on because it has no slot yet."""
    training, release, scoring, evaluation = state.training, state.release, state.scoring, state.evaluation
    return (
        (training is not None and training.outcome == "queued")
        or (release is not None and release.waits_for_slot)
        or (scoring is not None and scoring.queued)
        or (evaluation is not None and evaluation.queued)
    )


def takes_turns(policy: ModelPolicy) -> bool:
    """Whether a run that has jobs needs a slot of the fleet before it begins."""
    return policy.at_once is not None


def slot_wait(what: str, policy: ModelPolicy) -> str:
    """The sentence of a run that has asked for a slot; `what` it is, as the subject: `Its release`."""
    return f"{what} waits for one of the {policy.at_once} slots of the fleet."


def without_slot_wait(reason: str) -> str:
    """The reason of a run without that sentence: its slot was free."""
    return _SLOT_WAIT.sub("", reason)
