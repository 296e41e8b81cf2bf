"""Gates: all must hold, and what is missing does not hold."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from shared.contracts.evaluation import Evaluation, GateResult, Verdict
from shared.contracts.policy import GateOverride, GatePolicy, Metric

_TITLES: Final[dict[Metric, str]] = {"mape": "MAPE", "rmse": "RMSE", "rmse_zero": "RMSE where the actual is 0"}
#: A float has no more digits than these to tell two figures apart.
_MOST_DECIMALS: Final = 17
_MOMENT: Final = timedelta(microseconds=1)


def judge(evaluation: Evaluation, gates: Sequence[GatePolicy], at: datetime | None = None) -> Verdict:
    """Hold an evaluation against its gates.

    A model without gates is never released: an empty sequence gives a failed verdict.

    Args:
        evaluation: The figures.
        gates: All must hold.
        at: The moment of the judgement; an override holds before its end, and none does without a moment.
    """
    if not gates:
        return Verdict(passed=False, gates=(_no_gates(),))
    results = tuple(_judge_gate(evaluation, gate, at) for gate in gates)
    return Verdict(passed=all(result.passed for result in results), gates=results)


def show(metric: Metric, value: float | None, decimals: int | None = None) -> str:
    """A figure as people write it: `10.6 %` for MAPE, `3.39` otherwise, `unknown` when it is missing."""
    if value is None:
        return "unknown"
    if metric == "mape":
        return f"{value * 100:.{1 if decimals is None else decimals}f} %"
    return f"{value:.{2 if decimals is None else decimals}f}"


def show_both(metric: Metric, one: float, other: float) -> tuple[str, str]:
    """Two figures with as many digits as it takes to see which one is greater."""
    both = show(metric, one), show(metric, other)
    for decimals in range(2, _MOST_DECIMALS + 1):
        if one == other or both[0] != both[1]:
            break
        both = show(metric, one, decimals), show(metric, other, decimals)
    return both


def _judge_gate(evaluation: Evaluation, gate: GatePolicy, at: datetime | None) -> GateResult:
    return _judge_bound(evaluation, gate, at) if gate.max is not None else _judge_reference(evaluation, gate)


def _judge_bound(evaluation: Evaluation, gate: GatePolicy, at: datetime | None) -> GateResult:
    assert gate.max is not None  # asked by the caller
    override = gate.override if _holds(gate.override, at) else None
    bound = gate.max if override is None else override.max
    got = evaluation.model.get(gate.metric)
    if got is None:
        reason = f"{_TITLES[gate.metric]} of the model is missing, so the gate fails"
        return _result(gate, None, bound, passed=False, reason=reason)
    passed = got <= bound
    shown, required = show_both(gate.metric, got, bound)
    reason = f"{_TITLES[gate.metric]} {shown} is {'at most' if passed else 'above'} {required}{_exception(gate, at)}"
    return _result(gate, got, bound, passed=passed, reason=reason, override=override is not None)


def _judge_reference(evaluation: Evaluation, gate: GatePolicy) -> GateResult:
    got, required = evaluation.model.get(gate.metric), _reference(evaluation, gate)
    name = _reference_name(evaluation)
    if got is None or required is None:
        why = f" ({evaluation.baseline_problem})" if got is not None and evaluation.baseline_problem else ""
        missing = "the model" if got is None else name
        reason = f"{_TITLES[gate.metric]} of {missing} is missing{why}, so the gate fails"
        return _result(gate, got, required, passed=False, reason=reason)
    passed = got < required
    shown, other = show_both(gate.metric, got, required)
    relation = "better than" if passed else "not better than"
    return _result(
        gate, got, required, passed=passed, reason=f"{_TITLES[gate.metric]} {shown} is {relation} {other} of {name}"
    )


def _reference(evaluation: Evaluation, gate: GatePolicy) -> float | None:
    if gate.better_than != "baseline" or evaluation.baseline is None:
        return None
    if evaluation.baseline.rows != evaluation.model.rows:
        return None  # computed on other rows: not comparable
    return evaluation.baseline.get(gate.metric)


def _reference_name(evaluation: Evaluation) -> str:
    named = evaluation.baseline_model
    return "the historical average" if named is None else f"the baseline {named}"


def _holds(override: GateOverride | None, at: datetime | None) -> bool:
    return override is not None and at is not None and at < override.until


def _exception(gate: GatePolicy, at: datetime | None) -> str:
    """What a reason says of an override: whose it is while it holds, and that it is over afterwards."""
    override = gate.override
    if override is None or at is None:
        return ""
    until = (override.until - _MOMENT).date().isoformat()  # the last day on which it holds
    if not _holds(override, at):
        return f" (the override by {override.by} ended {until})"
    return (
        f" (override by {override.by}: {override.reason}; until {until}; the gate says {show(gate.metric, gate.max)})"
    )


def _result(
    gate: GatePolicy,
    got: float | None,
    required: float | None,
    *,
    passed: bool,
    reason: str,
    override: bool = False,
) -> GateResult:
    return GateResult(
        gate=gate.name,
        metric=gate.metric,
        passed=passed,
        got=got,
        required=required,
        reason=f"{gate.name}: {reason}",
        override=override,
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
