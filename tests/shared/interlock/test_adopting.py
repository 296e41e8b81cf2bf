"""A person says which version is in production: nothing is tested, nothing moves, and what is not known is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.interlock import AdoptionFinished, AnyInterlockEvent
from shared.contracts.orders import AdoptOrdered
from shared.interlock.decide import decide
from shared.interlock.state import InterlockState
from tests.shared.interlock.builders import (
    MODEL,
    POLICY,
    at,
    batch,
    published,
    registered,
    released,
    retirement,
    scoring_requested,
    trained,
)
from tests.shared.interlock.order_builders import rollback_ordered, woken
from tests.shared.interlock.playing import play, row_of


def adopted(
    version: str | None = "7", minutes: int = 0, *, replace: bool | None = None, request_id: str = "a1"
) -> AdoptOrdered:
    """Ben says that a version is the one in production."""
    return AdoptOrdered(
        model=MODEL, at=at(minutes), policy=POLICY, by="ben", reason="it has served since May", request_id=request_id,
        uri="models:/old/7", version=version, replace=replace,
    )  # fmt: skip


def told(version: str = "7", minutes: int = 1, request_id: str = "a1") -> AdoptionFinished:
    """The registry has been told."""
    return AdoptionFinished(model=MODEL, at=at(minutes), version=version, request_id=request_id)


def _champion() -> InterlockState:
    state, _ = play(published("d1"), trained(1, "1", passed=True), registered("1"), released(1, "1"))
    return state


def _answer(state: InterlockState, order: AnyInterlockEvent) -> tuple[str, str]:
    decision = decide(state, order)
    assert decision.answer is not None
    return decision.answer.decision, decision.answer.reason


def test_a_model_to_which_nothing_has_happened_has_a_champion() -> None:
    """Its row says so, and that nobody knows where the version came from."""
    state, ordered = play(adopted())
    assert ordered == []
    row = row_of(state)
    assert (row.champion, row.state) == ("7", "released")
    assert row.reason == "ben adopted version 7 (models:/old/7), whose lineage is unknown: it has served since May."


def test_twice_is_once() -> None:
    """Under another id, too: the time since which it serves stays."""
    state, _ = play(adopted())
    again, _ = play(adopted(minutes=5, request_id="a2"), state=state)
    assert _answer(state, adopted(minutes=5, request_id="a2"))[0] == "unchanged"
    assert again.champion == state.champion


def test_another_champion_stays_unless_somebody_says_so() -> None:
    """The answer tells both ways; what served before is the last good version then."""
    decision, reason = _answer(_champion(), adopted())
    assert (decision, "`--replace`" in reason, "signalbox release" in reason) == ("refused", True, True)
    state, _ = play(adopted(replace=True), state=_champion())
    assert state.champion is not None
    assert (state.champion.version, state.champion.previous) == ("7", "1")
    assert state.last_good is not None
    assert state.last_good.version == "1"


def test_it_can_be_rolled_back() -> None:
    """To what it has replaced."""
    state, _ = play(adopted(replace=True), told(), state=_champion())
    _, ordered = play(rollback_ordered(), state=state)
    assert [type(one).__name__ for one in ordered] == ["StartRollback"]


@pytest.mark.parametrize(
    ("before", "told"),
    [
        ((), "Release 2 of version 2 is in flight"),
        ((released(2, "2"), rollback_ordered()), "Rollback 3 is in flight"),
        ((released(2, "2"), retirement()), "no version of it serves any more"),
    ],
)
def test_what_changes_production_comes_first(before: tuple[AnyInterlockEvent, ...], told: str) -> None:
    """It is refused with what is in the way."""
    state, _ = play(published("d2"), trained(2, "2", True), registered("2"), *before, state=_champion())
    decision, reason = _answer(state, adopted(replace=True))
    assert (decision, told in reason) == ("refused", True), reason


def test_a_scoring_ends_first() -> None:
    """What it publishes is the other version's."""
    state, _ = play(
        published("d1", says=batch()), trained(1, "1", True), registered("1", says=batch()), released(1, "1"),
        scoring_requested(),
    )  # fmt: skip
    assert state.scoring is not None
    assert "Scoring 1 is in flight" in _answer(state, adopted(replace=True))[1]


def test_without_a_version_it_is_only_said_whether_it_could_be() -> None:
    """So that nothing is registered for an order that is refused."""
    assert _answer(InterlockState(), adopted(version=None))[0] == "waiting"
    assert _answer(_champion(), adopted(version=None))[0] == "refused"
    assert play(adopted(version=None))[0].champion is None


def test_a_version_that_was_trained_later_takes_its_place() -> None:
    """By its gates, as after any other champion."""
    state, _ = play(adopted("7"), told())
    _, ordered = play(published("d1"), trained(1, "8", True), registered("8"), state=state)
    assert [type(one).__name__ for one in ordered][-1] == "StartRelease"
    assert ordered[-1].input.champion == "7"


def test_until_the_registry_is_told_nothing_else_changes_production() -> None:
    """Neither a release nor a rollback, nor another adoption: its late word would turn that back; both begin then."""
    passed, _ = play(published("d2", 1), trained(2, "8", True, 2), adopted(minutes=3, replace=True), state=_champion())
    state, ordered = play(registered("8", 4), state=passed)
    assert ([type(one).__name__ for one in ordered], state.release) == (["Wake"], None)
    assert "the adoption of version 7 is in flight" in row_of(state).reason
    assert _answer(state, adopted("9", 5, replace=True, request_id="a2"))[0] == "refused"
    _, ordered = play(told(minutes=6), state=state)
    assert [type(one).__name__ for one in ordered] == ["StartRelease"]
    state, ordered = play(rollback_ordered(4), state=passed)
    assert "StartRollback" not in [type(one).__name__ for one in ordered]
    _, ordered = play(told(minutes=6), told(minutes=7), state=state)
    assert [type(one).__name__ for one in ordered] == ["StartRollback"]


def test_an_adoption_that_somebody_has_ended_keeps_nothing_waiting_for_ever() -> None:
    """The model is woken when its steps have long been given up; the word of another adoption does not count."""
    state, ordered = play(
        adopted(replace=True), rollback_ordered(1), told("8", 2), told("7", 2, "a0"), state=_champion()
    )
    (wake,) = ordered
    _, ordered = play(woken(0).model_copy(update={"at": wake.input.at}), state=state)
    assert [type(one).__name__ for one in ordered] == ["StartRollback"]


@given(st.lists(st.sampled_from(["7", "8"]), max_size=6), st.booleans())
def test_any_orders_leave_one_champion(versions: list[str], replace: bool) -> None:
    """The first one without `replace`, the last one with it."""
    orders = [
        event
        for index, one in enumerate(versions)
        for event in (
            adopted(one, index, replace=replace, request_id=str(index)),
            told(one, index, request_id=str(index)),
        )
    ]
    state, _ = play(*orders)
    expected = None if not versions else versions[-1] if replace else versions[0]
    assert (state.champion.version if state.champion else None) == expected
