"""Gates: all must hold, and what is missing does not hold."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from shared.contracts.evaluation import Evaluation, GateResult, Verdict
from shared.contracts.policy import GatePolicy
from shared.evaluation.cases import Case
from shared.evaluation.observations import Observations
from shared.evaluation.rulings import Ruling, by_segments, failed, plainly, with_confidence
from shared.evaluation.segments import Segment, worst_segments
from shared.evaluation.wording import segments_text

#: A reason travels with every event.
_REASON_LIMIT: Final = 500
#: So many rejections name their worst segments: a verdict has to stay small.
_DETAILED: Final = 3


def judge(
    evaluation: Evaluation,
    gates: Sequence[GatePolicy],
    at: datetime | None = None,
    rows: Observations | None = None,
) -> Verdict:
    """Hold an evaluation against its gates.

    A model without gates is never released: an empty sequence gives a failed verdict.

    Args:
        evaluation: The figures.
        gates: All must hold.
        at: The moment of the judgement; an override holds before its end, and none does without a moment, nor does a
            gate with `max_age_days`.
        rows: What the figures are of; a gate with `segments` or `confidence` looks at them, and fails without.
    """
    if not gates:
        return Verdict(passed=False, gates=(_no_gates(),))
    results: list[GateResult] = []
    for gate in gates:
        case = Case(evaluation, gate, at, rows)
        ruling = _rule(case)
        detailed = not ruling.passed and sum(not result.passed for result in results) < _DETAILED
        results.append(_result(case, ruling, _worst(case, ruling) if detailed else ()))
    return Verdict(passed=all(result.passed for result in results), gates=tuple(results))


def _rule(case: Case) -> Ruling:
    problem = case.stale or case.missing
    if problem is not None:
        return failed(case, problem)
    if case.first_release:
        return Ruling(passed=True, reason=f"{case.title} has no champion yet to be compared with", got=case.got)
    if case.gate.segments:
        return by_segments(case)
    return plainly(case) if case.gate.confidence is None else with_confidence(case)


def _worst(case: Case, ruling: Ruling) -> tuple[Segment, ...]:
    """The gate's own segments; else those of the columns that have few values."""
    if ruling.worst is not None or case.rows is None:
        return ruling.worst or ()
    return worst_segments(case.rows, case.gate, case.bar)


def _result(case: Case, ruling: Ruling, worst: Sequence[Segment]) -> GateResult:
    gate, told = case.gate, tuple(one.told(case.gate) for one in worst)
    sentences = [f"{gate.name}: {ruling.reason}"]
    if ruling.needed:
        sentences.append(ruling.needed[0].upper() + ruling.needed[1:])
    if told:
        sentences.append(f"Worst: {segments_text(gate.metric, told)}")
    reason = ". ".join(sentences)
    return GateResult(
        gate=gate.name,
        metric=gate.metric,
        passed=ruling.passed,
        got=ruling.got,
        required=None if ruling.bar is None else ruling.bar.limit,
        reason=reason if len(reason) <= _REASON_LIMIT else reason[: _REASON_LIMIT - 1] + "…",
        override=case.override is not None,
        worst=told,
        change=ruling.needed,
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
