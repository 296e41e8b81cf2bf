"""The state as it is stored: read back equal, brought up from older versions, never cut down from newer ones."""

import json
from pathlib import Path
from typing import Any

import pytest

from shared.contracts.rollback import GoodVersion
from shared.interlock.decide import receive
from shared.interlock.state import SCHEMA_VERSION, InterlockState, StateFromTheFutureError, put_aside, upcast
from shared.names import content_hash
from tests.shared.interlock.builders import batch, published, registered, released, trained
from tests.shared.interlock.order_builders import rollback_ordered
from tests.shared.interlock.playing import kinds, play, row_of

STATES = Path(__file__).parent / "states"


def _without_words(schema: Any) -> Any:
    """A JSON schema without its descriptions: they may change, the shape may not."""
    if isinstance(schema, dict):
        return {key: _without_words(value) for key, value in schema.items() if key != "description"}
    return [_without_words(value) for value in schema] if isinstance(schema, list) else schema


def test_the_shape_of_the_state_changes_with_its_version() -> None:
    """Whoever changes the state's shape raises its version, so that older code puts events aside and does not fail."""
    shape = content_hash(_without_words(InterlockState.model_json_schema()))
    assert (SCHEMA_VERSION, shape) == (6, "b117b378bbdc")


def test_a_state_of_version_1_goes_on() -> None:
    """What older code has stored is read: what runs goes on, and what waits is next."""
    raw = json.loads((STATES / "v1.json").read_text())
    assert raw["schema_version"] == 1
    state = upcast(raw)
    assert state.schema_version == SCHEMA_VERSION
    assert (state.summary, state.champion and state.champion.version) == ("training", "1")
    notes = {note.request_id: note.outcome for note in row_of(state).requests}
    assert notes == {"r1": "passed", "r2": "rejected", "r3": "running", "r4": "waiting"}
    decision = receive(state, trained(3, "3", passed=True, minutes=70).to_wire())
    assert decision.state.training is not None
    assert decision.state.training.dataset.version == "d5"


def test_a_request_of_version_1_whose_training_is_forgotten_is_forgotten() -> None:
    """Nobody can say any more how it ended, so nothing is made up."""
    raw = json.loads((STATES / "v1.json").read_text())
    raw["trainings"] = raw["trainings"][1:]
    assert [one.request_id for one in upcast(raw).requests] == ["r2", "r3", "r4"]


def test_a_state_of_version_2_goes_on() -> None:
    """Its policies say nothing of queues and of how an endpoint is deployed: the defaults hold."""
    state, _ = play(published("d1"), trained(1, "1", passed=True), registered("1"))
    raw = state.to_wire() | {"schema_version": 2}
    assert raw["policy"]["train"].pop("queue_timeout_minutes") == 24 * 60
    assert raw["policy"]["serve"].pop("deployment") is None
    assert upcast(raw) == state


def test_a_state_of_version_3_goes_on() -> None:
    """No training of it was ever superseded."""
    state, _ = play(published("d1"), trained(1, None, passed=None), published("d2", 5))
    assert upcast(state.to_wire() | {"schema_version": 3}) == state


def test_a_dataset_that_waits_in_a_state_of_version_3_was_published_before_its_last_event() -> None:
    """So only what comes later takes its place."""
    state, _ = play(published("d1"), published("d2", 5))
    raw = state.to_wire() | {"schema_version": 3}
    assert raw.pop("queued_at") is not None
    assert upcast(raw) == state


def test_a_state_of_version_4_goes_on() -> None:
    """What runs goes on, what waits is next, and the version before the champion can be gone back to."""
    raw = json.loads((STATES / "v4.json").read_text())
    assert raw["schema_version"] == 4
    state = upcast(raw)
    assert (state.summary, state.champion and state.champion.version) == ("training", "2")
    assert (state.queued and state.queued.version, len(state.requests)) == ("d4", 1)
    assert state.last_good == GoodVersion(model=state.model, version="1", serving=None)
    after, ordered = play(rollback_ordered(200), trained(3, "3", passed=True, minutes=201), state=state)
    assert kinds(ordered) == ["StartRollback", "StartTraining"]
    assert (ordered[0].input.leaves.version, ordered[0].input.attempt) == ("2", 3)
    assert after.training is not None
    assert after.training.dataset.version == "d4"


def test_a_state_of_version_4_without_a_version_before_has_none_to_go_back_to() -> None:
    """Nothing is made up."""
    state, _ = play(published("d1"), trained(1, "1", passed=True), registered("1"), released(1, "1"))
    raw = state.to_wire() | {"schema_version": 4}
    assert upcast(raw) == state


def test_a_state_of_version_5_goes_on() -> None:
    """A release that waits for a person has given its slot back, and holds of its fleet have reached the model."""
    raw = json.loads((STATES / "v5.json").read_text())
    assert raw["schema_version"] == 5
    state = upcast(raw)
    assert state.release is not None
    assert (state.release.needs, state.held, state.fleet_holds) == ("nothing", (), "known")
    assert state.policy_at == state.last_at
    _, ordered = play(published("d2", 500, says=batch(at_once=2)), state=state)
    assert kinds(ordered) == ["AskForSlot"]


def test_older_code_keeps_what_it_is_told_again_once() -> None:
    """The search for lost events repeats itself for as long as the older code runs."""
    raw = {"schema_version": 99, "new": True}
    event = trained(3, "3", passed=True).to_wire()
    kept = put_aside(put_aside(raw, event), {**event, "at": "2027-01-01T00:00:00Z"})
    assert kept == {**raw, "unread_events": [event]}
    assert len(put_aside(kept, trained(4, "4", passed=True).to_wire())["unread_events"]) == 2


def test_state_survives_the_wire() -> None:
    """What is stored is read back equal."""
    state, _ = play(published("d1"), trained(1, "1", passed=True), registered("1"), released(1, "1"))
    assert upcast(state.to_wire()) == state


def test_a_state_of_newer_code_is_refused() -> None:
    """Old code must not cut down what newer code has written."""
    with pytest.raises(StateFromTheFutureError, match="schema version 99"):
        upcast({"schema_version": 99})
