"""What people say of versions and releases: each wrong order gets an answer that says what is wrong, and what to do."""

import pytest

from shared.contracts.interlock import AnyInterlockEvent
from shared.interlock.commands import StartRelease, TellRelease
from shared.interlock.decide import decide
from shared.interlock.state import InterlockState
from tests.shared.interlock.builders import (
    at,
    batch,
    granted,
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
    REPORT,
    answered,
    evaluated,
    evidence,
    frozen,
    held,
    override,
    park,
    release_ended,
    release_ordered,
    resumed,
    rollback_ordered,
    rolled_back,
    stepped,
)
from tests.shared.interlock.playing import kinds, play, row_of

WATCH = policy(level=2)


def _champion() -> InterlockState:
    state, _ = play(published("d1"), trained(1, "1", passed=True), registered("1"), released(1, "1"))
    return state


def _refusal(state: InterlockState, event: AnyInterlockEvent) -> str:
    """Why it is refused; nothing is started, and the row says the same."""
    decision = decide(state, event)
    assert decision.answer is not None
    assert decision.answer.decision == "refused", decision.answer
    assert [c for c in decision.commands if isinstance(c, StartRelease | TellRelease)] == []
    assert decision.answer.reason in row_of(decision.state).decisions[-1].reason
    return decision.answer.reason


class TestRelease:
    """A person wants a version in production."""

    def test_at_every_level(self) -> None:
        """The level is about what happens by itself."""
        state, _ = play(
            published("d2", says=WATCH), trained(2, "2", True), registered("2", says=WATCH), state=_champion()
        )
        state, ordered = play(release_ordered("2", says=WATCH), state=state)
        assert [command.input.version for command in ordered] == ["2"]
        assert "ben ordered the release of version 2" in state.reason

    def test_an_older_one_too(self) -> None:
        """And one whose release has failed."""
        state, _ = play(
            published("d2"), trained(2, "2", True), registered("2"), released(2, "2", success=False),
            published("d3"), trained(3, "3", True), registered("3"), released(3, "3"), state=_champion(),
        )  # fmt: skip
        state, ordered = play(release_ordered("2", 9), released(4, "2", minutes=10), state=state)
        assert kinds(ordered) == ["StartRelease"]
        assert (state.champion and state.champion.version, state.summary) == ("2", "released")
        assert state.last_good is not None
        assert state.last_good.version == "3"

    def test_it_waits_for_the_scoring_in_flight(self) -> None:
        """The answer says so, and the release follows."""
        state, _ = play(
            published("d1", says=batch()), trained(1, "1", True), registered("1", says=batch()),
            released(1, "1", mode="batch"), published("d2", says=batch(level=2)), trained(2, "2", True),
            registered("2", says=batch(level=2)), scoring_requested("d2", says=batch(level=2)),
        )  # fmt: skip
        decision = decide(state, release_ordered("2", says=batch(level=2)))
        assert decision.answer is not None
        assert decision.answer.decision == "waiting"
        _, ordered = play(scored(1, "1"), state=decision.state)
        assert kinds(ordered) == ["StartRelease"]

    def test_what_is_in_production_already_is_told(self) -> None:
        """It changes nothing; what is on its way is joined."""
        answer = decide(_champion(), release_ordered("1")).answer
        assert answer is not None
        assert (answer.decision, answer.attempt) == ("unchanged", None)
        state, _ = play(published("d2"), trained(2, "2", True), registered("2"), state=_champion())
        answer = decide(state, release_ordered("2")).answer
        assert answer is not None
        assert (answer.decision, answer.attempt) == ("joined", 2)

    def test_wrong_orders(self) -> None:
        """Each says what is wrong, and what to do."""
        champion = _champion()
        assert "Version 9 is not known; known versions: 1." in _refusal(champion, release_ordered("9"))
        state, _ = play(published("d2"), trained(2, "2", True), state=champion)
        assert "order it again when it has" in _refusal(state, release_ordered("2"))
        state, _ = play(published("d2"), trained(2, "2", False), registered("2"), state=champion)
        told = _refusal(state, release_ordered("2"))
        assert "Version 2 fails the gate accuracy: train a better one, or `signalbox override" in told
        state, _ = play(published("d2"), trained(2, "2", True), registered("2"), state=champion)
        state, _ = play(published("d3"), trained(3, "3", True), registered("3"), state=state)
        assert "Release 2 of version 2 is in flight" in _refusal(state, release_ordered("3"))
        state, _ = play(retirement(1), state=champion)
        assert "The model is retiring" in _refusal(state, release_ordered("1", 2))

    def test_while_held_parked_or_frozen(self) -> None:
        """With who keeps it, and how it is lifted."""
        says = policy(level=2)
        state, _ = play(
            published("d2", says=says), trained(2, "2", True), registered("2", says=says), state=_champion()
        )
        stopped, _ = play(held(1, says=says), state=state)
        assert "ben holds it (model): an audit. `signalbox resume" in _refusal(stopped, release_ordered("2", 2))
        stopped, _ = play(park(1, says=says), state=state)
        assert "ben parked it: it is odd. A person has to look" in _refusal(stopped, release_ordered("2", 2))
        ice = policy(release=frozen(0, 60))
        assert "Releases are frozen until" in _refusal(state, release_ordered("2", 2, says=ice))

    def test_what_was_not_evaluated_is_evaluated_first(self) -> None:
        """At every level: the order is refused, and may be given again when the version has passed."""
        state, _ = play(published("d1", says=WATCH), trained(1, "1", True), registered("9", says=policy(level=1)))
        decision = decide(state, release_ordered("9", says=policy(level=1)))
        assert decision.answer is not None
        assert "Version 9 is not evaluated yet; it is now" in decision.answer.reason
        assert [type(c).__name__ for c in decision.commands][:1] == ["StartEvaluation"]
        assert "is being evaluated" in _refusal(decision.state, release_ordered("9", request_id="o2"))
        state, _ = play(evaluated(2, "9", passed=True), state=decision.state)
        _, ordered = play(release_ordered("9", request_id="o3", says=policy(level=1)), state=state)
        assert kinds(ordered) == ["StartRelease"]

    @pytest.mark.parametrize(
        ("first", "order", "why"),
        [
            (published("d2", 1), release_ordered("9", 3), "Training 2 is in flight."),
            (held(1), override("9", 3), "ben holds it"),
        ],
        ids=["training", "hold"],
    )
    def test_what_its_evaluation_waits_for_is_told(
        self, first: AnyInterlockEvent, order: AnyInterlockEvent, why: str
    ) -> None:
        """It is not said to be under way."""
        state, _ = play(published("d1", says=WATCH), trained(1, "1", True), first, registered("9", 2))
        assert f"Version 9 is not evaluated yet, and waits for that: {why}" in _refusal(state, order)


class TestOverride:
    """A person lets a version pass a gate."""

    def _rejected(self) -> InterlockState:
        state, _ = play(published("d2"), trained(2, "2", False), registered("2"), state=_champion())
        return state

    def test_it_is_released_as_if_it_had_passed(self) -> None:
        """And the release is told, since a policy may ask about just that."""
        state, ordered = play(override("2", 5), state=self._rejected())
        assert [(c.input.version, c.input.overridden) for c in ordered] == [("2", ("accuracy",))]
        assert [(one.gate, one.by, one.version) for one in row_of(state).overrides] == [("accuracy", "ben", "2")]

    def test_the_release_is_told_who_said_so_and_who_ordered_it(self) -> None:
        """For the ledger; what nobody said is left out."""
        state, ordered = play(override("2", 5, until=60), state=self._rejected())
        (allowed,) = ordered[0].input.exceptions
        assert (allowed.gate, allowed.by, allowed.reason, allowed.until) == ("accuracy", "ben", "a strike", at(60))
        assert ordered[0].input.ordered_by is None
        _, ordered = play(released(2, "2", False, 6), release_ordered("2", 7), state=state)
        assert ordered[0].input.ordered_by == "ben"
        _, plain = play(published("d1"), trained(1, "1", passed=True), registered("1"))
        assert not {"exceptions", "ordered_by"} & set(plain[-1].input.to_wire())

    def test_what_is_in_production_stays_released_when_it_expires(self) -> None:
        """And its exceptions show, also when a newer version is shown."""
        state, _ = play(
            override("2", 5, until=10), released(2, "2", True, 6), registered("2", 11), state=self._rejected()
        )
        assert state.summary == "released"
        state, _ = play(published("d3", 12), trained(3, "3", False), registered("3"), state=state)
        state, _ = play(override("3", 13, request_id="w2"), state=state)
        row = row_of(state)
        assert (row.champion, row.version) == ("2", "3")
        assert [(one.version, one.by) for one in row.overrides] == [("2", "ben"), ("3", "ben")]

    def test_it_ends(self) -> None:
        """A version that has not begun to be released by then is not."""
        says = policy(level=2)
        state, _ = play(override("2", 5, until=10, says=says), state=self._rejected())
        assert state.summary == "registered"
        _, ordered = play(registered("2", 11), state=state)
        assert ordered == []

    def test_wrong_overrides(self) -> None:
        """Each says what is wrong."""
        state = self._rejected()
        assert "its gates are accuracy" in _refusal(state, override("2", 5, gate="speed"))
        assert "which is over" in _refusal(state, override("2", 5, until=5))
        assert "is not known" in _refusal(state, override("7", 5))
        answer = decide(state, override("1", 5)).answer
        assert answer is not None
        assert answer.decision == "unchanged"


class TestApproval:
    """A release waits for a person's word."""

    def _waits(self, author: str | None = None) -> InterlockState:
        state, _ = play(
            published("d2"), trained(2, "2", True), registered("2"), stepped(2, "testing", 5),
            stepped(2, "awaiting_approval", 6, evidence("2", deadline=60, author=author)), state=_champion(),
        )  # fmt: skip
        assert (state.summary, row_of(state).evidence) == ("awaiting_approval", evidence("2", 60, author))
        return state

    @pytest.mark.parametrize("approved", [True, False])
    def test_the_release_is_told(self, approved: bool) -> None:
        """By whom and why; the release ends by itself after a no."""
        state, ordered = play(answered("2", 7, approved=approved), state=self._waits("ana"))
        (tell,) = ordered
        assert state.release is not None
        assert tell.input.instance == state.release.instance
        assert tell.input.word.approved.to_wire() == {"approved": approved, "by": "ben", "reason": "I looked at it"}
        state, ordered = play(release_ended(2, "2", "refused", 8), state=state)
        assert (state.summary, ordered) == ("refused", [])

    def test_yes_and_no_are_two_orders(self) -> None:
        """A no under the id of a yes is not answered by that yes."""
        state, _ = play(answered("2", 7), state=self._waits())
        assert "has answered for version 2 already" in _refusal(state, answered("2", 8, approved=False))

    def test_wrong_answers(self) -> None:
        """Each says what is wrong, and what to do."""
        state = self._waits("ben")
        assert "somebody else has to approve it" in _refusal(state, answered("2", 7))
        assert decide(state, answered("2", 7, approved=False)).commands, "whoever asked for it may take it back"
        assert "The report of version 2 is not what was looked at" in _refusal(
            state, answered("2", 7, by="eve", report=REPORT[::-1] + "c")
        )
        assert "no answer by then means no" in _refusal(state, answered("2", 60, by="eve"))
        assert "version 2 does" in _refusal(state, answered("1", 7))
        state, _ = play(answered("2", 7, by="eve"), state=state)
        assert "eve has answered for version 2 already" in _refusal(state, answered("2", 8, by="joe", request_id="a2"))
        assert "it has been released" in _refusal(_champion(), answered("1"))
        assert "no release of it is in flight" in _refusal(_champion(), answered("7"))
        tested, _ = play(published("d2"), trained(2, "2", True), registered("2"), state=_champion())
        assert "does not wait for an approval yet" in _refusal(tested, answered("2"))

    def test_new_evidence_wants_a_new_answer(self) -> None:
        """A release that asks once more, about other figures."""
        state, _ = play(answered("2", 7), stepped(2, "watching", 8), state=self._waits())
        state, _ = play(stepped(2, "awaiting_approval", 9, evidence("2", deadline=90)), state=state)
        answer = decide(state, answered("2", 10, request_id="a2")).answer
        assert answer is not None
        assert answer.decision == "accepted"

    def test_its_slot_is_free_meanwhile(self) -> None:
        """It runs no job, and may wait for days."""
        says = batch(at_once=1)
        state, _ = play(
            published("d1", says=says), granted("training-1"), trained(1, "1", True), registered("1", says=says),
            granted("release-1"),
        )  # fmt: skip
        waits = stepped(1, "awaiting_approval", 5, evidence("1"), needs="nothing")
        state, ordered = play(waits, waits, state=state)
        assert kinds(ordered) == ["ReturnSlot"]
        assert (state.summary, [run.slot_of for run in row_of(state).in_flight]) == ("awaiting_approval", [None])


class TestGivingWay:
    """A release in flight, and a newer version that passes."""

    def _passes(self, number: int) -> list[AnyInterlockEvent]:
        return [
            published(f"d{number}", number), trained(number, str(number), True, number),
            registered(str(number), number),
        ]  # fmt: skip

    def test_one_that_has_not_changed_production_is_superseded(self) -> None:
        """It is told once, and the newer one follows when it has ended."""
        state, _ = play(*self._passes(2), stepped(2, "testing", 3), state=_champion())
        state, ordered = play(*self._passes(3), registered("3", 4), state=state)
        assert [c.input.word.superseded for c in ordered if isinstance(c, TellRelease)] == ["version 3"]
        state, ordered = play(release_ended(2, "2", "superseded", 5), state=state)
        assert [command.input.version for command in ordered] == ["3"]
        assert state.candidate("2").summary(state.last_at) == "superseded"

    @pytest.mark.parametrize("phase", ["shifting", "watching", "undoing"])
    def test_one_that_changes_production_goes_on(self, phase: str) -> None:
        """Also when what it has said before comes late."""
        state, _ = play(*self._passes(2), stepped(2, phase, 9), stepped(2, "testing", 3), state=_champion())  # type: ignore[arg-type]  # a phase
        _, ordered = play(*self._passes(3), state=state)
        assert kinds(ordered) == ["StartTraining"]

    def test_two_in_a_row_are_not_superseded(self) -> None:
        """Versions that come faster than people answer starve nobody."""
        state, _ = play(
            *self._passes(2), stepped(2, "testing", 3), *self._passes(3), release_ended(2, "2", "superseded", 5),
            stepped(3, "awaiting_approval", 6, evidence("3")), state=_champion(),
        )  # fmt: skip
        _, ordered = play(*self._passes(4), state=state)
        assert kinds(ordered) == ["StartTraining"]

    def test_one_that_a_person_ordered_is_not_superseded(self) -> None:
        """A person waits for just this one."""
        state, _ = play(*self._passes(2), released(2, "2", success=False), state=_champion())
        state, _ = play(release_ordered("2"), stepped(3, "testing", 3), state=state)
        _, ordered = play(*self._passes(3), state=state)
        assert kinds(ordered) == ["StartTraining"]

    def test_nothing_is_superseded_while_the_newer_one_may_not_begin(self) -> None:
        """Else there would be neither."""
        state, _ = play(*self._passes(2), stepped(2, "testing", 3), held(3), state=_champion())
        state, ordered = play(*self._passes(3), state=state)
        assert ordered == []

    def test_a_retirement_need_not_wait_for_days(self) -> None:
        """What waits for a person is withdrawn."""
        state, _ = play(*self._passes(2), stepped(2, "awaiting_approval", 3, evidence("2")), state=_champion())
        state, ordered = play(retirement(4), release_ended(2, "2", "withdrawn", 5), state=state)
        assert kinds(ordered) == ["TellRelease", "StartRetirement"]
        assert ordered[0].input.word.withdrawn is not None


class TestBatchReleaseThatWaits:
    """The champion scores meanwhile, and production changes under nobody."""

    def _waits(self) -> InterlockState:
        says = batch()
        state, _ = play(
            published("d1", says=says), trained(1, "1", True), registered("1", says=says),
            released(1, "1", mode="batch"), published("d2", says=says), trained(2, "2", True),
            registered("2", says=says), stepped(2, "testing", 5),
            stepped(2, "awaiting_approval", 6, evidence("2")),
        )  # fmt: skip
        return state

    def test_a_scoring_goes_past_it(self) -> None:
        """By the champion; and the release goes on when that has ended."""
        state, ordered = play(scoring_requested("d2", minutes=7), state=self._waits())
        assert [command.input.version for command in ordered] == ["1"]
        state, ordered = play(stepped(2, "ready", 8), state=state)
        assert ordered == []
        state, ordered = play(scored(1, "1", minutes=9), state=state)
        assert [command.input.word.go for command in ordered] == [True]

    def test_after_the_word_a_scoring_waits_for_it(self) -> None:
        """And is done by the new champion."""
        state, _ = play(stepped(2, "ready", 8), state=self._waits())
        state, ordered = play(scoring_requested("d2", minutes=9), released(2, "2", True, 10, "batch"), state=state)
        assert [(type(c).__name__, c.input.version) for c in ordered] == [("StartScoring", "2")]

    def test_a_rollback_meanwhile_withdraws_it(self) -> None:
        """It is released when the rollback has ended, since nothing was wrong with it."""
        state, _ = play(published("d3", says=batch()), state=self._waits())
        first, _ = play(rollback_ordered(7, says=batch()), state=self._waits())
        assert first.rollback is None, "there is nothing to go back to yet"
        state, _ = play(stepped(2, "ready", 8), released(2, "2", True, 9, "batch"), state=self._waits())
        state, _ = play(
            published("d3", says=batch()), trained(3, "3", True), registered("3", says=batch()),
            stepped(3, "testing", 11), state=state,
        )  # fmt: skip
        state, ordered = play(rollback_ordered(12, says=batch()), release_ended(3, "3", "withdrawn", 13), state=state)
        assert kinds(ordered) == ["TellRelease", "StartRollback"]
        state, ordered = play(resumed(14), rolled_back(4, "1", 15), state=state)
        assert [command.input.version for command in ordered] == ["3"]
