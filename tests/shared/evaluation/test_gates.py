"""Gates fail closed and say why."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import hypothesis.strategies as st
import pytest
from hypothesis import given

from shared.contracts.evaluation import Evaluation, Figures
from shared.contracts.metrics import Metric
from shared.contracts.policy import GateOverride, GatePolicy
from shared.evaluation.gates import judge
from shared.evaluation.wording import show, show_both

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
        (
            _evaluation(0.08149, 0.08146),
            "beats_average: MAPE 8.149 % is not better than 8.146 % of the historical average",
        ),
        (_evaluation(0.4500001, 0.6), "accuracy: MAPE 45.00001 % is above 45.00000 %"),
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
    assert any(found.startswith(reason) for found in verdict.reasons)


def test_the_bound_itself_passes() -> None:
    """MAPE of exactly 45 % is at most 45 %."""
    assert judge(_evaluation(0.45, 0.6), (ACCURACY,)).passed


def test_no_gates_is_no_release() -> None:
    """An empty list of gates is not a pass."""
    assert not judge(_evaluation(0.0), ()).passed


def test_no_baseline_fails_the_comparison() -> None:
    """A pipeline that leaves the baseline out does not get past the gate that needs it."""
    assert not judge(Evaluation(model=Figures(rows=1, zeros=0, mape=0.0)), (BEATS,)).passed


@given(
    st.sampled_from(["mape", "rmse"]),
    st.floats(min_value=0.001, max_value=1e4),
    st.floats(min_value=1e-9, max_value=1e-2),
)
def test_two_figures_that_differ_are_shown_apart(metric: Metric, one: float, gap: float) -> None:
    """Nobody reads that 8.1 % is not better than 8.1 %."""
    other = one * (1 + gap)
    assert len(set(show_both(metric, one, other))) == 2


def test_figures_are_not_longer_than_they_have_to_be() -> None:
    """As people write them where that is enough, and equal where they are equal."""
    assert show_both("mape", 0.084, 0.081) == ("8.4 %", "8.1 %")
    assert show_both("rmse", 3.391, 3.394) == ("3.391", "3.394")
    assert show_both("mape", 0.2, 0.2) == ("20.0 %", "20.0 %")
    assert show("rmse", None) == "unknown"


class TestOverrides:
    """Exceptions stay visible, and end."""

    #: The first moment of 1 February in Chicago: the exception holds until the end of 31 January there.
    UNTIL = datetime(2027, 2, 1, tzinfo=ZoneInfo("America/Chicago"))
    GATE = ACCURACY.model_copy(
        update={"override": GateOverride(max=0.5, by="ana@contoso.example", reason="store closures", until=UNTIL)}
    )

    def test_it_holds_before_its_end(self) -> None:
        """The model passes, and the reason says by whose word, why, until when, and what the gate says."""
        (result,) = judge(_evaluation(0.466), (self.GATE,), self.UNTIL - timedelta(seconds=1)).gates
        assert (result.passed, result.override, result.required) == (True, True, 0.5)
        assert result.reason == (
            "accuracy: MAPE 46.6 % is at most 50.0 % (override by ana@contoso.example: store closures; "
            "until 2027-01-31; the gate says 45.0 %)"
        )

    def test_it_is_a_bound_too(self) -> None:
        """What is above it fails, and the exception is named all the same."""
        (result,) = judge(_evaluation(0.51), (self.GATE,), datetime(2026, 1, 1, tzinfo=UTC)).gates
        assert (result.passed, result.override) == (False, True)
        assert "MAPE 51.0 % is above 50.0 % (override by ana" in result.reason

    def test_it_ends(self) -> None:
        """From its end on the gate's own bound holds, and the reason says that it is over."""
        (result,) = judge(_evaluation(0.466), (self.GATE,), self.UNTIL).gates
        assert (result.passed, result.override, result.required) == (False, False, 0.45)
        assert result.reason.startswith(
            "accuracy: MAPE 46.6 % is above 45.0 % (the override by ana@contoso.example ended 2027-01-31). "
        )

    def test_without_a_moment_it_does_not_hold(self) -> None:
        """Nobody can say that it has not ended."""
        assert not judge(_evaluation(0.466), (self.GATE,)).passed

    def test_it_says_nothing_of_a_missing_figure(self) -> None:
        """An exception to the bound is none to the figure: what is missing fails."""
        assert not judge(_evaluation(None), (self.GATE,), datetime(2026, 1, 1, tzinfo=UTC)).passed

    def test_it_survives_the_wire(self) -> None:
        """The moment keeps its zone, so that the last day is the same everywhere."""
        travelled = GatePolicy.from_wire(self.GATE.to_wire())
        at = self.UNTIL - timedelta(hours=1)
        assert judge(_evaluation(0.4), (travelled,), at) == judge(_evaluation(0.4), (self.GATE,), at)
