"""Whether a model is better than another, or only looks so on the few rows that there are.

The paired bootstrap: rows are drawn anew, with repetition, as many as there are, and both figures are computed of the
same rows drawn; 2,000 times. How much better the model is, relative to the reference, is then known as often, and the
middle 90 % of these numbers (of whatever `confidence` says) are the percentile interval. Pairing matters: a hard week
is hard for both. Efron and Tibshirani, "An Introduction to the Bootstrap" (1993), chapters 6, 8 and 13.

The rows are drawn by a generator that is seeded with what is judged, so that a verdict can be repeated. A resample in
which a figure is not defined (no row with an actual value of 0 was drawn) counts against the model.
"""

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shared.contracts.metrics import kind_of
from shared.evaluation.metrics import LEAST_PROBABILITY, THRESHOLD, enters

if TYPE_CHECKING:
    from numpy import floating
    from numpy.typing import NDArray

    type _Floats = NDArray[floating]

RESAMPLES: Final = 2000
#: Numbers in one array: 8 MB of them.
_CELLS: Final = 1_000_000


@dataclass(frozen=True)
class Improvements:
    """How much better the model was in each resample, as a share of the reference's figure.

    Attributes:
        ordered: From the worst to the best; minus infinity where a figure was not defined.
    """

    ordered: Sequence[float]

    def interval(self, confidence: float) -> tuple[float, float]:
        """The middle part of the resamples: as many are left out below as above."""
        below = self._left_out(confidence)
        return self.ordered[below], self.ordered[-1 - below]

    def confidence_above(self, least: float, *, strict: bool = True) -> float:
        """The greatest confidence whose interval lies above `least`; 0 or less when none does.

        Args:
            least: What is asked for.
            strict: Whether `least` itself is not enough.
        """
        short = sum(one <= least if strict else one < least for one in self.ordered)
        return 1 - 2 * short / len(self.ordered)

    def _left_out(self, confidence: float) -> int:
        return math.floor(len(self.ordered) * (1 - confidence) / 2 + 1e-9)  # 100, not 99.99999, of 2,000 at 90 %


def improvements(
    metric: str, actual: Sequence[float], model: Sequence[float], reference: Sequence[float], seed: str
) -> Improvements:
    """Draw the rows anew and compare, `RESAMPLES` times.

    Args:
        metric: One that compares actual values with predictions, or `coverage`.
        actual: What happened.
        model: What the model said; NaN where it said nothing, which only `coverage` may ask of.
        reference: What the baseline or the champion said of the same rows.
        seed: The same text draws the same rows.
    """
    import numpy as np  # noqa: PLC0415 - only gates with `confidence` need it

    count = len(actual)
    random = np.random.default_rng(int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8]))
    figures = [_figure(metric, np.asarray(actual, float), np.asarray(said, float)) for said in (model, reference)]
    found: list[float] = []
    at_once = max(1, min(RESAMPLES, _CELLS // count))
    while len(found) < RESAMPLES:
        size = min(at_once, RESAMPLES - len(found))
        drawn = random.integers(0, count, (size, count)) + np.arange(size)[:, None] * count
        times = np.bincount(drawn.ravel(), minlength=size * count).reshape(size, count).astype(float)
        with np.errstate(all="ignore"):  # what is not defined is seen below
            got, other = (one(times) for one in figures)
            better = _improvement(metric, got, other)
        found += better.tolist()
    return Improvements(sorted(found))


def _improvement(metric: str, got: "_Floats", other: "_Floats") -> "_Floats":
    """How much better `got` is than `other`, as a share of the latter."""
    import numpy as np  # noqa: PLC0415 - as above

    kind = kind_of(metric)
    if kind.signed:
        got, other = np.abs(got), np.abs(other)
    ahead = got - other if kind.higher else other - got
    share = np.where(ahead == 0, 0.0, ahead / np.abs(other))
    return np.where(np.isfinite(share), share, -np.inf)


def _figure(metric: str, actual: "_Floats", said: "_Floats") -> "Callable[[_Floats], _Floats]":
    """The figure as a function of how often each row was drawn, an array of resamples by rows."""
    import numpy as np  # noqa: PLC0415 - as above

    if metric in _OF_SUMS:
        return _OF_SUMS[metric](actual, said)
    weight = np.array([enters(metric, one) for one in actual.tolist()], float)
    values = np.where(weight == 0, 0.0, _of_row(metric, actual, said))  # what is missing there does not matter
    root = np.sqrt if metric in ("rmse", "rmse_zero") else np.asarray
    return lambda times: root((times @ values) / (times @ weight))


def _of_row(metric: str, actual: "_Floats", said: "_Floats") -> "_Floats":
    """What the figure is the mean of, or the root of the mean."""
    import numpy as np  # noqa: PLC0415 - as above

    match metric:
        case "mape":
            return np.abs(said - actual) / np.where(actual == 0, 1, np.abs(actual))
        case "mae":
            return np.abs(said - actual)
        case "bias":
            return said - actual
        case "rmse" | "rmse_zero":
            return (said - actual) ** 2
        case "log_loss":
            return -np.log(np.maximum(np.where(actual == 1, said, 1 - said), LEAST_PROBABILITY))
        case "coverage":
            return np.isfinite(said).astype(float)
        case _:
            msg = f"{metric} is no figure of predictions beside actual values"
            raise ValueError(msg)


def _r2(actual: "_Floats", said: "_Floats") -> "Callable[[_Floats], _Floats]":
    centered = actual - actual.mean()  # so that the spread, a difference of sums, keeps its digits

    def figure(times: "_Floats") -> "_Floats":
        total, squares = times @ centered, times @ centered**2
        return 1 - (times @ (said - actual) ** 2) / (squares - total * total / times.sum(axis=1))

    return figure


def _f1(actual: "_Floats", said: "_Floats") -> "Callable[[_Floats], _Floats]":
    one, really = (said >= THRESHOLD).astype(float), (actual == 1).astype(float)
    right, either = one * really, one + really
    return lambda times: 2 * (times @ right) / (times @ either)


def _auc(actual: "_Floats", said: "_Floats") -> "Callable[[_Floats], _Floats]":
    """Of the rows in the order of their probabilities; those that are tied stand in one group."""
    import numpy as np  # noqa: PLC0415 - as above

    order = np.argsort(said, kind="stable")
    ones = actual[order] == 1
    _, starts = np.unique(said[order], return_index=True)

    def figure(times: "_Floats") -> "_Floats":
        drawn = times[:, order]
        won = np.add.reduceat(drawn * ones, starts, axis=1)
        lost = np.add.reduceat(drawn * ~ones, starts, axis=1)
        below = np.cumsum(lost, axis=1) - lost
        auc: _Floats = (won * (below + lost / 2)).sum(axis=1) / (won.sum(axis=1) * lost.sum(axis=1))
        return auc

    return figure


#: The figures that are no mean of anything.
_OF_SUMS: Final = {"r2": _r2, "f1": _f1, "auc": _auc}
