"""A run that has jobs asks for a slot, begins when it has one, and gives it back, whatever happens to it."""

from shared.interlock.commands import AskForSlot, ReturnSlot, StartRelease, StartScoring, StartTraining
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
