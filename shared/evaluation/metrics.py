"""The formulas of the figures that gates look at.

Errors of forecasts (`a` is the actual value, `p` the prediction; Hyndman and Athanasopoulos, "Forecasting: Principles
and Practice", 3rd edition, chapter 5.8):

- `mape`: mean of |p - a| / |a| over the rows whose actual value is not 0, where it is not defined;
- `rmse`: square root of the mean of (p - a)²; `rmse_zero`: the same over just the rows whose actual value is 0, so that
  a model cannot hide what it predicts for things that did not sell;
- `mae`: mean of |p - a|; `bias`: mean of p - a, so that a model that predicts too much has a positive one;
- `r2`: 1 - Σ(p - a)² / Σ(a - mean a)² (Draper and Smith, "Applied Regression Analysis", chapter 1): not defined where
  all actual values are the same.

Classification, where every actual value is 0 or 1, and every prediction the probability of 1:

- `auc`: the chance that a 1 has a higher probability than a 0, ties counted half: the Mann-Whitney statistic, by ranks
  (Hanley and McNeil, "The meaning and use of the area under a ROC curve", Radiology 143, 1982);
- `f1`: 2·TP / (2·TP + FP + FN), where a probability of 0.5 or more counts as 1 (van Rijsbergen, "Information
  Retrieval", chapter 7): not defined where nothing is 1 and nothing is said to be;
- `log_loss`: mean of -ln of the probability of what happened, which is taken to be no less than 1e-15 (Bishop, "Pattern
  Recognition and Machine Learning", equation 4.90).

And of any prediction:

- `latency`: the 95th percentile of the seconds that a prediction took, by the nearest rank: of 20 rows the 19th;
- `coverage`: rows with a prediction, divided by all rows.

A prediction that is missing or not finite lowers the coverage, and makes every other figure that it enters missing:
an error over the other rows would look better than it is. So does a figure too large for a float.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from typing import Final

from shared.contracts.evaluation import Figures

type Numbers = Sequence[float]
type Missable = Sequence[float | None]
#: A figure of actual values and finite predictions; `None` where it is not defined.
type _Formula = Callable[[Numbers, Numbers], float | None]

#: A probability from which on a row counts as predicted to be 1.
THRESHOLD: Final = 0.5
#: Less than this is no probability of anything that happened: one row must not make the loss infinite.
LEAST_PROBABILITY: Final = 1e-15
_PERCENTILE: Final = 95


def compare(actual: Numbers, predicted: Missable, seconds: Missable | None = None) -> Figures:
    """All figures of predictions beside the actual values, row by row.

    Args:
        actual: What happened, in the target's unit.
        predicted: What was said; a missing or non-finite prediction makes every error that it enters missing.
        seconds: How long each prediction took, where that is known.

    Raises:
        ValueError: They differ in length.
    """
    found = {metric: figure(metric, actual, predicted, seconds) for metric in (*FORMULAS, "latency", "coverage")}
    return Figures(rows=len(actual), zeros=sum(value == 0 for value in actual), **found)


def figure(metric: str, actual: Numbers, predicted: Missable, seconds: Missable | None = None) -> float | None:
    """One figure; `None` where it is missing, not defined, or nobody knows a metric of that name.

    Raises:
        ValueError: The sequences differ in length.
    """
    if len(actual) != len(predicted) or (seconds is not None and len(seconds) != len(actual)):
        msg = f"{len(actual)} actual values have {len(predicted)} predictions"
        raise ValueError(msg)
    if metric == "coverage":
        return _mean(float(is_known(value)) for value in predicted)
    if metric == "latency":
        return _percentile(seconds or ())
    formula = FORMULAS.get(metric)
    if formula is None:
        return None
    rows = [(a, p) for a, p in zip(actual, predicted, strict=True) if enters(metric, a)]
    if not rows or not all(is_known(p) for _, p in rows):
        return None
    try:
        value = formula([a for a, _ in rows], [p for _, p in rows if p is not None])
    except (OverflowError, ValueError):  # a sum that no float can hold, or one of infinities
        return None
    return value if value is not None and math.isfinite(value) else None


def is_known(value: float | None) -> bool:
    """Whether a prediction is there, and finite."""
    return value is not None and math.isfinite(value)


def is_classification(actual: Numbers, predicted: Numbers) -> bool:
    """Whether these are classes 0 and 1, and probabilities of 1."""
    return all(a in (0, 1) for a in actual) and all(0 <= p <= 1 for p in predicted)


def enters(metric: str, actual: float) -> bool:
    """Whether a row with that actual value is part of a figure."""
    return {"mape": actual != 0, "rmse_zero": actual == 0}.get(metric, True)


def _mape(actual: Numbers, predicted: Numbers) -> float | None:
    return _mean(abs(p - a) / abs(a) for a, p in zip(actual, predicted, strict=True))


def _rmse(actual: Numbers, predicted: Numbers) -> float | None:
    mean = _mean((p - a) * (p - a) for a, p in zip(actual, predicted, strict=True))
    return None if mean is None else math.sqrt(mean)


def _mae(actual: Numbers, predicted: Numbers) -> float | None:
    return _mean(abs(p - a) for a, p in zip(actual, predicted, strict=True))


def _bias(actual: Numbers, predicted: Numbers) -> float | None:
    return _mean(p - a for a, p in zip(actual, predicted, strict=True))


def _r2(actual: Numbers, predicted: Numbers) -> float | None:
    if min(actual) == max(actual):
        return None
    mean = math.fsum(actual) / len(actual)
    spread = math.fsum((a - mean) * (a - mean) for a in actual)
    errors = math.fsum((p - a) * (p - a) for a, p in zip(actual, predicted, strict=True))
    return 1 - errors / spread if spread > 0 else None


def _auc(actual: Numbers, predicted: Numbers) -> float | None:
    ones = sum(a == 1 for a in actual)
    zeros = len(actual) - ones
    if not ones or not zeros or not is_classification(actual, predicted):
        return None
    below, beaten = 0, 0.0  # zeros with a lower probability; pairs in which the 1 has the higher one
    ordered = sorted(zip(predicted, actual, strict=True))
    for _, ties in groupby(ordered, lambda row: row[0]):
        classes = [a for _, a in ties]
        tied_ones = sum(a == 1 for a in classes)
        tied_zeros = len(classes) - tied_ones
        beaten += tied_ones * (below + tied_zeros / 2)
        below += tied_zeros
    return beaten / (ones * zeros)


def _f1(actual: Numbers, predicted: Numbers) -> float | None:
    if not is_classification(actual, predicted):
        return None
    said = [p >= THRESHOLD for p in predicted]
    right = sum(1 for a, one in zip(actual, said, strict=True) if one and a == 1)
    either = sum(said) + sum(a == 1 for a in actual)  # 2·TP + FP + FN
    return 2 * right / either if either else None


def _log_loss(actual: Numbers, predicted: Numbers) -> float | None:
    if not is_classification(actual, predicted):
        return None
    happened = (p if a == 1 else 1 - p for a, p in zip(actual, predicted, strict=True))
    return _mean(-math.log(max(p, LEAST_PROBABILITY)) for p in happened)


def _percentile(seconds: Missable) -> float | None:
    known = sorted(value for value in seconds if value is not None and math.isfinite(value) and value >= 0)
    if not known or len(known) < len(seconds):
        return None
    return known[-(-len(known) * _PERCENTILE // 100) - 1]  # the rank rounded up, in whole numbers


def _mean(values: Iterable[float]) -> float | None:
    """The mean; `None` when there is nothing to average.

    `fsum` makes the figure independent of the order of the rows.
    """
    found = list(values)
    return math.fsum(found) / len(found) if found else None


#: The figures that are computed of actual values and predictions.
FORMULAS: Final[Mapping[str, _Formula]] = {
    "mape": _mape,
    "rmse": _rmse,
    "rmse_zero": _rmse,
    "mae": _mae,
    "bias": _bias,
    "r2": _r2,
    "auc": _auc,
    "f1": _f1,
    "log_loss": _log_loss,
}
