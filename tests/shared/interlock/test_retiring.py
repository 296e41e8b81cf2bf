"""Retirement: what runs ends first, nothing new starts, and a model that is back in the file begins anew."""

from shared.contracts.interlock import RegistryChanged
from shared.interlock.commands import StartRetirement, StartTraining
from shared.interlock.decide import decide
from shared.interlock.state import InterlockState
from tests.shared.interlock.builders import (
    MODEL,
    at,
    given_up,
    policy,
    published,
    registered,
    released,
    requested,
    retired,
    retirement,
    trained,
)
from tests.shared.interlock.order_builders import holds_found
from tests.shared.interlock.playing import kinds, play, row_of


def _champion() -> InterlockState:
    state, _ = play(published("d1"), trained(1, "1", passed=True), registered("1"), released(1, "1"))
    return state


def _retired() -> InterlockState:
    state, _ = play(retirement(10), retired(minutes=20), state=_champion())
    return state


def test_a_model_at_rest_is_retired_at_once() -> None:
    """With what serves, so that it can be taken away."""
    state, ordered = play(retirement(10), state=_champion())
    assert kinds(ordered) == ["StartRetirement"]
    order = ordered[0].input
    assert (order.champion, order.attempt, order.requested_by) == ("1", 1, "ana")
    assert order.serving.deployment == "v1"
    assert state.summary == "retiring"
    assert [run.kind for run in row_of(state).in_flight] == ["retirement"]


def test_a_retired_model_has_nothing_in_production() -> None:
    """The row says since when and why."""
    row = row_of(_retired())
    assert (row.state, row.reason, row.champion, row.serving) == ("retired", "out of service", None, {})


def test_asking_twice_retires_once() -> None:
    """While it is under way and after it."""
    state, ordered = play(retirement(10), retirement(11, "x2"), state=_champion())
    assert kinds(ordered) == ["StartRetirement"]
    _, ordered = play(retired(minutes=12), retired(minutes=12), retirement(13, "x3"), state=state)
    assert ordered == []


def test_what_runs_ends_first() -> None:
    """The training that runs, then the release that it would have led to does not begin any more."""
    state, ordered = play(published("d2", 5), retirement(10), state=_champion())
    assert kinds(ordered) == ["StartTraining", "WithdrawTraining"]
    assert state.summary == "retiring"
    assert "The training in flight ends first" in state.reason
    state, ordered = play(registered("2", 11), trained(2, "2", passed=True, minutes=12), state=state)
    assert kinds(ordered) == ["StartRetirement"]


def test_a_release_that_runs_is_taken_away_too() -> None:
    """What it has brought into production is what is retired."""
    state, _ = play(published("d2", 5), trained(2, "2", True, 6), registered("2", 7), retirement(8), state=_champion())
    _, ordered = play(released(2, "2", minutes=9), state=state)
    assert [(c.input.champion, c.input.serving.deployment) for c in ordered] == [("2", "v2")]


def test_nothing_new_starts_meanwhile() -> None:
    """Datasets are noted, requests refused, also those that waited already."""
    state, _ = play(published("d2", 5), requested("d3", "r1", 6), retirement(10), state=_champion())
    assert [note.outcome for note in row_of(state).requests] == ["refused"]
    state, ordered = play(published("d4", 11), requested("d5", "r2", 12), state=state)
    assert ordered == []
    assert [note.outcome for note in row_of(state).requests] == ["refused", "refused"]
    state, ordered = play(trained(2, "2", passed=False), state=state)
    assert kinds(ordered) == ["StartRetirement"]


def test_a_retirement_that_failed_may_be_asked_for_again() -> None:
    """The model is what it was, with the reason; the next attempt has its own number."""
    state, _ = play(retirement(10), retired(success=False, minutes=11), state=_champion())
    row = row_of(state)
    assert (row.state, row.reason, row.champion) == ("released", "the endpoint is locked", "1")
    _, ordered = play(retirement(12, "x2"), state=state)
    assert [c.input.attempt for c in ordered if isinstance(c, StartRetirement)] == [2]
    after, _ = play(retirement(12, "x2"), retired(1, minutes=13), state=state)
    assert after.summary == "retiring", "the first attempt's late word is not the second's"


def test_a_model_that_is_back_before_it_went_is_trained_on_what_was_given_up() -> None:
    """The dataset whose training the retirement has cancelled, or that waited for its slot, or what was next."""
    slots = policy(at_once=1)
    back = retired(success=False, minutes=30, back=True)
    state, _ = play(published("d2", 5), retirement(10), given_up(2, "unwanted", 20), state=_champion())
    state, ordered = play(back, state=state)
    assert [command.input.dataset.version for command in ordered] == ["d2"]
    state, _ = play(published("d2", 5, says=slots), retirement(10), back, state=_champion())
    assert state.training is not None
    assert state.training.dataset.version == "d2"
    events = published("d2", 5), published("d3", 6), retirement(10), given_up(2, "unwanted", 20), back
    _, ordered = play(*events, state=_champion())
    trained_on = [command.input.dataset.version for command in ordered if isinstance(command, StartTraining)]
    assert trained_on == ["d2", "d3"]


def test_a_model_that_is_not_back_is_not_trained() -> None:
    """Nothing is trained after its end, nor after a retirement that failed for another reason."""
    state, _ = play(
        published("d2", 5), published("d3", 6), retirement(10), given_up(2, "unwanted", 20), state=_champion()
    )
    for success in (True, False):
        after, ordered = play(retired(success=success, minutes=30), state=state)
        assert (ordered, after.queued) == ([], None)


def test_who_asked_for_a_training_asks_again() -> None:
    """A request was refused when its training was given up, so nothing starts for it by itself."""
    state, _ = play(requested("d2", minutes=5), retirement(10), given_up(2, "unwanted", 20), state=_champion())
    _, ordered = play(retired(success=False, minutes=30, back=True), state=state)
    assert ordered == []


def test_a_model_that_nobody_knows_is_not_retired() -> None:
    """There is no policy to retire it by."""
    decision = decide(InterlockState(), retirement())
    assert decision.commands == ()
    assert decision.state.retirement is None


def test_a_model_that_is_back_in_the_file_begins_anew() -> None:
    """Also on data that it was trained on before it was retired."""
    state, ordered = play(published("d1", 30), state=_retired())
    assert kinds(ordered) == ["LookForHolds"], "its fleet may have been held while no file had it"
    state, ordered = play(holds_found(30), state=state)
    assert kinds(ordered) == ["StartTraining"]
    assert ordered[0].input.attempt == 2
    assert state.summary == "training"


def test_what_was_sent_before_the_end_does_not_bring_it_back() -> None:
    """Late events carry the old file's word."""
    state, ordered = play(published("d2", 15), registered("1", 5), state=_retired())
    assert ordered == []
    assert state.summary == "retired"


def test_the_registry_echo_of_a_retirement_is_a_confirmation() -> None:
    """The alias that was taken away comes back as an event."""
    echo = RegistryChanged(model=MODEL, at=at(21), version="1", change="alias_removed", name="champion")
    state, ordered = play(echo, state=_retired())
    assert ordered == []
    assert (state.summary, state.decisions[-1].decision) == ("retired", "confirmed")
