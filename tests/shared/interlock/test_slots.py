"""The slots of a fleet: never more than the limit, first come first served, and none is lost."""

import json
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from shared.contracts.slots import SlotAsk, SlotReturn, SlotsState
from shared.interlock.slots import Slots, ask, give_back, no_slots
from tests.shared.interlock.builders import at


def _ask(model: str, key: str = "training-1", limit: int = 2, minutes: int = 0) -> dict[str, Any]:
    return SlotAsk(fleet="flights", model=model, key=key, limit=limit, at=at(minutes)).to_wire()


def _return(model: str, key: str = "training-1", minutes: int = 0) -> dict[str, Any]:
    return SlotReturn(fleet="flights", model=model, key=key, at=at(minutes)).to_wire()


def _granted(slots: Slots) -> list[str]:
    return [event.model for event in slots.granted]


def _after(*asks: dict[str, Any]) -> SlotsState:
    state = no_slots()
    for one in asks:
        state = ask(state, one).state
    return state


def test_the_limit_holds_and_the_next_is_the_one_that_waited_longest() -> None:
    """Two of four begin; each that ends lets the next one begin, in the order in which they asked."""
    state = _after(*(_ask(model) for model in "abcd"))
    assert [model for model, _ in state["held"]] == ["a", "b"]
    first = give_back(state, _return("b", minutes=5))
    assert _granted(first) == ["c"]
    assert (first.granted[0].at, first.granted[0].fleet) == (at(5), "flights")
    assert _granted(give_back(first.state, _return("a"))) == ["d"]


def test_an_ask_that_comes_twice_counts_once() -> None:
    """Whoever waits keeps the place; whoever has a slot is told again, and nobody has two."""
    state = _after(_ask("a", limit=1), _ask("b", limit=1))
    waiting = ask(state, _ask("b", limit=1))
    assert (waiting.state, waiting.granted) == (state, ())
    held = ask(state, _ask("a", limit=1))
    assert (held.state, _granted(held)) == (state, ["a"])


def test_what_is_taken_back_does_not_begin() -> None:
    """A run that is not wanted any more leaves the queue."""
    state = _after(_ask("a", limit=1), _ask("b", limit=1), _ask("c", limit=1))
    state = give_back(state, _return("b")).state
    assert _granted(give_back(state, _return("a"))) == ["c"]


def test_a_later_ask_of_a_model_does_not_replace_the_former() -> None:
    """Messages may come out of order: only the model knows which of the two it still wants."""
    state = _after(_ask("a", limit=1), _ask("b", "training-2", limit=1), _ask("b", "training-1", limit=1))
    assert state["waiting"] == [["b", "training-2"], ["b", "training-1"]]


@pytest.mark.parametrize("message", [None, 7, {}, {"fleet": "flights"}, {**_ask("a"), "limit": "many"}])
def test_what_cannot_be_read_changes_nothing(message: Any) -> None:
    """A signal whose operation raises is lost, so nothing raises."""
    state = _after(_ask("a"))
    assert ask(state, message) == Slots(state, ())
    assert give_back(state, message) == Slots(state, ())


def test_returning_what_is_not_held_changes_nothing() -> None:
    """A second return does not free a second slot."""
    state = _after(_ask("a"), _ask("b"), _ask("c"))
    once = give_back(state, _return("a"))
    assert _granted(once) == ["c"]
    assert give_back(once.state, _return("a")) == Slots(once.state, ())


def test_a_lower_limit_lets_what_runs_finish() -> None:
    """From three to one: nobody is stopped, and nobody begins until one runs less than allowed."""
    state = _after(*(_ask(model, limit=3) for model in "abc"), _ask("d", limit=1, minutes=1))
    assert len(state["held"]) == 3
    for model in "ab":
        assert _granted(give_back(state, _return(model))) == []
        state = give_back(state, _return(model)).state
    assert _granted(give_back(state, _return("c"))) == ["d"]


def test_a_higher_limit_lets_the_waiting_begin() -> None:
    """The ask that brings it is granted with all that waited before it."""
    state = _after(*(_ask(model, limit=1) for model in "abc"))
    assert _granted(ask(state, _ask("d", limit=4, minutes=1))) == ["b", "c", "d"]


def test_a_late_ask_does_not_turn_the_limit_back() -> None:
    """The limit is that of the ask that was sent last, not of the one that came last."""
    state = _after(_ask("a", limit=3, minutes=5), _ask("b", limit=1, minutes=1))
    assert state["limit"] == 3


def test_a_thousand_waiting_asks_stay_small() -> None:
    """A line of plain text each: nothing of the models' policies or datasets is kept here."""
    state = _after(*(_ask(f"departures-of-a-region-number-{number}", limit=8) for number in range(1008)))
    assert len(state["waiting"]) == 1000
    assert len(json.dumps(state)) < 80_000


class Fleet(RuleBasedStateMachine):
    """Models that ask and return, over a wire that repeats and delays, beside a plain account of who may run."""

    def __init__(self) -> None:
        """Nobody has asked."""
        super().__init__()
        self.state = no_slots()
        self.minute = 0
        self.limit = 1
        self.asked: list[tuple[str, str]] = []
        self.returned: set[tuple[str, str]] = set()
        self.running: list[tuple[str, str]] = []
        self.begun: list[tuple[str, str]] = []
        self.sent: list[tuple[str, dict[str, Any]]] = []

    def _deliver(self, operation: str, message: dict[str, Any]) -> None:
        slots = ask(self.state, message) if operation == "ask" else give_back(self.state, message)
        self.state = json.loads(json.dumps(slots.state))
        if operation == "give_back":
            self.running = [run for run in self.running if run != (message["model"], message["key"])]
        begun = [(event.model, event.key) for event in slots.granted]
        begun = [run for run in begun if run not in self.running]
        self.running += begun
        self.begun += begun
        assert not begun or len(self.running) <= self.limit, "more run than the limit allows"
        for run in begun:
            if run in self.returned:  # as a model does with a slot that it does not want any more
                self._deliver("give_back", _return(*run, minutes=self.minute))

    @rule(model=st.sampled_from("abcdef"), limit=st.integers(0, 4))
    def a_model_asks(self, model: str, limit: int) -> None:
        """A new run of a model; the limit may have changed."""
        self.minute += 1
        run = (model, f"training-{self.minute}")
        self.limit = max(1, limit)
        self.asked.append(run)
        message = _ask(*run, limit=limit, minutes=self.minute)
        self.sent.append(("ask", message))
        self._deliver("ask", message)

    @precondition(lambda self: self.asked)
    @rule(data=st.data())
    def a_run_ends(self, data: st.DataObject) -> None:
        """It ran, or it waited and is not wanted any more."""
        run = data.draw(st.sampled_from(self.asked))
        self.returned.add(run)
        message = _return(*run, minutes=self.minute)
        self.sent.append(("give_back", message))
        self._deliver("give_back", message)

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def a_message_comes_again(self, data: st.DataObject) -> None:
        """Any message so far, also the ask of a run that has ended."""
        self._deliver(*data.draw(st.sampled_from(self.sent)))

    @invariant()
    def nobody_waits_while_a_slot_is_free(self) -> None:
        """Held and waiting add up to all that is wanted."""
        assert [tuple(run) for run in self.state["held"]] == self.running
        assert not self.state["waiting"] or len(self.running) >= self.limit
        wanted = {run for run in self.asked if run not in self.returned}
        waiting = {(model, key) for model, key in self.state["waiting"]}
        assert wanted <= waiting | set(self.running), "an ask is lost"

    @invariant()
    def first_come_first_served(self) -> None:
        """What has begun and was never taken back began in the order of asking."""
        first = [run for run in self.begun if run not in self.returned]
        assert first == [run for run in self.asked if run in first]


Fleet.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestFleet = Fleet.TestCase
