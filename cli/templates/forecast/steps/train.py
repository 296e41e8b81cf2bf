"""Step `train`: a ridge regression on the distance from the last known value, or from the average of all of them.

Which of the two, and the strength of the penalty, is chosen on the last fifth of the training period, never on the
test period. A strong penalty means "as the last value" or "as the average": where nothing can be learnt, the model
comes near to the naive forecast or to the historical average. Of choices that do about as well, the strongest is taken.

Writes `model.joblib`: a mapping with the fitted `regression`, `from_average` (0 or 1), the `limits` of the distances
that it has seen, and the `penalty`.
"""

import argparse
from itertools import product
from pathlib import Path
from typing import Any, Final

import joblib
import numpy as np
import pandas as pd
from series import AVERAGE, FEATURES, PERIOD
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

PENALTIES: Final = (1.0, 10.0, 100.0, 1_000.0, 10_000.0, 100_000.0)
"""What is tried, weak to strong; change it where you know better."""

_AS_WELL: Final = 1.05

_HELD_BACK: Final = 0.2


def train(rows: pd.DataFrame) -> dict[str, Any]:
    """The model, learnt from training rows."""
    periods = np.sort(rows[PERIOD].unique())
    begin = periods[int(len(periods) * (1 - _HELD_BACK))]
    early, late = rows[rows[PERIOD] < begin], rows[rows[PERIOD] >= begin]
    choices = list(product(PENALTIES, (0, 1)))
    errors = (
        {one: _error(_fitted(early, *one), late, one[1]) for one in choices} if len(early) > 1 else {choices[-2]: 0}
    )
    good = [one for one, error in errors.items() if error <= min(errors.values()) * _AS_WELL]
    penalty, from_average = max(good, key=lambda one: (one[0], -errors[one]))
    limits = [float(rows["distance"].min()), float(rows["distance"].max())]
    regression = _fitted(rows, penalty, from_average)
    return {"regression": regression, "from_average": from_average, "limits": limits, "penalty": penalty}


def main() -> None:
    """Runs the step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--features", type=Path, required=True, help="folder written by prepare")
    parser.add_argument("--model", type=Path, required=True, help="folder to write")
    arguments = parser.parse_args()
    folder: Path = arguments.model
    folder.mkdir(parents=True, exist_ok=True)
    joblib.dump(train(pd.read_parquet(arguments.features / "train.parquet")), folder / "model.joblib")


def _fitted(rows: pd.DataFrame, penalty: float, from_average: int) -> Any:
    wanted = rows["distance"] - from_average * rows[AVERAGE]
    return make_pipeline(StandardScaler(), Ridge(alpha=penalty)).fit(rows[FEATURES], wanted)


def _error(regression: Any, rows: pd.DataFrame, from_average: int) -> float:
    predicted = regression.predict(rows[FEATURES]) + from_average * rows[AVERAGE]
    return float(np.mean((predicted - rows["distance"]) ** 2))


if __name__ == "__main__":
    main()
