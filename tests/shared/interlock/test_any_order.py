"""Interlocks and their fleet's slots under any order of events: duplicates, delays and losses included."""

from datetime import date, timedelta
from functools import partial
from typing import Any, Final

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
from shared.contracts.read_model import Hold
from shared.contracts.release import ReleasePhase, ReleaseWord
from shared.contracts.release_policy import ReleasePolicy
from shared.interlock.commands import StartTraining
from shared.interlock.readiness import newest_ready
from shared.interlock.slots import ask, give_back, no_slots
from tests.shared.interlock.builders import (
    at,
    batch,
    policy,
    published,
    registered,
    requested,
    retirement,
    scoring_requested,
)
from tests.shared.interlock.disorder import ASIDE, Clock, Model, version_of
from tests.shared.interlock.order_builders import (
    BASELINE,
    WATCHFUL,
    answered,
    code,
    evidence,
    forget,
    frozen,
    health,
    held,
    holds_found,
    ledger,
    lost,
    override,
    park,
    release_ordered,
    resumed,
    rollback_ordered,
    stepped,
    woken,
)

MODELS = ("one", "two")
models = st.sampled_from(MODELS)
LEVEL = st.sampled_from([4, 1, 2, 3])
LATE = st.sampled_from([False, False, True])
SUCCESS = st.sampled_from([True, True, True, False, None])
SCOPES: Final = ("model", "fleet:flights")
ORDERS: Final = ("hold", "hold a while", "resume", "park", "release", "rollback", "override", "approve", "forget")
NEWS: Final = ("registered by a person", "code", "health", "lost", "ledger")
#: Where a release goes on to.
AFTER: Final[dict[ReleasePhase | None, tuple[ReleasePhase, ...]]] = {
    None: ("testing",),
    "testing": ("shadowing", "awaiting_approval", "shifting"),
    "shadowing": ("awaiting_approval", "scoring", "shadowing"),
    "awaiting_approval": ("scoring",),
    "scoring": ("ready",),
    "ready": ("shifting",),
    "shifting": ("watching",),
    "watching": ("watching",),
}


def _ends(version: int) -> date:
    """Two dataset versions per period: the second one corrects the first."""
    return date(2026, 1, 1) + timedelta(days=version // 2)


class World(RuleBasedStateMachine):
    """Feeds two models what a repeating, reordering world would, runs what they start, and hands out their slots."""

    events = Bundle("events")

    def __init__(self, level: int, at_once: int | None) -> None:
        """Models to which nothing has happened, in a fleet that nobody has asked for a slot."""
        super().__init__()
        self.level, self.at_once = level, at_once
        self.clock = Clock()
        self.models = {name: Model(name, self.clock) for name in MODELS}
        self.slots = no_slots()
        self.sent: list[tuple[str, str, dict[str, Any]]] = []
        self.granted: list[tuple[str, dict[str, Any]]] = []
        self.says: ModelPolicy = policy()
        self.is_batch = False
        self.begun = False

    @initialize(is_batch=st.booleans(), in_production=st.booleans(), has_passed=st.booleans(), waits=st.booleans())
    def a_fleet(self, is_batch: bool, in_production: bool, has_passed: bool, waits: bool) -> None:
        """All online, or all in batch; every model is new or in production; new data has come, and perhaps passed.

        What has passed is released, and waits perhaps.
        """
        self.is_batch = is_batch
        self.the_file_says(4, self.at_once, data=True, plain=True, strict=False)
        for name in MODELS if in_production else ():
            self.a_dataset(name, 1, late=False)
        self._run_out(success=True)
        for name in MODELS if has_passed else ():
            self.a_dataset(name, 2, late=False)
        for name in MODELS if has_passed else ():
            while not self.models[name].open:
                self._next_mail()
            self._end(name, next(iter(self.models[name].open)), success=True)
            self.models[name].feed(self._registration(name))
        for name in MODELS if has_passed and waits else ():
            self.a_release_waits(name, shadow=name == "one", newer=False, answer=None)
        self.the_file_says(self.level, self.at_once, data=True, plain=False, strict=False)
        self.begun = True
        for name in MODELS:
            self.a_dataset(name, 3, late=False)

    @rule(level=LEVEL, at_once=st.sampled_from([None, 1, 1, 2]), data=st.booleans(), plain=LATE, strict=LATE)
    def the_file_says(self, level: int, at_once: int | None, data: bool, plain: bool, strict: bool) -> None:
        """What travels with the events from now on: perhaps a freeze, a pause after trainings, and when to park."""
        when = ("data", "code", "stale") if data else ("stale",)
        make = batch if self.is_batch else policy
        minute = self.clock.minute
        self.says = make(
            level=level, at_once=at_once, stale_days=0, retrain_when=when, baseline=BASELINE,
            release=ReleasePolicy() if plain else frozen(minute, minute + 15, WATCHFUL) if strict else WATCHFUL,
            park_after=2 if strict else None, cooldown_days=1 if strict and not data else None,
        )  # fmt: skip

    @rule(name=models, level=st.sampled_from([1, 2]), at_once=st.sampled_from([1, 2]))
    def the_level_falls(self, name: str, level: int, at_once: int) -> None:
        """The file says so while something may wait for its slot, and a model learns of it before the slot is there."""
        self.the_file_says(level, at_once, data=True, plain=True, strict=False)
        self._happens(name, registered(version_of(1), next(self.clock), says=self.says), late=False)

    # ── Events: each comes at once, or waits in the bundle for its turn

    @rule(target=events, name=models, version=st.integers(1, 8), late=LATE)
    def a_dataset(self, name: str, version: int, late: bool) -> AnyInterlockEvent:
        """A dataset version is published; its event may come any number of times."""
        event = published(f"d{version}", next(self.clock), says=self.says, ends=_ends(version))
        return self._happens(name, event, late)

    @rule(target=events, name=models, late=LATE)
    def a_registration(self, name: str, late: bool) -> AnyInterlockEvent:
        """The last version that passed is registered."""
        return self._happens(name, self._registration(name), late)

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

    @rule(target=events, name=models, what=st.sampled_from(NEWS), which=st.integers(0, 9), late=LATE)
    def news(self, name: str, what: str, which: int, late: bool) -> AnyInterlockEvent:
        """Something is told of the registry, of the code, of production or of the ledger."""
        minute, champion = next(self.clock), self.models[name].state.champion
        version = champion.version if champion else "10"
        event: AnyInterlockEvent
        match what:
            case "registered by a person":
                event = registered(f"{which}5", minute, says=self.says)
            case "code":
                event = code(f"c{which}", minute, f"d{which}" if which else None, says=self.says)
                if event.dataset is not None:
                    ended = event.dataset.model_copy(update={"ends": _ends(which)})
                    event = event.model_copy(update={"dataset": ended})
            case "health":
                event = health(version, f"p{which}", 0.9 if which > 3 else 0.1, minute, says=self.says)
            case "lost":
                event = lost(version, minute, says=self.says)
            case _:
                event = ledger(which, f"hash {which % 4}", minute)
        return self._happens(name, event, late)

    @rule(target=events, name=models, what=st.sampled_from(ORDERS), which=st.integers(0, 9), late=LATE)
    def an_order(self, name: str, what: str, which: int, late: bool) -> AnyInterlockEvent:
        """A person orders something, sensible or not."""
        return self._happens(name, self._order(name, what, which), late)

    def _order(self, name: str, what: str, which: int) -> AnyInterlockEvent:  # noqa: PLR0911 - one return per order
        minute, says, model = next(self.clock), self.says, self.models[name]
        key, scope = f"{what} {minute}", SCOPES[which % 2]
        versions = [one.version for one in model.state.candidates if one.released is not True] or ["10"]
        version = versions[which % len(versions)]
        if what == "override":
            rejected = (one.version for one in model.state.candidates if one.verdict and not one.verdict.passed)
            version = next(rejected, version)
        match what:
            case "hold":
                return held(minute, scope=scope, request_id=key, says=says)
            case "hold a while":
                return held(minute, scope=scope, until=at(minute + 5 * which), request_id=key, says=says)
            case "resume":
                return resumed(minute, scope=scope, request_id=key, says=says)
            case "park":
                return park(minute, request_id=key, says=says)
            case "release":
                return release_ordered(version, minute, request_id=key, says=says)
            case "rollback":
                return rollback_ordered(minute, request_id=key, says=says)
            case "override":
                return override(version, minute, until=minute + 5 * which, request_id=key, says=says)
            case "approve":
                release = model.running_release()
                version = release[1].input.version if release is not None and which else version
                return answered(version, minute, approved=which > 2, request_id=key, says=says)
            case _:
                return forget(minute, request_id=key, says=says)

    def _happens(self, name: str, event: AnyInterlockEvent, late: bool) -> AnyInterlockEvent:
        event = event.model_copy(update={"model": name})
        if not late:
            self.models[name].feed(event)
        return event

    @rule(event=events)
    def deliver(self, event: AnyInterlockEvent) -> None:
        """Any event so far comes, for the first time or again."""
        self.models[event.model].feed(event)

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

    @rule(name=models, shadow=st.booleans(), newer=LATE, answer=st.sampled_from([True, True, None, False]))
    def a_release_waits(self, name: str, shadow: bool, newer: bool, answer: bool | None) -> None:
        """It comes as far as it can without a word; meanwhile another version may pass, and a person may answer.

        All that it has said comes again, as ever.
        """
        model, told = self.models[name], list[Any]()
        self._all_mail()
        for way in (0, 0 if shadow else 1, 0, 0):
            if (release := model.running_release()) is not None and model.phases.get(release[0]) not in ASIDE[1:]:
                told.append(self.a_release_steps(name, way, late=False))
        for key in [key for key in model.open if newer and key.startswith("training")]:
            self._end(name, key, success=True)
            model.feed(self._registration(name))
        if (release := model.running_release()) is not None and answer is not None:
            version, minute = release[1].input.version, next(self.clock)
            said = answered(version, minute, approved=answer, request_id=f"answer {minute}", says=self.says)
            self._happens(name, said, late=False)
        for _ in range(4 if shadow else 2):
            told.append(self.a_release_steps(name, 2 if newer else 0, late=False))
            self._all_mail()
        for event in told:
            self.deliver(event)

    @rule(target=events, name=models, way=st.integers(0, 2), late=LATE)
    def a_release_steps(self, name: str, way: int, late: bool) -> AnyInterlockEvent:
        """The release in flight goes on, unless it has to wait for a word, and tells where it stands."""
        model, minute = self.models[name], next(self.clock)
        release = model.running_release()
        if release is None:
            return self._happens(name, stepped(99, "testing", minute), late)
        key, command = release
        before, word = model.phases.get(key), model.said.get(key, ReleaseWord())
        heard = {"awaiting_approval": word.approved is not None, "ready": word.go}
        waits = not heard.get(before or "", True) or not model.has_slot_word(key)
        if waits or word.superseded or word.withdrawn:
            phase = before or "testing"
        else:
            phase = AFTER[before][way % len(AFTER[before])]
            self._needs(model, key, phase)
        model.phases[key] = phase
        version = command.input.version
        asks = model.asks.setdefault(key, evidence(version, minute + 30)) if phase == "awaiting_approval" else None
        need, turn = model.needs.get(key, ("job", 0))
        told = stepped(command.input.attempt, phase, minute, asks, needs=need, turn=turn)
        return self._happens(name, told, late)

    def _needs(self, model: Model, key: str, phase: ReleasePhase) -> None:
        """A release in batch rests in the shadow and while a person thinks; it asks for a slot before it goes on."""
        need, turn = model.needs.get(key, ("job", 0))
        need = "job" if need == "slot" else need  # it has had its word, and runs
        if not self.is_batch:
            return
        if need == "nothing" and phase in ("shadowing", "scoring"):
            model.needs[key] = ("slot", turn + 1)
        elif phase in ("shadowing", "awaiting_approval"):
            model.needs[key] = ("nothing", turn)
        else:
            model.needs[key] = (need, turn)

    @rule(name=models, version=st.integers(4, 8), newer=st.booleans())
    def a_run_is_given_up(self, name: str, version: int, newer: bool) -> None:
        """What was told to end, now or before, ends: a training, and a release that has not changed production."""
        model = self.models[name]
        if newer:
            self.a_dataset(name, version, late=False)
        for key, command in list(model.open.items()):
            if isinstance(command, StartTraining) and command.input.attempt in model.words:
                self._twice(name, model.end(key, None, model.words[command.input.attempt]))
            elif key in model.said and model.phases.get(key) in ("testing", *ASIDE):
                self._end(name, key, success=False)

    @rule(minutes=st.sampled_from([5, 40, 1500]))
    def time_passes(self, minutes: int) -> None:
        """Whoever wanted to be woken by then is."""
        self.clock.minute += minutes
        self._wake()

    @rule(data=st.data())
    def mail_arrives(self, data: st.DataObject) -> None:
        """What entities have told each other arrives, in any order."""
        if mail := self._mail():
            self._arrive(*mail[data.draw(st.integers(0, len(mail) - 1))])

    @rule(data=st.data())
    def old_mail_arrives(self, data: st.DataObject) -> None:
        """Or once more."""
        if self.sent:
            self._read(*data.draw(st.sampled_from(self.sent)))

    # ── What must always hold

    @invariant()
    def what_has_a_slot_keeps_it_while_it_runs(self) -> None:
        """Whoever runs by a slot is known to have it, so the limit means something; a release that waits needs none."""
        known = {(model, key) for model, key in self.slots["held"]}
        for name, model in self.models.items():
            assert {(name, key) for key in model.slots_in_use()} <= known

    @invariant()
    def a_slot_is_returned_after_its_run_only(self) -> None:
        """And for nothing that still waits or runs."""
        for model in self.models.values():
            assert not model.returned & model.slots_in_use()
            assert len(model.slots_waited_for()) <= 1

    @invariant()
    def the_champion_has_served(self) -> None:
        """What is called champion was released once, or it is the baseline."""
        for model in self.models.values():
            champion = model.state.champion
            assert champion is None or champion.stands_in or champion.version in model.served

    def teardown(self) -> None:
        """When all has ended, all mail has come and every hold is lifted, nothing waits, and no slot is missing."""
        for number in range(60):
            self._run_out(success=None)
            if not any(model.wakes or model.state.parked or model.state.holds for model in self.models.values()):
                break
            self.clock.minute += 3000
            self._wake()
            for name in MODELS:
                for scope in SCOPES:
                    key = f"the end {number} {scope}"
                    order = resumed(next(self.clock), scope=scope, request_id=key, says=self.says)
                    self._happens(name, order, late=False)
        assert (self.slots["held"], self.slots["waiting"]) == ([], [])
        for model in self.models.values():
            state = model.state
            assert (state.in_flight, state.asked, state.held, state.rollback) == ((), None, (), None)
            assert not [request for request in state.requests if request.waits]
            assert state.queued is None
            assert state.policy is None or state.policy.level < 3 or newest_ready(state) is None
            assert len(state.model_dump_json()) < 64_000

    # ── How the world works

    def _run_out(self, success: bool | None) -> None:
        """All mail arrives, and everything ends alike, until nothing is left; the registry tells of every version."""
        while self._mail() or any(model.open for model in self.models.values()):
            for name, model in self.models.items():
                for key in sorted(model.open):
                    self._end(name, key, success)
                    model.feed(self._registration(name))
            if self._mail():
                self._next_mail()

    def _registration(self, name: str) -> AnyInterlockEvent:
        """The registry tells of the newest version that passed."""
        model = self.models[name]
        trained = [version for version in model.accepted if version.endswith("0")]
        version = max(trained, key=int, default="10")
        return registered(version, next(self.clock), says=self.says).model_copy(update={"model": name})

    def _end(self, name: str, key: str, success: bool | None) -> None:
        if key in self.models[name].open:
            self._twice(name, self.models[name].end(key, success))

    def _twice(self, name: str, event: AnyInterlockEvent) -> None:
        """An end is told twice, and counts once."""
        event = event.model_copy(update={"model": name})
        model = self.models[name]
        model.feed(event)
        again = model.feed(event)
        assert again.state.decisions[-1].decision.startswith("ignored")

    def _wake(self) -> None:
        """Everybody whose time has come, twice."""
        for model in self.models.values():
            due = [one for one in model.wakes if one.input.at <= at(self.clock.minute)]
            for wake in due:
                model.wakes.remove(wake)
                told = woken(self.clock.minute, self.says).model_copy(update={"model": model.name})
                model.feed(told)
                model.feed(told)

    def _mail(self) -> list[tuple[str, int]]:
        """Where what lies: at a model to be sent to the slots, or granted by them."""
        mine = [(name, index) for name, model in self.models.items() for index in range(len(model.mail))]
        return [*mine, *(("", index) for index in range(len(self.granted)))]

    def _all_mail(self) -> None:
        while self._mail():
            self._next_mail()

    def _next_mail(self) -> None:
        self._arrive(*self._mail()[0])

    def _arrive(self, where: str, index: int) -> None:
        if where:
            operation, message = self.models[where].mail.pop(index)
            sent = (
                ("slots", operation, message) if operation != "look" else (where, "receive", self._held(where, message))
            )
        else:
            model, message = self.granted.pop(index)
            sent = (model, "receive", message)
        self.sent.append(sent)
        self._read(*sent)

    def _held(self, name: str, asked: dict[str, Any]) -> dict[str, Any]:
        """Who holds the fleet of a model that is new, or back: now and then somebody does."""
        minute = next(self.clock)
        hold = Hold(scope=SCOPES[1], by="eve", reason="an audit", since=at(minute))
        found = holds_found(minute, *([hold] if self.begun and minute % 2 else []))
        return found.model_copy(update={"model": name}).to_wire() | {"at": asked["at"]}

    def _read(self, to: str, operation: str, message: dict[str, Any]) -> None:
        if to != "slots":
            self.models[to].feed(message)
            return
        self.slots, granted = ask(self.slots, message) if operation == "ask" else give_back(self.slots, message)
        self.granted += [(event.model, event.to_wire()) for event in granted]


@pytest.mark.parametrize("at_once", [None, 1])
@pytest.mark.parametrize("level", [1, 2, 3, 4])
def test_any_order(level: int, at_once: int | None) -> None:
    """Whatever the fleet file says at first: left to itself, Hypothesis hardly ever draws some of these."""
    _play(level, at_once, orders=25)


@pytest.mark.soak
@pytest.mark.parametrize("at_once", [None, 1])
@pytest.mark.parametrize("level", [1, 2, 3, 4])
def test_thousands_of_worlds(level: int, at_once: int | None) -> None:
    """The same, as many times as a long run allows."""
    _play(level, at_once, orders=300)


def _play(level: int, at_once: int | None, orders: int) -> None:
    few = settings(max_examples=orders, stateful_step_count=50, deadline=None)
    run_state_machine_as_test(partial(World, level, at_once), settings=few)  # type: ignore[arg-type]  # a factory will do
