"""A training that is not wanted any more: who is told, what follows, and what is left alone."""

from shared.contracts.interlock import AnyInterlockEvent
from shared.interlock.commands import StartTraining, WithdrawTraining
from shared.interlock.decide import decide, progress
from shared.interlock.state import InterlockState
from shared.interlock.training import train_on
from tests.shared.interlock.builders import (
    at,
    dataset,
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
        state, (start, word) = play(published("d1", 1), published("d2", 2))
        assert (word.input.job, word.input.instance) == (start.instance, start.instance)
        assert word.input.word.to_wire() == {"status": None, "unwanted": None, "superseded": "dataset version d2"}
        assert state.decisions[-1].reason.endswith("If its job has not begun to run, it is superseded.")

    def test_a_repeated_delivery_tells_nothing_more(self) -> None:
        """The same version is said once, a newer one again, each under an id of its own."""
        words = _words(published("d1", 1), published("d2", 2), published("d2", 2), published("d3", 3))
        assert [command.input.word.superseded for command in words] == ["dataset version d2", "dataset version d3"]
        assert len({command.instance for command in words}) == 2

    def test_after_it_the_newest_data_is_trained_on_at_once(self) -> None:
        """In the same decision; and the model has not failed."""
        state, _ = play(published("d1", 1), published("d2", 2), published("d3", 3))
        state, ordered = play(given_up(1), state=state)
        assert kinds(ordered) == ["StartTraining"]
        assert (ordered[0].input.dataset.version, ordered[0].input.attempt) == ("d3", 2)
        assert state.summary == "training"
        assert [one.outcome for one in state.trainings] == ["superseded", "running"]

    def test_its_end_counts_once(self) -> None:
        """Told again, or late, it is ignored."""
        state, ordered = play(published("d1", 1), published("d2", 2), given_up(1), given_up(1))
        assert kinds(ordered) == ["StartTraining", "WithdrawTraining", "StartTraining"]
        assert state.decisions[-1].decision == "ignored"

    def test_one_that_runs_goes_on_and_the_newer_data_follows(self) -> None:
        """The word changes nothing in the interlock; the result decides."""
        assert _trained_on(published("d1", 1), published("d2", 2), trained(1, "1", passed=True)) == ["d1", "d2"]

    def test_one_that_somebody_asked_for_is_not_told(self) -> None:
        """A person or a run of the fleet waits for just this one."""
        assert not _words(requested("d1"), published("d2", 2))

    def test_one_that_somebody_joined_is_not_told(self) -> None:
        """Nor one that began by itself and is an answer now."""
        assert not _words(published("d1", 1), requested("d1"), published("d2", 2))

    def test_two_in_a_row_are_not_superseded(self) -> None:
        """Data that comes faster than the queue moves starves nobody: every second training has its way."""
        state, _ = play(published("d1", 1), published("d2", 2), given_up(1))
        assert not _words(published("d3", 3), state=state)
        state, _ = play(published("d3", 3), trained(2, "2", passed=True), state=state)
        assert len(_words(published("d4", 4), state=state)) == 1

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
        events = published("d1", 1), published("d2", 2), given_up(1)
        assert _trained_on(*events, trained(2, "2", passed=True), published("d1", 1)) == ["d1", "d2"]
        assert _trained_on(*events, trained(2, None, passed=None), published("d1", 1)) == ["d1", "d2", "d1"]

    def test_who_asks_for_it_gets_it(self) -> None:
        """Also where a dataset version that was trained on would not be trained on again."""
        events = published("d1", 1), published("d2", 2), given_up(1), trained(2, "2", passed=True)
        assert _trained_on(*events, requested("d1", again=False)) == ["d1", "d2", "d1"]

    def test_who_asked_after_the_word_has_their_way(self) -> None:
        """All who joined get one new training on the same data; the newer data follows."""
        asked = requested("d1", "r1"), requested("d1", "r2")
        state, ordered = play(published("d1", 1), published("d2", 2), *asked, given_up(1))
        assert [one.input.dataset.version for one in ordered if isinstance(one, StartTraining)] == ["d1", "d1"]
        assert [(note.outcome, note.attempt) for note in row_of(state).requests] == [("running", 2), ("running", 2)]
        told = progress(state, 1).outcome
        assert told is not None
        assert told.outcome == "superseded"
        answer = decide(state, asked[0]).answer
        assert answer is not None
        assert (answer.decision, answer.attempt) == ("joined", 2), "so who follows the first attempt finds the second"
        state, ordered = play(trained(2, "2", passed=True), state=state)
        assert [one.input.dataset.version for one in ordered if isinstance(one, StartTraining)] == ["d2"]
        assert [note.outcome for note in row_of(state).requests] == ["passed", "passed"]

    def test_who_asked_after_the_word_is_refused_when_the_model_goes(self) -> None:
        """A retirement that was asked for meanwhile leaves no request waiting."""
        state, ordered = play(published("d1"), published("d2", 2), requested("d1"), retirement(5), given_up(1))
        assert kinds(ordered)[-1] == "StartRetirement"
        assert [note.outcome for note in row_of(state).requests] == ["refused"]

    def test_older_data_that_comes_late_supersedes_nothing(self) -> None:
        """It follows the newer data, which so is not lost, also when its event comes again."""
        state, ordered = play(published("new", 10), published("old", 0))
        assert kinds(ordered) == ["StartTraining"]
        _, ordered = play(trained(1, "1", passed=True), published("new", 10), state=state)
        assert [one.input.dataset.version for one in ordered] == ["old"]

    def test_older_data_that_comes_late_takes_no_place(self) -> None:
        """Neither that of newer data that is next, nor that of newer data that waits for its slot."""
        state, _ = play(published("d1", 1), published("new", 10), published("old", 5))
        assert state.queued is not None
        assert state.queued.version == "new"
        assert state.decisions[-1].decision == "noted"
        says = policy(at_once=1)
        state, _ = play(published("new", 10, says=says), published("old", 5, says=says))
        assert state.training is not None
        assert state.training.dataset.version == "new"

    def test_data_of_an_unknown_time_supersedes_nothing(self) -> None:
        """A stale champion's scoring tells of a dataset, and not when it was published."""
        state, _ = play(published("d1", 1))
        step = train_on(state, dataset("d2"), at(9), None, "Stale.")
        assert step.commands == ()
        assert step.state.queued is not None
        after, ordered = play(published("d3", 10), state=step.state)
        assert kinds(ordered) == ["WithdrawTraining"]
        assert after.queued is not None
        assert after.queued.version == "d3"


class TestRetirement:
    """Nobody wants what a training would lead to."""

    def test_the_training_in_flight_is_told(self) -> None:
        """Whatever its job does, and with who asked."""
        (word,) = _words(published("d1", 1), retirement(5))
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
        assert len(_words(published("d1", 1), retirement(5), retirement(6, "x2"))) == 1

    def test_it_retires_when_the_training_has_ended(self) -> None:
        """Not before, and whatever the training has come to."""
        state, _ = play(published("d1", 1), retirement(5))
        assert state.summary == "retiring"
        decision = decide(state, given_up(1, "unwanted", 6))
        assert decision.state.decisions[-1].decision == "unwanted; started retirement 1"
