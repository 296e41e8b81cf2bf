"""A run that has jobs asks for a slot, begins when it has one, and gives it back, whatever happens to it."""

from shared.interlock.commands import AskForSlot, ReturnSlot, StartRelease, StartScoring, StartTraining, TellRelease
from shared.interlock.decide import progress
from shared.interlock.state import InterlockState
from tests.shared.interlock.builders import (
    batch,
    granted,
    policy,
    published,
    registered,
    released,
    requested,
    retirement,
    scored,
    scoring_requested,
    trained,
)
from tests.shared.interlock.order_builders import evaluated, evidence, held, release_ended, resumed, stepped
from tests.shared.interlock.playing import kinds, play, row_of

LIMITED = policy(at_once=2)
BATCH = batch(at_once=2)


def _champion() -> InterlockState:
    """A batch model in production whose fleet has a limit."""
    state, _ = play(
        published("d1", says=BATCH), granted("training-1"), trained(1, "1", passed=True), registered("1", says=BATCH),
        granted("release-1"), released(1, "1", mode="batch"),
    )  # fmt: skip
    assert state.summary == "released"
    return state


def test_a_training_waits_for_its_slot() -> None:
    """It has its number and shows as queued, and nothing is started."""
    state, ordered = play(published("d1", says=LIMITED))
    assert kinds(ordered) == ["AskForSlot"]
    assert (ordered[0].input.key, ordered[0].input.limit, ordered[0].input.fleet) == ("training-1", 2, "flights")
    assert state.summary == "queued"
    assert "waits for one of the 2 slots" in row_of(state).reason
    assert [(run.kind, run.attempt, run.waits_for_slot) for run in row_of(state).in_flight] == [("training", 1, True)]
    assert progress(state, 1).outcome is None


def test_it_begins_when_the_slot_is_there_and_gives_it_back_at_its_end() -> None:
    """The slot of one run is asked for once and returned once."""
    state, ordered = play(published("d1", says=LIMITED), granted("training-1", 5), granted("training-1", 6))
    assert kinds(ordered) == ["AskForSlot", "StartTraining"]
    assert ordered[1].input.dataset.version == "d1"
    assert state.summary == "training"
    state, ordered = play(trained(1, "1", passed=False), trained(1, "1", passed=False), state=state)
    assert kinds(ordered) == ["ReturnSlot"]
    assert ordered[0].input.key == "training-1"
    assert state.held == ()


def test_without_a_limit_nothing_is_asked_for() -> None:
    """As it was before fleets had limits."""
    _, ordered = play(published("d1"), trained(1, "1", passed=True), registered("1"), released(1, "1"))
    assert kinds(ordered) == ["StartTraining", "StartRelease"]


def test_a_training_that_has_not_begun_takes_the_newest_dataset_and_keeps_its_place() -> None:
    """One ask, one training, on what is newest when it begins."""
    _, ordered = play(published("d1", says=LIMITED), published("d2", 1, says=LIMITED), granted("training-1", 2))
    assert kinds(ordered) == ["AskForSlot", "StartTraining"]
    assert ordered[1].input.dataset.version == "d2"


def test_a_training_that_was_asked_for_keeps_its_dataset() -> None:
    """A person is trained what the person asked for; the newer dataset is next."""
    state, ordered = play(requested("d1", says=LIMITED), published("d2", 1, says=LIMITED), granted("training-1", 2))
    assert ordered[-1].input.dataset.version == "d1"
    state, ordered = play(trained(1, "1", passed=False, minutes=3), state=state)
    assert kinds(ordered) == ["ReturnSlot", "AskForSlot"]
    assert state.training is not None
    assert (state.training.attempt, state.training.dataset.version) == (2, "d2")


def test_the_newest_fleet_file_counts_when_it_begins() -> None:
    """The limit or the parameters may have changed while it waited."""
    newer = policy(at_once=2, revision="newer")
    _, ordered = play(published("d1", says=LIMITED), registered("7", 1, says=newer), granted("training-1", 2))
    assert ordered[-1].input.policy.revision == "newer"


def test_a_slot_that_nothing_waits_for_is_given_back_at_once() -> None:
    """The grant may come late, or for what is not wanted any more; the fleet it came from gets it back."""
    _, ordered = play(published("d1"), granted("training-9", 1, fleet="another"))
    assert kinds(ordered) == ["StartTraining", "ReturnSlot"]
    assert (ordered[1].input.fleet, ordered[1].input.key) == ("another", "training-9")


def test_a_result_of_a_training_that_has_not_begun_is_ignored() -> None:
    """The search for lost events may take a waiting run for a dead one."""
    state, ordered = play(published("d1", says=LIMITED), trained(1, None, passed=None))
    assert kinds(ordered) == ["AskForSlot"]
    assert state.summary == "queued"


def test_a_dead_run_returns_its_slot() -> None:
    """Told in its place by the search for lost events."""
    _, ordered = play(published("d1", says=LIMITED), granted("training-1"), trained(1, None, passed=None))
    assert kinds(ordered) == ["AskForSlot", "StartTraining", "ReturnSlot"]


def test_a_release_in_batch_waits_and_one_online_does_not() -> None:
    """Only what runs jobs needs a slot."""
    events = (granted("training-1"), trained(1, "1", passed=True))
    _, ordered = play(published("d1", says=LIMITED), *events, registered("1", says=LIMITED))
    assert kinds(ordered)[-2:] == ["ReturnSlot", "StartRelease"]
    state, ordered = play(published("d1", says=BATCH), *events, registered("1", says=BATCH))
    assert kinds(ordered)[-2:] == ["ReturnSlot", "AskForSlot"]
    assert (state.summary, ordered[-1].input.key) == ("queued", "release-1")
    _, ordered = play(granted("release-1"), state=state)
    assert kinds(ordered) == ["StartRelease"]


def test_a_release_that_has_not_begun_takes_the_newest_version() -> None:
    """At its place in the queue; the older version is superseded when the newer one is in production."""
    state, ordered = play(
        published("d1", says=BATCH), granted("training-1"), trained(1, "1", passed=True),
        published("d2", says=BATCH), granted("training-2"), registered("1", says=BATCH),
        trained(2, "2", passed=True), registered("2", says=BATCH), granted("release-1"),
    )  # fmt: skip
    assert [c.input.version for c in ordered if isinstance(c, StartRelease)] == ["2"]
    state, ordered = play(released(1, "2", mode="batch"), state=state)
    assert kinds(ordered) == ["ReturnSlot"]
    assert state.candidate("1").released is False


def test_a_model_asks_for_one_slot_at_a_time() -> None:
    """What is nearest to production first; the next when that one has begun."""
    state, ordered = play(
        scoring_requested("d1", says=BATCH, minutes=1), published("d2", 2, says=BATCH), state=_champion()
    )
    assert [c.input.key for c in ordered if isinstance(c, AskForSlot)] == ["scoring-1"]
    _, ordered = play(granted("scoring-1", 3), granted("training-2", 4), state=state)
    assert kinds(ordered) == ["StartScoring", "AskForSlot", "StartTraining"]


def test_a_scoring_waits_for_the_release_in_flight_and_uses_the_new_champion() -> None:
    """It asks for its slot when the release has ended, so the champion does not change under it."""
    state, _ = play(published("d2", 1, says=BATCH), granted("training-2", 2), state=_champion())
    state, _ = play(trained(2, "2", True, 3), registered("2", 4, says=BATCH), granted("release-2", 5), state=state)
    state, ordered = play(scoring_requested("d2", says=BATCH, minutes=6), state=state)
    assert (ordered, row_of(state).requests[-1].outcome) == ([], "waiting")
    assert "Release 2 is in flight" in row_of(state).requests[-1].reason
    state, _ = play(released(2, "2", mode="batch"), state=state)
    state, ordered = play(granted("scoring-1", 7), state=state)
    assert [(c.input.version, c.input.attempt) for c in ordered if isinstance(c, StartScoring)] == [("2", 1)]
    _, ordered = play(scored(1, "2"), state=state)
    assert kinds(ordered) == ["ReturnSlot"]


def test_a_level_that_was_lowered_keeps_what_waits_from_beginning() -> None:
    """The slot goes back, and the reason says what to do."""
    state, ordered = play(
        published("d1", says=LIMITED), registered("9", 1, says=policy(at_once=2, level=1)), granted("training-1", 2)
    )
    assert kinds(ordered) == ["AskForSlot", "ReturnSlot"]
    assert state.summary == "waiting"
    assert "`level: 2`" in state.reason


def test_a_release_that_waits_does_not_begin_at_a_lower_level() -> None:
    """The version stays registered, and is released when the level is raised."""
    train = batch(at_once=2, level=2)
    state, ordered = play(
        published("d1", says=BATCH), granted("training-1"), trained(1, "1", passed=True), registered("1", says=BATCH),
        registered("1", 1, says=train), granted("release-1", 2),
    )  # fmt: skip
    assert kinds(ordered)[-2:] == ["AskForSlot", "ReturnSlot"]
    assert state.summary == "registered"
    assert "level 2 does not release" in state.reason
    _, ordered = play(registered("8", 3, says=BATCH), granted("release-2", 4), state=state)
    assert [c.input.version for c in ordered if isinstance(c, StartRelease)] == ["1"]


def test_what_is_retired_while_it_waits_takes_its_ask_back() -> None:
    """It does not keep others waiting."""
    state, ordered = play(published("d1", says=LIMITED), retirement(1))
    assert kinds(ordered) == ["AskForSlot", "StartRetirement", "ReturnSlot"]
    assert (state.asked, state.held) == (None, ())
    _, ordered = play(granted("training-1", 2), state=state)
    assert [c.input.key for c in ordered if isinstance(c, ReturnSlot)] == ["training-1"]


def test_a_limit_that_is_gone_lets_everybody_begin() -> None:
    """What still waits asks for as many slots as there are runs."""
    state, _ = play(published("d1", says=BATCH), granted("training-1"), trained(1, "1", passed=True))
    _, ordered = play(registered("1", 1, says=BATCH), published("d2", 2, says=BATCH), state=state)
    assert [c.input.key for c in ordered if isinstance(c, AskForSlot)] == ["release-1"]
    state, _ = play(registered("1", 1, says=BATCH), published("d2", 2, says=BATCH), state=state)
    _, ordered = play(registered("8", 3, says=batch()), granted("release-1", 4), state=state)
    ask = next(c for c in ordered if isinstance(c, AskForSlot))
    assert (ask.input.key, ask.input.limit) == ("training-2", 1_000_000)
    assert [type(c) for c in ordered if isinstance(c, StartRelease | StartTraining)] == [StartRelease]


def test_a_model_that_knows_of_nothing_gives_back_what_it_is_told_again() -> None:
    """Its state was deleted while it had a slot; the search for lost slots tells it of that slot."""
    state, ordered = play(granted("training-7"))
    assert [(c.input.key, c.input.fleet) for c in ordered if isinstance(c, ReturnSlot)] == [("training-7", "flights")]
    assert state.held == ()


def test_the_row_tells_whose_slot_a_run_has_or_waits_for() -> None:
    """Of two runs that wait, one has asked; a run without a limit has none."""
    state, _ = play(scoring_requested("d1", says=BATCH, minutes=1), published("d2", 2, says=BATCH), state=_champion())
    assert [(run.key, run.slot_of) for run in row_of(state).in_flight] == [
        ("training-2", None),
        ("scoring-1", "flights"),
    ]
    state, _ = play(granted("scoring-1", 3), state=state)
    assert [run.slot_of for run in row_of(state).in_flight] == ["flights", "flights"]
    assert [run.slot_of for run in row_of(play(published("d1"))[0]).in_flight] == [None]


def test_a_release_waits_for_the_scoring_in_flight() -> None:
    """Both move what readers are pointed to; the reason says what it waits for."""
    scoring, _ = play(scoring_requested("d1", says=batch()), state=_champion())
    state, ordered = play(published("d2", says=batch()), trained(2, "2", True), registered("2"), state=scoring)
    assert kinds(ordered) == ["StartTraining"]
    assert state.reason == "Version 2 passed and waits: scoring 1 is in flight."
    _, ordered = play(scored(1, "1"), state=state)
    assert kinds(ordered) == ["StartRelease"]


class TestEvaluations:
    """A version that a person has registered is judged when it is its turn."""

    SAYS = batch(at_once=2)

    def _waits(self) -> InterlockState:
        state, ordered = play(registered("9", 5, says=self.SAYS), state=_champion())
        assert [command.input.key for command in ordered if isinstance(command, AskForSlot)] == ["evaluation-2"]
        return state

    def test_it_waits_for_its_slot_and_gives_it_back(self) -> None:
        """And is shown as waiting."""
        state = self._waits()
        assert (state.summary, [run.waits_for_slot for run in row_of(state).in_flight]) == ("queued", [True])
        assert "Its evaluation waits for one of the 2 slots of the fleet." in state.reason
        state, ordered = play(evaluated(2, "9", True, 6), granted("evaluation-2", 7), state=state)
        assert (kinds(ordered), state.summary) == (["StartEvaluation"], "evaluating")
        _, ordered = play(evaluated(2, "9", False, 8), state=state)
        assert kinds(ordered) == ["ReturnSlot"]

    def test_it_begins_before_the_training_that_it_would_wait_for(self) -> None:
        """Of two that wait, it is asked for first; so trainings cannot keep it waiting for ever."""
        state, _ = play(published("d2", 4, says=self.SAYS), granted("training-2", 5), state=_champion())
        state, _ = play(registered("9", 6, says=self.SAYS), published("d3", 7, says=self.SAYS), state=state)
        state, ordered = play(trained(2, "2", False, 8), state=state)
        assert [command.input.key for command in ordered if isinstance(command, AskForSlot)] == ["evaluation-4"]
        assert [run.key for run in row_of(state).in_flight] == ["training-3", "evaluation-4"]

    def test_a_training_that_has_begun_puts_it_back(self) -> None:
        """It may have made the version; what it has not made is judged then, under another number."""
        state, _ = play(published("d2", 4, says=self.SAYS), registered("9", 5, says=self.SAYS), state=_champion())
        state, ordered = play(granted("training-2", 6), state=state)
        assert kinds(ordered) == ["StartTraining"]
        assert state.evaluation is None
        _, ordered = play(trained(2, "2", False, 8), state=state)
        assert [command.input.key for command in ordered if isinstance(command, AskForSlot)] == ["evaluation-4"]

    def test_a_hold_and_a_retirement_take_the_ask_back(self) -> None:
        """It is asked for anew after the hold, and not at all when the model goes."""
        state, ordered = play(held(6, says=self.SAYS), state=self._waits())
        assert (kinds(ordered), state.evaluation) == (["ReturnSlot"], None)
        _, ordered = play(resumed(7, says=self.SAYS), state=state)
        assert kinds(ordered) == ["AskForSlot"]
        _, ordered = play(retirement(6), state=self._waits())
        assert kinds(ordered) == ["StartRetirement", "ReturnSlot"]

    def test_one_that_is_not_wanted_any_more_gives_the_slot_back(self) -> None:
        """The fleet file says `level: 1` by then."""
        watching = batch(at_once=2, level=1)
        state, ordered = play(registered("1", 6, says=watching), granted("evaluation-2", 7), state=self._waits())
        assert (kinds(ordered), state.evaluation) == (["ReturnSlot"], None)


class TestLongReleases:
    """A release in batch that runs no job has no slot, and asks for one before its next job."""

    def _runs(self) -> InterlockState:
        state, _ = play(
            published("d1", says=BATCH), granted("training-1"), trained(1, "1", passed=True),
            registered("1", says=BATCH), granted("release-1"), stepped(1, "testing", 1),
        )  # fmt: skip
        assert [slot.key for slot in state.held] == ["release-1"]
        return state

    def test_it_has_its_turn_again_and_again(self) -> None:
        """Each turn has a slot of its own, and the word for it names the turn."""
        state, ordered = play(
            stepped(1, "shadowing", 2, needs="nothing"), stepped(1, "shadowing", 3, needs="slot", turn=1),
            granted("release-1.1", 4), stepped(1, "awaiting_approval", 5, evidence("1"), needs="nothing", turn=1),
            stepped(1, "scoring", 6, needs="slot", turn=2), granted("release-1.2", 7), released(1, "1", minutes=8),
            state=self._runs(),
        )  # fmt: skip
        assert kinds(ordered) == ["ReturnSlot", "AskForSlot", "TellRelease"] * 2 + ["ReturnSlot"]
        assert [c.input.word.slot for c in ordered if isinstance(c, TellRelease)] == [1, 2]
        returned = [c.input.key for c in ordered if isinstance(c, ReturnSlot)]
        assert returned == ["release-1", "release-1.1", "release-1.2"]
        assert (state.held, state.asked) == ((), None)

    def test_what_it_has_said_before_does_not_count_again(self) -> None:
        """Neither later nor twice: it asks once for each turn."""
        rests, asks = stepped(1, "shadowing", 2, needs="nothing"), stepped(1, "shadowing", 3, needs="slot", turn=1)
        state, ordered = play(asks, rests, asks, granted("release-1.1", 4), rests, asks, state=self._runs())
        assert kinds(ordered) == ["ReturnSlot", "AskForSlot", "TellRelease"]
        assert [slot.key for slot in state.held] == ["release-1.1"]

    def test_it_is_shown_as_waiting_and_as_begun(self) -> None:
        """So the search for dead runs looks after it while it waits, too."""
        state, _ = play(stepped(1, "scoring", 3, needs="slot", turn=1), state=self._runs())
        (run,) = row_of(state).in_flight
        assert (state.summary, run.waits_for_slot, run.turn, run.slot_of) == ("releasing", True, 1, "flights")

    def test_a_hold_does_not_keep_it_from_going_on(self) -> None:
        """It has begun."""
        asks = stepped(1, "scoring", 3, needs="slot", turn=1)
        _, ordered = play(asks, held(4, says=BATCH), granted("release-1.1", 5), state=self._runs())
        assert kinds(ordered) == ["ReturnSlot", "AskForSlot", "TellRelease"]

    def test_where_nobody_counts_it_goes_on_at_once(self) -> None:
        """Also when the fleet file drops the limit while it waits."""
        asks = stepped(1, "scoring", 3, needs="slot", turn=1)
        state, _ = play(published("d1", says=batch()), trained(1, "1", True), registered("1", says=batch()))
        state, ordered = play(asks, asks, state=state)
        assert [command.input.word.slot for command in ordered] == [1]
        _, ordered = play(asks, registered("1", 4, says=batch()), granted("release-1.1", 5), state=self._runs())
        assert kinds(ordered) == ["ReturnSlot", "AskForSlot", "TellRelease", "ReturnSlot", "ReturnSlot"]

    def test_one_that_ends_while_it_waits_takes_its_ask_back(self) -> None:
        """However it ends."""
        asks = stepped(1, "scoring", 3, needs="slot", turn=1)
        state, ordered = play(asks, release_ended(1, "1", "superseded", 4), state=self._runs())
        assert kinds(ordered) == ["ReturnSlot", "AskForSlot", "ReturnSlot"]
        assert (state.asked, state.held) == (None, ())

    def test_one_that_is_undone_while_it_waits_asks_for_nothing(self) -> None:
        """Its ask is taken back as soon as it says so, and a slot that comes all the same is given back."""
        asks, undoing = stepped(1, "scoring", 3, needs="slot", turn=1), stepped(1, "undoing", 4, turn=1)
        state, ordered = play(asks, undoing, granted("release-1.1", 5), state=self._runs())
        assert kinds(ordered) == ["ReturnSlot", "AskForSlot", "ReturnSlot", "ReturnSlot"]
        assert (state.asked, state.held) == (None, ())

    def test_only_releases_in_batch_take_turns(self) -> None:
        """One online runs no job; releases that older code has begun are not told."""
        _, ordered = play(published("d1"), trained(1, "1", True), registered("1"))
        assert [c.input.takes_turns for c in ordered if isinstance(c, StartRelease)] == [False]
        _, ordered = play(published("d1", says=batch()), trained(1, "1", True), registered("1", says=batch()))
        assert [c.input.takes_turns for c in ordered if isinstance(c, StartRelease)] == [True]
