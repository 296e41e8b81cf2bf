"""How far automation goes, what lets a training begin by itself, and which period counts."""

from datetime import date

import pytest

from shared.contracts.interlock import AnyInterlockEvent
from shared.interlock.commands import StartRelease, StartTraining
from tests.shared.interlock.builders import policy, published, registered, released, requested, trained
from tests.shared.interlock.playing import kinds, play, row_of

JANUARY, FEBRUARY = date(2026, 1, 31), date(2026, 2, 28)


def test_level_1_watches_only() -> None:
    """A dataset is noted, with what to do, and starts nothing."""
    state, ordered = play(published("d1", says=policy(level=1)))
    assert ordered == []
    assert state.summary == "waiting"
    assert "Dataset version d1 is there. Level 1 watches only: ask for the training" in row_of(state).reason


def test_a_person_trains_at_every_level() -> None:
    """A request is no automation; what passed stays registered."""
    watch = policy(level=1)
    state, ordered = play(requested("d1", says=watch), trained(1, "1", passed=True), registered("1", says=watch))
    assert kinds(ordered) == ["StartTraining"]
    assert state.summary == "registered"


@pytest.mark.parametrize("order", ["trained last", "registered last"])
def test_level_2_does_not_release_until_it_is_raised(order: str) -> None:
    """The reason says so; with a higher level, the next event releases it, whatever that event is."""
    train = policy(level=2)
    events: list[AnyInterlockEvent] = [trained(1, "1", passed=True), registered("1", says=train)]
    state, ordered = play(published("d1", says=train), *(events if order == "registered last" else events[::-1]))
    assert kinds(ordered) == ["StartTraining"]
    assert state.summary == "registered"
    assert "level 2 does not release. Set `level: 3`" in row_of(state).reason
    _, ordered = play(published("d1", 5, says=policy(level=3)), state=state)
    assert [c.input.version for c in ordered if isinstance(c, StartRelease)] == ["1"]


def test_without_data_among_the_reasons_a_schedule_or_a_person_trains() -> None:
    """`retrain.when` says what begins a training by itself."""
    scheduled = policy(retrain_when=())
    state, ordered = play(published("d1", says=scheduled))
    assert ordered == []
    assert "A schedule or a person starts the training" in state.decisions[-1].reason
    _, ordered = play(requested("d1", says=scheduled), state=state)
    assert kinds(ordered) == ["StartTraining"]


def test_an_older_period_is_not_trained_over_a_newer_one() -> None:
    """January comes after February was trained, or while it runs: noted, and a person may still ask for it."""
    state, _ = play(published("feb", ends=FEBRUARY), published("jan", 1, ends=JANUARY))
    assert state.queued is None
    state, ordered = play(trained(1, "1", passed=False), published("jan", 2, ends=JANUARY), state=state)
    assert ordered == []
    assert "Its period ends on 2026-01-31, before 2026-02-28" in state.decisions[-1].reason
    _, ordered = play(requested("jan", ends=JANUARY), state=state)
    assert [c.input.dataset.version for c in ordered] == ["jan"]


def test_a_corrected_version_of_the_same_period_is_trained() -> None:
    """A period may be published again with other content."""
    _, ordered = play(
        published("feb", ends=FEBRUARY), trained(1, "1", passed=False), published("feb corrected", ends=FEBRUARY)
    )
    assert [c.input.dataset.version for c in ordered] == ["feb", "feb corrected"]


def test_a_period_whose_training_failed_does_not_stand_in_the_way() -> None:
    """The model knows nothing of it."""
    _, ordered = play(published("feb", ends=FEBRUARY), trained(1, None, passed=None), published("jan", ends=JANUARY))
    assert [c.input.dataset.version for c in ordered] == ["feb", "jan"]


def test_what_waits_is_looked_at_again_before_it_begins() -> None:
    """While January waited, somebody had February trained."""
    state, _ = play(published("d0"), published("jan", 1, ends=JANUARY), requested("feb", ends=FEBRUARY, minutes=2))
    state, ordered = play(trained(1, "1", passed=False), trained(2, "2", passed=False), state=state)
    assert [c.input.dataset.version for c in ordered if isinstance(c, StartTraining)] == ["feb"]
    assert state.queued is None


def test_the_policy_of_the_newest_event_counts_for_what_waits() -> None:
    """A level that was lowered while a dataset waited keeps it from being trained."""
    state, ordered = play(published("d1"), published("d2", 1), registered("7", 2, says=policy(level=1)))
    state, ordered = play(trained(1, "1", passed=True, minutes=3), state=state)
    assert ordered == []
    assert "Dataset version d2 waited. Level 1 watches only" in state.decisions[-1].reason


class TestRequests:
    """What was asked for, as a fleet run reads it."""

    def test_what_is_trained_already_is_unchanged(self) -> None:
        """Unless it is wanted again, or its training failed."""
        state, _ = play(published("d1"), trained(1, "1", passed=False))
        state, ordered = play(requested("d1", "r1", again=False), state=state)
        assert ordered == []
        note = row_of(state).requests[-1]
        assert (note.request_id, note.outcome, note.attempt) == ("r1", "unchanged", 1)
        _, ordered = play(requested("d1", "r2", again=True), state=state)
        assert kinds(ordered) == ["StartTraining"]
        state, _ = play(published("d9"), trained(1, None, passed=None))
        _, ordered = play(requested("d9", "r1", again=False), state=state)
        assert kinds(ordered) == ["StartTraining"]

    @pytest.mark.parametrize(("passed", "outcome"), [(True, "passed"), (False, "rejected"), (None, "failed")])
    def test_a_request_shows_how_it_stands(self, passed: bool | None, outcome: str) -> None:
        """Waiting, running, and how it ended, with the reason."""
        state, _ = play(published("d1"), requested("d2", "r1"), requested("d3", "r2"), requested("d1", "r3"))
        assert [note.outcome for note in row_of(state).requests] == ["waiting", "waiting", "running"]
        state, _ = play(trained(1, "1", passed=True), state=state)
        assert [note.outcome for note in row_of(state).requests] == ["running", "waiting", "passed"]
        state, _ = play(trained(2, None if passed is None else "2", passed), state=state)
        assert [note.outcome for note in row_of(state).requests] == [outcome, "running", "passed"]

    def test_an_end_is_not_forgotten_with_its_training(self) -> None:
        """Many trainings later the request still shows how it ended."""
        state, _ = play(requested("d0", "r1"), trained(1, "1", passed=False))
        for number in range(2, 40):
            state, _ = play(published(f"d{number}"), trained(number, str(number), passed=True), state=state)
        assert [(note.attempt, note.outcome) for note in row_of(state).requests] == [(1, "rejected")]

    def test_the_row_stays_small(self) -> None:
        """Ten requests and eight decisions with long reasons travel in one payload."""
        state, _ = play(published("d1"))
        for number in range(2, 60):
            long = trained(number - 1, str(number), passed=False)
            long = long.model_copy(update={"outcome": long.outcome.model_copy(update={"reason": "because " * 200})})
            state, _ = play(requested(f"d{number}", f"request {number}"), long, state=state)
        assert len(row_of(state).requests) == 10
        assert len(row_of(state).model_dump_json()) < 15_000
        assert len(state.model_dump_json()) < 64_000


def test_a_raised_level_releases_only_what_is_newer_than_production() -> None:
    """What stayed registered meanwhile is superseded by what was released since."""
    state, _ = play(published("d1"), trained(1, "1", True), registered("1"), released(1, "1"))
    state, _ = play(published("d2", says=policy(level=2)), trained(2, "2", True), registered("2"), state=state)
    assert state.release is not None, "the registration came with level 3"
    assert state.release.version == "2"
