"""The row names every dataset version that must not be deleted while the model has something to do with it."""

from tests.shared.interlock.builders import (
    batch,
    published,
    registered,
    released,
    requested,
    scored,
    scoring_requested,
    trained,
)
from tests.shared.interlock.playing import play, row_of


def test_a_training_and_all_that_waits_behind_it() -> None:
    """The one that runs, the one that was asked for, and the newest that arrived."""
    state, _ = play(published("d1"), requested("d0", minutes=1), published("d2", minutes=2))
    assert set(row_of(state).datasets) == {"d0", "d1", "d2"}


def test_what_has_ended_is_not_named() -> None:
    """A registered version keeps its dataset by its tag in the registry, not by the row."""
    state, _ = play(requested("d1"), trained(1, "1", passed=False, minutes=1))
    assert row_of(state).datasets == ()


def test_a_release_and_a_scoring() -> None:
    """A release in batch scores the dataset of its version; a scoring that waits behind it scores another one."""
    state, _ = play(
        published("d1", says=batch()),
        trained(1, "1", passed=True, minutes=1),
        registered("1", 2, says=batch()),
    )
    assert row_of(state).datasets == ("d1",)
    state, _ = play(released(1, "1", minutes=3, mode="batch"), scoring_requested("d7", minutes=4), state=state)
    assert row_of(state).datasets == ("d7",)
    state, _ = play(scored(1, "1", minutes=5), state=state)
    assert row_of(state).datasets == ()
