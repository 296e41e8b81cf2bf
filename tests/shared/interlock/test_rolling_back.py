"""From the version in production to the recorded last good one, or to the baseline, and what may be released after."""

import pytest
from pydantic import ValidationError

from shared.contracts.health import HealthObserved
from shared.contracts.interlock import AnyInterlockEvent
from shared.contracts.policy import ModelPolicy
from shared.contracts.release import ReleasePhase, Serving
from shared.contracts.release_policy import ReleasePolicy, RollbackPolicy, WorseThan
from shared.interlock.commands import StartRelease, StartRollback
from shared.interlock.decide import decide
from shared.interlock.state import InterlockState
from tests.shared.interlock.builders import (
    MODEL,
    at,
    batch,
    policy,
    published,
    registered,
    released,
    retirement,
    scored,
    scoring_requested,
    trained,
)
from tests.shared.interlock.order_builders import (
    BASELINE,
    WATCHFUL,
    frozen,
    health,
    held,
    lost,
    park,
    release_ended,
    release_ordered,
    rollback_ordered,
    rolled_back,
    stepped,
)
from tests.shared.interlock.playing import kinds, play, row_of


def _in_production(*versions: int, says: ModelPolicy | None = None) -> InterlockState:
    """Versions that came into production one after another."""
    says, state = says or batch(), InterlockState()
    for number in versions:
        state, _ = play(
            published(f"d{number}", number, says=says), trained(number, str(number), True, number),
            registered(str(number), number, says=says), released(number, str(number), True, number, "batch"),
            state=state,
        )  # fmt: skip
    return state


def _refusal(state: InterlockState, event: AnyInterlockEvent) -> str:
    answer = decide(state, event).answer
    assert answer is not None
    assert answer.decision == "refused", answer
    return answer.reason


class TestOrder:
    """A person wants the version in production away."""

    def test_the_recorded_version_comes_back(self) -> None:
        """With where it was served from, and the period that is scored again."""
        state, ordered = play(rollback_ordered(5), state=_in_production(1, 2))
        assert kinds(ordered) == ["StartRollback"]
        order = ordered[0].input
        assert (order.attempt, order.by, order.reason) == (3, "ben", "it is wrong")
        assert (order.leaves.version, order.period.version) == ("2", "d2")
        assert order.back_to is not None
        assert (order.back_to.version, order.back_to.serving.published) == ("1", "predictions/v1.csv")
        assert (state.summary, [run.kind for run in row_of(state).in_flight]) == ("rolling_back", ["rollback"])

    def test_the_version_that_was_left_is_barred(self) -> None:
        """It is not released by itself, whatever is told of it again; a person may release it."""
        state, _ = play(rollback_ordered(5), rolled_back(3, "1", 6), state=_in_production(1, 2))
        row = row_of(state)
        assert (row.state, row.champion, row.barred, row.last_good) == ("rolled_back", "1", {"2": "it is wrong"}, None)
        _, ordered = play(registered("2", 7), trained(2, "2", True, 8), published("d2", 9), state=state)
        assert ordered == []
        state, ordered = play(release_ordered("2", 10), state=state)
        assert kinds(ordered) == ["StartRelease"]
        state, _ = play(released(4, "2", True, 11, "batch"), state=state)
        assert (row_of(state).barred, state.summary) == ({}, "released")

    def test_a_newer_version_is_released_as_ever(self) -> None:
        """Only the one that was left is barred."""
        state, _ = play(rollback_ordered(5), rolled_back(3, "1", 6), state=_in_production(1, 2))
        _, ordered = play(published("d3", 7), trained(3, "3", True), registered("3"), state=state)
        assert kinds(ordered) == ["StartTraining", "StartRelease"]

    def test_the_last_that_has_scored_is_the_period(self) -> None:
        """Readers are pointed to that."""
        _, ordered = play(scoring_requested("d9"), scored(1, "2"), rollback_ordered(5), state=_in_production(1, 2))
        assert ordered[-1].input.period.version == "d9"

    @pytest.mark.parametrize("stop", [held(4), park(4), held(4, scope="fleet:flights")])
    def test_neither_hold_nor_parking_stops_it(self, stop: AnyInterlockEvent) -> None:
        """Safety comes first; no freeze does, either."""
        ice = batch(release=frozen(0, 60))
        _, ordered = play(stop, rollback_ordered(5, says=ice), state=_in_production(1, 2))
        assert kinds(ordered) == ["StartRollback"]

    def test_it_waits_for_the_scoring_in_flight(self) -> None:
        """And a scoring for it: the answer says so."""
        state, ordered = play(scoring_requested("d9"), rollback_ordered(5), state=_in_production(1, 2))
        assert kinds(ordered) == ["StartScoring"]
        state, ordered = play(scored(1, "2", minutes=6), scoring_requested("d10", "s2", 7), state=state)
        assert kinds(ordered) == ["StartRollback"]
        assert "Rollback 3 is in flight" in row_of(state).requests[-1].reason
        _, ordered = play(rolled_back(3, "1", 8), state=state)
        assert [(type(c).__name__, c.input.version) for c in ordered] == [("StartScoring", "1")]

    def test_what_waits_for_a_slot_makes_room(self) -> None:
        """It gets a slot of its own afterwards."""
        limited = batch(at_once=1)
        waits, asked = scoring_requested("d9", minutes=4, says=limited), rollback_ordered(5, says=limited)
        state, ordered = play(waits, asked, state=_in_production(1, 2))
        assert kinds(ordered) == ["AskForSlot", "StartRollback", "ReturnSlot"]
        _, ordered = play(rolled_back(3, "1", 6), state=state)
        assert [command.input.key for command in ordered] == ["scoring-2"]

    def test_a_hold_meanwhile_keeps_a_training_from_its_slot(self) -> None:
        """Though the rollback is what keeps a release and a scoring from theirs."""
        limited = batch(at_once=1)
        state, ordered = play(
            rollback_ordered(5, says=limited), published("d3", 6, says=limited), held(7, says=limited),
            state=_in_production(1, 2),
        )  # fmt: skip
        assert kinds(ordered) == ["StartRollback", "AskForSlot", "ReturnSlot"]
        assert (state.training, state.queued and state.queued.version) == (None, "d3")

    def test_one_that_is_overtaken_does_not_begin(self) -> None:
        """A release that has ended meanwhile has its way, and nothing has shown that what it replaced is bad."""
        state, _ = play(published("d3", 4), trained(3, "3", True), registered("3"), state=_in_production(1, 2))
        state, ordered = play(rollback_ordered(5), released(3, "3", True, 6, "batch"), state=state)
        assert ordered == []
        assert (state.rollback, state.champion and state.champion.version) == (None, "3")
        assert (row_of(state).barred, state.last_good and state.last_good.version) == ({}, "2")

    def test_twice_is_once(self) -> None:
        """Also under another id."""
        state, ordered = play(
            rollback_ordered(5), rollback_ordered(5), rollback_ordered(6, "b2"), state=_in_production(1, 2)
        )
        assert kinds(ordered) == ["StartRollback"]
        assert state.orders[-1].decision == "joined"

    def test_wrong_orders(self) -> None:
        """Each says what is wrong, and what to do."""
        assert "No version is in production" in _refusal(InterlockState(), rollback_ordered())
        told = _refusal(_in_production(1), rollback_ordered(5))
        assert "There is no last good version to go back to from version 1: release another one with" in told
        assert "`else: baseline` under `release.rollback`" in told
        state, _ = play(retirement(4), state=_in_production(1, 2))
        assert "it goes out of service anyway" in _refusal(state, rollback_ordered(5))


class TestWhileAReleaseShifts:
    """Champion 2, last good 1, and version 3 has some of the traffic: going back is what its release does."""

    def _shifting(self, phase: ReleasePhase = "shifting", says: ModelPolicy | None = None) -> InterlockState:
        state, _ = play(
            published("d3", 3), trained(3, "3", True, 3), registered("3", 3, says=says or batch()),
            stepped(3, phase, 4), state=_in_production(1, 2, says=says),
        )  # fmt: skip
        assert state.release is not None
        assert state.release.shifted
        return state

    @pytest.mark.parametrize("phase", ["shifting", "watching"])
    def test_it_is_told_to_go_back(self, phase: ReleasePhase) -> None:
        """Once, and no rollback is ordered; afterwards the version is barred, and the champion is as before."""
        state, ordered = play(rollback_ordered(5), state=self._shifting(phase))
        assert kinds(ordered) == ["TellRelease"]
        assert ordered[0].input.word.withdrawn == "ben ordered it back: it is wrong."
        assert state.orders[-1].decision == "accepted"
        assert "Release 3 of version 3 is told to go back; it does at its next look." in state.orders[-1].reason
        assert state.rollback is None
        state, ordered = play(rollback_ordered(6, "b2"), state=state)
        assert (ordered, state.orders[-1].decision) == ([], "unchanged")
        state, ordered = play(release_ended(3, "3", "withdrawn", 7), state=state)
        assert ordered == []
        row = row_of(state)
        assert (row.champion, row.last_good and row.last_good.version, list(row.barred)) == ("2", "1", ["3"])
        assert row.state == "rolled_back"

    def test_one_that_has_gone_on_is_rolled_back(self) -> None:
        """The word came after its last look: the version that it replaced comes back."""
        state, _ = play(rollback_ordered(5), state=self._shifting("watching"))
        state, ordered = play(released(3, "3", True, 6, "batch"), state=state)
        assert kinds(ordered) == ["StartRollback"]
        order = ordered[0].input
        assert (order.leaves.version, order.back_to and order.back_to.version, order.by) == ("3", "2", "ben")

    def test_one_that_is_undone_is_left_alone(self) -> None:
        """It goes back already."""
        state, ordered = play(stepped(3, "undoing", 5), rollback_ordered(6), state=self._shifting())
        assert (ordered, state.orders[-1].decision) == ([], "unchanged")

    def test_a_late_look_at_what_answers_is_ignored(self) -> None:
        """The release takes down what it replaces."""
        says = batch(release=WATCHFUL)
        state, ordered = play(lost("2", 5, says=says), state=self._shifting(says=says))
        assert (ordered, state.decisions[-1].decision, state.rollback) == ([], "ignored", None)


class TestFailover:
    """The baseline stands in where there is no last good version."""

    SAYS = batch(release=WATCHFUL, baseline=BASELINE)

    def _failed_over(self) -> InterlockState:
        state, ordered = play(rollback_ordered(5, says=self.SAYS), state=_in_production(1))
        assert [command.input.back_to for command in ordered] == [None]
        state, _ = play(rolled_back(2, "7", 6, outcome="failed_over"), state=state)
        return state

    def test_the_row_says_so(self) -> None:
        """Which version of which model serves."""
        row = row_of(self._failed_over())
        assert (row.state, row.champion, row.stands_in) == ("failed_over", "7", BASELINE.model)

    def test_scorings_are_told_which_model_it_is(self) -> None:
        """Its version numbers are its own."""
        _, ordered = play(scoring_requested("d2", says=self.SAYS, minutes=7), state=self._failed_over())
        assert [(c.input.version, c.input.stands_in) for c in ordered] == [("7", BASELINE.model)]

    def test_any_version_that_passes_replaces_it(self) -> None:
        """Whatever the number of the baseline's version is; and it may come back."""
        state, ordered = play(
            published("d2", 7, says=self.SAYS), trained(2, "2", True), registered("2", says=self.SAYS),
            state=self._failed_over(),
        )  # fmt: skip
        assert kinds(ordered) == ["StartTraining", "StartRelease"]
        state, _ = play(released(3, "2", True, 9, "batch"), state=state)
        assert state.last_good is not None
        assert state.last_good.model == BASELINE.model

    def test_there_is_nothing_behind_it(self) -> None:
        """The answer says so, and nothing happens by itself."""
        assert "stands in already" in _refusal(self._failed_over(), rollback_ordered(7, "b2", says=self.SAYS))
        _, ordered = play(lost("7", 8, says=self.SAYS), state=self._failed_over())
        assert ordered == []


class TestFailure:
    """Production may be in between."""

    def test_a_person_has_to_look(self) -> None:
        """The model is parked, and nothing is tried again by itself; a person may."""
        says = batch(release=WATCHFUL)
        state, _ = play(
            rollback_ordered(5, says=says), rolled_back(3, None, 6, outcome="failed"), state=_in_production(1, 2)
        )
        assert (state.summary, state.champion and state.champion.version) == ("parked", "2")
        assert state.parked is not None
        assert state.parked.reason == "The rollback of version 2 failed: failed."
        state, ordered = play(lost("2", 7, says=says), state=state)
        assert ordered == []
        assert "a person has to look" in state.decisions[-1].reason
        _, ordered = play(rollback_ordered(8, "b2", says=says), state=state)
        assert kinds(ordered) == ["StartRollback"]

    def test_late_and_repeated_results_are_ignored(self) -> None:
        """They carry their attempt."""
        state, _ = play(rollback_ordered(5), rolled_back(2, "1", 6), state=_in_production(1, 2))
        assert state.summary == "rolling_back"
        state, _ = play(rolled_back(3, "1", 7), rolled_back(3, "1", 8), state=state)
        assert state.decisions[-1].decision == "ignored"
        assert state.champion is not None
        assert state.champion.since == at(7)


class TestPolicy:
    """What rolls back without a person."""

    SAYS = batch(release=WATCHFUL)

    def test_a_scoring_that_failed(self) -> None:
        """Of the champion."""
        state, _ = play(scoring_requested("d9", minutes=4, says=self.SAYS), state=_in_production(1, 2))
        state, ordered = play(scored(1, "2", success=False), state=state)
        assert kinds(ordered) == ["StartRollback"]
        assert (ordered[0].input.by, ordered[0].input.reason) == ("policy", "It could not score: the job failed.")

    def test_an_outage_says_nothing_of_the_version(self) -> None:
        """Nor does a scoring that died or was terminated: only its own job does."""
        state, _ = play(scoring_requested("d9", minutes=4, says=self.SAYS), state=_in_production(1, 2))
        state, ordered = play(scored(1, "2", success=False, job_failed=False), state=state)
        assert (ordered, state.rollback, state.decisions[-1].decision) == ([], None, "failed")

    def test_an_endpoint_that_is_gone(self) -> None:
        """Of the version in production; what is told of another one comes late."""
        state, ordered = play(lost("1", 5, says=self.SAYS), state=_in_production(1, 2))
        assert (ordered, state.decisions[-1].decision) == ([], "ignored")
        _, ordered = play(lost("2", 5, says=self.SAYS), lost("2", 6, says=self.SAYS), state=state)
        assert kinds(ordered) == ["StartRollback"]

    def test_without_a_policy_only_a_person_does(self) -> None:
        """What happened is noted."""
        state, ordered = play(
            lost("2", 5), health("2", "p1", 0.9, 6), health("2", "p2", 0.9, 7), state=_in_production(1, 2)
        )
        assert (ordered, state.decisions[-1].decision) == ([], "noted")

    def test_without_a_way_back_it_says_so(self) -> None:
        """In the reason that the row shows."""
        state, ordered = play(lost("1", 5, says=self.SAYS), state=_in_production(1))
        assert ordered == []
        assert "Nothing answers for it: The endpoint is gone. There is no last good version" in row_of(state).reason

    @pytest.mark.parametrize(
        ("told", "back"),
        [
            ((("p1", 0.9), ("p2", 0.9)), True),
            ((("p2", 0.9), ("p1", 0.9)), True),
            ((("p1", 0.9), ("p1", 0.9)), False),
            ((("p1", 0.9), ("p2", 0.1), ("p3", 0.9)), False),
            ((("p1", 0.9), ("p3", 0.9), ("p2", 0.1)), True),
            ((("p1", 0.1), ("p2", 0.9), ("p1", 0.9)), True),
        ],
    )
    def test_figures_that_are_worse_in_a_row(self, told: tuple[tuple[str, float], ...], back: bool) -> None:
        """Periods count by their order, each once, and as it was told last."""
        events = [health("2", period, mape, 10 + n, says=self.SAYS) for n, (period, mape) in enumerate(told)]
        _, ordered = play(*events, state=_in_production(1, 2))
        assert [type(command) for command in ordered] == [StartRollback] * back

    @pytest.mark.parametrize("lacks", ["figures", "reference"])
    def test_a_period_that_says_nothing_of_a_metric_does_not_count(self, lacks: str) -> None:
        """Neither as a bad nor as a good one: the row of bad ones goes on after it, and the decision says so."""
        silent = health("2", "p2", 0.1, 11, says=self.SAYS).model_copy(update={lacks: {"rmse": 1.0}})
        state, ordered = play(health("2", "p1", 0.9, 10, says=self.SAYS), silent, state=_in_production(1, 2))
        assert ordered == []
        assert "says nothing of mape" in state.decisions[-1].reason
        _, ordered = play(health("2", "p3", 0.9, 12, says=self.SAYS), state=state)
        assert kinds(ordered) == ["StartRollback"]

    def test_only_metrics_that_are_watched_are_remembered(self) -> None:
        """And names have an end, so that the state has one, too."""
        worse = {f"metric {number}": 2.0 for number in range(50)}
        event = health("2", "p1", 0.9, 10, says=self.SAYS)
        event = event.model_copy(update={"figures": worse, "reference": dict.fromkeys(worse, 1.0)})
        state, _ = play(event, state=_in_production(1, 2))
        assert [(note.worse, note.silent) for note in state.health] == [((), ("mape",))]
        with pytest.raises(ValidationError, match="at most 100 characters"):
            HealthObserved.from_wire(event.to_wire() | {"figures": {"m" * 101: 1.0}})

    def test_figures_of_another_version_do_not_count(self) -> None:
        """Nor those of before."""
        older, newer = health("1", "p1", 0.9, 5, says=self.SAYS), health("2", "p2", 0.9, 6, says=self.SAYS)
        state, ordered = play(older, newer, state=_in_production(1, 2))
        assert ordered == []
        state, _ = play(rollback_ordered(7, says=self.SAYS), rolled_back(3, "1", 8), state=state)
        assert state.health == ()

    def test_within_the_window_no_figure_counts(self) -> None:
        """After a release or a rollback."""
        patient = batch(
            release=ReleasePolicy(rollback=RollbackPolicy(worse=(WorseThan(metric="mape"),), window_minutes=60))
        )
        state, ordered = play(health("2", "p1", 0.9, 30, says=patient), state=_in_production(1, 2))
        assert ordered == []
        _, ordered = play(health("2", "p2", 0.9, 62, says=patient), state=state)
        assert kinds(ordered) == ["StartRollback"]

    def test_a_window_may_be_longer_than_a_calendar(self) -> None:
        """Then no figure ever counts; to raise would lose the event."""
        endless = RollbackPolicy(worse=(WorseThan(metric="mape"),), window_minutes=10**15)
        told = health("2", "p1", 0.9, 30, says=batch(release=ReleasePolicy(rollback=endless)))
        _, ordered = play(told, state=_in_production(1, 2))
        assert ordered == []

    def test_worse_is_what_is_worse_for_the_metric(self) -> None:
        """R² that is higher is better, and a bias is judged by its distance from 0."""
        worse = tuple(WorseThan(metric=metric) for metric in ("r2", "bias"))
        says = batch(release=ReleasePolicy(rollback=RollbackPolicy(worse=worse, window_minutes=0)))
        event = health("2", "p1", 0, 5, says=says)
        fine = event.model_copy(update={"figures": {"r2": 0.9, "bias": -0.1}, "reference": {"r2": 0.5, "bias": 0.4}})
        state, ordered = play(fine, state=_in_production(1, 2))
        assert ordered == []
        bad = event.model_copy(update={"at": at(6), "figures": {"bias": -0.5}, "reference": {"bias": 0.4}})
        _, ordered = play(bad, state=state)
        assert kinds(ordered) == ["StartRollback"]


def test_an_online_model_rolls_back_too() -> None:
    """To the deployment that was recorded; it has no period."""
    state, _ = play(published("d1"), trained(1, "1", True), registered("1"), released(1, "1"))
    state, _ = play(published("d2"), trained(2, "2", True), registered("2"), released(2, "2"), state=state)
    _, ordered = play(rollback_ordered(5, says=policy()), state=state)
    (order,) = [command.input for command in ordered]
    assert order.back_to.serving == Serving(mode="online", endpoint=MODEL, deployment="v1")
    assert order.period is None
    assert not [command for command in ordered if isinstance(command, StartRelease)]
