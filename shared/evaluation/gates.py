"""Gates: all must hold, and what is missing does not hold."""

from collections.abc import Sequence

from shared.contracts.evaluation import Evaluation, GateResult, Verdict
from shared.contracts.policy import GatePolicy, Metric

_TITLES: dict[Metric, str] = {"mape": "MAPE", "rmse": "RMSE", "rmse_zero": "RMSE where the actual is 0"}
_BASELINE = "the historical average"


def judge(evaluation: Evaluation, gates: Sequence[GatePolicy]) -> Verdict:
    """Hold an evaluation against its gates.

    A model without gates is never released: an empty sequence gives a failed verdict.
    """
    if not gates:
        return Verdict(passed=False, gates=(_no_gates(),))
    results = tuple(_judge_gate(evaluation, gate) for gate in gates)
    return Verdict(passed=all(result.passed for result in results), gates=results)


def show(metric: Metric, value: float | None) -> str:
    """A figure as people write it: `10.6 %` for MAPE, `3.39` otherwise, `unknown` when it is missing."""
    if value is None:
        return "unknown"
    return f"{value * 100:.1f} %" if metric == "mape" else f"{value:.2f}"


def _judge_gate(evaluation: Evaluation, gate: GatePolicy) -> GateResult:
    got = evaluation.model.get(gate.metric)
    required = gate.max if gate.max is not None else _reference(evaluation, gate)
    if got is None or required is None:
        missing = _TITLES[gate.metric] + (" of the model" if got is None else f" of {_BASELINE}")
        return _result(gate, got, required, passed=False, reason=f"{missing} is missing, so the gate fails")
    absolute = gate.max is not None
    passed = got <= required if absolute else got < required
    relation = ("at most " if passed else "above ") if absolute else ("better than " if passed else "not better than ")
    bound = show(gate.metric, required) + ("" if absolute else f" of {_BASELINE}")
    return _result(
        gate,
        got,
        required,
        passed=passed,
        reason=f"{_TITLES[gate.metric]} {show(gate.metric, got)} is {relation}{bound}",
    )


def _reference(evaluation: Evaluation, gate: GatePolicy) -> float | None:
    if gate.better_than != "baseline" or evaluation.baseline is None:
        return None
    if evaluation.baseline.rows != evaluation.model.rows:
        return None  # computed on other rows: not comparable
    return evaluation.baseline.get(gate.metric)


def _result(gate: GatePolicy, got: float | None, required: float | None, *, passed: bool, reason: str) -> GateResult:
    return GateResult(
        gate=gate.name,
        metric=gate.metric,
        passed=passed,
        got=got,
        required=required,
        reason=f"{gate.name}: {reason}",
    )


def _no_gates() -> GateResult:
    return GateResult(
        gate="gates",
        metric="mape",
        passed=False,
        got=None,
        required=None,
        reason="gates: the model has none, and a model without gates is not released",
    )
