"""The interlock: one training and one release in flight, nothing done twice, every decision with its reason."""

from typing import Any, get_args

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from shared.contracts.base import Contract
from shared.contracts.interlock import AnyInterlockEvent, RegistryChanged
from shared.interlock.commands import RecordModel, StartRelease, StartTraining
from shared.interlock.decide import Decision, decide, progress, receive
from shared.interlock.state import REMEMBERED, InterlockState, put_aside, upcast
from tests.guards.contract_values import values_of
from tests.shared.interlock.builders import MODEL, at, policy, published, registered, released, requested, trained
from tests.shared.interlock.playing import kinds, play

#: Every kind of event.
EVENTS = get_args(get_args(AnyInterlockEvent)[0])


def _last(state: InterlockState, event: AnyInterlockEvent) -> Decision:
    return decide(state, event)


def test_a_dataset_starts_one_training() -> None:
    """A published dataset version starts a training that carries dataset, policy and attempt."""
    state, started = play(published("d1"))
    assert [type(command) for command in started] == [StartTraining]
    assert started[0].input.dataset.version == "d1"
    assert started[0].instance.endswith("-1")
    assert state.summary == "training"


def test_the_same_dataset_version_trains_once() -> None:
    """A second delivery, during the training or after it, starts nothing."""
    _, started = play(published("d1"), published("d1"), trained(1, "1", passed=True), published("d1", 99))
    assert len([c for c in started if isinstance(c, StartTraining)]) == 1


def test_a_newer_dataset_waits_and_supersedes_the_one_that_waits() -> None:
    """While a training runs, only the newest dataset is kept, and it is next."""
    state, started = play(published("d1"), published("d2"), published("d3"), trained(1, "1", passed=False))
    assert [c.input.dataset.version for c in started if isinstance(c, StartTraining)] == ["d1", "d3"]
    assert state.training is not None
    assert state.training.attempt == 2


@pytest.mark.parametrize("order", ["trained first", "registered first"])
def test_a_release_needs_registration_and_verdict_in_any_order(order: str) -> None:
    """Only when the registry has told of a version that passed, a release starts, once."""
    pair: list[AnyInterlockEvent] = [trained(1, "1", passed=True), registered("1")]
    events = pair if order == "trained first" else pair[::-1]
    _, started = play(published("d1"), *events, registered("1"), trained(1, "1", passed=True))
    releases = [c for c in started if isinstance(c, StartRelease)]
    assert [(c.input.version, c.input.attempt, c.input.dataset.version) for c in releases] == [("1", 1, "d1")]


def test_without_registration_nothing_is_released() -> None:
    """A verdict alone is not enough: the registry has to tell of the version."""
    _, started = play(published("d1"), trained(1, "1", passed=True))
    assert not [c for c in started if isinstance(c, StartRelease)]


def test_a_rejected_version_is_not_released() -> None:
    """The gates decide."""
    state, started = play(published("d1"), trained(1, "1", passed=False), registered("1"))
    assert not [c for c in started if isinstance(c, StartRelease)]
    assert state.summary == "rejected"


def test_a_version_of_someone_else_is_not_released() -> None:
    """A version that nobody evaluated stays where it is, and the reason says so."""
    state, started = play(registered("7"))
    assert not started
    assert "registered by someone else and is not evaluated" in state.decisions[-1].reason


def test_one_release_at_a_time_and_the_newest_next() -> None:
    """A version that passes while another is released waits for it and is released after it."""
    state, started = play(
        published("d1"), trained(1, "1", passed=True), registered("1"),
        published("d2"), trained(2, "2", passed=True), registered("2"),
    )  # fmt: skip
    assert [c.input.version for c in started if isinstance(c, StartRelease)] == ["1"]
    state, started = play(released(1, "1"), state=state)
    assert [c.input.version for c in started] == ["2"]
    assert started[0].input.replaces.deployment == "v1"


def test_an_older_version_does_not_replace_a_newer_one() -> None:
    """A registration that comes late does not take production back in time."""
    state, started = play(
        published("d1"), trained(1, "1", passed=True),
        published("d2"), trained(2, "2", passed=True), registered("2"), released(1, "2"), registered("1"),
    )  # fmt: skip
    assert [c.input.version for c in started if isinstance(c, StartRelease)] == ["2"]
    assert state.champion is not None
    assert state.champion.version == "2"


def test_a_failed_release_keeps_the_champion() -> None:
    """What served before still serves, and the version is not tried again by itself."""
    state, _ = play(
        published("d1"), trained(1, "1", passed=True), registered("1"), released(1, "1"),
        published("d2"), trained(2, "2", passed=True), registered("2"), released(2, "2", success=False),
    )  # fmt: skip
    assert state.champion is not None
    assert state.champion.version == "1"
    assert state.summary == "release_failed"
    _, started = play(registered("2"), published("d2"), state=state)
    assert not started


def test_late_results_are_ignored() -> None:
    """A result of an attempt that is not in flight changes nothing."""
    state, _ = play(published("d1"), trained(1, "1", passed=False))
    after, started = play(trained(1, "9", passed=True), released(5, "9"), state=state)
    assert not started
    assert after.candidates == state.candidates
    assert after.champion is None


def test_a_request_is_answered() -> None:
    """Started, joined, or waiting: the asker learns which attempt to follow."""
    first = _last(InterlockState(), requested("d1"))
    assert first.answer is not None
    assert (first.answer.decision, first.answer.attempt) == ("started", 1)
    again = _last(first.state, requested("d1", "r2"))
    assert again.answer is not None
    assert (again.answer.decision, again.answer.attempt) == ("joined", 1)
    other = _last(again.state, requested("d2", "r3"))
    assert other.answer is not None
    assert (other.answer.decision, other.answer.attempt) == ("waiting", None)


def test_a_request_is_one_training_however_often_it_is_asked() -> None:
    """A request that waited is answered with the training that was started for it, also after that has ended."""
    state, _ = play(published("d1"), requested("d2", "r1"), requested("d2", "r1"))
    state, started = play(trained(1, "1", passed=False), trained(2, "2", passed=False), state=state)
    assert [c.input.dataset.version for c in started] == ["d2"]
    again = _last(state, requested("d2", "r1"))
    assert again.answer is not None
    assert (again.answer.decision, again.answer.attempt) == ("joined", 2)
    assert not [c for c in again.commands if isinstance(c, StartTraining)]


def test_a_request_does_not_drop_the_newest_dataset() -> None:
    """What was asked for and what arrived wait side by side, and both are trained."""
    _, started = play(
        published("d1"), published("d3"), requested("d2", "r1"),
        trained(1, "1", passed=False), trained(2, "2", passed=False),
    )  # fmt: skip
    assert [c.input.dataset.version for c in started if isinstance(c, StartTraining)] == ["d1", "d2", "d3"]


def test_too_many_waiting_requests_are_refused() -> None:
    """The state stays bounded, and the asker learns why."""
    state, _ = play(published("d1"), *(requested("d2", f"r{n}") for n in range(REMEMBERED)))
    last = _last(state, requested("d2", "one too many"))
    assert last.answer is not None
    assert last.answer.decision == "refused"


def test_a_failed_training_may_be_tried_again() -> None:
    """A run whose infrastructure failed has not trained on the dataset; its next arrival starts another."""
    _, started = play(published("d1"), trained(1, None, passed=None), published("d1"))
    assert [c.input.attempt for c in started] == [1, 2]


def test_a_late_event_does_not_turn_the_policy_back() -> None:
    """An event that was stamped before the newest one does not bring back an older fleet file."""
    newer = published("d2", 60)
    newer = newer.model_copy(update={"policy": newer.policy.model_copy(update={"revision": "newer"})})
    state, _ = play(newer, published("d1", 5))
    assert state.policy is not None
    assert state.policy.revision == "newer"


def test_the_state_in_one_word_follows_what_is_in_flight() -> None:
    """A release that ends while a training runs leaves `training`, and the other way round."""
    state, _ = play(published("d1"), trained(1, "1", passed=True), registered("1"), published("d2"))
    assert state.summary == "releasing"
    state, _ = play(released(1, "1"), state=state)
    assert state.summary == "training"
    state, _ = play(trained(2, "2", passed=False), state=state)
    assert state.summary == "rejected"


def test_events_that_older_code_put_aside_are_decided_first() -> None:
    """After a roll-back and a roll-forward nothing is lost, and the order is kept."""
    aside = put_aside(InterlockState().to_wire(), published("d1").to_wire())
    decision = receive(upcast(aside), published("d2").to_wire())
    assert [c.input.dataset.version for c in decision.commands if isinstance(c, StartTraining)] == ["d1"]
    assert decision.state.queued is not None
    assert decision.state.queued.version == "d2"
    assert decision.state.unread_events == ()


@pytest.mark.parametrize("version", ["²", "v1", "", "٣"])
def test_a_version_that_is_no_plain_number_does_not_raise(version: str) -> None:
    """Whatever a registry calls its versions, the interlock goes on."""
    state, _ = play(published("d1"), trained(1, version, passed=True), registered(version))
    assert state.revision == 3


def test_progress_of_an_attempt() -> None:
    """Running, ended, unknown."""
    state, _ = play(published("d1"))
    assert progress(state, 1).outcome is None
    state, _ = play(trained(1, "1", passed=True), state=state)
    ended = progress(state, 1).outcome
    assert ended is not None
    assert (ended.outcome, ended.version) == ("passed", "1")
    unknown = progress(state, 99).outcome
    assert unknown is not None
    assert unknown.outcome == "failed"


def test_our_own_effects_come_back_and_start_nothing() -> None:
    """The webhook of the alias that our release has set is a confirmation."""
    state, _ = play(published("d1"), trained(1, "1", passed=True), registered("1"))
    echo = RegistryChanged(model=MODEL, at=at(9), version="1", change="alias_set", name="champion")
    after, started = play(echo, state=state)
    assert not started
    assert after.decisions[-1].decision == "confirmed"
    assert decide(state, echo).commands == (), "a row is not written for what changes nothing in it"


@pytest.mark.parametrize("nonsense", [None, 7, [], {}, {"kind": "?"}, {"kind": "dataset_published", "model": MODEL}])
def test_what_cannot_be_read_becomes_a_dead_letter(nonsense: Any) -> None:
    """A signal whose operation raises is lost, so nothing raises, and the event is kept with its reason."""
    state, _ = play(published("d1"))
    decision = receive(state, nonsense)
    assert decision.state.dead_letters[-1].reason.startswith("not an event of the interlock")
    assert decision.state.trainings == state.trainings
    (record,) = decision.commands
    assert isinstance(record, RecordModel), "a person sees it at once"
    assert record.input.row.dead_letters == 1


@given(st.lists(st.one_of([values_of(kind) for kind in EVENTS]), max_size=8))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_no_event_makes_it_raise(events: list[Contract]) -> None:
    """Whatever the fields hold, there is a decision with its reason, and a state that can be stored."""
    state = InterlockState()
    for number, event in enumerate(events, start=1):
        decision = receive(state, {**event.to_wire(), "model": MODEL})
        state = upcast(decision.state.to_wire())
        assert state.revision == number


def test_no_pause_is_too_long_to_decide() -> None:
    """Days that no calendar has are as never, and raise nothing: a signal whose operation raises is lost."""
    says = policy(cooldown_days=10**12)
    state, ordered = play(published("d1", says=says), trained(1, "1", True, 1), published("d2", 2, says=says))
    assert kinds(ordered) == ["StartTraining"]
    assert state.queued is not None
    assert "at the earliest" in state.decisions[-1].reason


def test_time_never_goes_back() -> None:
    """An event with an older time does not move the clock of the model backwards."""
    state, _ = play(published("d1", 60), registered("1", 5))
    assert state.last_at == at(60)


def test_a_model_is_born_once_with_the_first_event_that_can_be_read() -> None:
    """By it a row of its life is told from one of before the engine was lost; no later event changes it."""
    unreadable = receive(upcast(None), {"kind": "nonsense"}).state
    first = receive(unreadable, published("d1", 5).to_wire()).state
    later = receive(first, trained(1, "1", passed=True, minutes=70).to_wire())
    assert (unreadable.born, first.born, later.state.born) == (None, at(5), at(5))
    assert [one.input.row.born for one in later.commands if isinstance(one, RecordModel)] == [at(5)]


def test_the_row_of_another_life_is_written_too() -> None:
    """Its revisions are the same ones again, and what a finished orchestration was called starts no other one."""
    first, second = (decide(upcast(None), published("d1", minutes)) for minutes in (5, 70))
    ids = [one.instance for life in (first, second) for one in life.commands if isinstance(one, RecordModel)]
    assert len(set(ids)) == 2
    again = decide(upcast(None), published("d1", 5)).commands
    assert ids[0] in [one.instance for one in again if isinstance(one, RecordModel)]


def test_the_state_stays_small() -> None:
    """A thousand datasets later only the last few are remembered, and the state fits a durable payload."""
    state = InterlockState()
    for number in range(1, 300):
        state, _ = play(
            published(f"d{number}"), trained(number, str(number), passed=True), registered(str(number)),
            released(number, str(number)), state=state,
        )  # fmt: skip
    assert len(state.trainings) == len(state.candidates) == len(state.decisions) == REMEMBERED
    assert len(state.model_dump_json()) < 48_000
    assert state.champion is not None
    assert state.champion.version == "299"
