"""What events would start, told from copies: the same decision, and the fleet's slots played beside it."""

from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.read_model import Hold
from shared.contracts.slots import SlotsState
from shared.interlock.decide import receive
from shared.interlock.explaining import Begun, Foreseen, foresee
from shared.interlock.slots import no_slots
from shared.interlock.state import InterlockState, upcast
from shared.interlock.values import changed
from tests.shared.interlock.builders import (
    MODEL,
    at,
    batch,
    granted,
    policy,
    published,
    registered,
    released,
    requested,
    scoring_requested,
    trained,
)
from tests.shared.interlock.playing import play

FRESH = upcast(None)
TRAINING = Begun("training", "on dataset version d1")


def _one(
    state: InterlockState, slots: dict[str, SlotsState], *events: object, holds: tuple[Hold, ...] = ()
) -> Foreseen:
    (found,) = foresee({MODEL: state}, slots, {MODEL: holds}, events)  # type: ignore[arg-type]
    return found


def test_a_dataset_would_begin_a_training_and_the_next_would_wait_for_it() -> None:
    """One event after the other, on the same copy."""
    assert _one(FRESH, {}, published()).begins == (TRAINING,)
    both = _one(FRESH, {}, published(), published("d2", 1))
    assert both.begins == (TRAINING,)
    assert "dataset version d2 is next" in both.reason


def test_a_free_slot_is_taken_and_a_taken_one_is_waited_for() -> None:
    """As the fleet's own slots would answer."""
    event = published(says=policy(at_once=1))
    taken: SlotsState = {**no_slots(), "held": [["another", "training-1"]]}
    begins = _one(FRESH, {}, event)
    assert (begins.would, begins.reason) == ("begin", "Dataset version d1 arrived.")
    waits = _one(FRESH, {"flights": taken}, event)
    assert (waits.would, waits.begins) == ("wait", ())
    assert "slots of the fleet" in waits.reason


def test_what_has_its_slot_at_once_is_not_told_to_wait_for_it() -> None:
    """Of whatever takes turns: a training, an evaluation, a release in batch and a scoring."""
    says = batch(at_once=1)
    state, _ = play(published("d1", says=says), granted("training-1"), trained(1, "1", passed=True), state=FRESH)
    taken: SlotsState = {**no_slots(), "held": [["another", "training-1"]]}
    version = registered("1", 2, says=says)
    served, _ = play(version, granted("release-1", 3), released(1, "1", minutes=4, mode="batch"), state=state)
    of_others, scoring = registered("9", 5, says=says), scoring_requested(minutes=5, says=says)
    for before, event in ((FRESH, published(says=says)), (state, version), (served, of_others), (served, scoring)):
        known = before if before is FRESH else changed(before, fleet_holds="known")
        assert "slots of the fleet" in _one(known, {"flights": taken}, event).reason
        begins = _one(known, {}, event)
        assert (begins.would, "slots of the fleet" in begins.reason) == ("begin", False)


def test_models_share_the_slots() -> None:
    """Of two models and one slot, the first begins and the other waits."""
    says = policy(at_once=1)
    other = says.model_copy(update={"model": "other"})
    events = (published(says=says), published(says=other).model_copy(update={"model": "other"}))
    first, second = foresee({MODEL: FRESH, "other": FRESH}, {}, {}, events)
    assert (first.would, second.would) == ("begin", "wait")


def test_who_holds_the_fleet_of_a_new_model_is_asked_first() -> None:
    """As the model itself would look before it starts anything."""
    hold = Hold(scope="fleet:flights", by="ana", reason="stocktaking", since=at(), until=None)
    held = _one(FRESH, {}, published(), holds=(hold,))
    assert held.would == "wait"
    assert "stocktaking" in held.reason


def test_a_repeated_request_is_answered_as_before() -> None:
    """It joins what is in flight."""
    assert _one(FRESH, {}, requested()).would == "begin"
    assert _one(FRESH, {}, requested(), requested(request_id="r2")).begins == (TRAINING,)


def test_a_slot_that_nobody_waits_for_has_a_reason() -> None:
    """A grant of which nothing comes is explained like any other event."""
    alone = _one(FRESH, {}, granted("training-1"))
    assert (alone.would, alone.reason) == ("nothing", "The training-1 does not wait for a slot any more.")


@given(st.lists(st.sampled_from(["d1", "d2", "d3"]), max_size=5), st.integers(0, 3))
def test_the_given_states_and_slots_are_left_as_they_are(versions: list[str], held: int) -> None:
    """Copies are decided on, whatever comes."""
    says = policy(at_once=2)
    slots: SlotsState = {**no_slots(), "limit": 2, "held": [[f"m{number}", "training-1"] for number in range(held)]}
    state = receive(FRESH, published("d0", says=says).to_wire()).state
    before, kept = state.to_wire(), repr(slots)
    foresee({MODEL: state}, {"flights": slots}, {}, [published(name, 1, says) for name in versions])
    assert (state.to_wire(), repr(slots)) == (before, kept)
