"""Models of one fleet take turns: a model with ever new data does not keep another one waiting."""

from collections import Counter, deque
from typing import Any

import hypothesis.strategies as st
from hypothesis import given, settings

from shared.contracts.interlock import AnyInterlockEvent
from shared.interlock.commands import AskForSlot, Command, ReturnSlot, StartRelease, StartTraining
from shared.interlock.decide import receive
from shared.interlock.slots import ask, give_back, no_slots
from shared.interlock.state import InterlockState, upcast
from tests.shared.interlock.builders import batch, published, registered, released, trained

BUSY = ("busy", "greedy")
SAYS = batch(at_once=1)


class Fleet:
    """Interlocks, one slot, and a wire that keeps the order in which things were sent."""

    def __init__(self) -> None:
        self.states: dict[str, InterlockState] = {}
        self.slots = no_slots()
        self.wire: deque[tuple[str, Any]] = deque()
        self.running: tuple[str, Command] | None = None
        self.begun: list[str] = []
        self.minute = 0

    def happens(self, model: str, event: AnyInterlockEvent) -> None:
        """An event comes, and all that follows from it by itself."""
        self.wire.append((model, event.model_copy(update={"model": model}).to_wire()))
        while self.wire:
            to, message = self.wire.popleft()
            if isinstance(message, AskForSlot | ReturnSlot):
                self._to_the_slots(message)
            else:
                decision = receive(self.states.get(to, InterlockState()), message)
                self.states[to] = upcast(decision.state.to_wire())
                for command in decision.commands:
                    self._carry_out(to, command)

    def new_data(self, model: str) -> None:
        """A dataset version that nobody has seen."""
        self.minute += 1
        self.happens(model, published(f"d{self.minute}", self.minute, says=SAYS))

    def the_run_ends(self) -> None:
        """With success; what it registered is told, so that its model wants to release it."""
        if self.running is None:
            return
        (model, command), self.running = self.running, None
        self.minute += 1
        if isinstance(command, StartTraining):
            version = str(command.input.attempt)
            self.happens(model, registered(version, self.minute, says=SAYS))
            self.happens(model, trained(command.input.attempt, version, passed=True, minutes=self.minute))
        elif isinstance(command, StartRelease):
            order = command.input
            self.happens(model, released(order.attempt, order.version, minutes=self.minute, mode="batch"))

    def _carry_out(self, model: str, command: Command) -> None:
        match command:
            case AskForSlot() | ReturnSlot():
                self.wire.append(("", command))
            case StartTraining() | StartRelease():
                assert self.running is None
                self.running = (model, command)
                self.begun.append(model)

    def _to_the_slots(self, message: AskForSlot | ReturnSlot) -> None:
        answer = ask if isinstance(message, AskForSlot) else give_back
        self.slots, granted = answer(self.slots, message.input.to_wire())
        self.wire.extend((event.model, event.to_wire()) for event in granted)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([*BUSY, "end"]), max_size=30), st.lists(st.sampled_from([*BUSY, ""]), max_size=12))
def test_a_model_with_ever_new_data_does_not_starve_another(before: list[str], meanwhile: list[str]) -> None:
    """After its ask, each other model begins at most once more, however much it wants, before it is this one's turn."""
    fleet = Fleet()
    for what in before:
        fleet.the_run_ends() if what == "end" else fleet.new_data(what)
    fleet.begun.clear()
    fleet.new_data("patient")
    for model in [*meanwhile, *("",) * 3]:
        if model:
            fleet.new_data(model)
        for other in BUSY:
            fleet.new_data(other)
        fleet.the_run_ends()
    assert "patient" in fleet.begun
    ahead = Counter(fleet.begun[: fleet.begun.index("patient")])
    assert all(times == 1 for times in ahead.values()), ahead
