"""Step `historical_average`: the baseline of one airport and format, for its fast and slow routes together.

Any model has to beat it: it forecasts for each route the mean of its weekly departures over the training period.
Writes

- the model folder: an MLflow pyfunc model;
- the evaluation: a CSV with the rows of both movements' models: `origin`, `carrier`, `destination`, `week`, `actual`,
  `prediction`;
- the training facts: a JSON document.
"""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pandas as pd
from dataset import KEYS
from model_store import SavedModel, save_average
from prepare import add_period_arguments, periods, weekly_rows
from report import write_csv, write_training_facts
from segment import MOVEMENTS, Segment, fast_routes

_EVALUATION_COLUMNS: Final = [*KEYS, "week", "actual", "prediction"]


def averages(rows: pd.DataFrame, train_until: str) -> pd.DataFrame:
    """Columns `carrier`, `destination` and `average`: of each route's weeks before `train_until`, idle ones too."""
    past = rows[rows["week"] < train_until]
    mean = past.groupby(["carrier", "destination"], as_index=False)["actual"].mean()
    return mean.rename(columns={"actual": "average"})


def main(argv: Sequence[str] | None = None) -> None:
    """Runs the step."""
    arguments = _parser().parse_args(argv)
    rows = weekly_rows(arguments.dataset, arguments.origin, arguments.format, arguments.horizon_weeks)
    train, test = periods(rows[rows["active"]], arguments.train_until, arguments.test_until)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "averages.csv"
        write_csv(averages(rows, arguments.train_until), file)
        save_average(arguments.model, file, _segment(arguments, rows), example=test.head(2))
    predicted = SavedModel(arguments.model).predict(test).astype({"actual": int}).round({"prediction": 4})
    write_csv(predicted[_EVALUATION_COLUMNS].sort_values([*KEYS, "week"]), arguments.evaluation)
    names = ("origin", "format", "horizon_weeks", "train_until", "test_until")
    facts = {name: getattr(arguments, name) for name in names}
    write_training_facts({"baseline": facts}, train, test, arguments.training)


def _segment(arguments: argparse.Namespace, rows: pd.DataFrame) -> Segment:
    """What it forecasts: where it stands in for a model, it is asked for the rows of that model's movement."""
    return Segment(
        origin=arguments.origin,
        format=arguments.format,
        movement=MOVEMENTS[0],
        horizon_weeks=arguments.horizon_weeks,
        train_until=arguments.train_until,
        test_until=arguments.test_until,
        fast_routes=fast_routes(rows[rows["week"] < arguments.train_until]),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_period_arguments(parser)
    parser.add_argument("--model", type=Path, required=True, help="folder to write")
    parser.add_argument("--evaluation", type=Path, required=True, help="CSV to write")
    parser.add_argument("--training", type=Path, required=True, help="JSON to write")
    return parser


if __name__ == "__main__":
    main()
