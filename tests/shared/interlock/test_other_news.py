"""Versions of people, other code, the registry's own changes, and the ledger as the interlock has witnessed it."""

from datetime import timedelta
from typing import Literal

import pytest

from shared.contracts.interlock import RegistryChanged
from shared.interlock.commands import StartEvaluation, StartTraining
from shared.interlock.decide import decide
from shared.interlock.state import InterlockState
from tests.shared.interlock.builders import (
    MODEL,
    at,
    policy,
    published,
    registered,
    released,
    retirement,
    trained,
)
from tests.shared.interlock.order_builders import code, evaluated, forget, held, ledger, resumed, rollback_ordered
from tests.shared.interlock.playing import kinds, play, row_of


def _champion() -> InterlockState:
    state, _ = play(published("d1"), trained(1, "1", passed=True), registered("1"), released(1, "1"))
    return state


class TestVersionsOfPeople:
    """They are evaluated first."""

    def test_it_is_evaluated_and_then_released(self) -> None:
        """On the newest data that the model knows, under a number of its own."""
        state, ordered = play(registered("9", 5), state=_champion())
        assert kinds(ordered) == ["StartEvaluation"]
        order = ordered[0].input
        assert (order.version, order.attempt, order.dataset.version) == ("9", 2, "d1")
        assert (state.summary, [run.kind for run in row_of(state).in_flight]) == ("evaluating", ["evaluation"])
        state, ordered = play(evaluated(2, "9", passed=True), evaluated(2, "9", passed=True), state=state)
        assert [command.input.version for command in ordered] == ["9"]

    def test_a_rejected_one_is_not_released(self) -> None:
        """By the same gates as any other."""
        state, ordered = play(registered("9", 5), evaluated(2, "9", passed=False), state=_champion())
        assert (kinds(ordered), state.summary) == (["StartEvaluation"], "rejected")

    def test_one_that_could_not_be_evaluated_is_not_tried_for_ever(self) -> None:
        """The reason says how to try again."""
        state, ordered = play(registered("9", 5), evaluated(2, "9", None), published("d1", 6), state=_champion())
        assert kinds(ordered) == ["StartEvaluation"]
        assert f"`signalbox release {MODEL}@9` tries it again" in row_of(state).reason

    def test_the_training_in_flight_may_have_made_it(self) -> None:
        """So its end is waited for; what it has not made is evaluated then."""
        state, ordered = play(published("d2", 5), registered("2", 6), registered("3", 7), state=_champion())
        assert kinds(ordered) == ["StartTraining"]
        _, ordered = play(trained(2, "2", True, 8), state=state)
        assert [command.input.version for command in ordered if isinstance(command, StartEvaluation)] == ["3"]

    def test_what_is_older_than_production_is_not_evaluated(self) -> None:
        """A person may ask for it."""
        state, ordered = play(registered("0", 5), state=_champion())
        assert ordered == []
        assert f"`signalbox release {MODEL}@0` evaluates it" in state.decisions[-1].reason

    def test_at_level_1_nothing_is_evaluated_by_itself(self) -> None:
        """It is noted, with what to do."""
        state, ordered = play(registered("9", 5, says=policy(level=1)), state=_champion())
        assert (ordered, state.decisions[-1].decision) == ([], "noted")

    def test_a_hold_and_a_retirement_keep_it_waiting(self) -> None:
        """It begins after the hold, and not at all when the model goes."""
        state, ordered = play(held(4), registered("9", 5), state=_champion())
        assert ordered == []
        _, ordered = play(resumed(6), state=state)
        assert kinds(ordered) == ["StartEvaluation"]
        _, ordered = play(registered("9", 5), retirement(6), evaluated(2, "9", True, 7), state=_champion())
        assert kinds(ordered) == ["StartEvaluation", "StartRetirement"]


class TestCode:
    """The training code is another one."""

    SAYS = policy(retrain_when=("data", "code"))

    def test_the_newest_data_is_trained_on_again(self) -> None:
        """Once for each commit."""
        state, ordered = play(
            code("c1", 5, says=self.SAYS), code("c1", 6, says=self.SAYS), trained(2, "2", False, 7),
            code("c1", 8, says=self.SAYS), state=_champion(),
        )  # fmt: skip
        assert [command.input.dataset.version for command in ordered] == ["d1"]
        assert state.trainings[-1].commit == "c1"

    def test_only_where_the_fleet_file_says_so(self) -> None:
        """Otherwise it is noted, and the next training has the commit."""
        state, ordered = play(code("c1", 5), published("d2", 6), state=_champion())
        assert [command.input.dataset.version for command in ordered] == ["d2"]
        assert row_of(state).commit == "c1"

    def test_an_older_commit_that_comes_late_is_ignored(self) -> None:
        """The code does not go back."""
        state, ordered = play(code("c2", 6, says=self.SAYS), code("c1", 5, says=self.SAYS), state=_champion())
        assert len(ordered) == 1
        assert state.commit == "c2"

    def test_the_training_in_flight_gives_way_as_to_newer_data(self) -> None:
        """It has the older code."""
        state, ordered = play(published("d2", 5), code("c1", 6, "d2", says=self.SAYS), state=_champion())
        assert kinds(ordered) == ["StartTraining", "WithdrawTraining"]
        _, ordered = play(trained(2, "2", False, 7), state=state)
        assert [c.input.dataset.version for c in ordered if isinstance(c, StartTraining)] == ["d2"]

    def test_without_data_there_is_nothing_to_train_on(self) -> None:
        """The reason says so; without a dataset of its own, the event means the last one."""
        state, ordered = play(code("c1", 5, None, says=self.SAYS))
        assert ordered == []
        assert "no dataset version yet" in state.decisions[-1].reason
        _, ordered = play(code("c1", 5, None, says=self.SAYS), state=_champion())
        assert [command.input.dataset.version for command in ordered] == ["d1"]


_Change = Literal["alias_set", "alias_removed", "stage_set"]


class TestRegistry:
    """Somebody changes what the registry says of production."""

    def _changed(self, version: str, change: _Change, minutes: int, value: str | None = None) -> RegistryChanged:
        name = "" if change == "stage_set" else "champion"
        return RegistryChanged(model=MODEL, at=at(minutes), version=version, change=change, name=name, value=value)

    @pytest.mark.parametrize(
        ("version", "change", "value"),
        [("9", "alias_set", None), ("1", "alias_removed", None), ("1", "stage_set", "Archived")],
    )
    def test_it_is_told_and_starts_nothing(self, version: str, change: _Change, value: str | None) -> None:
        """With what differs, and what to do."""
        state, ordered = play(self._changed(version, change, 90, value), state=_champion())
        assert ordered == []
        row = row_of(state)
        assert row.drift == row.reason
        assert row.reason.startswith("Drift of the registry: ")
        assert "version 1 serves: set it back, or `signalbox" in row.reason

    def test_what_is_set_back_is_no_drift_any_more(self) -> None:
        """The row says so."""
        state, _ = play(self._changed("9", "alias_set", 90), self._changed("1", "alias_set", 91), state=_champion())
        assert row_of(state).drift is None

    def test_echoes_of_our_own_effects_confirm(self) -> None:
        """While something is in flight, and for an hour after a change of production."""
        soon, _ = play(self._changed("9", "alias_set", 59), state=_champion())
        assert soon.drift is None
        releasing, _ = play(published("d2"), trained(2, "2", True), registered("2"), state=_champion())
        after, _ = play(self._changed("2", "alias_set", 90), self._changed("1", "alias_removed", 91), state=releasing)
        assert after.drift is None
        two, _ = play(released(2, "2"), rollback_ordered(1), state=releasing)
        back = decide(two, self._changed("1", "alias_set", 200))
        assert back.state.decisions[-1].decision == "confirmed"
        assert two.last_at is not None
        assert two.last_at < at(200) - timedelta(hours=1)


class TestLedger:
    """Its head is told, as to a witness."""

    def test_what_was_told_once_holds(self) -> None:
        """In any order, any number of times; no row is written for it."""
        state, _ = play(ledger(1, "x", 1), ledger(3, "z", 3), ledger(2, "y", 2), ledger(3, "z", 3), state=_champion())
        assert state.ledger_findings == ()
        assert decide(state, ledger(4, "w", 4)).commands == ()

    def test_another_hash_is_a_finding(self) -> None:
        """Shown in the row, and told once."""
        state, _ = play(ledger(1, "x"), ledger(2, "y"), ledger(1, "other"), ledger(1, "other"), state=_champion())
        (finding,) = row_of(state).ledger_findings
        assert finding.startswith("Row 1 of the ledger had the hash x… and was told with other…: it was written anew.")

    def test_a_finding_stays_when_the_past_is_forgotten(self) -> None:
        """Who may have a model's past forgotten may not have it forgotten that its ledger was written anew."""
        told = play(ledger(1, "x"), ledger(1, "other"), state=_champion())[0]
        state, _ = play(forget(10), state=told)
        assert state.trainings == ()
        assert state.ledger_findings == told.ledger_findings != ()
