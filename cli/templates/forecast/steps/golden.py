"""Makes the golden sets, by training every model of `fleet.yaml` on a dataset folder, and tells their figures.

    python steps/golden.py --dataset FOLDER

A golden set says what every later version must come near to: look at the difference before you keep it.
"""

import argparse
import itertools
import json
import sys
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import yaml
from evaluate import golden_set
from historical_average import averages
from series import AVERAGE, FEATURES, NAMES, build_rows, divided, read_series, write_csv
from settings import SCALE
from train import train

_FLEET: Final = Path(__file__).resolve().parents[1] / "fleet.yaml"
#: The label of the matrix that names what is forecast, and no column.
_TARGET: Final = "target"


def main() -> None:
    """Writes `golden/*.csv`, and a JSON document with each model's figures to standard output."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", type=Path, required=True, help="folder with the standard CSV")
    parser.add_argument("--golden", type=Path, default=_FLEET.with_name("golden"), help="folder to write")
    arguments = parser.parse_args()
    matrix: dict[str, list[str]] = yaml.safe_load(_FLEET.read_text(encoding="utf-8"))["matrix"]
    everything = averages(read_series(arguments.dataset, {}))
    figures = {}
    for cell in itertools.product(*matrix.values()):
        labels = {label: value for label, value in zip(matrix, cell, strict=True) if label != _TARGET}
        name = "-".join(cell).lower()
        wide = read_series(arguments.dataset, labels)
        past, test = divided(build_rows(wide), wide)
        test = test.assign(prediction=_predicted(train(past), test))
        write_csv(golden_set(test), arguments.golden / f"{name}.csv")
        figures[name] = _figures(test.merge(everything, on=NAMES, how="left"), len(past))
    json.dump(figures, sys.stdout, indent=2)


def _predicted(model: dict[str, Any], rows: pd.DataFrame) -> "pd.Series[float]":
    """As `forecast_model` does it, without MLflow."""
    distances = model["regression"].predict(rows[FEATURES]) + model["from_average"] * rows[AVERAGE]
    distances = np.clip(distances, *model["limits"])
    values = rows["anchor"] + distances * rows["spread"]
    return np.maximum(np.expm1(values), 0.0) if SCALE == "log" else values


def _figures(test: pd.DataFrame, trained: int) -> dict[str, Any]:
    whose = {"model": "prediction", "baseline": "average", "naive": "naive"}
    found: dict[str, Any] = {"trained": trained, "rows": len(test)}
    for name, column in whose.items():
        wrong = (test[column] - test["actual"]).abs()
        there = test["actual"] != 0
        share = float((wrong[there] / test["actual"][there].abs()).mean()) if there.any() else None
        found[name] = {"mape": share, "rmse": float(np.sqrt((wrong**2).mean()))}
    return found


if __name__ == "__main__":
    main()
