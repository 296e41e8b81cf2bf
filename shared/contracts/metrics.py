"""The figures that gates look at: what they are called, their units, and which way is better."""

from typing import Final, Literal, NamedTuple

Metric = Literal[
    "mape", "rmse", "rmse_zero", "mae", "bias", "r2", "auc", "f1", "log_loss", "latency", "coverage"
]  # fmt: skip
#: A share is written with %; the target's unit, seconds and plain numbers are not.
Unit = Literal["share", "target", "seconds", "number"]

#: What the names of a run's own metrics begin with in a gate: `run.pinball_90`.
OF_RUN: Final = "run."


class MetricKind(NamedTuple):
    """What is known of a metric without any data.

    Attributes:
        title: As messages say it.
        higher: Whether more is better; `None` where only the author knows, so that the gate's bound says it.
        signed: Whether it is judged by its distance from 0, in either direction.
        one_sided: Whether there is a figure of the model alone, and none of a baseline or a champion to compare with.
        limit: The greatest value that it can have, where there is one.
    """

    title: str
    unit: Unit
    higher: bool | None = False
    signed: bool = False
    one_sided: bool = False
    limit: float | None = None


METRICS: Final[dict[str, MetricKind]] = {
    "mape": MetricKind("MAPE", "share"),
    "rmse": MetricKind("RMSE", "target"),
    "rmse_zero": MetricKind("RMSE where the actual is 0", "target"),
    "mae": MetricKind("MAE", "target"),
    "bias": MetricKind("bias", "target", signed=True),
    "r2": MetricKind("R²", "number", higher=True, limit=1),
    "auc": MetricKind("AUC", "number", higher=True, limit=1),
    "f1": MetricKind("F1", "number", higher=True, limit=1),
    "log_loss": MetricKind("log loss", "number"),
    "latency": MetricKind("latency (95th percentile)", "seconds", one_sided=True),
    "coverage": MetricKind("coverage", "share", higher=True, limit=1),
}


def kind_of(metric: str) -> MetricKind:
    """The kind of a metric; one that a run logs has no unit that is known here."""
    return METRICS.get(metric) or MetricKind(f"`{metric}`", "number", higher=None, one_sided=True)
