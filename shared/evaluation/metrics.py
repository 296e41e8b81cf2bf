"""Error figures of forecasts.

MAPE leaves out rows whose actual value is 0, where it is not defined; `rmse_zero` looks at just these, so that a model
cannot hide what it predicts for things that did not sell. Formulas: Hyndman and Athanasopoulos, "Forecasting:
Principles and Practice", chapter 5.8.
"""

import math
from collections.abc import Iterable, Sequence

from shared.contracts.evaluation import Figures


def compare(actual: Sequence[float], predicted: Sequence[float | None]) -> Figures:
    """Figures of predictions beside the actual values, row by row.

    Args:
        actual: What happened, in the target's unit.
        predicted: What was said; a missing or non-finite prediction makes every figure it enters missing.

    Raises:
        ValueError: The two differ in length.
    """
    pairs = list(zip(actual, predicted, strict=True))
    zeros = [(a, p) for a, p in pairs if a == 0]
    return Figures(
        rows=len(pairs),
        zeros=len(zeros),
        mape=_mean(_relative_error(a, p) for a, p in pairs if a != 0),
        rmse=_root(_mean(_squared_error(a, p) for a, p in pairs)),
        rmse_zero=_root(_mean(_squared_error(a, p) for a, p in zeros)),
    )


def _relative_error(actual: float, predicted: float | None) -> float:
    return math.nan if predicted is None else abs(predicted - actual) / abs(actual)


def _squared_error(actual: float, predicted: float | None) -> float:
    return math.nan if predicted is None else (predicted - actual) ** 2


def _mean(values: Iterable[float]) -> float | None:
    """The mean; `None` when there is nothing to average, or anything in it is not finite.

    `fsum` makes the figure independent of the order of the rows.
    """
    found = list(values)
    if not found or not all(math.isfinite(value) for value in found):
        return None
    return math.fsum(found) / len(found)


def _root(value: float | None) -> float | None:
    return None if value is None else math.sqrt(value)
