"""Scoring: only a champion in batch scores, one period at a time, and its age is looked at."""

from datetime import date, timedelta

from shared.contracts.interlock import AnyInterlockEvent
from shared.interlock.commands import StartScoring, StartTraining
from shared.interlock.decide import decide
from shared.interlock.state import InterlockState
from tests.shared.interlock.builders import (
    POLICY,
    START,
    batch,
    dataset,
    published,
    registered,
    released,
    retired,
    retirement,
    scored,
    scoring_requested,
    trained,
)
from tests.shared.interlock.playing import kinds, play, row_of

STALE = batch(level=4, stale_days=60, retrain_when=("stale",))
DAYS = 24 * 60


def _champion() -> InterlockState:
    state, _ = play(
        published("d1", says=batch()), trained(1, "1", passed=True), registered("1", says=batch()),
        released(1, "1", mode="batch"),
    )  # fmt: skip
    return state


def _outcomes(state: InterlockState) -> list[str]:
    return [note.outcome for note in row_of(state).requests]


def test_the_champion_scores() -> None:
    """With all that the orchestrator needs, under an id that carries the attempt."""
    state, ordered = play(scoring_requested("d2", as_of=START), state=_champion())
    assert kinds(ordered) == ["StartScoring"]
    order = ordered[0].input
    assert (order.version, order.dataset.version, order.as_of, order.attempt) == ("1", "d2", START, 1)
    assert state.champion is not None
    assert order.champion_since == state.champion.since
    assert ordered[0].instance.endswith("-1")
    assert state.summary == "released", "a scoring changes nothing about the model"
    assert [(run.kind, run.version) for run in row_of(state).in_flight] == [("scoring", "1")]


def test_what_it_published_serves() -> None:
    """Only of the champion, and only when it succeeded."""
    state, _ = play(scoring_requested("d2"), scored(1, "1"), state=_champion())
    assert row_of(state).serving["published"] == "predictions/1.csv"
    assert _outcomes(state) == ["scored"]
    state, _ = play(scoring_requested("d3", "s2"), scored(2, "1", success=False), state=state)
    assert row_of(state).serving["published"] == "predictions/1.csv"
    assert _outcomes(state) == ["scored", "failed"]
    assert state.summary == "released"


def test_an_older_period_does_not_serve_over_a_later_one() -> None:
    """Readers are still pointed to what is of the later period, and the row says the same."""
    old = scored(1, "1")
    old = old.model_copy(update={"outcome": old.outcome.model_copy(update={"current": False})})
    state, _ = play(scoring_requested("d0"), old, state=_champion())
    assert _outcomes(state) == ["scored"]
    assert row_of(state).serving["published"] == "predictions/v1.csv"


def test_what_another_version_than_the_champion_has_scored_does_not_serve() -> None:
    """Whatever a run reports: it does not replace what the champion has published."""
    state, _ = play(
        published("d2", says=batch()), trained(2, "2", passed=True), registered("2", says=batch()),
        scoring_requested("d2"), released(2, "2", mode="batch"), scored(1, "1"), state=_champion(),
    )  # fmt: skip
    assert row_of(state).serving["published"] == "predictions/v2.csv"


def _refusal(state: InterlockState, event: AnyInterlockEvent) -> str:
    """Why it was refused, in the answer and in the row alike."""
    decision = decide(state, event)
    assert [command for command in decision.commands if isinstance(command, StartScoring)] == []
    assert decision.answer is not None
    assert decision.answer.decision == "refused"
    note = row_of(decision.state).requests[-1]
    assert (note.outcome, note.reason) == ("refused", decision.answer.reason)
    return note.reason


def test_without_a_champion_it_is_refused() -> None:
    """There is nothing to score with."""
    assert "No version is in production" in _refusal(InterlockState(), scoring_requested())


def test_an_online_model_is_not_scored() -> None:
    """Its endpoint is asked."""
    assert "answers online" in _refusal(_champion(), scoring_requested(says=POLICY))


def test_a_model_on_its_way_out_is_not_scored() -> None:
    """Neither while it is retired nor, by a request that was sent before, after it."""
    state, _ = play(retirement(10), state=_champion())
    assert "retiring" in _refusal(state, scoring_requested(minutes=11))
    state, _ = play(retired(minutes=20), state=state)
    assert "retired" in _refusal(state, scoring_requested(minutes=12))


def test_the_same_period_is_scored_once_and_the_newest_request_waits() -> None:
    """Joined when all is the same; of those that wait, the newest stays, however late the others come."""
    state, ordered = play(
        scoring_requested("d2", "s1", 1), scoring_requested("d2", "s2", 2), scoring_requested("d3", "s3", 3),
        scoring_requested("d4", "s4", 5), scoring_requested("d5", "s5", 4), state=_champion(),
    )  # fmt: skip
    assert kinds(ordered) == ["StartScoring"]
    assert _outcomes(state) == ["running", "running", "refused", "waiting", "refused"]
    state, ordered = play(scored(1, "1", minutes=6), state=state)
    assert [c.input.dataset.version for c in ordered] == ["d4"]
    assert _outcomes(state) == ["scored", "scored", "refused", "running", "refused"]


def test_requests_for_one_period_wait_together() -> None:
    """Neither takes the other's place: one scoring answers both."""
    state, _ = play(
        scoring_requested("d2", "s1", 1), scoring_requested("d3", "s2", 2), scoring_requested("d3", "s3", 3),
        state=_champion(),
    )  # fmt: skip
    assert _outcomes(state) == ["running", "waiting", "waiting"]
    state, ordered = play(scored(1, "1", minutes=4), state=state)
    assert [c.input.dataset.version for c in ordered] == ["d3"]
    assert _outcomes(state) == ["scored", "running", "running"]
    state, _ = play(scored(2, "1", minutes=5), state=state)
    assert _outcomes(state) == ["scored", "scored", "scored"]


def test_a_request_that_comes_twice_starts_once() -> None:
    """While it runs and after it."""
    state, ordered = play(scoring_requested("d2"), scoring_requested("d2", minutes=1), state=_champion())
    assert kinds(ordered) == ["StartScoring"]
    _, ordered = play(scored(1, "1"), scoring_requested("d2", minutes=2), state=state)
    assert ordered == []


def test_a_late_result_is_ignored() -> None:
    """It is not the scoring in flight."""
    state, _ = play(scoring_requested("d2"), scored(1, "1"), scoring_requested("d3", "s2"), state=_champion())
    after, _ = play(scored(1, "1", success=False), state=state)
    assert after.scoring == state.scoring
    assert row_of(after).serving == row_of(state).serving


class TestStaleness:
    """A champion that is older than the fleet file wants, at the moment that is scored."""

    def test_a_stale_champion_scores_and_is_trained_anew(self) -> None:
        """On the data that is scored; the reason says so."""
        state, ordered = play(scoring_requested("d2", minutes=61 * DAYS, says=STALE), state=_champion())
        assert kinds(ordered) == ["StartScoring", "StartTraining"]
        assert ordered[1].input.dataset.version == "d2"
        assert "Version 1 is older than 60 days." in state.decisions[-1].reason

    def test_the_moment_is_the_one_that_is_scored_for(self) -> None:
        """Two months ahead it will be stale; looking back it was not."""
        ahead = scoring_requested("d2", says=STALE, minutes=1, as_of=START + timedelta(days=61))
        assert kinds(play(ahead, state=_champion())[1]) == ["StartScoring", "StartTraining"]
        back = scoring_requested("d2", says=STALE, minutes=61 * DAYS, as_of=START)
        assert kinds(play(back, state=_champion())[1]) == ["StartScoring"]

    def test_it_is_not_trained_twice_on_the_same_data(self) -> None:
        """The next scoring of that dataset finds the training, in flight or ended."""
        state, _ = play(scoring_requested("d2", says=STALE, minutes=61 * DAYS), state=_champion())
        state, ordered = play(
            trained(2, "2", passed=False), scored(1, "1"),
            scoring_requested("d2", "s2", says=STALE, minutes=62 * DAYS), state=state,
        )  # fmt: skip
        assert [c for c in ordered if isinstance(c, StartTraining)] == []
        assert "There is no newer data" in state.decisions[-1].reason

    def test_only_level_4_with_stale_among_the_reasons_does_it(self) -> None:
        """Everything else only scores."""
        for says in (
            STALE.model_copy(update={"level": 3}),
            STALE.model_copy(update={"retrain_when": ("data",)}),
            STALE.model_copy(update={"stale_days": None}),
            STALE.model_copy(update={"stale_days": 10**12}),  # more than a calendar has
        ):
            _, ordered = play(scoring_requested("d2", minutes=61 * DAYS, says=says), state=_champion())
            assert kinds(ordered) == ["StartScoring"]

    def test_other_data_than_it_is_trained_on_does_not_train_it(self) -> None:
        """What is scored may be another dataset, or an older period."""
        event = scoring_requested("d2", minutes=61 * DAYS, says=STALE)
        other = event.model_copy(update={"dataset": dataset("d2", name="weather")})
        assert kinds(play(other, state=_champion())[1]) == ["StartScoring"]
        newer, _ = play(published("d9", says=batch(), ends=date(2026, 2, 28)), state=_champion())
        newer, _ = play(trained(2, "2", passed=False), state=newer)
        older = scoring_requested("d2", minutes=61 * DAYS, says=STALE, ends=date(2026, 1, 31))
        assert kinds(play(older, state=newer)[1]) == ["StartScoring"]
