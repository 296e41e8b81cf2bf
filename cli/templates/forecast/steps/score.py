"""Step `score`: predictions of a saved model.

With `--rows dataset`, of the period that lies `HORIZON` periods after the data, a row per series. With `--rows
evaluation`, of the test period once more, for a version that was not trained here. With `--rows features`, of CSV files
whose rows carry their features, as golden sets do: a row per row, in the same order.

Writes the predictions (the series' names, `period`, `prediction`), and the evaluation, see `evaluate`: it has no rows
but with `--rows evaluation`.
"""

import argparse
from datetime import date
from pathlib import Path
from typing import Final

import pandas as pd
from evaluate import EVALUATION, evaluation
from model_store import predicted
from series import NAMES, PERIOD, TAKEN, build_rows, divided, labels_of, read_series, write_csv

LATEST: Final = "latest"
"""Value of `--as-of` that takes all data."""


def main() -> None:
    """Runs the step."""
    arguments = _parser().parse_args()
    rows = _rows(arguments)
    scored = predicted(arguments.model, rows)
    write_csv(scored[[*NAMES, PERIOD, "prediction"]].round(6), arguments.predictions)
    compared = pd.DataFrame(columns=EVALUATION)
    if arguments.rows == "evaluation":
        beside = {} if arguments.champion is None else {"champion": predicted(arguments.champion, rows)["prediction"]}
        compared = evaluation(scored.assign(**beside))
    write_csv(compared, arguments.evaluation)


def _rows(arguments: argparse.Namespace) -> pd.DataFrame:
    if arguments.rows == "features":
        return _with_features(arguments.data)
    before = None if arguments.as_of == LATEST else arguments.as_of
    wide = read_series(arguments.data, labels_of(arguments.only), before)
    rows = build_rows(wide)
    if arguments.rows == "evaluation":
        return divided(rows, wide)[1]
    return rows[rows[PERIOD] == rows[PERIOD].max()]


def _with_features(folder: Path) -> pd.DataFrame:
    files = sorted(folder.glob("*.csv"))
    if not files:
        raise FileNotFoundError("the data folder holds no CSV with features; for a dataset say `rows: dataset`")
    types = dict.fromkeys(TAKEN, float) | dict.fromkeys(NAMES, str)
    return pd.concat([pd.read_csv(file, dtype=types, keep_default_na=False) for file in files], ignore_index=True)


def _day_or_latest(text: str) -> str:
    return text if text == LATEST else date.fromisoformat(text).isoformat()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="folder of the MLflow model")
    parser.add_argument("--data", type=Path, required=True, help="folder of the dataset or of the features")
    parser.add_argument("--rows", required=True, choices=("dataset", "features", "evaluation"), help="what is wanted")
    parser.add_argument("--only", action="append", default=[], metavar="COLUMN=VALUE", help="rows of this model")
    parser.add_argument("--as-of", type=_day_or_latest, default=LATEST, help="only data before this day, YYYY-MM-DD")
    parser.add_argument("--champion", type=Path, help="folder of the model in production, for the evaluation")
    parser.add_argument("--predictions", type=Path, required=True, help="CSV to write")
    parser.add_argument("--evaluation", type=Path, required=True, help="CSV to write")
    return parser


if __name__ == "__main__":
    main()
