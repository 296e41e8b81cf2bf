"""Figures of a model and what the gates say of them."""

import operator

from pydantic import Field

from shared.contracts.base import Contract, Instant, absent
from shared.contracts.metrics import METRICS
from shared.contracts.policy import GatePolicy


class Figures(Contract):
    """Figures over one set of rows; absent where they cannot be computed. `shared.evaluation.metrics` has the formulas.

    Attributes:
        rows: Rows compared.
        zeros: Rows whose actual value is 0: outside MAPE, and all of `rmse_zero`.
        mape: Mean absolute percentage error over rows whose actual is not 0, as a fraction: 0.45 is 45 %.
        rmse: Root mean squared error, in the target's unit.
        rmse_zero: The same where the actual is 0.
        mae: Mean absolute error, in the target's unit.
        bias: Mean of prediction minus actual, in the target's unit.
        r2: Coefficient of determination; at most 1.
        auc: Area under the ROC curve, from 0 to 1, where actual values are 0 and 1, and predictions probabilities.
        f1: Harmonic mean of precision and recall, from 0 to 1, in the same case.
        log_loss: Mean negative logarithm of the probability of what happened, in the same case.
        latency: Seconds per prediction that 95 % of the rows did not exceed.
        coverage: Rows with a prediction, as a fraction.
    """

    rows: int
    zeros: int
    mape: float | None = None
    rmse: float | None = None
    rmse_zero: float | None = None
    # Left out where they are missing: histories from before they were there replay.
    mae: float | None = Field(default=None, exclude_if=absent)
    bias: float | None = Field(default=None, exclude_if=absent)
    r2: float | None = Field(default=None, exclude_if=absent)
    auc: float | None = Field(default=None, exclude_if=absent)
    f1: float | None = Field(default=None, exclude_if=absent)
    log_loss: float | None = Field(default=None, exclude_if=absent)
    latency: float | None = Field(default=None, exclude_if=absent)
    coverage: float | None = Field(default=None, exclude_if=absent)

    def get(self, metric: str) -> float | None:
        """The figure of that name; `None` also for one that nobody knows."""
        value: float | None = getattr(self, metric) if metric in METRICS else None
        return value


class ChampionRef(Contract):
    """The version in production when a training was ordered; there may be none yet, and that is told, too."""

    version: str | None


class Evaluation(Contract):
    """A model beside its references on the same rows.

    Attributes:
        baseline_model: The registered baseline that `baseline` is of; absent when it is a column of the evaluation.
        baseline_problem: Why the baseline's figures are missing, where a baseline was trained.
        champion: Figures of the evaluation's column `champion`.
        champion_ref: Which version that is; absent when nobody has said so.
        run: The metrics that the run has logged and that a gate looks at, by their names without `run.`.
        observed_at: The newest observation, as the column `observed_at` tells.
    """

    model: Figures
    baseline: Figures | None = None
    naive: Figures | None = None
    baseline_model: str | None = None
    baseline_problem: str | None = None
    champion: Figures | None = Field(default=None, exclude_if=absent)
    champion_ref: ChampionRef | None = Field(default=None, exclude_if=absent)
    run: dict[str, float] = Field(default={}, exclude_if=operator.not_)
    observed_at: Instant | None = Field(default=None, exclude_if=absent)


class SegmentFigure(Contract):
    """A gate's figure for some of the rows.

    Attributes:
        segment: Which: `movement=slow`, `origin=JFK movement=slow`.
        required: What it was held to, where that is another figure than that of all rows.
    """

    segment: str
    rows: int
    got: float | None
    required: float | None = Field(default=None, exclude_if=absent)


class GateResult(Contract):
    """What one gate required and what it got.

    Attributes:
        gate: Its name in the fleet file.
        metric: The figure that it looks at.
        passed: Whether it holds; a figure that is missing fails.
        got: The model's figure; that of the worst segment, if the gate is for segments.
        required: The bound that it was held to: absolute, or the reference's figure with what `by` makes of it.
        reason: What a person has to know; of a rejection also the worst segments, and what would have passed.
        override: Whether the bound is that of an exception to the gate.
        worst: The segments that did worst, if it does not hold.
        change: The smallest change that would have passed.
    """

    gate: str
    metric: str
    passed: bool
    got: float | None
    required: float | None
    reason: str
    override: bool = False
    worst: tuple[SegmentFigure, ...] = Field(default=(), exclude_if=operator.not_)
    change: str | None = Field(default=None, exclude_if=absent)


class Verdict(Contract):
    """All gates together."""

    passed: bool
    gates: tuple[GateResult, ...]

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it was rejected; empty when it passed."""
        return tuple(gate.reason for gate in self.gates if not gate.passed)

    def told_of(self, version: str) -> str:
        """It in words: why a version was rejected, or what it has passed."""
        reasons = self.reasons or tuple(gate.reason for gate in self.gates)
        return f"Version {version} {'passed' if self.passed else 'was rejected'}. " + "; ".join(reasons)


class BaselineJob(Contract):
    """A finished job that trained a baseline.

    Attributes:
        model: The registered baseline's name.
        job: The job's name.
    """

    model: str
    job: str


class EvaluateModelInput(Contract):
    """Input of `evaluate_model`: the finished job whose output `evaluation` is read.

    Attributes:
        dataset: The dataset version that an evaluation which names one must be of.
        baseline: What the model is compared with; its column `historical_average` when absent.
        at: The moment of the judgement: overrides that have ended by then do not hold, nor does any without it.
        champion: The version in production; a gate that compares with it fails when nobody has said which it is.
    """

    job: str
    gates: tuple[GatePolicy, ...]
    dataset: str | None = None
    baseline: BaselineJob | None = None
    at: Instant | None = None
    trace: str | None = None
    champion: ChampionRef | None = Field(default=None, exclude_if=absent)


class EvaluatedModel(Contract):
    """Result of `evaluate_model`."""

    evaluation: Evaluation
    verdict: Verdict
