"""Step `evaluate`: makes an MLflow model of what was trained, and measures it as it will be served.

Writes

- the model folder;
- the evaluation: a CSV with a row per series and test period: its names, `period`, `actual`, `prediction`, `naive`
  (the last known value), and `champion` where there is one: what the model in production says of the same rows;
- the golden set: up to 12 rows of the test period with the answer `expected` and the `tolerance`;
- the training facts: a JSON document with rows, periods and versions.
"""

import argparse
import json
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import joblib
import numpy as np
import pandas as pd
from model_store import REQUIREMENTS, predicted, save_forecast
from series import NAMES, PERIOD, TAKEN, write_csv
from settings import HORIZON

EVALUATION: Final = [*NAMES, PERIOD, "actual", "prediction", "naive"]
"""The columns that are always there."""

_GOLDEN_ROWS: Final = 12
_TOLERANCE: Final = 0.25


def evaluation(test: pd.DataFrame) -> pd.DataFrame:
    """The evaluation's rows of predicted ones."""
    columns = [*EVALUATION, *(["champion"] if "champion" in test else [])]
    return test[columns].sort_values([*NAMES, PERIOD]).round(6)


def golden_set(test: pd.DataFrame) -> pd.DataFrame:
    """Rows at even steps from the smallest to the biggest prediction. A version may differ by the tolerance.

    The tolerance is a quarter of the expected value, and at least a quarter of what is usual: later versions have seen
    more data, and a version that is broken is off by more.
    """
    ordered = test.sort_values(["prediction", PERIOD, *NAMES])
    places = np.linspace(0, len(ordered) - 1, min(_GOLDEN_ROWS, len(ordered))).round().astype(int)
    chosen = ordered.iloc[places].rename(columns={"prediction": "expected"}).round({"expected": 6})
    size = chosen["expected"].abs()
    tolerance = (size.clip(lower=max(float(size.median()), 1e-6)) * _TOLERANCE).round(6)
    return chosen.assign(tolerance=tolerance)[[*NAMES, PERIOD, *TAKEN, "expected", "tolerance"]]


def main() -> None:
    """Runs the step."""
    arguments = _parser().parse_args()
    train = pd.read_parquet(arguments.features / "train.parquet")
    test = pd.read_parquet(arguments.features / "test.parquet")
    trained = arguments.trained / "model.joblib"
    save_forecast(arguments.model, trained, example=test.head(2))
    scored = predicted(arguments.model, test)
    compared = scored
    if arguments.champion is not None:
        compared = scored.assign(champion=predicted(arguments.champion, test)["prediction"])
    write_csv(evaluation(compared), arguments.evaluation)
    write_csv(golden_set(scored), arguments.golden)
    chosen = {name: joblib.load(trained)[name] for name in ("penalty", "from_average")}
    write_facts(chosen, train, test, arguments.training)


def write_facts(facts: dict[str, Any], train: pd.DataFrame, test: pd.DataFrame, file: Path) -> None:
    """Writes what a person asks about a training years later: no clock, no path."""
    document = {
        **facts,
        "horizon": HORIZON,
        "train": _extent(train),
        "test": _extent(test),
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in REQUIREMENTS},
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def _extent(rows: pd.DataFrame) -> dict[str, Any]:
    return {
        "rows": len(rows),
        "series": int(rows.groupby(NAMES).ngroups),
        "first": f"{rows[PERIOD].min():%Y-%m-%d}",
        "last": f"{rows[PERIOD].max():%Y-%m-%d}",
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--features", type=Path, required=True, help="folder written by prepare")
    parser.add_argument("--trained", type=Path, required=True, help="folder written by train")
    parser.add_argument("--champion", type=Path, help="folder of the model in production, if there is one")
    parser.add_argument("--model", type=Path, required=True, help="folder to write")
    parser.add_argument("--evaluation", type=Path, required=True, help="CSV to write")
    parser.add_argument("--golden", type=Path, required=True, help="CSV to write")
    parser.add_argument("--training", type=Path, required=True, help="JSON to write")
    return parser


if __name__ == "__main__":
    main()
