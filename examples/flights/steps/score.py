"""Step `score`: predictions of a saved model, for rows made of a dataset or for rows that carry their features.

With `--rows dataset` the data folder is a dataset. The week that is forecast is the one that lies the model's horizon
after the last full week of the data (or of the data before `--as-of`): with data up to Sunday 29 December and a
horizon of 4 weeks, the week of 20 January. A row per route of the segment that is in service: with a departure in the
last 4 full weeks, or one scheduled in the very last (`active` in `features` has the precise rule).

With `--rows evaluation` the data folder is a dataset, too, and the rows are those of the model's test period: what it
would have forecast, beside what happened, as `ensemble` puts it out for a model that it has just trained.

With `--rows features` each CSV in the data folder, in the order of the names, has a header with `origin`, `week` and
`FEATURES`, as golden sets do. A row per row, in the same order.

A baseline that stands in for a model is scored as that model is.

Writes

- the predictions: a CSV with the columns `origin`, `carrier`, `destination`, `week`, `prediction` (departures; whole
  ones of a model);
- the evaluation, see `ensemble`: a CSV that has no rows but with `--rows evaluation`.
"""

import argparse
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Final

import pandas as pd
from dataset import KEYS, of_format, read_flights, read_holidays
from ensemble import EVALUATION_COLUMNS, evaluation
from features import CATEGORICAL, FEATURES, NUMERIC, build_features, full_weeks
from model_store import SavedModel
from prepare import periods, weekly_rows
from report import write_csv
from segment import Segment

LATEST: Final = "latest"
"""Value of `--as-of` that takes all data."""


def rows_of_dataset(dataset: Path, segment: Segment, as_of: str) -> pd.DataFrame:
    """Features of the week that is forecast, a row per route in service.

    Raises:
        ValueError: There is no such route, or too little data before `as_of`.
    """
    everything = read_flights(dataset)
    if as_of != LATEST:
        everything = everything[everything["date"] < pd.Timestamp(as_of)]
    flights = of_format(everything, segment.origin, segment.format)
    rows = build_features(flights, full_weeks(everything), read_holidays(dataset), segment.horizon_weeks)
    wanted = segment.rows(rows[rows["week"] == rows["week"].max()])
    if wanted.empty:
        raise ValueError(f"no {segment.movement} route of {segment.origin} {segment.format} is in service")
    return wanted


def rows_of_evaluation(dataset: Path, segment: Segment) -> pd.DataFrame:
    """The rows of the test period that the model was trained with.

    Raises:
        ValueError: The dataset has no row of it, or none of the period before.
    """
    rows = weekly_rows(dataset, segment.origin, segment.format, segment.horizon_weeks)
    _, test = periods(segment.rows(rows), segment.train_until, segment.test_until)
    return test


def rows_of_features(folder: Path) -> pd.DataFrame:
    """The rows of each CSV in the folder.

    Raises:
        FileNotFoundError: The folder holds no CSV.
        ValueError: A column is missing.
    """
    files = sorted(folder.glob("*.csv"))
    if not files:
        raise FileNotFoundError("the data folder holds no CSV with features; for a dataset say `rows: dataset`")
    types = dict.fromkeys(NUMERIC, float) | dict.fromkeys(["origin", *CATEGORICAL], str)
    rows = pd.concat([pd.read_csv(file, dtype=types, keep_default_na=False) for file in files], ignore_index=True)
    missing = [name for name in ("origin", "week", *FEATURES) if name not in rows.columns]
    if missing:
        raise ValueError(f"{', '.join(file.name for file in files)}: the columns {', '.join(missing)} are missing")
    return rows


def require_segment(segment: Segment, origin: str, flight_format: str, movement: str) -> None:
    """Checks that a model forecasts what the caller believes: another model's predictions would look plausible.

    Args:
        segment: What the model was trained for.
        origin: What the caller believes.
        flight_format: Likewise.
        movement: Likewise.

    Raises:
        ValueError: They differ.
    """
    asked, trained = (origin, flight_format, movement), (segment.origin, segment.format, segment.movement)
    if asked != trained:
        raise ValueError(f"the model forecasts {' '.join(trained)}, not {' '.join(asked)}: pass the other's model")


def day_or_latest(text: str) -> str:
    """The text, if it is `LATEST` or a day.

    Raises:
        argparse.ArgumentTypeError: It is neither.
    """
    if text != LATEST:
        try:
            date.fromisoformat(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"{text!r} is no day: write YYYY-MM-DD, or {LATEST}") from error
    return text


def main(argv: Sequence[str] | None = None) -> None:
    """Runs the step."""
    arguments = _parser().parse_args(argv)
    model = SavedModel(arguments.model)
    segment = model.segment(arguments.movement)
    require_segment(segment, arguments.origin, arguments.format, arguments.movement)
    if arguments.rows == "features":
        rows = rows_of_features(arguments.data)
    elif arguments.rows == "dataset":
        rows = rows_of_dataset(arguments.data, segment, arguments.as_of)
    else:
        rows = rows_of_evaluation(arguments.data, segment)
    scored = model.predict(rows)
    write_csv(scored[[*KEYS, "week", "prediction"]], arguments.predictions)
    write_csv(_evaluation(scored, arguments), arguments.evaluation)


def _evaluation(scored: pd.DataFrame, arguments: argparse.Namespace) -> pd.DataFrame:
    """The rows that can be compared with what happened, beside the champion's if it is given."""
    if arguments.rows != "evaluation":
        return pd.DataFrame(columns=EVALUATION_COLUMNS)
    if arguments.champion is None:
        return evaluation(scored)
    return evaluation(scored.assign(champion=SavedModel(arguments.champion).predict(scored)["prediction"]))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="folder of the MLflow model")
    parser.add_argument("--data", type=Path, required=True, help="folder of the dataset or of the features")
    parser.add_argument("--rows", required=True, choices=("dataset", "features", "evaluation"), help="what is wanted")
    parser.add_argument("--origin", required=True, help="airport of departure")
    parser.add_argument("--format", required=True, help="mainline or regional")
    parser.add_argument("--movement", required=True, help="fast or slow")
    parser.add_argument(
        "--as-of",
        type=day_or_latest,
        default=LATEST,
        help="with a dataset: use only flights before this day, YYYY-MM-DD",
    )
    parser.add_argument("--champion", type=Path, help="folder of the model in production, for the evaluation")
    parser.add_argument("--predictions", type=Path, required=True, help="CSV to write")
    parser.add_argument("--evaluation", type=Path, required=True, help="CSV to write")
    return parser


if __name__ == "__main__":
    main()
