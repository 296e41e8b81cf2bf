# ruff: noqa: E501 - messages are compared whole, and a broken line would hide what a person reads
"""What a rejection says: required, got, the smallest change that would have passed, and where it is worst."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from shared.contracts.evaluation import ChampionRef, Evaluation, Figures, GateResult
from shared.contracts.metrics import METRICS, kind_of
from shared.contracts.policy import GateOverride, GatePolicy
from shared.evaluation.evaluate import Measurement, measure
from shared.evaluation.gates import judge
from shared.evaluation.wording import loosest
from shared.fleet.amounts import read_bound

AT = datetime(2026, 11, 21, 7, tzinfo=UTC)
COLUMNS = ("movement", "route", "actual", "prediction", "historical_average", "champion", "seconds", "observed_at")


def measured(version: str | None = "3", **changes: Callable[[int], Any]) -> Measurement:
    """Sixty rows: 30 slow ones with an error of 60 %, 30 fast ones with one of 10 %; the others err by 30 % and 40 %."""
    cells: dict[str, Callable[[int], Any]] = {
        "movement": lambda row: "slow" if row < 30 else "fast",
        "route": lambda row: f"r{row}",
        "actual": lambda _row: 10,
        "prediction": lambda row: 16 if row < 30 else 11,
        "historical_average": lambda _row: 13,
        "champion": lambda _row: 14,
        "seconds": lambda row: 0.1 + row / 1000,
        "observed_at": lambda row: f"2026-10-{1 + row // 2:02}",
        **changes,
    }
    lines = [",".join(str(cells[name](row)) for name in COLUMNS) for row in range(60)]
    table = "\n".join([",".join(COLUMNS), *lines]).encode()
    return measure(table, "d1", champion=ChampionRef(version=version), run={"pinball": 0.3})


def judged(gate: GatePolicy, found: Measurement | None = None) -> GateResult:
    """The result of one gate."""
    found = found or measured()
    return judge(found.evaluation, (gate,), AT, found.observations).gates[0]


@pytest.mark.parametrize(
    ("gate", "reason"),
    [
        (
            {"metric": "mape", "max": 0.3},
            "g: MAPE 35.0 % is above 30.0 %. MAPE must fall by 5 percentage points (15 % of it); with `max: 35%` it would have passed. Worst: movement=slow 60.0 % (30 rows), movement=fast 10.0 % (30 rows)",
        ),
        (
            {"metric": "mape", "better_than": "baseline"},
            "g: MAPE 35.0 % is not better than 30.0 % of the historical average. MAPE must fall by more than 5 percentage points (15 % of it). Worst: movement=slow 60.0 % against 30.0 % (30 rows), movement=fast 10.0 % against 30.0 % (30 rows)",
        ),
        (
            {"metric": "mape", "better_than": "champion", "by": 0.2},
            "g: MAPE 35.0 % is not better than 40.0 % of the champion (version 3) by at least 20 %. MAPE must fall by 3 percentage points (8.6 % of it); with `by: 12%` it would have passed. Worst: movement=slow 60.0 % against 32.0 % (30 rows), movement=fast 10.0 % against 32.0 % (30 rows)",
        ),
        (
            {"metric": "rmse", "not_worse_than": "champion", "by": 0.05},
            "g: RMSE 4.30 is worse than 4.00 of the champion (version 3) by more than 5 %. RMSE must fall by 0.102 (2.4 % of it); with `by: 7.6%` it would have passed. Worst: movement=slow 6.00 against 4.20 (30 rows), movement=fast 1.00 against 4.20 (30 rows)",
        ),
        (
            {"metric": "mape", "better_than": "champion", "confidence": 0.9},
            "g: MAPE 35.0 % is not better than 40.0 % of the champion (version 3) with 90 % confidence: an improvement between -2.08 % and +25.00 %. The lower end of the interval must be above 0 %; with `confidence: 88.5%` it would have passed. Worst: movement=slow 60.0 % against 40.0 % (30 rows), movement=fast 10.0 % against 40.0 % (30 rows)",
        ),
        (
            {"metric": "bias", "max": 2},
            "g: bias 3.50 is more than 2.00 from 0. Bias must come nearer to 0 by 1.5 (43 % of it); with `max: 3.5` it would have passed. Worst: movement=slow 6.00 (30 rows), movement=fast 1.00 (30 rows)",
        ),
        (
            {"metric": "latency", "max": 0.15},
            "g: latency (95th percentile) 0.156 s is above 0.150 s. Latency (95th percentile) must fall by 0.006 s (3.9 % of it); with `max: 0.156` it would have passed. Worst: movement=fast 0.158 s (30 rows), movement=slow 0.128 s (30 rows)",
        ),
        (
            {"metric": "run.pinball", "max": 0.25},
            "g: `run.pinball` 0.30 is above 0.25. `run.pinball` must fall by 0.05 (17 % of it); with `max: 0.3` it would have passed",
        ),
        (
            {"metric": "mape", "max": 0.45, "segments": ("movement",)},
            "g: MAPE is above 45.0 % in 1 of 2 segments by movement. In movement=slow, MAPE must fall by 15 percentage points (25 % of it); with `max: 60%` it would have passed. Worst: movement=slow 60.0 % (30 rows)",
        ),
        (
            {"metric": "mape", "not_worse_than": "champion", "by": 0.1, "segments": ("movement",)},
            "g: MAPE is worse than that of the champion (version 3) by more than 10 % in 1 of 2 segments by movement. In movement=slow, MAPE must fall by 16 percentage points (27 % of it). Worst: movement=slow 60.0 % against 44.0 % (30 rows)",
        ),
    ],
)  # fmt: skip
def test_a_rejection_tells_all(gate: dict[str, Any], reason: str) -> None:
    """As a person reads it, whole; the change and the segments are there by themselves, too."""
    found = judged(GatePolicy(name="g", **gate))
    assert (found.passed, found.reason) == (False, reason)
    assert found.change is not None
    assert found.change.lower() in reason.lower()
    assert [one.segment in reason for one in found.worst] == [True] * len(found.worst)


@pytest.mark.parametrize(
    ("gate", "reason"),
    [
        ({"metric": "coverage", "min": 1}, "g: coverage 100.0 % is at least 100.0 %"),
        ({"metric": "bias", "max": 4}, "g: bias 3.50 is within 4.00 of 0"),
        ({"metric": "mape", "better_than": "champion", "by": 0.1}, "g: MAPE 35.0 % is better than 40.0 % of the champion (version 3) by at least 10 %"),
        ({"metric": "mape", "not_worse_than": "baseline", "by": 0.2}, "g: MAPE 35.0 % is not worse than 30.0 % of the historical average by more than 20 %"),
        ({"metric": "mape", "better_than": "champion", "confidence": 0.5}, "g: MAPE 35.0 % is better than 40.0 % of the champion (version 3) with 50 % confidence: an improvement between +6.25 % and +18.75 %"),
        ({"metric": "mape", "max": 0.6, "segments": ("movement",)}, "g: MAPE is at most 60.0 % in each of 2 segments by movement; worst: movement=slow 60.0 % (30 rows)"),
        ({"metric": "mape", "max": 0.9, "max_age_days": 40}, "g: MAPE 35.0 % is at most 90.0 %"),
    ],
)  # fmt: skip
def test_what_holds_says_so_in_one_sentence(gate: dict[str, Any], reason: str) -> None:
    """With nothing that ought to change."""
    found = judged(GatePolicy(name="g", **gate))
    assert (found.passed, found.reason) == (True, reason)
    assert (found.worst, found.change) == ((), None)


@pytest.mark.parametrize(
    ("gate", "changes", "why"),
    [
        ({"metric": "mape", "max": 0.9}, {"prediction": lambda row: "" if row == 3 else 10}, "MAPE of the model is missing: 1.67 % of the rows have no prediction, so the gate fails. Worst: movement=slow unknown (30 rows), movement=fast 0.0 % (30 rows)"),
        ({"metric": "auc", "min": 0.5}, {}, "AUC of the model is missing: it needs actual values of 0 and 1, both of them, and predictions that are probabilities, so the gate fails"),
        ({"metric": "latency", "max": 1}, {"seconds": lambda _row: "?"}, "latency (95th percentile) of the model is missing: the evaluation needs a column `seconds` with a number in each row, so the gate fails"),
        ({"metric": "run.other", "max": 1}, {}, "`run.other` of the model is missing: the run has logged no such metric, or no finite value of it, so the gate fails"),
        ({"metric": "mape", "better_than": "champion"}, {"champion": lambda row: "" if row == 3 else 10}, "MAPE of the champion (version 3) is missing, so the gate fails"),
        ({"metric": "mape", "max": 0.9, "segments": ("region", "movement")}, {}, "the evaluation has no column `region` to make segments of, so the gate fails"),
        ({"metric": "mape", "max": 0.9, "segments": ("route",)}, {}, "no segment by route has 20 rows to judge MAPE by, so the gate fails"),
        ({"metric": "mape", "max": 0.9, "max_age_days": 21}, {}, "the newest observation is of 2026-10-30, and may be 21 days old at most, so the gate fails"),
        ({"metric": "mape", "max": 0.9, "max_age_days": 21}, {"observed_at": lambda row: "" if row == 0 else "2026-11-20"}, "nobody knows how old the evaluation is: it needs a column `observed_at` with a date in each row, so the gate fails"),
        ({"metric": "mape", "max": 0.9, "max_age_days": 21}, {"observed_at": lambda _row: "2026-12-01T00:00:00Z"}, "the newest observation is of 2026-12-01, which has not come yet, so the gate fails"),
    ],
)  # fmt: skip
def test_what_is_missing_or_stale_fails(gate: dict[str, Any], changes: dict[str, Any], why: str) -> None:
    """However good the other figures are; the reason says what the pipeline has to put out."""
    found = judged(GatePolicy(name="g", **gate), measured(**changes))
    assert (found.passed, found.reason.split(". Worst: movement=slow 6")[0]) == (False, f"g: {why}")


class TestChampion:
    """The version in production on the same rows."""

    GATE = GatePolicy(name="g", metric="mape", better_than="champion")

    def test_the_first_version_can_pass(self) -> None:
        """There is no champion yet, and the training was told so; a column of that name is nobody's then."""
        found = measured(None)
        assert found.evaluation.champion is None
        assert judged(self.GATE, found).reason == "g: MAPE has no champion yet to be compared with"
        assert judged(self.GATE, found).passed

    def test_the_first_version_needs_a_figure_all_the_same(self) -> None:
        """A model without predictions is not released because it is the first."""
        assert not judged(self.GATE, measured(None, prediction=lambda _row: "")).passed

    def test_without_its_predictions_it_fails(self) -> None:
        """There is a champion, and the pipeline has not asked it."""
        found = measure(b"actual,prediction\n1,1\n", champion=ChampionRef(version="3"))
        why = "g: the evaluation has no column `champion` with the predictions of version 3, so the gate fails"
        assert judged(self.GATE, found).reason == why

    def test_when_nobody_says_which_it_is_it_fails(self) -> None:
        """Absent is not the same as none."""
        found = measure(b"actual,prediction,champion\n1,1,9\n")
        assert judged(self.GATE, found).reason == "g: nobody has said which version is the champion, so the gate fails"


@pytest.mark.parametrize("by", [None, 0.1])
def test_a_champion_is_not_worse_than_itself_nor_better(by: float | None) -> None:
    """However sure that has to be; the interval is a point."""
    same = measured(champion=lambda row: 16 if row < 30 else 11)
    gate = GatePolicy(name="g", metric="mape", not_worse_than="champion", by=by, confidence=0.999)
    assert judged(gate, same).passed
    assert not judged(GatePolicy(name="g", metric="mape", better_than="champion", confidence=0.5), same).passed


def test_what_is_worse_for_sure_is_told_what_was_asked() -> None:
    """The lower end may be the tolerance itself, and the confidence that is named would have passed."""
    gate = GatePolicy(name="g", metric="mape", not_worse_than="champion", confidence=0.9)
    found = judged(gate)
    assert not found.passed
    assert found.change is not None
    assert found.change.startswith("the lower end of the interval must be at least 0 %; with `confidence: ")
    reached = float(found.change.split("`confidence: ")[1].split("%")[0]) / 100
    assert judged(gate.model_copy(update={"confidence": reached})).passed


@pytest.mark.parametrize(
    ("value", "bound", "change"),
    [
        (-0.5, -1.0, "`run.pinball` must fall by 0.5 (100 % of it); with `max: -0.5` it would have passed"),
        (0.0, -1.0, "`run.pinball` must fall by 1; with `max: 0` it would have passed"),
    ],
)
def test_a_bound_of_a_runs_own_metric_may_have_any_sign(value: float, bound: float, change: str) -> None:
    """What is named as bound can be written."""
    evaluation = measured().evaluation.model_copy(update={"run": {"pinball": value}})
    (result,) = judge(evaluation, (GatePolicy(name="g", metric="run.pinball", max=bound),), AT).gates
    assert result.change == change
    assert read_bound(value, "run.pinball") == value


def test_no_bound_is_named_that_holds_for_all() -> None:
    """A model without any prediction is let pass by no gate that could be written."""
    found = measured(prediction=lambda _row: "")
    assert "with `min:" not in (judged(GatePolicy(name="g", metric="coverage", min=0.9), found).change or "")


def test_without_its_rows_a_gate_for_segments_or_confidence_fails() -> None:
    """The figures alone cannot tell."""
    evaluation = measured().evaluation
    for gate in ({"segments": ("movement",), "max": 0.9}, {"better_than": "champion", "confidence": 0.5}):
        assert not judge(evaluation, (GatePolicy(name="g", metric="mape", **gate),), AT).passed  # type: ignore[arg-type]


def test_few_rows_are_left_out_and_told() -> None:
    """Rows that do not enter the figure do not count: 5 of the slow ones have an actual value that is not 0."""
    gate = GatePolicy(name="g", metric="mape", max=0.2, segments=("movement",))
    found = judged(gate, measured(actual=lambda row: 0 if row < 25 else 10))
    told = (
        "in each of 1 segments by movement; 1 with fewer than 20 rows left out; worst: movement=fast 10.0 % (30 rows)"
    )
    assert (found.passed, found.reason) == (True, f"g: MAPE is at most 20.0 % {told}")


def test_an_exception_to_a_lower_bound() -> None:
    """`min` instead of `min`, as long as it holds."""
    override = GateOverride(min=0.4, by="ana", reason="new sensor", until=AT + timedelta(hours=1))
    gate = GatePolicy(name="g", metric="coverage", min=1, override=override)
    found = measured(prediction=lambda row: "" if row < 30 else 10)
    assert judged(gate, found).passed
    assert (
        "50.0 % is at least 40.0 % (override by ana: new sensor; until 2026-11-21; the gate says 100.0 %)"
        in judged(gate, found).reason
    )
    assert not judge(found.evaluation, (gate,), AT + timedelta(hours=1)).passed


def test_a_verdict_stays_small() -> None:
    """Twenty gates that all fail, with names and segments as long as they get, fit into what may travel."""
    found = measured(movement=lambda row: "s" * 200 if row < 30 else "f" * 200)
    gates = [GatePolicy(name=f"g{number}" + "x" * 60, metric="mape", max=0.01) for number in range(20)]
    verdict = judge(found.evaluation, gates, AT, found.observations)
    assert all(len(gate.reason) <= 500 for gate in verdict.gates)
    assert len(json.dumps(verdict.to_wire())) < 11_000


# ── For all figures ─────────────────────────────────────────────────────────────────────────────────────────────────

BOUNDED = st.sampled_from([name for name, kind in METRICS.items() if not kind.signed])
FIGURE = st.floats(min_value=0.0001, max_value=0.9999)


def _alone(metric: str, value: float | None, reference: float | None = None) -> Evaluation:
    figures = (Figures(rows=1, zeros=0).model_copy(update={metric: one}) for one in (value, reference))
    return Evaluation(model=next(figures), baseline=next(figures))


def _gate(metric: str, bound: float) -> GatePolicy:
    return GatePolicy.from_wire({"name": "g", "metric": metric, "min" if kind_of(metric).higher else "max": bound})


@given(BOUNDED, FIGURE, FIGURE, FIGURE)
def test_a_looser_bound_never_rejects_what_a_stricter_one_lets_pass(
    metric: str, value: float, one: float, other: float
) -> None:
    """And a better figure never fails where a worse one passes."""
    stricter, looser = sorted((one, other), reverse=bool(kind_of(metric).higher))
    evaluation = _alone(metric, value)
    if judge(evaluation, (_gate(metric, stricter),)).passed:
        assert judge(evaluation, (_gate(metric, looser),)).passed
    best, worst = sorted((one, other), reverse=bool(kind_of(metric).higher))
    if judge(_alone(metric, worst), (_gate(metric, value),)).passed:
        assert judge(_alone(metric, best), (_gate(metric, value),)).passed


@given(BOUNDED, FIGURE, FIGURE)
def test_the_change_that_is_named_would_have_passed(metric: str, value: float, bound: float) -> None:
    """The bound that a rejection names, read as the fleet file reads it, lets the model pass, and is near."""
    (result,) = judge(_alone(metric, value), (_gate(metric, bound),)).gates
    assert result.passed == (result.change is None)
    if result.change is not None:
        written = result.change.split("`")[-2]
        key, _, text = written.partition(": ")
        read = read_bound(text if text.endswith("%") else float(text), metric, key)
        assert judge(_alone(metric, value), (_gate(metric, read),)).passed
        assert read == pytest.approx(value, rel=0.02)


@given(st.sampled_from(sorted(METRICS)), FIGURE, st.sampled_from(["max", "min", "better_than", "not_worse_than"]))
def test_what_is_missing_never_passes(metric: str, bound: float, kind: str) -> None:
    """Whatever the gate, and whichever side is missing."""
    required = bound if kind in ("max", "min") else "baseline"
    gate = GatePolicy.from_wire({"name": "g", "metric": metric, kind: required})
    assert not judge(_alone(metric, None, 0.5), (gate,)).passed
    if kind in ("better_than", "not_worse_than"):
        assert not judge(_alone(metric, 0.5, None), (gate,)).passed


@given(BOUNDED, FIGURE, FIGURE, st.floats(min_value=0, max_value=0.5))
def test_better_and_not_worse_are_opposites(metric: str, value: float, reference: float, by: float) -> None:
    """A model is better than the other exactly if the other is not "not worse" than it; `by` moves both the same way."""
    better = GatePolicy(name="g", metric=metric, better_than="baseline")
    as_good = GatePolicy(name="g", metric=metric, not_worse_than="baseline")
    passes = judge(_alone(metric, value, reference), (better,)).passed
    assert passes != judge(_alone(metric, reference, value), (as_good,)).passed
    if judge(_alone(metric, value, reference), (better.model_copy(update={"by": by}),)).passed and by:
        assert passes
    if judge(_alone(metric, value, reference), (as_good,)).passed:
        assert judge(_alone(metric, value, reference), (as_good.model_copy(update={"by": by}),)).passed


@given(st.floats(min_value=1e-9, max_value=1e30), st.sampled_from(["mape", "rmse", "latency", "r2"]))
def test_the_nearest_bound_is_one(value: float, metric: str) -> None:
    """Of any size: it is written in few digits where they suffice, and never on the wrong side."""
    from shared.evaluation.bars import absolute

    gate = _gate(metric, value)
    text = loosest(gate, absolute(gate, value), value)
    assert text is not None
    read = text.partition(": ")[2]
    number = float(read.removesuffix("%")) / (100 if read.endswith("%") else 1)
    assert number <= value if kind_of(metric).higher else number >= value
