"""What events would start, told from copies of the models' states: nothing is kept, and nothing begins.

The same decision as always decides; beside it only the fleets' slots are played, since a model that asks for one begins
when its fleet has one that is free, and waits otherwise.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from shared.contracts.interlock import (
    AnyInterlockEvent,
    HoldsFound,
    SlotGranted,
    VersionEvaluated,
    VersionRegistered,
)
from shared.contracts.read_model import Hold
from shared.contracts.slots import SlotsState
from shared.interlock.commands import (
    AskForSlot,
    Command,
    ReturnSlot,
    StartEvaluation,
    StartRelease,
    StartRetirement,
    StartRollback,
    StartScoring,
    StartTraining,
    TellRelease,
    WithdrawTraining,
)
from shared.interlock.decide import receive
from shared.interlock.readiness import newest_ready
from shared.interlock.slots import ask, give_back, no_slots
from shared.interlock.state import InterlockState
from shared.interlock.steps import without_slot_wait
from shared.interlock.values import changed

#: What an event would do to a model; `tell` is a word to a run that is in flight.
type Would = Literal["begin", "tell", "wait", "refuse", "nothing"]

#: A decision says by these words that something waits for its time, its slot, or the end of what is in flight.
_WAITS: Final = ("waiting", "queued", "joined")
#: A model without a policy does not say how its versions are released.
_RELEASES: Final = 3


class Begun(NamedTuple):
    """A run that would begin.

    Attributes:
        run: `training`, `release`.
        of: What it is about, to be said after the model's name: `on dataset version d1`.
    """

    run: str
    of: str


class Foreseen(NamedTuple):
    """What would become of one model.

    Attributes:
        begins: Runs that would begin.
        tells: What runs in flight would be told.
        reason: Why, in the sentences that the model's page would show.
    """

    model: str
    would: Would
    begins: tuple[Begun, ...]
    tells: tuple[str, ...]
    reason: str


def foresee(
    states: Mapping[str, InterlockState],
    slots: Mapping[str, SlotsState],
    holds: Mapping[str, tuple[Hold, ...]],
    events: Iterable[AnyInterlockEvent],
) -> tuple[Foreseen, ...]:
    """What would become of each model that the events are for, in the order of the events.

    Args:
        states: What is known of each of these models.
        slots: Of each fleet: who runs and who waits; a fleet that nobody has asked for a slot yet may be left out.
        holds: Of each model that does not know yet who holds its fleet, see `asks_for_holds`; it looks before it starts
            anything, and that is played, too.
        events: One after the other.
    """
    wanted = tuple(events)
    play = _Play(dict(states), dict(slots), holds)
    for event in wanted:
        play.tell(event)
    return tuple(_foreseen(name, play.seen[name]) for name in dict.fromkeys(event.model for event in wanted))


def asks_for_holds(state: InterlockState) -> bool:
    """Whether a model would first look who holds its fleet."""
    return state.fleet_holds != "known"


# ── How ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class _Seen:
    """What was decided about a model, decision by decision."""

    begins: list[Begun] = field(default_factory=list)
    tells: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    decision: str = ""
    version_waits: bool = False


@dataclass
class _Play:
    """Copies of states and slots, and what has become of them."""

    states: dict[str, InterlockState]
    slots: dict[str, SlotsState]
    holds: Mapping[str, tuple[Hold, ...]]
    seen: dict[str, _Seen] = field(default_factory=dict)

    def tell(self, event: AnyInterlockEvent) -> None:
        """Decide on an event, and on the slots that are granted by what it leads to."""
        state = self.states[event.model]
        if asks_for_holds(state):
            found = HoldsFound(model=event.model, at=event.at, holds=self.holds.get(event.model, ()))
            asked = changed(state, fleet_holds="asked", looked_at=event.at)
            self.states[event.model] = receive(asked, found.to_wire()).state
        mail: deque[AnyInterlockEvent] = deque([event])
        while mail:
            first = mail.popleft()
            if first.model in self.states:  # a slot that comes free may be another model's
                mail.extend(self._decide(first))

    def _decide(self, event: AnyInterlockEvent) -> list[SlotGranted]:
        decision = receive(self.states[event.model], event.to_wire())
        after = self.states[event.model] = decision.state
        seen = self.seen.setdefault(event.model, _Seen())
        last = after.decisions[-1]
        seen.decision = last.decision
        if isinstance(event, SlotGranted):  # it need not wait: its slot was free
            seen.reasons = [without_slot_wait(reason) for reason in seen.reasons] or [last.reason]
        else:
            seen.reasons.append(last.reason)
        seen.version_waits = _waits_for_release(after, event)
        granted: list[SlotGranted] = []
        for command in decision.commands:
            granted += self._carry_out(command, seen)
        return granted

    def _carry_out(self, command: Command, seen: _Seen) -> tuple[SlotGranted, ...]:
        match command:
            case AskForSlot() | ReturnSlot():
                fleet, message = command.input.fleet, command.input.to_wire()
                before = self.slots.get(fleet) or no_slots()
                after = (ask if isinstance(command, AskForSlot) else give_back)(before, message)
                self.slots[fleet] = after.state
                return after.granted
            case WithdrawTraining():
                seen.tells.append("its training in flight would be told to give way")
            case TellRelease():
                seen.tells.append("its release in flight would be told")
            case _ if (begun := _begun(command)) is not None:
                seen.begins.append(begun)
        return ()


def _begun(command: Command) -> Begun | None:
    """The run that a command begins; `None` of one that begins nothing which anybody would call a run."""
    begun = None
    match command:
        case StartTraining():
            begun = Begun("training", f"on dataset version {command.input.dataset.version}")
        case StartEvaluation():
            begun = Begun("evaluation", f"of its version {command.input.version}")
        case StartRelease():
            begun = Begun("release", f"of its version {command.input.version}")
        case StartRollback():
            begun = Begun("rollback", f"from its version {command.input.leaves.version}")
        case StartScoring():
            begun = Begun("scoring", f"of dataset version {command.input.dataset.version}")
        case StartRetirement():
            begun = Begun("retirement", "")
    return begun


def _waits_for_release(state: InterlockState, event: AnyInterlockEvent) -> bool:
    """Whether the version that the event is about could be released and is not yet."""
    match event:
        case VersionRegistered():
            version = event.version
        case VersionEvaluated():
            version = event.outcome.version
        case _:
            return False
    ready = newest_ready(state)
    if ready is None or ready.version != version:
        return False
    return ready.ordered is not None or (state.policy is not None and state.policy.level >= _RELEASES)


def _foreseen(model: str, seen: _Seen) -> Foreseen:
    return Foreseen(model, _would(seen), tuple(seen.begins), tuple(seen.tells), _joined(seen.reasons))


def _would(seen: _Seen) -> Would:
    if seen.begins:
        return "begin"
    if seen.tells:
        return "tell"
    if seen.version_waits or any(word in seen.decision for word in _WAITS):
        return "wait"
    return "refuse" if seen.decision == "refused" else "nothing"


def _joined(reasons: Sequence[str]) -> str:
    return " ".join(dict.fromkeys(reasons))
