"""One model in a repeating, reordering world: its interlock, and what the world knows of it without asking that."""

from collections.abc import Iterator
from datetime import date
from typing import Any, Final, Literal

from shared.contracts.interlock import AnyInterlockEvent
from shared.contracts.orders import Evidence
from shared.contracts.release import ReleasePhase, ReleaseWord, SlotNeed
from shared.contracts.training import TrainModelInput
from shared.interlock.commands import (
    AskForSlot,
    Command,
    LookForHolds,
    ReturnSlot,
    StartEvaluation,
    StartRelease,
    StartRetirement,
    StartRollback,
    StartScoring,
    StartTraining,
    TellRelease,
    Wake,
    WithdrawTraining,
)
from shared.interlock.decide import Decision, receive
from shared.interlock.state import InterlockState, upcast
from tests.shared.interlock.builders import given_up, released, retired, scored, trained
from tests.shared.interlock.order_builders import evaluated, release_ended, rolled_back

#: Runs of which only one at a time may change production.
_ALONE: Final = ("release", "scoring", "rollback")
#: Where a release lets a scoring by.
ASIDE: Final[tuple[ReleasePhase, ...]] = ("shadowing", "awaiting_approval", "scoring", "ready")


def version_of(attempt: int) -> str:
    """What a training registers; what ends in 5 is registered by people."""
    return str(10 * attempt)


def _slot(key: str, turn: int) -> str:
    """What a run calls its slot; a release has a new one for each of its later turns."""
    return f"{key}.{turn}" if turn else key


class Clock(Iterator[int]):
    """Minutes; each look at it is a later one."""

    def __init__(self) -> None:
        self.minute = 0

    def __next__(self) -> int:
        self.minute += 1
        return self.minute


class Model:
    """One model: its interlock, and what the world knows of it without asking the interlock."""

    def __init__(self, name: str, clock: Clock) -> None:
        self.name, self.clock = name, clock
        self.state: InterlockState = upcast(None)
        self.open: dict[str, Command] = {}
        self.trainings: dict[int, StartTraining] = {}
        self.ended: dict[int, bool | None] = {}
        self.words: dict[int, Literal["superseded", "unwanted"]] = {}
        self.superseded: set[int] = set()
        self.accepted: set[str] = set()
        self.told: set[str] = set()
        self.spent: set[str] = set()
        self.served: set[str] = set()
        self.left: set[str] = set()
        self.phases: dict[str, ReleasePhase] = {}
        self.said: dict[str, ReleaseWord] = {}
        self.back: set[str] = set()
        self.asks: dict[str, Evidence] = {}
        self.needs: dict[str, tuple[SlotNeed, int]] = {}
        self.rests: set[str] = set()
        self.unlimited: set[str] = set()
        self.asked: dict[str, AskForSlot] = {}
        self.returned: set[str] = set()
        self.wakes: list[Wake] = []
        self.mail: list[tuple[str, dict[str, Any]]] = []

    # ── What comes

    def feed(self, event: AnyInterlockEvent | dict[str, Any]) -> Decision:
        """An event arrives; what it starts begins."""
        raw = event if isinstance(event, dict) else event.to_wire()
        if raw["kind"] == "version_registered":
            self.told.add(raw["version"])
        if raw["kind"] == "release_stepped" and raw.get("needs") == "nothing":
            self.rests.add(_slot(f"release-{raw['attempt']}", raw.get("turn", 0)))
        decision = receive(self.state, raw)
        assert decision.state.revision == self.state.revision + 1
        assert not decision.state.decisions or decision.state.decisions[-1].reason
        assert raw["kind"] not in _ORDERS or (decision.answer is not None and decision.answer.reason)
        self.state = upcast(decision.state.to_wire())
        if raw["kind"] == "forget_ordered" and decision.answer is not None and decision.answer.decision == "accepted":
            self._forgotten()
        for command in decision.commands:
            self._carry_out(command)
        return decision

    def end(
        self, key: str, success: bool | None, word: Literal["superseded", "unwanted"] | None = None
    ) -> AnyInterlockEvent:
        """A run has ended; what it tells."""
        command, minute = self.open.pop(key), next(self.clock)
        match command:
            case StartTraining():
                return self._training_ends(command.input.attempt, success, word, minute)
            case StartEvaluation():
                if success:
                    self.accepted.add(command.input.version)
                return evaluated(command.input.attempt, command.input.version, success, minute)
            case StartRelease():
                return self._release_ends(key, command, success, minute)
            case StartRollback():
                return self._rollback_ends(command, success, minute)
            case StartScoring():
                return scored(command.input.attempt, command.input.version, bool(success), minute)
            case StartRetirement():
                if success:
                    self._forgotten()
                return retired(command.input.attempt, bool(success), minute)
            case _:
                raise AssertionError(command)

    def running_release(self) -> tuple[str, StartRelease] | None:
        """The release in flight, if there is one."""
        found = ((key, one) for key, one in self.open.items() if isinstance(one, StartRelease))
        return next(found, None)

    def has_slot_word(self, key: str) -> bool:
        """Whether a release may run its next job: it has not asked for a slot, or was told that it has it."""
        need, turn = self.needs.get(key, ("job", 0))
        return need != "slot" or self.said.get(key, ReleaseWord()).slot == turn

    def slots_in_use(self) -> set[str]:
        """The slots by which something runs now, as the runs themselves know."""
        found = set()
        for key in self.open:
            need, turn = self.needs.get(key, ("job", 0))
            if need != "nothing" and self.has_slot_word(key):
                found.add(_slot(key, turn))
        return found & set(self.asked) - self.unlimited

    def slots_waited_for(self) -> set[str]:
        """The slots that it has asked for and has no run for yet; one that rests keeps its own until it says so."""
        own = {_slot(key, turn) for key, (need, turn) in self.needs.items() if key in self.open and need == "nothing"}
        return set(self.asked) - self.returned - self.slots_in_use() - (own - self.rests)

    def newest_end(self) -> date:
        """Of what is trained on, or being trained on; a model that was retired has forgotten it."""
        known = [
            command.input.dataset.ends
            for attempt, command in self.trainings.items()
            if attempt not in self.ended or self.ended[attempt] is not None
        ]
        return max((end for end in known if end is not None), default=date.min)

    # ── How runs begin

    def _carry_out(self, command: Command) -> None:
        match command:
            case StartTraining():
                self._training_starts(command)
            case WithdrawTraining():
                self._training_is_told(command)
            case StartEvaluation():
                self._nothing_stops_it()
                self._start(f"evaluation-{command.input.attempt}", command)
            case StartRelease():
                self._release_starts(command)
            case TellRelease():
                self._release_is_told(command)
            case StartRollback():
                self._start(f"rollback-{command.input.attempt}", command)
            case StartScoring():
                assert self.state.champion is not None
                assert command.input.version == self.state.champion.version
                self._start(f"scoring-{command.input.attempt}", command)
            case StartRetirement():
                assert not self.open, "retired while something runs"
                self._start("retirement-0", command)
            case AskForSlot() | ReturnSlot() | Wake() | LookForHolds():
                self._sends(command)

    def _sends(self, command: AskForSlot | ReturnSlot | Wake | LookForHolds) -> None:
        match command:
            case AskForSlot():
                assert command.input.key not in self.asked, "asked twice for one run"
                self.asked[command.input.key] = command
                self.mail.append(("ask", command.input.to_wire()))
            case ReturnSlot():
                self.returned.add(command.input.key)
                self.mail.append(("give_back", command.input.to_wire()))
            case Wake():
                assert command.input.at not in [one.input.at for one in self.wakes], "woken twice for one time"
                self.wakes.append(command)
            case LookForHolds():
                assert self.state.fleet_holds == "asked"
                self.mail.append(("look", command.input.to_wire()))

    def _start(self, key: str, command: Command) -> None:
        """A run begins: the only one of its kind, and of those that change production the only one of all."""
        kind = key.partition("-")[0]
        kinds = _ALONE if kind in _ALONE else (kind,)
        others = [other for other in self.open if other.startswith(kinds)]
        if kind == "scoring":
            others = [other for other in others if self.phases.get(other) not in ASIDE or self._has_word(other, "go")]
        assert not others, f"a {kind} beside {others}"
        assert key not in self.open
        self.open[key] = command

    def _nothing_stops_it(self) -> None:
        """Neither a hold nor the parking, as the interlock shows them."""
        state = self.state
        assert state.parked is None
        assert state.last_at is not None
        assert not [hold for hold in state.holds if hold.holds(state.last_at)]
        assert state.fleet_holds == "known", "begun before it is known who holds the fleet"

    def _training_starts(self, command: StartTraining) -> None:
        order, requests = command.input, self.state.requests
        self._nothing_stops_it()
        if not any(one.kind == "training" and one.attempt == order.attempt for one in requests):
            assert order.policy.level >= 2, "nothing starts by itself at level 1"
            assert order.dataset.ends is not None
            assert order.dataset.ends >= self.newest_end(), "an older period over a newer one"
        self._start(f"training-{order.attempt}", command)
        self.trainings[order.attempt] = command

    def _training_is_told(self, command: WithdrawTraining) -> None:
        """It runs; and if newer data is the cause, nobody has asked for it, and the one before had its way."""
        (order,) = [one.input for one in self.open.values() if getattr(one, "instance", "") == command.input.job]
        assert isinstance(order, TrainModelInput)
        if command.input.word.unwanted is not None:
            self.words[order.attempt] = "unwanted"
            return
        assert not any(one.kind == "training" and one.attempt == order.attempt for one in self.state.requests)
        assert order.attempt - 1 not in self.superseded
        self.words[order.attempt] = "superseded"

    def _release_starts(self, command: StartRelease) -> None:
        """Accepted or overridden, registered, and neither barred nor released before, unless a person orders it."""
        order, state = command.input, self.state
        self._nothing_stops_it()
        assert state.last_at is not None
        assert not [freeze for freeze in order.policy.release.freezes if freeze.holds(state.last_at)]
        assert order.version in self.told
        assert order.version in self.accepted or order.overridden, "released without passing its gates"
        by_hand = state.release is not None and state.release.ordered is not None
        if by_hand:
            self.left.discard(order.version)
        else:
            assert order.policy.level >= 3
            assert order.version not in self.left, "a version that was rolled back comes back by itself"
            assert order.version not in self.spent, "released twice by itself"
        self._start(f"release-{order.attempt}", command)

    def _release_is_told(self, command: TellRelease) -> None:
        """Only one in flight is told: to end once before production changes, as far as known, to go back once after."""
        ((key, release),) = [
            (key, one) for key, one in self.open.items() if getattr(one, "instance", "") == command.input.instance
        ]
        word, state = command.input.word, self.state
        assert isinstance(release, StartRelease)
        assert state.release is not None
        if word.slot is not None:
            assert self.needs[key] == ("slot", word.slot), "a slot that it has not asked for, or has had"
            assert not self._has_slot_of(key, word.slot), "told twice of a slot"
            assert state.policy is not None
            self.unlimited |= {f"{key}.{word.slot}"} if state.policy.at_once is None else set()
        elif word.go:
            assert not [other for other in self.open if other.startswith("scoring")], "a release under a scoring"
        elif state.release.back is not None:
            assert word.withdrawn
            assert state.release.shifted
            assert key not in self.back, "told twice to go back"
            self.back.add(key)
        elif word.approved is None:
            assert not self._has_word(key, "superseded", "withdrawn")
            assert not state.release.shifted
            assert state.rollback is not None or state.retirement is not None or word.superseded is not None
        else:
            assert not self._has_word(key, "approved"), "approved twice"
        before = self.said.get(key, ReleaseWord())
        self.said[key] = before.model_copy(update={name: value for name, value in word if value})

    def _has_slot_of(self, key: str, turn: int) -> bool:
        return self.said.get(key, ReleaseWord()).slot == turn

    def _has_word(self, key: str, *names: str) -> bool:
        word = self.said.get(key)
        return word is not None and any(bool(getattr(word, name)) for name in names)

    # ── How runs end

    def _training_ends(
        self, attempt: int, success: bool | None, word: Literal["superseded", "unwanted"] | None, minute: int
    ) -> AnyInterlockEvent:
        self.ended[attempt] = success
        if word is not None:
            self.superseded |= {attempt} if word == "superseded" else set()
            return given_up(attempt, word, minute)
        version = version_of(attempt)
        if success:
            self.accepted.add(version)
        return trained(attempt, None if success is None else version, success, minute)

    def _release_ends(self, key: str, command: StartRelease, success: bool | None, minute: int) -> AnyInterlockEvent:
        """What was told to end ends, or is done before it hears that; what waits does not serve."""
        order, phase = command.input, self.phases.get(key)
        before = phase in ("testing", *ASIDE)
        if self._has_word(key, "withdrawn") and (before or not success):
            self.left |= {order.version} if key in self.back else set()
            return release_ended(order.attempt, order.version, "withdrawn", minute)
        self.spent.add(order.version)
        if before and self._has_word(key, "superseded"):
            return release_ended(order.attempt, order.version, "superseded", minute)
        if phase == "awaiting_approval" and not success:
            return release_ended(order.attempt, order.version, "refused", minute)
        serves = bool(success) and (phase not in ASIDE)
        if serves:
            self.served.add(order.version)
        return released(order.attempt, order.version, serves, minute, order.policy.serve.mode)

    def _rollback_ends(self, command: StartRollback, success: bool | None, minute: int) -> AnyInterlockEvent:
        order = command.input
        if not success:
            return rolled_back(order.attempt, None, minute, outcome="failed")
        self.left.add(order.leaves.version)
        if order.back_to is None:
            return rolled_back(order.attempt, "3", minute, outcome="failed_over")
        return rolled_back(order.attempt, order.back_to.version, minute)

    def _forgotten(self) -> None:
        self.trainings.clear()
        self.superseded.clear()
        self.spent.clear()
        self.left.clear()


_ORDERS: Final = frozenset({
    "hold_ordered", "resume_ordered", "park_ordered", "release_ordered", "rollback_ordered", "override_ordered",
    "approval_answered", "forget_ordered",
})  # fmt: skip
