"""A training that is not wanted any more: who is told, what follows, and what is left alone."""

from shared.contracts.interlock import AnyInterlockEvent
from shared.interlock.commands import StartTraining, WithdrawTraining
from shared.interlock.decide import decide, progress
from shared.interlock.state import InterlockState
from tests.shared.interlock.builders import (
    given_up,
    granted,
    policy,
    published,
    requested,
    retirement,
    trained,
)
from tests.shared.interlock.playing import kinds, play, row_of


def _words(*events: AnyInterlockEvent, state: InterlockState | None = None) -> list[WithdrawTraining]:
    _, ordered = play(*events, state=state)
    return [command for command in ordered if isinstance(command, WithdrawTraining)]


def _trained_on(*events: AnyInterlockEvent) -> list[str]:
    _, ordered = play(*events)
    return [command.input.dataset.version for command in ordered if isinstance(command, StartTraining)]


class TestNewerData:
    """What has come while a training was in flight."""

    def test_the_training_in_flight_is_told_what_supersedes_it(self) -> None:
        """The wait for its own job is told the newer dataset version, and that it may run if it runs already."""
        state, (start, word) = play(published("d1"), published("d2"))
        assert (word.input.job, word.input.instance) == (start.instance, start.instance)
        assert word.input.word.to_wire() == {"status": None, "unwanted": None, "superseded": "dataset version d2"}
        assert state.decisions[-1].reason.endswith("If its job has not begun to run, it is superseded.")

    def test_a_repeated_delivery_tells_nothing_more(self) -> None:
        """The same version is said once, a newer one again, each under an id of its own."""
        words = _words(published("d1"), published("d2"), published("d2"), published("d3"))
        assert [command.input.word.superseded for command in words] == ["dataset version d2", "dataset version d3"]
        assert len({command.instance for command in words}) == 2

    def test_after_it_the_newest_data_is_trained_on_at_once(self) -> None:
        """In the same decision; and the model has not failed."""
        state, _ = play(published("d1"), published("d2"), published("d3"))
        state, ordered = play(given_up(1), state=state)
        assert kinds(ordered) == ["StartTraining"]
        assert (ordered[0].input.dataset.version, ordered[0].input.attempt) == ("d3", 2)
        assert state.summary == "training"
        assert [one.outcome for one in state.trainings] == ["superseded", "running"]

    def test_its_end_counts_once(self) -> None:
        """Told again, or late, it is ignored."""
        state, ordered = play(published("d1"), published("d2"), given_up(1), given_up(1))
        assert kinds(ordered) == ["StartTraining", "WithdrawTraining", "StartTraining"]
        assert state.decisions[-1].decision == "ignored"

    def test_one_that_runs_goes_on_and_the_newer_data_follows(self) -> None:
        """The word changes nothing in the interlock; the result decides."""
        assert _trained_on(published("d1"), published("d2"), trained(1, "1", passed=True)) == ["d1", "d2"]

    def test_one_that_somebody_asked_for_is_not_told(self) -> None:
        """A person or a run of the fleet waits for just this one."""
        assert not _words(requested("d1"), published("d2"))

    def test_one_that_somebody_joined_is_not_told(self) -> None:
        """Nor one that began by itself and is an answer now."""
        assert not _words(published("d1"), requested("d1"), published("d2"))

    def test_two_in_a_row_are_not_superseded(self) -> None:
        """Data that comes faster than the queue moves starves nobody: every second training has its way."""
        state, _ = play(published("d1"), published("d2"), given_up(1))
        assert not _words(published("d3"), state=state)
        state, _ = play(published("d3"), trained(2, "2", passed=True), state=state)
        assert len(_words(published("d4"), state=state)) == 1

    def test_one_that_waits_for_its_slot_needs_no_word(self) -> None:
        """It has no job; the newer data takes its place."""
        state, ordered = play(published("d1", says=policy(at_once=1)), published("d2", says=policy(at_once=1)))
        assert kinds(ordered) == ["AskForSlot"]
        assert state.training is not None
        assert state.training.dataset.version == "d2"

    def test_its_slot_is_given_back(self) -> None:
        """And the next training asks for one of its own."""
        says = policy(at_once=1)
        state, _ = play(published("d1", says=says))
        assert state.asked is not None
        state, _ = play(granted(state.asked.key), published("d2", says=says), state=state)
        _, ordered = play(given_up(1), state=state)
        assert kinds(ordered) == ["ReturnSlot", "AskForSlot"]

    def test_the_superseded_data_does_not_come_back(self) -> None:
        """Its event once more starts nothing, unless the newer training has failed."""
        events = published("d1"), published("d2"), given_up(1)
        assert _trained_on(*events, trained(2, "2", passed=True), published("d1")) == ["d1", "d2"]
        assert _trained_on(*events, trained(2, None, passed=None), published("d1")) == ["d1", "d2", "d1"]

    def test_who_asks_for_it_gets_it(self) -> None:
        """Also where a dataset version that was trained on would not be trained on again."""
        events = published("d1"), published("d2"), given_up(1), trained(2, "2", passed=True)
        assert _trained_on(*events, requested("d1", again=False)) == ["d1", "d2", "d1"]

    def test_who_joined_too_late_is_told(self) -> None:
        """A request that came after the word is refused with its reason, and its attempt ends as superseded."""
        state, _ = play(published("d1"), published("d2"), requested("d1", "r1"), given_up(1))
        (note,) = row_of(state).requests
        assert (note.outcome, note.reason) == ("refused", "superseded, and was cancelled")
        told = progress(state, 1).outcome
        assert told is not None
        assert told.outcome == "superseded"


class TestRetirement:
    """Nobody wants what a training would lead to."""

    def test_the_training_in_flight_is_told(self) -> None:
        """Whatever its job does, and with who asked."""
        (word,) = _words(published("d1"), retirement(5))
        assert word.input.word.to_wire() == {
            "status": None, "unwanted": "ana asked to retire the model.", "superseded": None
        }  # fmt: skip

    def test_one_that_somebody_asked_for_is_told_too(self) -> None:
        """The model goes, so nobody can use it; who asked learns why."""
        state, ordered = play(requested("d1"), retirement(5))
        assert kinds(ordered) == ["StartTraining", "WithdrawTraining"]
        state, ordered = play(given_up(1, "unwanted", 6), state=state)
        assert kinds(ordered) == ["StartRetirement"]
        assert [note.outcome for note in row_of(state).requests] == ["refused"]

    def test_one_that_waits_for_its_slot_needs_no_word(self) -> None:
        """It is dropped."""
        assert not _words(published("d1", says=policy(at_once=1)), retirement(5))

    def test_asking_twice_tells_once(self) -> None:
        """The second request joins the first."""
        assert len(_words(published("d1"), retirement(5), retirement(6, "x2"))) == 1

    def test_it_retires_when_the_training_has_ended(self) -> None:
        """Not before, and whatever the training has come to."""
        state, _ = play(published("d1"), retirement(5))
        assert state.summary == "retiring"
        decision = decide(state, given_up(1, "unwanted", 6))
        assert decision.state.decisions[-1].decision == "unwanted; started retirement 1"
