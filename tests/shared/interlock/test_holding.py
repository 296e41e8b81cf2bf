"""Holds, parking, freezes and pauses: nothing starts by itself, nothing is lost, and what waits begins afterwards."""

from typing import Any

import pytest

from shared.contracts.interlock import AnyInterlockEvent
from shared.contracts.read_model import Hold
from shared.interlock.commands import StartRelease, StartTraining, Wake
from shared.interlock.decide import decide
from shared.interlock.holding import MOST_HOLDS
from shared.interlock.state import InterlockState, upcast
from shared.interlock.values import changed
from tests.shared.interlock.builders import (
    MODEL,
    POLICY,
    at,
    batch,
    granted,
    policy,
    published,
    registered,
    released,
    requested,
    retired,
    retirement,
    scoring_requested,
    trained,
)
from tests.shared.interlock.order_builders import (
    code,
    forget,
    frozen,
    held,
    holds_found,
    ledger,
    park,
    release_ended,
    resumed,
    stepped,
    woken,
)
from tests.shared.interlock.playing import kinds, play, row_of

DAY = 24 * 60


def _champion() -> InterlockState:
    state, _ = play(published("d1"), trained(1, "1", passed=True), registered("1"), released(1, "1"))
    return state


class TestHold:
    """Somebody says that nothing starts."""

    def test_a_dataset_waits_and_is_trained_on_after_it(self) -> None:
        """The newest one, in the very decision that lifts the hold."""
        state, ordered = play(held(1), published("d2", 2), published("d3", 3), state=_champion())
        assert ordered == []
        assert (state.summary, state.queued and state.queued.version) == ("held", "d3")
        _, ordered = play(resumed(4), state=state)
        assert [command.input.dataset.version for command in ordered] == ["d3"]

    def test_a_request_waits_for_it_and_says_for_whom(self) -> None:
        """Who asked learns who holds it, why, and how it is lifted."""
        state, _ = play(held(1), state=_champion())
        answer = decide(state, requested("d2", minutes=2)).answer
        assert answer is not None
        assert (answer.decision, answer.attempt) == ("waiting", None)
        assert "ben holds it (model): an audit. `signalbox resume " in answer.reason
        state, ordered = play(requested("d2", minutes=2), resumed(3), state=state)
        assert kinds(ordered) == ["StartTraining"]
        assert row_of(state).requests[-1].outcome == "running"

    def test_a_version_that_passed_waits(self) -> None:
        """What is in flight goes on; its result is released afterwards."""
        state, ordered = play(
            published("d2", 1), held(2), trained(2, "2", True, 3), registered("2", 4), state=_champion()
        )
        assert kinds(ordered) == ["StartTraining"]
        assert "Version 2 passed and waits. ben holds it" in row_of(state).reason
        _, ordered = play(resumed(5), state=state)
        assert kinds(ordered) == ["StartRelease"]

    def test_each_is_lifted_on_its_own(self) -> None:
        """By its scope; the row shows who holds what."""
        state, ordered = play(held(1), held(2, scope="fleet:flights", request_id="h2"), published("d2", 3), resumed(4))
        assert ordered == []
        assert [(hold.scope, hold.by, hold.since) for hold in row_of(state).holds] == [("fleet:flights", "ben", at(2))]
        _, ordered = play(resumed(5, scope="fleet:flights", request_id="u2"), state=state)
        assert kinds(ordered) == ["StartTraining"]

    @pytest.mark.parametrize(
        ("scope", "command"),
        [
            ("model", f"resume {MODEL}"),
            ("fleet:flights", "resume --fleet flights"),
            (
                "label:format=mainline,origin=JFK|EWR",
                "resume --fleet flights --select format=mainline --select origin=JFK,EWR",
            ),
        ],
    )
    def test_the_reason_says_how_to_lift_it(self, scope: str, command: str) -> None:
        """As the command line wants it."""
        state, _ = play(held(1, scope=scope))
        assert f"`signalbox {command}` lifts the hold." in state.reason

    def test_what_is_lifted_that_is_not_held_is_told(self) -> None:
        """With what is held."""
        state, _ = play(held(1, scope="fleet:flights"))
        answer = decide(state, resumed(2)).answer
        assert answer is not None
        assert (answer.decision, answer.reason) == (
            "unchanged", "There is nothing to lift for model: on is fleet:flights."
        )  # fmt: skip

    def test_an_order_that_comes_again_is_answered_again(self) -> None:
        """A hold that was lifted is not set again by its own second delivery."""
        state, _ = play(held(1), resumed(2))
        again = decide(state, held(1))
        assert again.state.holds == ()
        assert again.answer is not None
        assert again.answer.decision == "accepted"

    def test_orders_to_many_models_may_come_out_of_order(self) -> None:
        """The later one counts."""
        state, _ = play(resumed(5), held(1))
        assert state.holds == ()
        state, _ = play(held(5, request_id="h2"), resumed(1, request_id="u2"))
        assert [hold.since for hold in state.holds] == [at(5)]

    def test_one_that_has_ended_is_not_told_any_more(self) -> None:
        """Also where nothing has waited for it; of two, the one that is still on is told."""
        state, _ = play(held(1, until=at(30)), state=_champion())
        assert "ben holds it" in row_of(state).reason
        over, ordered = play(woken(30), state=state)
        assert (kinds(ordered), row_of(over).state) == ([], "released")
        assert row_of(over).reason == "The hold of model has ended."
        state, _ = play(held(2, scope="fleet:flights", request_id="h2"), woken(30), state=state)
        assert row_of(state).reason.startswith("Nothing starts by itself. ben holds it (fleet:flights)")

    def test_it_ends_by_itself(self) -> None:
        """The interlock is woken then, once for each time, and begins what waits."""
        state, ordered = play(held(1, until=at(30)), published("d2", 2), published("d3", 3))
        assert [(type(command), command.input.at) for command in ordered] == [(Wake, at(30))]
        state, ordered = play(woken(30), state=state)
        assert kinds(ordered) == ["StartTraining"]
        assert (state.holds, state.wakes) == ((), ())

    def test_a_lost_awakening_is_made_up_for_by_any_event(self) -> None:
        """Whatever comes after the end of the hold finds it over."""
        state, _ = play(held(1, until=at(30)), published("d2", 2))
        _, ordered = play(registered("1", 31), state=state)
        assert kinds(ordered) == ["StartTraining"]

    def test_one_that_is_over_already_is_refused(self) -> None:
        """The answer says so."""
        answer = decide(InterlockState(), held(9, until=at(9))).answer
        assert answer is not None
        assert answer.decision == "refused"

    def test_what_waits_for_a_slot_waits_without_it(self) -> None:
        """Others may have it; after the hold it is asked for anew, under a number of its own."""
        limited = policy(at_once=1)
        state, ordered = play(published("d1", says=limited), held(1, says=limited))
        assert kinds(ordered) == ["AskForSlot", "ReturnSlot"]
        assert (state.training, state.queued and state.queued.version) == (None, "d1")
        state, ordered = play(granted("training-1", 2), resumed(3, says=limited), state=state)
        assert kinds(ordered) == ["ReturnSlot", "AskForSlot"]
        assert ordered[1].input.key == "training-2"

    def test_who_asked_for_what_waits_for_a_slot_keeps_their_place(self) -> None:
        """The request waits again, and is answered by the next training."""
        limited = policy(at_once=1)
        state, _ = play(requested("d1", says=limited), held(1, says=limited))
        assert [(note.outcome, note.attempt) for note in row_of(state).requests] == [("waiting", None)]
        state, _ = play(resumed(2, says=limited), state=state)
        assert [(note.outcome, note.attempt) for note in row_of(state).requests] == [("waiting", 2)]

    def test_production_delivers_all_the_same(self) -> None:
        """A scoring is no change."""
        state, _ = play(
            published("d1", says=batch()), trained(1, "1", True), registered("1", says=batch()),
            released(1, "1", mode="batch"), held(5, says=batch()), park(6, says=batch()),
        )  # fmt: skip
        _, ordered = play(scoring_requested("d2", minutes=7), state=state)
        assert kinds(ordered) == ["StartScoring"]

    def test_the_model_may_be_retired(self) -> None:
        """And what held it stays for when it comes back."""
        state, ordered = play(held(1), retirement(2), retired(minutes=3), state=_champion())
        assert kinds(ordered) == ["StartRetirement"]
        assert len(state.holds) == 1


class TestParking:
    """Too many failures in a row, or a person, and a person has to look."""

    SAYS = policy(park_after=2)

    def test_trainings_that_failed_in_a_row_park_the_model(self) -> None:
        """With what failed, and how to go on; the next dataset waits."""
        state, ordered = play(
            published("d1", says=self.SAYS), trained(1, None, None), published("d2", 1, says=self.SAYS),
            trained(2, None, None), published("d3", 2, says=self.SAYS),
        )  # fmt: skip
        assert kinds(ordered) == ["StartTraining", "StartTraining"]
        assert state.summary == "parked"
        assert state.parked is not None
        assert state.parked.reason == "2 trainings have failed in a row, the last one so: failed"
        assert f"A person has to look: `signalbox resume {MODEL}`" in state.decisions[-1].reason
        state, ordered = play(resumed(5, says=self.SAYS), state=state)
        assert [command.input.dataset.version for command in ordered] == ["d3"]
        state, _ = play(trained(3, None, None), state=state)
        assert state.parked is None, "it is counted anew"

    def test_a_rejected_model_has_not_failed(self) -> None:
        """Nor one that was superseded; what lies between two failures makes them two first ones."""
        state, _ = play(
            published("d1", says=self.SAYS), trained(1, None, None), published("d2", says=self.SAYS),
            trained(2, "2", passed=False), published("d3", says=self.SAYS), trained(3, None, None),
        )  # fmt: skip
        assert state.parked is None

    def test_releases_are_counted_apart_from_the_trainings_between_them(self) -> None:
        """A training that passes comes before every release that fails."""
        events = [
            event
            for number in (1, 2)
            for event in (
                published(f"d{number}", number, says=self.SAYS), trained(number, str(number), passed=True),
                registered(str(number), says=self.SAYS), released(number, str(number), success=False),
            )
        ]  # fmt: skip
        state, _ = play(*events)
        assert state.parked is not None
        assert "2 releases have failed in a row" in state.parked.reason

    def test_a_release_that_was_refused_has_not_failed(self) -> None:
        """Nor one that was superseded or withdrawn."""
        state, _ = play(published("d1", says=policy(park_after=1)), trained(1, "1", True), registered("1"))
        after, _ = play(release_ended(1, "1", "refused"), state=state)
        assert (after.parked, after.summary) == (None, "refused")
        after, _ = play(released(1, "1", success=False), state=state)
        assert after.summary == "release_failed", "the file of the registration does not park"

    def test_a_person_parks(self) -> None:
        """Twice is once."""
        state, ordered = play(park(1), published("d1", 2), park(3, "p2"))
        assert ordered == []
        assert (state.summary, row_of(state).parked and row_of(state).parked.by) == ("parked", "ben")  # type: ignore[union-attr]  # the row says so
        assert state.orders[-1].decision == "unchanged"


class TestFreeze:
    """Nothing is released for a time."""

    SAYS = policy(release=frozen(10, 60))

    def test_a_version_waits_for_its_end(self) -> None:
        """Trainings go on; the interlock is woken at the end, when there is something to release."""
        state, ordered = play(
            published("d1", 11, says=self.SAYS), trained(1, "1", True, 12), registered("1", 13, says=self.SAYS)
        )
        assert kinds(ordered) == ["StartTraining", "Wake"]
        assert "Releases are frozen until 2026-01-05T10:00:00+00:00: the end of the year." in state.reason
        _, ordered = play(woken(60), state=state)
        assert kinds(ordered) == ["StartRelease"]

    def test_one_that_begins_while_a_release_waits_for_its_slot_sends_it_back(self) -> None:
        """The slot goes to others; a release in flight goes on."""
        says = batch(at_once=1, release=frozen(10, 60))
        state, ordered = play(
            published("d1", 1, says=says), granted("training-1", 2), trained(1, "1", True, 3),
            registered("1", 4, says=says), granted("release-1", 11),
        )  # fmt: skip
        assert set(kinds(ordered)[-2:]) == {"ReturnSlot", "Wake"}
        assert state.release is None

    def test_a_release_in_flight_goes_on(self) -> None:
        """Only starts are stopped."""
        state, ordered = play(
            published("d1", 1, says=self.SAYS), trained(1, "1", True, 2), registered("1", 3, says=self.SAYS),
            stepped(1, "shifting", 20), released(1, "1", minutes=21),
        )  # fmt: skip
        assert kinds(ordered) == ["StartTraining", "StartRelease"]
        assert state.champion is not None


class TestPause:
    """After a training, no other begins by itself for some days."""

    SAYS = policy(cooldown_days=7, retrain_when=("data", "code"))

    def test_the_newest_dataset_waits_for_its_end(self) -> None:
        """And the interlock is woken then."""
        state, ordered = play(
            published("d1", says=self.SAYS), trained(1, "1", False, 5), published("d2", DAY, says=self.SAYS),
            published("d3", 2 * DAY, says=self.SAYS),
        )  # fmt: skip
        assert [(type(c), c.input.at) for c in ordered[1:]] == [(Wake, at(7 * DAY))]
        assert "7 days after the one before at the earliest" in state.decisions[-2].reason
        _, ordered = play(woken(7 * DAY), state=state)
        assert [command.input.dataset.version for command in ordered] == ["d3"]

    def test_a_person_need_not_wait(self) -> None:
        """It is about what begins by itself."""
        _, ordered = play(
            published("d1", says=self.SAYS), trained(1, "1", False, 5), requested("d2", minutes=6, says=self.SAYS)
        )
        assert [c.input.dataset.version for c in ordered if isinstance(c, StartTraining)] == ["d1", "d2"]

    def test_other_code_waits_too(self) -> None:
        """It begins by itself."""
        state, ordered = play(published("d1", says=self.SAYS), trained(1, "1", False, 5), code("c1", 6, says=self.SAYS))
        assert kinds(ordered) == ["StartTraining", "Wake"]
        assert state.queued is not None


class TestForgetting:
    """The past is forgotten, production is not."""

    def test_what_production_needs_stays(self) -> None:
        """The champion and the version to go back to; so the same data may be trained on again."""
        state, _ = play(
            published("d2"), trained(2, "2", True), registered("2"), released(2, "2"), park(5), held(6), forget(7),
            state=_champion(),
        )  # fmt: skip
        assert (state.trainings, [one.version for one in state.candidates]) == ((), ["1", "2"])
        assert (state.parked, len(state.holds)) == (None, 1)
        assert state.champion is not None
        _, ordered = play(resumed(8), published("d2", 9), state=state)
        assert kinds(ordered) == ["StartTraining"]

    @pytest.mark.parametrize(
        "running", [[published("d2", 1)], [published("d2", 1), trained(2, "2", True, 2), registered("2", 3)]]
    )
    def test_nothing_that_runs_is_forgotten(self, running: list[object]) -> None:
        """It is refused until that has ended."""
        state, _ = play(*running, state=_champion())  # type: ignore[arg-type]  # events
        answer = decide(state, forget(5)).answer
        assert answer is not None
        assert answer.decision == "refused"
        assert "in flight needs what would be forgotten: order it again when that has ended" in answer.reason
        assert [c for c in decide(state, forget(5)).commands if isinstance(c, StartRelease)] == []


class TestFleetOfANewModel:
    """A hold by fleet or label may have been ordered before the model was there."""

    HOLD = Hold(scope="fleet:flights", by="eve", reason="an audit", since=at(-60))

    def _new(self, *events: AnyInterlockEvent) -> tuple[InterlockState, list[Any]]:
        return play(*events, state=upcast(None))

    def test_nothing_begins_before_it_is_known(self) -> None:
        """It is looked up once, with what the event said of the model; the reason says so."""
        state, ordered = self._new(published("d1"), published("d2", 1), registered("1", 2))
        assert kinds(ordered) == ["LookForHolds"]
        assert (ordered[0].input.policy, ordered[0].input.at) == (POLICY, at())
        assert "looked up whether somebody holds its fleet" in state.decisions[0].reason
        assert state.queued is not None

    def test_what_waits_begins_where_nobody_holds_it(self) -> None:
        """Once, however often that is told."""
        state, ordered = self._new(published("d1"), holds_found(0), holds_found(0, self.HOLD))
        assert kinds(ordered) == ["LookForHolds", "StartTraining"]
        assert state.holds == ()

    def test_who_asked_first_waits_and_is_answered(self) -> None:
        """As behind a hold."""
        answer = decide(upcast(None), requested("d1")).answer
        assert answer is not None
        assert (answer.decision, answer.attempt) == ("waiting", None)
        _, ordered = self._new(requested("d1"), holds_found(0))
        assert kinds(ordered) == ["LookForHolds", "StartTraining"]

    def test_it_is_held_as_the_others_are(self) -> None:
        """By whom, since when and why; the whole fleet is resumed as one."""
        state, ordered = self._new(published("d1"), holds_found(0, self.HOLD))
        assert (kinds(ordered), state.summary, state.holds) == (["LookForHolds"], "held", (self.HOLD,))
        assert "`signalbox resume --fleet flights` lifts the hold." in row_of(state).reason
        _, ordered = play(resumed(2, scope="fleet:flights"), state=state)
        assert kinds(ordered) == ["StartTraining"]

    def test_one_that_ends_by_itself_does(self) -> None:
        """It is woken then."""
        state, ordered = self._new(published("d1"), holds_found(0, changed(self.HOLD, until=at(30))))
        assert [command.input.at for command in ordered if isinstance(command, Wake)] == [at(30)]
        _, ordered = play(woken(30), state=state)
        assert kinds(ordered) == ["StartTraining"]

    def test_what_it_has_heard_itself_is_the_later_word(self) -> None:
        """A hold that was lifted while it was looked up, and one that was ordered anew."""
        state, _ = self._new(published("d1"), resumed(1, scope="fleet:flights"), holds_found(0, self.HOLD))
        assert (state.holds, state.summary) == ((), "training")
        state, _ = self._new(held(1, scope="fleet:flights"), holds_found(1, self.HOLD))
        assert [(one.by, one.since) for one in state.holds] == [("ben", at(1))]

    def test_it_is_asked_again_where_nobody_answers(self) -> None:
        """Somebody has ended whoever looked; any event makes up for it."""
        _, ordered = self._new(published("d1"), published("d1", 59), published("d1", 61))
        assert kinds(ordered) == ["LookForHolds", "LookForHolds"]
        assert ordered[0].instance != ordered[1].instance

    def test_one_that_comes_into_another_fleet_looks_there(self) -> None:
        """And one that has other labels, which holds are given to."""
        for moved in (policy(fleet="others"), policy(labels={"origin": "EWR"})):
            _, ordered = play(published("d2", 5, says=moved), state=_champion())
            assert kinds(ordered) == ["LookForHolds"]

    def test_before_it_is_known_whose_it_is_nothing_is_looked_up(self) -> None:
        """A slot that comes late says nothing of a fleet file."""
        state, ordered = self._new(granted("training-1"))
        assert kinds(ordered) == ["ReturnSlot"]
        assert state.fleet_holds == "unknown"

    ELSEWHERE = policy(fleet="others")

    def test_an_older_question_s_answer_does_not_count(self) -> None:
        """It says who holds the fleet that the model was in when it asked, also where both were asked at one moment."""
        for moment in (5, 0):
            state, ordered = self._new(published("d1"), published("d2", moment, says=self.ELSEWHERE), holds_found(0))
            assert kinds(ordered) == ["LookForHolds", "LookForHolds"]
            assert (state.fleet_holds, ordered[0].input.at < ordered[1].input.at) == ("asked", True)
            answer = holds_found(0, changed(self.HOLD, scope="fleet:others"))
            state, ordered = play(changed(answer, at=ordered[1].input.at), state=state)
            assert (kinds(ordered), state.summary) == ([], "held")

    def test_a_hold_is_left_behind_with_its_fleet(self) -> None:
        """Its own comes along; what was ordered of the fleet before, and comes late, has it look again."""
        state, _ = play(held(1), held(2, scope="fleet:flights", request_id="h2"), state=_champion())
        state, ordered = play(published("d2", 5, says=self.ELSEWHERE), holds_found(5), state=state)
        assert (kinds(ordered), [one.scope for one in state.holds]) == (["LookForHolds"], ["model"])
        state, ordered = play(held(3, scope="label:origin=JFK", request_id="h3"), state=state)
        assert (kinds(ordered), [one.scope for one in state.holds]) == (["LookForHolds"], ["model"])
        assert ordered[0].input.policy == self.ELSEWHERE

    def test_of_many_holds_none_is_overlooked(self) -> None:
        """As many as are kept; when one of them is over, it is looked up whether others are on."""
        many = [changed(self.HOLD, scope=f"label:origin={one}") for one in range(MOST_HOLDS + 1)]
        state, _ = self._new(published("d1"), holds_found(0, *many))
        assert len(state.holds) == MOST_HOLDS
        for index, hold in enumerate(state.holds):
            state, ordered = play(resumed(index + 1, scope=hold.scope, request_id=hold.scope), state=state)
            assert "StartTraining" not in kinds(ordered)
        assert state.fleet_holds == "asked"
        state, _ = play(holds_found(1, many[-1]), state=state)
        assert [one.scope for one in state.holds] == [many[-1].scope]

    def test_a_hold_of_many_that_is_one_too_many_is_not_lost(self) -> None:
        """It is kept with its fleet, so it is looked up when another is over; one of the model alone is refused."""
        orders = [held(1, scope=f"label:origin={one}", request_id=str(one)) for one in range(MOST_HOLDS)]
        state, _ = play(*orders, held(2, scope="fleet:flights", request_id="last"), state=_champion())
        assert state.orders[-1].decision == "accepted"
        refused = decide(state, held(3)).answer
        assert refused is not None
        assert refused.decision == "refused"
        _, ordered = play(resumed(4, scope=state.holds[0].scope), state=state)
        assert kinds(ordered) == ["LookForHolds"]

    def test_why_nobody_can_look_is_told(self) -> None:
        """It is the model's reason, and nothing begins; after an hour the word of it has it ask anew."""
        problem = changed(holds_found(60), problem="the table is not there")
        state, ordered = self._new(published("d1"), changed(problem, at=at(5)))
        assert (kinds(ordered), "the table is not there" in row_of(state).reason) == (["LookForHolds"], True)
        state, ordered = play(problem, state=state)
        assert (kinds(ordered), state.trainings) == (["LookForHolds"], ())

    def test_why_nobody_could_look_is_taken_back(self) -> None:
        """By the answer, also where nothing has waited for it: its row would go on saying that nothing starts."""
        problem = changed(holds_found(5), problem="the table is not there")
        state, _ = self._new(registered("1"), problem)
        assert "the table is not there" in row_of(state).reason
        state, ordered = play(holds_found(0), state=state)
        assert (kinds(ordered), row_of(state).reason) == ([], "Nobody holds its fleet.")


class TestFileAtTheTime:
    """What the fleet file says when the model is woken."""

    def test_a_freeze_that_was_extended_holds_on(self) -> None:
        """And it is woken at the new end."""
        says, later = policy(release=frozen(0, 60)), policy(release=frozen(0, 90))
        state, ordered = play(
            published("d1", 1, says=says), trained(1, "1", True, 2), registered("1", 3, says=says), woken(60, later)
        )
        assert kinds(ordered) == ["StartTraining", "Wake", "Wake"]
        assert state.release is None
        _, ordered = play(woken(90, later), woken(90, later), state=state)
        assert kinds(ordered) == ["StartRelease"]

    def test_an_older_word_does_not_turn_it_back(self) -> None:
        """Events come late; what does not speak of the file does not make a later word of it an older one."""
        says, later = policy(release=frozen(0, 60)), policy(release=frozen(0, 90))
        state, _ = play(
            published("d1", 1, says=says), trained(1, "1", True, 2), registered("1", 3, says=says),
            ledger(1, "a", 61), woken(60, later), published("d1", 4, says=says),
        )  # fmt: skip
        assert (state.policy, state.release) == (later, None)

    def test_a_freeze_is_not_over_before_the_file_has_said_so(self) -> None:
        """What comes at its old end and says nothing of the file lets nothing begin; it is looked at soon."""
        says = policy(release=frozen(0, 60))
        state, ordered = play(published("d1", 1, says=says), registered("1", 3, says=says), trained(1, "1", True, 65))
        assert (kinds(ordered), state.release) == (["StartTraining", "Wake"], None)
        assert ordered[1].input.at == at(66)
        _, ordered = play(ledger(1, "a", 65), woken(66), state=state)
        assert kinds(ordered) == ["StartRelease"], "no file has the model any more: what it said last holds"
