"""Figures of a model and what the gates say of them."""

from shared.contracts.base import Contract, Instant
from shared.contracts.policy import GatePolicy, Metric


class Figures(Contract):
    """Error figures over one set of rows; absent where they cannot be computed.

    Attributes:
        rows: Rows compared.
        zeros: Rows whose actual value is 0: outside MAPE, and all of `rmse_zero`.
        mape: Mean absolute percentage error over rows whose actual is not 0, as a fraction: 0.45 is 45 %.
        rmse: Root mean squared error, in the target's unit.
        rmse_zero: The same where the actual is 0.
    """

    rows: int
    zeros: int
    mape: float | None = None
    rmse: float | None = None
    rmse_zero: float | None = None

    def get(self, metric: Metric) -> float | None:
        """The figure of that name."""
        value: float | None = getattr(self, metric)
        return value


class Evaluation(Contract):
    """A model beside its references on the same rows.

    Attributes:
        baseline_model: The registered baseline that `baseline` is of; absent when it is a column of the evaluation.
        baseline_problem: Why the baseline's figures are missing, where a baseline was trained.
    """

    model: Figures
    baseline: Figures | None = None
    naive: Figures | None = None
    baseline_model: str | None = None
    baseline_problem: str | None = None


class GateResult(Contract):
    """What one gate required and what it got.

    Attributes:
        gate: Its name in the fleet file.
        metric: The figure that it looks at.
        passed: Whether it holds; a figure that is missing fails.
        got: The model's figure.
        required: The bound that it was held to: absolute, or the reference's figure.
        reason: One sentence for a person.
        override: Whether the bound is that of an exception to the gate.
    """

    gate: str
    metric: Metric
    passed: bool
    got: float | None
    required: float | None
    reason: str
    override: bool = False


class Verdict(Contract):
    """All gates together."""

    passed: bool
    gates: tuple[GateResult, ...]

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it was rejected; empty when it passed."""
        return tuple(gate.reason for gate in self.gates if not gate.passed)


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
    """

    job: str
    gates: tuple[GatePolicy, ...]
    dataset: str | None = None
    baseline: BaselineJob | None = None
    at: Instant | None = None
    trace: str | None = None


class EvaluatedModel(Contract):
    """Result of `evaluate_model`."""

    evaluation: Evaluation
    verdict: Verdict
