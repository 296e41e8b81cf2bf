"""Gates fail closed and say why."""

import pytest

from shared.contracts.evaluation import Evaluation, Figures
from shared.contracts.policy import GatePolicy
from shared.evaluation.gates import judge

ACCURACY = GatePolicy(name="accuracy", metric="mape", max=0.45)
BEATS = GatePolicy(name="beats_average", metric="mape", better_than="baseline")


def _evaluation(model: float | None, baseline: float | None = 0.2, rows: int = 10) -> Evaluation:
    return Evaluation(model=Figures(rows=10, zeros=0, mape=model), baseline=Figures(rows=rows, zeros=0, mape=baseline))


def test_both_rules_hold() -> None:
    """A model within the bound and better than the baseline passes, and the reasons can be read aloud."""
    verdict = judge(_evaluation(0.106, 0.166), (ACCURACY, BEATS))
    assert verdict.passed
    assert [gate.reason for gate in verdict.gates] == [
        "accuracy: MAPE 10.6 % is at most 45.0 %",
        "beats_average: MAPE 10.6 % is better than 16.6 % of the historical average",
    ]


@pytest.mark.parametrize(
    ("evaluation", "reason"),
    [
        (_evaluation(0.465, 0.6), "accuracy: MAPE 46.5 % is above 45.0 %"),
        (_evaluation(0.084, 0.081), "beats_average: MAPE 8.4 % is not better than 8.1 % of the historical average"),
        (_evaluation(0.2, 0.2), "beats_average: MAPE 20.0 % is not better than 20.0 % of the historical average"),
        (_evaluation(None), "accuracy: MAPE of the model is missing, so the gate fails"),
        (_evaluation(0.1, None), "beats_average: MAPE of the historical average is missing, so the gate fails"),
        (_evaluation(0.1, 0.2, rows=9), "beats_average: MAPE of the historical average is missing, so the gate fails"),
    ],
)
def test_a_gate_that_does_not_hold_says_why(evaluation: Evaluation, reason: str) -> None:
    """Above the bound, not better, missing, or computed on other rows: each fails with its sentence."""
    verdict = judge(evaluation, (ACCURACY, BEATS))
    assert not verdict.passed
    assert reason in verdict.reasons


def test_the_bound_itself_passes() -> None:
    """MAPE of exactly 45 % is at most 45 %."""
    assert judge(_evaluation(0.45, 0.6), (ACCURACY,)).passed


def test_no_gates_is_no_release() -> None:
    """An empty list of gates is not a pass."""
    assert not judge(_evaluation(0.0), ()).passed


def test_no_baseline_fails_the_comparison() -> None:
    """A pipeline that leaves the baseline out does not get past the gate that needs it."""
    assert not judge(Evaluation(model=Figures(rows=1, zeros=0, mape=0.0)), (BEATS,)).passed
