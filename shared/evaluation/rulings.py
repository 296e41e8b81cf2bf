"""The three ways to judge a gate for which nothing is missing: plainly, with confidence, and segment by segment."""

from typing import Final, NamedTuple

from shared.evaluation.bars import Bar
from shared.evaluation.bootstrap import Improvements, improvements
from shared.evaluation.cases import Case
from shared.evaluation.segments import SHOWN, Segment, judge_segments
from shared.evaluation.wording import (
    change,
    loosest,
    percent,
    segments_text,
    show,
    show_both,
    signed_percent,
    tolerance,
)

#: The least confidence that a gate may ask for.
LEAST_CONFIDENCE: Final = 0.5


class Ruling(NamedTuple):
    """What became of a gate.

    Attributes:
        reason: What a person has to know, without the gate's name.
        got: The model's figure.
        bar: What it was held to.
        needed: The smallest change that would have passed.
        worst: The segments that did worst; `None` where the gate did not ask for any.
    """

    passed: bool
    reason: str
    got: float | None = None
    bar: Bar | None = None
    needed: str | None = None
    worst: tuple[Segment, ...] | None = None


def failed(case: Case, why: str) -> Ruling:
    """Something is missing."""
    return Ruling(passed=False, reason=f"{why}, so the gate fails", got=case.got, bar=case.bar(case.reference))


def plainly(case: Case) -> Ruling:
    """The figure over all rows, against a bound or a reference's."""
    got, bar = _both(case)
    passed = bar.holds(got)
    if case.gate.reference is None:
        shown, limit = show_both(case.gate.metric, got, bar.limit)
        reason = f"{case.title} {shown} {_asked(bar, limit, passed=passed)}{case.exception}"
    else:
        reason = _compared(case, passed=passed)
    return Ruling(
        passed, reason, got, bar, None if passed else change(case.gate.metric, bar, got, _remedy(case, got, bar))
    )


def with_confidence(case: Case) -> Ruling:
    """The percentile interval of the improvement has to lie above what is asked for; "not worse" may touch it."""
    (got, bar), gate = _both(case), case.gate
    found = _improvements(case)
    if found is None or gate.confidence is None:
        return failed(case, "the rows are missing that the resamples are drawn from")
    low, high = found.interval(gate.confidence)
    least = gate.by or 0.0 if gate.better_than else 0.0 - (gate.by or 0.0)
    passed = low > least if gate.better_than else low >= least
    interval = f"an improvement between {signed_percent(low)} and {signed_percent(high)}"
    reason = f"{_compared(case, passed=passed)} with {percent(gate.confidence)} confidence: {interval}"
    return Ruling(passed, reason, got, bar, None if passed else _less_confidence(case, found, least))


def by_segments(case: Case) -> Ruling:
    """No segment may break the bound, or do worse than the reference does in the same segment."""
    gate, rows = case.gate, case.rows
    absent = [name for name in gate.segments if rows is None or name not in rows.columns]
    if rows is None or absent:
        return failed(case, f"the evaluation has no column `{'`, `'.join(absent)}` to make segments of")
    judged = judge_segments(rows, gate, gate.segments, case.bar)
    by = f"by {', '.join(gate.segments)}"
    if not judged.segments:
        return failed(case, f"no segment {by} has {gate.min_rows} rows to judge {case.title} by")
    worst, failing = judged.segments[0], [one for one in judged.segments if not one.holds]
    few = f"; {judged.left_out} with fewer than {gate.min_rows} rows left out" if judged.left_out else ""
    told = f"{len(judged.segments)} segments {by}{few}"
    if not failing:
        figure = segments_text(gate.metric, [worst.told(gate)])
        reason = f"{case.title} {_asked_of_all(case, worst, passed=True)} in each of {told}; worst: {figure}"
        return Ruling(True, f"{reason}{case.exception}", worst.got, worst.bar)
    reason = f"{case.title} {_asked_of_all(case, worst, passed=False)} in {len(failing)} of {told}{case.exception}"
    needed = None
    if worst.got is not None and worst.bar is not None:
        remedy = _remedy(case, worst.got, worst.bar)
        needed = f"in {worst.told(gate).segment}, {change(gate.metric, worst.bar, worst.got, remedy)}"
    return Ruling(False, reason, worst.got, worst.bar, needed, tuple(failing[:SHOWN]))


# ── How ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _both(case: Case) -> tuple[float, Bar]:
    got, bar = case.got, case.bar(case.reference)
    assert got is not None  # `missing` has been asked
    assert bar is not None
    return got, bar


def _improvements(case: Case) -> Improvements | None:
    rows, gate = case.rows, case.gate
    reference = rows.predicted.get(gate.reference) if rows is not None and gate.reference is not None else None
    if rows is None or reference is None:
        return None
    model, other = (
        [float("nan") if one is None else one for one in said] for said in (rows.predicted["model"], reference)
    )
    return improvements(gate.metric, rows.actual, model, other, seed=f"{rows.dataset} {gate.name}")


def _less_confidence(case: Case, found: Improvements, least: float) -> str:
    strict = case.gate.better_than is not None
    reached = int(found.confidence_above(least, strict=strict) * 1000) / 1000
    needed = f"the lower end of the interval must be {'above' if strict else 'at least'} {percent(least)}"
    if reached < LEAST_CONFIDENCE:
        got, bar = _both(case)
        return needed if bar.holds(got) else change(case.gate.metric, bar, got, None)
    return f"{needed}; with `confidence: {reached * 100:g}%` it would have passed"


def _remedy(case: Case, got: float, bar: Bar) -> str | None:
    """What the gate would have to say for the model to pass."""
    gate, reference = case.gate, case.reference
    if gate.bound is not None:
        return loosest(gate, bar, got)
    if not reference or not gate.by or gate.segments:
        return None
    size, base = bar.size(got), bar.size(reference)
    better = (size - base if bar.higher else base - size) / abs(base)
    if gate.not_worse_than is not None:
        return tolerance(-better, up=True)
    return tolerance(better, up=False) if better > 0 else None


def _compared(case: Case, *, passed: bool) -> str:
    """A figure beside the reference's, with as many digits as it takes."""
    got, reference = case.got, case.reference
    assert got is not None  # `missing` has been asked
    assert reference is not None
    shown, other = show_both(case.gate.metric, got, reference)
    return f"{case.title} {shown} {_relation(case, passed=passed)} {other} of {case.reference_name}{_by(case)}"


def _relation(case: Case, *, passed: bool) -> str:
    if case.gate.better_than is not None:
        return "is better than" if passed else "is not better than"
    return "is not worse than" if passed else "is worse than"


def _by(case: Case) -> str:
    by = case.gate.by
    if not by:
        return ""
    return f" by at least {percent(by)}" if case.gate.better_than else f" by more than {percent(by)}"


def _asked(bar: Bar, limit: str, *, passed: bool) -> str:
    if bar.signed:
        return f"is {'within' if passed else 'more than'} {limit} {'of' if passed else 'from'} 0"
    if bar.higher:
        return f"is {'at least' if passed else 'below'} {limit}"
    return f"is {'at most' if passed else 'above'} {limit}"


def _asked_of_all(case: Case, worst: Segment, *, passed: bool) -> str:
    """What is said of the segments that hold, or of those that do not."""
    if not passed and (worst.got is None or worst.bar is None):
        return "is missing or does not hold"
    if case.gate.reference is not None:
        return f"{_relation(case, passed=passed)} that of {case.reference_name}{_by(case)}"
    assert worst.bar is not None  # an absolute bound is always there
    return _asked(worst.bar, show(case.gate.metric, worst.bar.limit), passed=passed)
