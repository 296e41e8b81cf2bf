"""Interlocks and their fleet's slots under any order of events: duplicates, delays and losses included."""

import itertools
from datetime import date, timedelta
from functools import partial
from typing import Any, Literal

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from shared.contracts.interlock import AnyInterlockEvent
from shared.contracts.policy import ModelPolicy
from shared.contracts.training import TrainModelInput
from shared.interlock.commands import (
    AskForSlot,
    Command,
    ReturnSlot,
    StartRelease,
    StartRetirement,
    StartScoring,
    StartTraining,
    WithdrawTraining,
)
from shared.interlock.decide import receive
from shared.interlock.slots import ask, give_back, no_slots
from shared.interlock.state import InterlockState, upcast
from tests.shared.interlock.builders import (
    batch,
    given_up,
    policy,
    published,
    registered,
    released,
    requested,
    retired,
    retirement,
    scored,
    scoring_requested,
    trained,
)

MODELS = ("one", "two")
models = st.sampled_from(MODELS)
LEVEL = st.sampled_from([4, 1, 2, 3])
LATE = st.sampled_from([False, False, True])
SUCCESS = st.sampled_from([True, True, True, False, None])


def _ends(version: int) -> date:
    """Two dataset versions per period: the second one corrects the first."""
    return date(2026, 1, 1) + timedelta(days=version // 2)


class Model:
    """One model: its interlock, and what the world knows of it without asking the interlock."""

    def __init__(self) -> None:
        self.state = InterlockState()
        self.open: dict[str, Command] = {}
        self.trainings: dict[int, StartTraining] = {}
        self.ended: dict[int, bool | None] = {}
        self.words: dict[int, Literal["superseded", "unwanted"]] = {}
        self.superseded: set[int] = set()
        self.released: list[str] = []
        self.told: set[str] = set()
        self.asked: dict[str, AskForSlot] = {}
        self.returned: set[str] = set()

    @property
    def passed(self) -> set[str]:
        """Versions whose gates held; a version has its attempt's number."""
        return {str(attempt) for attempt, outcome in self.ended.items() if outcome}

    def start(self, key: str, command: Command) -> None:
        """A run begins: the only one of its kind; and of a release and a scoring, the only one of both."""
        kind = key.partition("-")[0]
        kinds = ("release", "scoring") if kind in ("release", "scoring") else (kind,)
        assert not [other for other in self.open if other.startswith(kinds)], f"a {kind} beside another run"
        self.open[key] = command

    def newest_end(self) -> date:
        """Of what is trained on, or being trained on; a retired model has forgotten it."""
        known = [
            command.input.dataset.ends
            for attempt, command in self.trainings.items()
            if attempt not in self.ended or self.ended[attempt] is not None
        ]
        return max((end for end in known if end is not None), default=date.min)


class World(RuleBasedStateMachine):
    """Feeds two models what a repeating, reordering world would, runs what they start, and hands out their slots."""

    events = Bundle("events")

    def __init__(self, level: int, at_once: int | None) -> None:
        """Models to which nothing has happened, in a fleet that nobody has asked for a slot."""
        super().__init__()
        self.level, self.at_once = level, at_once
        self.models = {name: Model() for name in MODELS}
        self.slots = no_slots()
        self.mail: list[tuple[str, str, dict[str, Any]]] = []
        self.sent: list[tuple[str, str, dict[str, Any]]] = []
        self.clock = itertools.count()
        self.says: ModelPolicy = policy()
        self.is_batch = False

    @initialize(is_batch=st.booleans(), in_production=st.booleans(), has_passed=st.booleans())
    def a_fleet(self, is_batch: bool, in_production: bool, has_passed: bool) -> None:
        """All online, or all in batch; every model is new or in production; new data has come, and perhaps passed."""
        self.is_batch = is_batch
        self.the_file_says(4, self.at_once, data=True)
        for name in MODELS if in_production else ():
            self.a_dataset(name, 1, late=False)
        self._run_out(success=True)
        for name in MODELS if has_passed else ():
            self.a_dataset(name, 2, late=False)
        for name in MODELS if has_passed else ():
            while not self.models[name].open:
                self._arrive(self.mail.pop(0))
            self._end(name, next(iter(self.models[name].open)), success=True)
            self._feed(self._registration(name))
        self.the_file_says(self.level, self.at_once, data=True)
        for name in MODELS:
            self.a_dataset(name, 3, late=False)

    @rule(level=LEVEL, at_once=st.sampled_from([None, 1, 1, 2]), data=st.booleans())
    def the_file_says(self, level: int, at_once: int | None, data: bool) -> None:
        """What travels with the events from now on."""
        when = ("data", "stale") if data else ("stale",)
        make = batch if self.is_batch else policy
        self.says = make(level=level, at_once=at_once, stale_days=0, retrain_when=when)

    @rule(name=models, level=st.sampled_from([1, 2]), at_once=st.sampled_from([1, 2]))
    def the_level_falls(self, name: str, level: int, at_once: int) -> None:
        """The file says so while something may wait for its slot, and a model learns of it before the slot is there."""
        self.the_file_says(level, at_once, data=True)
        self._happens(name, registered("0", next(self.clock), says=self.says), late=False)

    # ── Events: each comes at once, or waits in the bundle for its turn

    @rule(target=events, name=models, version=st.integers(1, 8), late=LATE)
    def a_dataset(self, name: str, version: int, late: bool) -> AnyInterlockEvent:
        """A dataset version is published; its event may come any number of times."""
        event = published(f"d{version}", next(self.clock), says=self.says, ends=_ends(version))
        return self._happens(name, event, late)

    @rule(target=events, name=models, other=st.integers(0, 9), late=LATE)
    def a_registration(self, name: str, other: int, late: bool) -> AnyInterlockEvent:
        """A version is registered: the last one that passed, or any other."""
        event = registered(str(other), next(self.clock), says=self.says) if other > 5 else self._registration(name)
        return self._happens(name, event, late)

    @rule(target=events, name=models, version=st.integers(1, 8), who=st.integers(1, 5), again=LATE)
    def a_request(self, name: str, version: int, who: int, again: bool) -> AnyInterlockEvent:
        """A person asks for a training."""
        minute = next(self.clock)
        event = requested(f"d{version}", f"r{who}", minute, says=self.says, again=again, ends=_ends(version))
        return self._happens(name, event, late=False)

    @rule(target=events, name=models, version=st.integers(1, 8), late=LATE)
    def a_scoring_request(self, name: str, version: int, late: bool) -> AnyInterlockEvent:
        """A period's predictions are wanted; every champion is stale."""
        minute = next(self.clock)
        event = scoring_requested(f"d{version}", f"s{minute}", minute, says=self.says, ends=_ends(version))
        return self._happens(name, event, late)

    @rule(target=events, name=models, really=st.integers(0, 5))
    def a_retirement(self, name: str, really: int) -> AnyInterlockEvent:
        """Somebody retires the model, now and then; any later event brings it back."""
        return self._happens(name, retirement(next(self.clock)), late=really != 3)

    def _happens(self, name: str, event: AnyInterlockEvent, late: bool) -> AnyInterlockEvent:
        event = event.model_copy(update={"model": name})
        if not late:
            self._feed(event)
        return event

    @rule(event=events)
    def deliver(self, event: AnyInterlockEvent) -> None:
        """Any event so far comes, for the first time or again."""
        self._feed(event)

    @rule(event=consumes(events))
    def lose(self, event: AnyInterlockEvent) -> None:
        """An event never comes again, perhaps never came."""

    @rule(target=events, name=models, success=SUCCESS, late=LATE, data=st.data())
    def a_run_ends(self, name: str, success: bool | None, late: bool, data: st.DataObject) -> AnyInterlockEvent:
        """Any run in flight tells how it ended, and the registry of what it registered."""
        model = self.models[name]
        if model.open:
            self._end(name, data.draw(st.sampled_from(sorted(model.open))), success)
        return self._happens(name, self._registration(name), late)

    @rule(name=models, version=st.integers(4, 8), newer=st.booleans())
    def a_training_is_given_up(self, name: str, version: int, newer: bool) -> None:
        """One that was told so, now or before, and had not begun to run or was not wanted at all."""
        model = self.models[name]
        if newer:
            self.a_dataset(name, version, late=False)
        for key, command in list(model.open.items()):
            if isinstance(command, StartTraining) and command.input.attempt in model.words:
                self._end(name, key, success=None, word=model.words[command.input.attempt])

    @rule(data=st.data())
    def mail_arrives(self, data: st.DataObject) -> None:
        """What entities have told each other arrives, in any order."""
        if self.mail:
            self._arrive(self.mail.pop(data.draw(st.integers(0, len(self.mail) - 1))))

    @rule(data=st.data())
    def old_mail_arrives(self, data: st.DataObject) -> None:
        """Or once more."""
        if self.sent:
            self._arrive(data.draw(st.sampled_from(self.sent)))

    # ── What must always hold

    @invariant()
    def what_has_a_slot_keeps_it_while_it_runs(self) -> None:
        """Whoever runs by a slot is known to have it, so the limit means something."""
        held = {(model, key) for model, key in self.slots["held"]}
        for name, model in self.models.items():
            assert {(name, key) for key in model.open if key in model.asked} <= held

    @invariant()
    def a_slot_is_returned_after_its_run_only(self) -> None:
        """And for nothing that still waits or runs."""
        for model in self.models.values():
            assert not model.returned & set(model.open)
            assert len([key for key in model.asked if key not in model.returned and key not in model.open]) <= 1

    @invariant()
    def the_champion_was_released(self) -> None:
        """What is called champion has passed, was registered, and was released once."""
        for model in self.models.values():
            assert len(model.released) == len(set(model.released))
            if (champion := model.state.champion) is not None:
                assert champion.version in set(model.released) & model.passed & model.told

    def teardown(self) -> None:
        """When everything has ended and all mail has come, nobody waits, and no slot is missing."""
        self._run_out(success=None)
        assert (self.slots["held"], self.slots["waiting"]) == ([], [])
        for model in self.models.values():
            assert (model.state.in_flight, model.state.asked, model.state.held) == ((), None, ())
            assert not [request for request in model.state.requests if request.waits]

    # ── How the world works

    def _run_out(self, success: bool | None) -> None:
        """All mail arrives, and everything ends alike, until nothing is left; the registry tells of every version."""
        while self.mail or any(model.open for model in self.models.values()):
            for name, model in self.models.items():
                for key in sorted(model.open):
                    self._end(name, key, success)
                    self._feed(self._registration(name))
            if self.mail:
                self._arrive(self.mail.pop(0))

    def _registration(self, name: str) -> AnyInterlockEvent:
        """The registry tells of the newest version that passed."""
        version = max(self.models[name].passed, key=int, default="1")
        return registered(version, next(self.clock), says=self.says).model_copy(update={"model": name})

    def _feed(self, event: AnyInterlockEvent) -> None:
        model = self.models[event.model]
        if event.kind == "version_registered":
            model.told.add(event.version)
        decision = receive(model.state, event.to_wire())
        assert decision.state.revision == model.state.revision + 1
        assert decision.state.decisions[-1].reason
        model.state = upcast(decision.state.to_wire())
        for command in decision.commands:
            self._carry_out(event.model, model, command)

    def _carry_out(self, name: str, model: Model, command: Command) -> None:
        match command:
            case StartTraining():
                self._training_starts(model, command)
            case WithdrawTraining():
                self._training_is_told(model, command)
            case StartRelease():
                version = command.input.version
                assert command.input.policy.level >= 3
                assert version in model.passed & model.told, "released without verdict and registration"
                model.released.append(version)
                model.start(f"release-{command.input.attempt}", command)
            case StartScoring():
                assert model.state.champion is not None
                assert command.input.version == model.state.champion.version
                model.start(f"scoring-{command.input.attempt}", command)
            case StartRetirement():
                assert not model.open, "retired while something runs"
                model.start("retirement-0", command)
            case AskForSlot():
                assert command.input.key not in model.asked, "asked twice for one run"
                model.asked[command.input.key] = command
                self._send("slots", "ask", command.input.to_wire())
            case ReturnSlot():
                model.returned.add(command.input.key)
                self._send("slots", "give_back", command.input.to_wire())

    def _training_starts(self, model: Model, command: StartTraining) -> None:
        order, requests = command.input, model.state.requests
        if not any(one.kind == "training" and one.attempt == order.attempt for one in requests):
            assert order.policy.level >= 2, "nothing starts by itself at level 1"
            assert order.dataset.ends is not None
            assert order.dataset.ends >= model.newest_end(), "an older period over a newer one"
        model.start(f"training-{order.attempt}", command)
        model.trainings[order.attempt] = command

    def _training_is_told(self, model: Model, command: WithdrawTraining) -> None:
        """It runs; and if newer data is the cause, nobody has asked for it, and the one before had its way."""
        (order,) = [one.input for one in model.open.values() if getattr(one, "instance", "") == command.input.job]
        assert isinstance(order, TrainModelInput)
        if command.input.word.unwanted is not None:
            model.words[order.attempt] = "unwanted"
            return
        assert not any(one.kind == "training" and one.attempt == order.attempt for one in model.state.requests)
        assert order.attempt - 1 not in model.superseded
        model.words[order.attempt] = "superseded"

    def _end(
        self, name: str, key: str, success: bool | None, word: Literal["superseded", "unwanted"] | None = None
    ) -> None:
        model = self.models[name]
        command = model.open.pop(key)
        event: AnyInterlockEvent
        match command:
            case StartTraining():
                attempt = command.input.attempt
                model.ended[attempt] = success
                event = trained(attempt, None if success is None else str(attempt), success, next(self.clock))
                if word is not None:
                    event = given_up(attempt, word, next(self.clock))
                    model.superseded |= {attempt} if word == "superseded" else set()
            case StartRelease():
                order = command.input
                mode = order.policy.serve.mode
                event = released(order.attempt, order.version, bool(success), next(self.clock), mode)
            case StartScoring():
                event = scored(command.input.attempt, command.input.version, bool(success), next(self.clock))
            case StartRetirement():
                event = retired(command.input.attempt, bool(success), next(self.clock))
                if success:
                    model.trainings.clear()
                    model.superseded.clear()
            case _:
                raise AssertionError(command)
        event = event.model_copy(update={"model": name})
        self._feed(event)
        self._feed(event)  # told twice

    def _send(self, to: str, operation: str, message: dict[str, Any]) -> None:
        self.mail.append((to, operation, message))
        self.sent.append((to, operation, message))

    def _arrive(self, mail: tuple[str, str, dict[str, Any]]) -> None:
        to, operation, message = mail
        if to != "slots":
            model = self.models[to]
            decision = receive(model.state, message)
            model.state = upcast(decision.state.to_wire())
            for command in decision.commands:
                self._carry_out(to, model, command)
            return
        self.slots, granted = ask(self.slots, message) if operation == "ask" else give_back(self.slots, message)
        for event in granted:
            self._send(event.model, "receive", event.to_wire())


@pytest.mark.parametrize("at_once", [None, 1])
@pytest.mark.parametrize("level", [1, 2, 3, 4])
def test_any_order(level: int, at_once: int | None) -> None:
    """Whatever the fleet file says at first: left to itself, Hypothesis hardly ever draws some of these."""
    few = settings(max_examples=20, stateful_step_count=50, deadline=None)
    run_state_machine_as_test(partial(World, level, at_once), settings=few)  # type: ignore[arg-type]  # a factory will do
