"""Thousands of orders in which a few dozen events may come: any number of times, late, early, or not at all."""

from typing import Final

import hypothesis.strategies as st
from hypothesis import given, settings

from shared.contracts.interlock import AnyInterlockEvent
from shared.interlock.commands import StartEvaluation, StartRelease, StartRollback, StartScoring, StartTraining
from shared.interlock.decide import Decision, decide
from shared.interlock.state import InterlockState, upcast
from tests.shared.interlock.builders import (
    at,
    batch,
    given_up,
    granted,
    published,
    registered,
    released,
    requested,
    retired,
    retirement,
    scored,
    scoring_requested,
    trained,
)
from tests.shared.interlock.order_builders import (
    BASELINE,
    WATCHFUL,
    answered,
    code,
    evaluated,
    evidence,
    forget,
    frozen,
    health,
    held,
    ledger,
    lost,
    override,
    park,
    release_ended,
    release_ordered,
    resumed,
    rollback_ordered,
    rolled_back,
    stepped,
    woken,
)

_SAYS: Final = batch(release=WATCHFUL, baseline=BASELINE, park_after=2, retrain_when=("data", "code"))
_SLOTS: Final = batch(release=frozen(20, 30, WATCHFUL), at_once=1, cooldown_days=1)
_FIRST: Final = (
    published("d1", 1, says=_SAYS), trained(1, "1", True, 2), registered("1", 3, says=_SAYS),
    released(1, "1", True, 4, "batch"),
)  # fmt: skip
_POOL: Final[tuple[AnyInterlockEvent, ...]] = (
    *_FIRST,
    published("d2", 5, says=_SAYS), published("d3", 6, says=_SLOTS), requested("d4", "r1", 7, says=_SAYS),
    trained(1, None, None, 8), trained(2, "2", True, 8), trained(2, "2", False, 9), trained(2, None, None, 10),
    trained(3, "3", True, 11), given_up(2, "superseded", 9), given_up(2, "unwanted", 9),
    registered("2", 9, says=_SAYS), registered("3", 10, says=_SAYS), registered("9", 11, says=_SAYS),
    evaluated(2, "9", True, 12), evaluated(3, "9", False, 13), evaluated(3, "9", None, 14),
    released(1, "1", False, 10, "batch"), released(2, "2", True, 11, "batch"), released(2, "2", False, 12),
    released(3, "3", True, 13, "batch"), release_ended(2, "2", "superseded", 13), release_ended(2, "2", "refused", 14),
    release_ended(2, "2", "withdrawn", 14),
    stepped(2, "testing", 10), stepped(2, "awaiting_approval", 11, evidence("2")), stepped(2, "ready", 12),
    stepped(2, "shifting", 13), stepped(1, "shadowing", 3),
    scoring_requested("d5", "s1", 14, says=_SAYS), scoring_requested("d6", "s2", 15, says=_SLOTS),
    scored(1, "1", True, 16), scored(1, "1", False, 17), scored(2, "2", True, 18),
    granted("training-2", 8), granted("training-3", 9), granted("release-2", 10), granted("scoring-1", 16),
    rolled_back(2, "9", 20, outcome="failed_over"), rolled_back(3, "1", 21), rolled_back(3, None, 22, outcome="failed"),
    retirement(25), retired(1, True, 26), retired(1, False, 26),
    held(5, says=_SAYS), held(6, scope="fleet:flights", until=at(18), request_id="h2", says=_SAYS),
    resumed(12, says=_SAYS), resumed(13, scope="fleet:flights", request_id="u2", says=_SAYS), park(14, says=_SAYS),
    release_ordered("2", 15, says=_SAYS), release_ordered("1", 16, "o2", says=_SAYS),
    rollback_ordered(17, says=_SAYS), override("2", 14, until=40, says=_SAYS), answered("2", 12, says=_SAYS),
    answered("2", 13, approved=False, request_id="a2", says=_SAYS), forget(27, says=_SAYS),
    code("c1", 15, "d2", says=_SAYS), code("c2", 16, None, says=_SAYS), lost("1", 18, says=_SAYS),
    health("1", "p1", 0.9, 17, says=_SAYS), health("1", "p2", 0.9, 18, says=_SAYS), woken(18), woken(30),
    ledger(1, "x", 5), ledger(1, "y", 6), ledger(2, "z", 7),
)  # fmt: skip


@settings(max_examples=2500)
@given(st.booleans(), st.lists(st.sampled_from(_POOL), max_size=14))
def test_many_orders(in_production: bool, events: list[AnyInterlockEvent]) -> None:
    """One training and one change of production at a time, nothing against a hold or a bar, and always a reason."""
    state = InterlockState()
    for event in (*(_FIRST if in_production else ()), *events):
        decision = decide(state, event)
        _check(state, decision)
        state = decision.state
    assert upcast(state.to_wire()) == state


def _check(before: InterlockState, decision: Decision) -> None:
    state = decision.state
    started = [command for command in decision.commands if isinstance(command, _RUNS)]
    assert all(note.reason for note in state.decisions)
    assert state.revision == before.revision + 1
    assert sum(one.outcome in ("queued", "running") for one in state.trainings) <= 1
    assert len({command.instance for command in started}) == len(started)
    assert len([command for command in started if isinstance(command, _PRODUCTION)]) <= 1
    if state.rollback is not None and state.rollback.stage == "running":
        assert state.release is None
        assert state.scoring is None
    if any(isinstance(command, _STOPPED) for command in started):
        assert state.parked is None
        assert state.last_at is not None
        assert not [hold for hold in state.holds if hold.holds(state.last_at)]
    for command in started:
        if isinstance(command, StartRelease):
            candidate = state.candidate(command.input.version)
            assert candidate.registered
            assert not candidate.barred
            assert candidate.passes(state.last_at)


_STOPPED: Final = (StartTraining, StartRelease, StartEvaluation)
_PRODUCTION: Final = (StartRelease, StartRollback, StartScoring)
_RUNS: Final = (StartTraining, StartRelease, StartEvaluation, StartRollback, StartScoring)
