"""Step `prepare`: features of one segment's training and test period, made of a dataset folder.

Writes into the features folder `train.parquet` and `test.parquet` (`KEYS`, `week`, `FEATURES`, `actual`, `naive`; a row
per active route and week) and `segment.json`.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from dataset import of_format, read_flights, read_holidays
from features import build_features, full_weeks
from segment import MOVEMENTS, Segment, fast_routes


def prepare(dataset: Path, segment: Segment) -> tuple[Segment, pd.DataFrame, pd.DataFrame]:
    """The segment with its fast routes decided, its training rows and its test rows.

    Raises:
        ValueError: One of the periods has no row.
    """
    rows = weekly_rows(dataset, segment.origin, segment.format, segment.horizon_weeks)
    fast = fast_routes(rows[rows["week"] < segment.train_until])
    segment = Segment.from_dict({**segment.to_dict(), "fast_routes": fast})
    return segment, *periods(segment.rows(rows), segment.train_until, segment.test_until)


def weekly_rows(dataset: Path, origin: str, flight_format: str, horizon: int) -> pd.DataFrame:
    """The rows of `build_features` for all routes of one airport and format.

    Raises:
        ValueError: The dataset has none, or the format is unknown.
    """
    everything = read_flights(dataset)
    flights = of_format(everything, origin, flight_format)
    return build_features(flights, full_weeks(everything), read_holidays(dataset), horizon)


def periods(rows: pd.DataFrame, train_until: str, test_until: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows before `train_until`, and those from it up to before `test_until`.

    Raises:
        ValueError: One of the periods has no row.
    """
    train = rows[rows["week"] < train_until]
    test = rows[(rows["week"] >= train_until) & (rows["week"] < test_until) & rows["actual"].notna()]
    for name, period in (("training", train), ("test", test)):
        if period.empty:
            raise ValueError(f"no route has a row in the {name} period: move train_until or test_until")
    return train, test


def add_period_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments that say which rows are read, and how they are divided."""
    parser.add_argument("--dataset", type=Path, required=True, help="folder with flights.csv and holidays.csv")
    parser.add_argument("--origin", required=True, help="airport of departure")
    parser.add_argument("--format", required=True, help="mainline or regional")
    parser.add_argument("--horizon-weeks", type=int, required=True)
    parser.add_argument("--train-until", required=True, help="first Monday after the training period, YYYY-MM-DD")
    parser.add_argument("--test-until", required=True, help="first Monday after the test period, YYYY-MM-DD")


def main(argv: Sequence[str] | None = None) -> None:
    """Runs the step."""
    arguments = _parser().parse_args(argv)
    wanted = Segment(
        origin=arguments.origin,
        format=arguments.format,
        movement=arguments.movement,
        horizon_weeks=arguments.horizon_weeks,
        train_until=arguments.train_until,
        test_until=arguments.test_until,
        fast_routes=(),
    )
    segment, train, test = prepare(arguments.dataset, wanted)
    folder: Path = arguments.features
    folder.mkdir(parents=True, exist_ok=True)
    train.drop(columns="active").to_parquet(folder / "train.parquet", index=False)
    test.drop(columns="active").to_parquet(folder / "test.parquet", index=False)
    segment.write(folder)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    add_period_arguments(parser)
    parser.add_argument("--movement", required=True, choices=MOVEMENTS)
    parser.add_argument("--features", type=Path, required=True, help="folder to write")
    return parser


if __name__ == "__main__":
    main()
