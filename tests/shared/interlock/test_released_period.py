"""What a release or its baseline leaves for the orders that come later: its period, and whom it stands in for."""

from shared.contracts.interlock import ReleaseFinished
from shared.contracts.release import ReleaseOutcome
from shared.interlock.commands import StartRetirement
from shared.interlock.state import InterlockState
from shared.interlock.values import changed
from tests.shared.interlock.builders import batch, dataset, published, registered, released, retirement, trained
from tests.shared.interlock.playing import play


def _serves(outcome: ReleaseOutcome) -> InterlockState:
    """Version 1 of a batch model, released with this outcome."""
    says = batch()
    events = published("d1", 0, says=says), trained(1, "1", True, 1), registered("1", 2, says=says)
    event = released(1, "1", minutes=3, mode="batch")
    finished = ReleaseFinished(model=event.model, at=event.at, outcome=outcome)
    state, _ = play(*events, finished)
    return state


def test_a_rollback_knows_the_period_that_the_release_has_scored() -> None:
    """A release that waited has scored a newer one than the version was trained on."""
    outcome = released(1, "1", mode="batch").outcome
    for scored, known in ((dataset("d7"), "d7"), (None, "d1")):
        champion = _serves(outcome.model_copy(update={"dataset": scored})).champion
        assert champion is not None
        assert champion.dataset is not None
        assert champion.dataset.version == known


def test_a_retirement_is_told_of_a_baseline_that_stands_in() -> None:
    """And of nothing where the model serves by itself."""
    state = _serves(released(1, "1", mode="batch").outcome)
    assert state.champion is not None
    for stands_in in (None, "the-baseline"):
        serving = changed(state, champion=changed(state.champion, stands_in=stands_in))
        _, ordered = play(retirement(10), state=serving)
        assert [one.input.stands_in for one in ordered if isinstance(one, StartRetirement)] == [stands_in]
