"""The code of the flights example's steps, called in this process."""

import argparse
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from examples.flights.dry_run import EXAMPLE
from examples.flights.standard import write_dataset

STEPS = EXAMPLE / "steps"
MODULES = (
    "dataset",
    "features",
    "segment",
    "target",
    "prepare",
    "model_store",
    "report",
    "historical_average",
    "score",
)


@pytest.fixture(scope="module")
def steps() -> Iterator[Any]:
    """The step modules, imported the way a step finds them: from its own folder."""
    sys.path.insert(0, str(STEPS))
    try:
        yield SimpleNamespace(**{name: importlib.import_module(name) for name in MODULES})
    finally:
        sys.path.remove(str(STEPS))
        for name in MODULES:
            sys.modules.pop(name, None)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The standard dataset of JFK."""
    folder = tmp_path_factory.mktemp("dataset")
    write_dataset(folder)
    return folder


def segment_of(steps: Any, movement: str = "slow", **changes: Any) -> Any:
    """JFK mainline, with the periods of the pipeline."""
    values = {
        "origin": "JFK",
        "format": "mainline",
        "movement": movement,
        "horizon_weeks": 4,
        "train_until": "2013-09-09",
        "test_until": "2013-12-30",
        "fast_routes": (),
    }
    return steps.segment.Segment(**{**values, **changes})


def flights_of(days: dict[str, int]) -> pd.DataFrame:
    """So many flights of one route on each of these days."""
    dates = [pd.Timestamp(day) for day, count in days.items() for _ in range(count)]
    route = {"origin": "JFK", "carrier": "B6", "destination": "BOS", "operated": True, "distance": 187}
    return pd.DataFrame({"date": dates, **route})


def test_no_step_needs_mlflow_until_it_saves_or_loads(steps: Any) -> None:
    """Importing every module but the served model's does not import mlflow, which takes seconds."""
    imported = {module.__name__ for module in vars(steps).values()}
    assert imported == set(MODULES)
    assert not any(hasattr(module, "mlflow") for module in vars(steps).values())


@pytest.mark.parametrize("movement", ["fast", "slow"])
def test_scoring_sees_the_features_that_training_saw(steps: Any, dataset: Path, movement: str) -> None:
    """Features of the week of 25 November, from data that ends four weeks before it, equal those of the test period.

    So training has no knowledge that scoring lacks, and nothing after the last known week leaks into a feature.
    """
    segment, _, test = steps.prepare.prepare(dataset, segment_of(steps, movement))
    columns = [*steps.dataset.KEYS, "week", *steps.features.FEATURES]
    trained = test.loc[test["week"] == "2013-11-25", columns].reset_index(drop=True)
    scored = steps.score.rows_of_dataset(dataset, segment, as_of="2013-11-04")[columns].reset_index(drop=True)
    assert len(scored) > 30
    pd.testing.assert_frame_equal(scored, trained)


def test_fast_routes_are_decided_on_the_training_period(steps: Any, dataset: Path) -> None:
    """42 routes fly 14 times a week or more before 9 September; both models keep the same list."""
    fast, fast_train, fast_test = steps.prepare.prepare(dataset, segment_of(steps, "fast"))
    slow, slow_train, slow_test = steps.prepare.prepare(dataset, segment_of(steps, "slow"))
    assert fast.fast_routes == slow.fast_routes
    assert (len(fast_train), len(fast_test)) == (1176, 672)
    assert (len(slow_train), len(slow_test)) == (1232, 670)
    assert fast_test.groupby(steps.dataset.KEYS).ngroups == 42
    means = fast_train.groupby(steps.dataset.KEYS)["actual"].mean()
    assert means.min() >= 14


def test_the_boundary_of_fast_is_fourteen(steps: Any) -> None:
    """A mean of exactly 14 departures is fast; weeks without departures do not count."""
    rows = pd.DataFrame(
        {
            "origin": "JFK",
            "carrier": ["B6", "B6", "B6", "AA", "AA"],
            "destination": "BOS",
            "actual": [14.0, 14.0, 0.0, 14.0, 13.0],
        }
    )
    assert steps.segment.fast_routes(rows) == ("B6-BOS",)


def test_only_full_weeks_count(steps: Any) -> None:
    """Days before the first Monday and after the last Sunday belong to no week."""
    weeks = steps.features.full_weeks(flights_of({"2013-01-01": 1, "2013-01-20": 1, "2013-01-26": 1}))
    assert [f"{week:%Y-%m-%d}" for week in weeks] == ["2013-01-07", "2013-01-14"]
    with pytest.raises(ValueError, match="hold no full week"):
        steps.features.full_weeks(flights_of({"2013-01-01": 1, "2013-01-12": 1}))


def test_a_route_that_stopped_is_not_forecast(steps: Any) -> None:
    """Four known weeks without a departure leave no anchor, and the route is out of service."""
    mondays = [f"{day:%Y-%m-%d}" for day in pd.date_range("2013-01-07", periods=24, freq="7D")]
    flights = flights_of(dict.fromkeys(mondays[:8], 7) | {"2013-01-01": 1, "2013-06-30": 1})
    rows = steps.features.build_features(
        flights, steps.features.full_weeks(flights), pd.DataFrame({"date": pd.to_datetime([])}), horizon=4
    )
    active = dict(zip(rows["week"].dt.strftime("%Y-%m-%d"), rows["active"], strict=True))
    assert active[mondays[8]]
    assert active[mondays[14]]
    assert not active[mondays[15]]


def test_holidays_are_counted_in_and_right_after_their_week(steps: Any) -> None:
    """Christmas 2013 is a Wednesday: in the week of the 23rd, and right after the week of the 16th."""
    everything = flights_of(dict.fromkeys([f"{day:%Y-%m-%d}" for day in pd.date_range("2013-09-30", "2013-12-29")], 2))
    holidays = pd.DataFrame({"date": pd.to_datetime(["2013-12-25"])})
    rows = steps.features.build_features(everything, steps.features.full_weeks(everything), holidays, horizon=4)
    rows = rows.set_index("week")
    assert rows.loc["2013-12-23", "holidays"] == 1
    assert rows.loc["2013-12-16", "holidays"] == 0
    assert rows.loc["2013-12-16", "holidays_right_after"] == 1
    assert rows.loc["2014-01-20", "holidays_last_known"] == 1
    assert rows.loc["2014-01-20", "holidays_change"] == -1


def test_the_target_is_bounded(steps: Any) -> None:
    """The ratio of departures to anchor stays within ± 0.25."""
    log_anchor = pd.Series([3.0, 3.0, 3.0])
    assert steps.target.to_ratio(pd.Series([0, 19.5, 500]), log_anchor).round(3).tolist() == [-0.25, 0.02, 0.25]


def test_a_model_is_not_used_for_another_segment(steps: Any) -> None:
    """The fast model's predictions for slow routes would look plausible: asking for them is an error."""
    segment = segment_of(steps, "fast")
    steps.score.require_segment(segment, "JFK", "mainline", "fast")
    with pytest.raises(ValueError, match="the model forecasts JFK mainline fast, not JFK mainline slow"):
        steps.score.require_segment(segment, "JFK", "mainline", "slow")


def test_the_average_counts_idle_weeks_and_no_later_ones(steps: Any) -> None:
    """10, 0 and 5 departures before the test period are 5 a week; what comes later is not known yet."""
    rows = pd.DataFrame(
        {
            "carrier": "B6",
            "destination": "BOS",
            "week": pd.to_datetime(["2013-08-19", "2013-08-26", "2013-09-02", "2013-09-09"]),
            "actual": [10.0, 0.0, 5.0, 99.0],
        }
    )
    averages = steps.historical_average.averages(rows, "2013-09-09")
    assert averages.to_dict("records") == [{"carrier": "B6", "destination": "BOS", "average": 5.0}]


def test_the_moment_of_a_scoring_is_a_day_or_the_latest(steps: Any) -> None:
    """A run that stands for no moment says `latest`; a text that is neither is refused before any model is loaded."""
    assert steps.score.day_or_latest("latest") == "latest"
    assert steps.score.day_or_latest("2013-11-04") == "2013-11-04"
    for text in ("2013-02-30", "yesterday", ""):
        with pytest.raises(argparse.ArgumentTypeError, match="is no day: write YYYY-MM-DD, or latest"):
            steps.score.day_or_latest(text)


def test_a_missing_column_is_named(steps: Any, tmp_path: Path) -> None:
    """A dataset made by the wrong recipe is refused with the names of what it lacks."""
    (tmp_path / "flights.csv").write_text("date,carrier,origin,dest\n2013-01-01,AA,JFK,MIA\n")
    with pytest.raises(ValueError, match=r"flights\.csv lacks the columns destination, distance, operated"):
        steps.dataset.read_flights(tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": "cargo"}, "format 'cargo' is unknown: use one of mainline, regional"),
        ({"origin": "EWR"}, "no mainline flight from 'EWR'; its origins: JFK"),
        ({"horizon_weeks": 0}, "it must be 1 or more"),
        ({"train_until": "2014-06-02"}, "no route has a row in the test period: move train_until or test_until"),
        ({"train_until": "2013-01-07"}, "no route has a row in the training period"),
        ({"movement": "medium"}, "movement 'medium' is unknown: use one of fast, slow"),
    ],
)
def test_a_wrong_segment_is_refused(steps: Any, dataset: Path, changes: dict[str, Any], message: str) -> None:
    """Each mistake in the pipeline's inputs is named, with what would be right."""
    with pytest.raises(ValueError, match=message):
        steps.prepare.prepare(dataset, segment_of(steps, **changes))


def test_a_folder_without_features_is_refused(steps: Any, tmp_path: Path) -> None:
    """Scoring features wants CSV files with all columns, and says which are missing."""
    with pytest.raises(FileNotFoundError, match="holds no CSV with features"):
        steps.score.rows_of_features(tmp_path)
    (tmp_path / "golden.csv").write_text("origin,week,carrier\nJFK,2013-12-02,AA\n")
    with pytest.raises(ValueError, match=r"golden\.csv: the columns ratio_1_week_earlier.* are missing"):
        steps.score.rows_of_features(tmp_path)
