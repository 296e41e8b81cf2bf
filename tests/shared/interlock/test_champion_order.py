"""A training is told which version it is compared with, if a gate asks."""

from shared.contracts.evaluation import ChampionRef
from shared.contracts.policy import GatePolicy
from shared.interlock.commands import StartRelease, StartTraining
from shared.interlock.decide import decide
from shared.interlock.memory import Champion
from shared.interlock.state import InterlockState
from tests.shared.interlock.builders import MODEL, POLICY, at, published, registered, released, trained
from tests.shared.interlock.playing import play

BEATS = GatePolicy(name="beats_champion", metric="mape", better_than="champion")
CHAMPION = Champion(version="3", since=at(), serving=None, previous=None)


def _ordered(gate: GatePolicy, champion: Champion | None) -> StartTraining:
    policy = POLICY.model_copy(update={"gates": (*POLICY.gates, gate)})
    event = published("d1").model_copy(update={"policy": policy})
    commands = decide(InterlockState(model=MODEL, champion=champion), event)[1]
    return next(command for command in commands if isinstance(command, StartTraining))


def test_a_gate_that_compares_with_the_champion_is_told_which_it_is() -> None:
    """The version in production, or that there is none yet."""
    assert _ordered(BEATS, CHAMPION).input.champion == ChampionRef(version="3")
    assert _ordered(BEATS, None).input.champion == ChampionRef(version=None)


def test_a_release_is_told_what_is_in_production() -> None:
    """So that a version that was trained before there was anything is not held against nothing."""
    first = (published("d1"), trained(1, "1", passed=True), registered("1"))
    second = (published("d2"), trained(2, "2", passed=True), registered("2"))
    _, ordered = play(*first, released(1, "1"), *second)
    releases = [one.input.to_wire() for one in ordered if isinstance(one, StartRelease)]
    assert [one.get("champion", "left out") for one in releases] == ["left out", "1"]


def test_other_gates_leave_the_order_as_it_was() -> None:
    """Histories from before replay: nothing of it is on the wire."""
    order = _ordered(BEATS.model_copy(update={"better_than": "baseline"}), CHAMPION).input
    assert order.champion is None
    assert "champion" not in order.to_wire()
