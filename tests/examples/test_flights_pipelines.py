"""The pipelines of the flights example, run from their YAML: two models of JFK mainline, fast and slow."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from examples.flights.dry_fleet import MOVEMENTS, Cell, train_fleet
from examples.flights.dry_run import BASELINE, EXAMPLE, SCORE, TRAIN, StepError, run_pipeline
from examples.flights.standard import write_dataset
from tests.examples.probes import probe

EVALUATION_COLUMNS = ["origin", "carrier", "destination", "week", "actual", "prediction", "naive"]
# The pipelines run inside the first test that asks for them, in processes that share the machine with others.
pytestmark = pytest.mark.timeout(400)


@dataclass(frozen=True)
class Runs:
    """Outputs of the pipelines, which run once for all tests.

    Attributes:
        trained: Outputs of `train.yml` by movement; `slow-again` repeats `slow`, each step in a process of its own, and
            with the first as the champion.
        forecast: Predictions of `score.yml` for the dataset, by the fast model.
        golden: Predictions of `score.yml` for the committed golden set, by the slow model.
        judged: The evaluation of `score.yml` for the test period, by the slow model beside itself as the champion.
        averages: Outputs of `historical_average.yml`.
        stand_in: Predictions of `score.yml` for the dataset, by the baseline that stands in for the slow model.
    """

    trained: dict[str, dict[str, Path]]
    forecast: pl.DataFrame
    golden: pl.DataFrame
    judged: pl.DataFrame
    averages: dict[str, Path]
    stand_in: pl.DataFrame

    def evaluation(self, movement: str) -> pl.DataFrame:
        """The evaluation of one model."""
        return pl.read_csv(self.trained[movement]["evaluation"])


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """Trains both models, one of them twice, and scores twice."""
    work = tmp_path_factory.mktemp("flights")
    dataset, golden = work / "dataset", work / "golden"
    write_dataset(dataset)
    golden.mkdir()
    shutil.copy(EXAMPLE / "golden" / "jfk-mainline-slow.csv", golden)
    cells = {movement: Cell("JFK", "mainline", movement) for movement in MOVEMENTS}
    trained = train_fleet({"JFK": dataset}, work / "trained", list(cells.values()))
    models = {movement: trained[cell] for movement, cell in cells.items()}

    def score(movement: str, model: Path, data: Path, rows: str, name: str, **more: Path) -> dict[str, pl.DataFrame]:
        inputs: dict[str, str | Path] = {"model": model, "data": data, "rows": rows, "movement": movement, **more}
        return {output: pl.read_csv(file) for output, file in run_pipeline(SCORE, inputs, work / name).items()}

    with ThreadPoolExecutor(2) as pool:
        slow = models["slow"]["model"]
        inputs: dict[str, str | Path] = {"dataset": dataset, "movement": "slow", "champion": slow}
        again = pool.submit(run_pipeline, TRAIN, inputs, work / "again")
        forecast = pool.submit(score, "fast", models["fast"]["model"], dataset, "dataset", "forecast")
        answers = pool.submit(score, "slow", slow, golden, "features", "answers")
        judged = pool.submit(score, "slow", slow, dataset, "evaluation", "judged", champion=slow)
        averages = run_pipeline(BASELINE, {"dataset": dataset}, work / "averages")
        stand_in = pool.submit(score, "slow", averages["model"], dataset, "dataset", "stand-in")
        return Runs(
            trained={**models, "slow-again": again.result()},
            forecast=forecast.result()["predictions"],
            golden=answers.result()["predictions"],
            judged=judged.result()["evaluation"],
            averages=averages,
            stand_in=stand_in.result()["predictions"],
        )


def test_azure_ml_accepts_the_pipelines() -> None:
    """Azure's SDK parses and validates the files offline; every step is `python X.py`, every output declared."""
    report = probe("parse_probe.py", TRAIN, SCORE, BASELINE)
    train, score, baseline = (report[str(file)] for file in (TRAIN, SCORE, BASELINE))
    assert train["valid"]
    assert score["valid"]
    assert baseline["valid"]
    assert {"dataset", "origin", "format", "horizon_weeks"} <= set(baseline["inputs"])
    assert baseline["outputs"] == {"evaluation": "uri_file", "training": "uri_file", "model": "uri_folder"}
    assert {"dataset", "origin", "format", "movement", "horizon_weeks", "alpha", "seed"} <= set(train["inputs"])
    assert {"model", "data", "rows", "origin", "format", "movement"} <= set(score["inputs"])
    assert train["outputs"] == dict.fromkeys(("evaluation", "golden", "training"), "uri_file") | {"model": "uri_folder"}
    assert score["outputs"] == {"predictions": "uri_file", "evaluation": "uri_file"}
    for step, (program, script) in (train["commands"] | score["commands"] | baseline["commands"]).items():
        assert program == "python", step
        assert (EXAMPLE / "steps" / script).is_file(), step


def test_the_evaluation_is_a_row_per_route_and_week(runs: Runs) -> None:
    """Its columns are fixed, no key repeats, all weeks lie in the test period, and departures are whole."""
    for movement in ("fast", "slow"):
        rows = runs.evaluation(movement)
        assert rows.columns == EVALUATION_COLUMNS
        assert rows.select("origin", "carrier", "destination", "week").is_duplicated().sum() == 0
        assert (rows["week"].min(), rows["week"].max(), rows["week"].n_unique()) == ("2013-09-09", "2013-12-23", 16)
        assert all(rows[name].dtype == pl.Int64 for name in ("actual", "prediction", "naive"))
        assert rows["prediction"].min() >= 0  # type: ignore[operator]  # a column of integers


def test_two_runs_give_the_same_bytes(runs: Runs) -> None:
    """The seed decides everything: golden set and training facts repeat byte for byte, and so does the evaluation."""
    for name in ("golden", "training"):
        assert runs.trained["slow"][name].read_bytes() == runs.trained["slow-again"][name].read_bytes(), name
    assert runs.evaluation("slow-again").drop("champion").equals(runs.evaluation("slow"))


def test_the_champion_answers_for_the_same_rows(runs: Runs) -> None:
    """Given the model in production, the evaluation has what that predicts: here the very same, as it is the same."""
    again = runs.evaluation("slow-again")
    assert again.columns == [*EVALUATION_COLUMNS, "champion"]
    assert (again["champion"] == again["prediction"]).all()


def test_the_training_facts_name_rows_settings_and_versions(runs: Runs) -> None:
    """What somebody asks of a model years later, with no clock and no path in it."""
    facts = json.loads(runs.trained["slow"]["training"].read_text())
    assert (facts["seed"], facts["alpha"], facts["segment"]["movement"]) == (1, 0.02, "slow")
    assert facts["train"]["rows"] == 1232
    assert facts["test"] == {
        "rows": 670,
        "routes": 46,
        "weeks": 16,
        "first_week": "2013-09-09",
        "last_week": "2013-12-23",
    }
    assert {"scikit-learn", "pandas", "numpy", "mlflow"} <= set(facts["libraries"])


def test_the_model_can_be_deployed_alone(runs: Runs, tmp_path: Path) -> None:
    """Moved away, in a process without the example's code, it answers the golden set, over HTTP too.

    A second version with other code, loaded into the same process, runs its own code.
    """
    shutil.copytree(runs.trained["fast"]["model"], tmp_path / "first")
    shutil.copytree(runs.trained["fast"]["model"], tmp_path / "second")
    code = tmp_path / "second" / "forecast_model.py"
    code.write_text(code.read_text().replace("np.rint(", "1000 + np.rint("))
    golden = runs.trained["fast"]["golden"]
    expected = pl.read_csv(golden)["expected"].to_list()
    report = probe("served_model_probe.py", tmp_path / "first", tmp_path / "second", golden)
    assert report == {
        "first": expected,
        "second": [1000 + value for value in expected],
        "first_again": expected,
        "status": 200,
        "http": {"predictions": expected},
        "example_code": [],
    }


def test_scoring_a_dataset_forecasts_the_week_four_weeks_after_it(runs: Runs) -> None:
    """The last full week begins on 23 December, so the forecast is for 20 January: a row per fast route in service."""
    assert runs.forecast.columns == ["origin", "carrier", "destination", "week", "prediction"]
    assert runs.forecast["week"].unique().to_list() == ["2014-01-20"]
    routes = set(runs.forecast.select("carrier", "destination").rows())
    assert len(routes) == runs.forecast.height == 42
    last_week = runs.evaluation("fast").filter(pl.col("week") == "2013-12-23")
    assert routes == set(last_week.select("carrier", "destination").rows())
    assert runs.forecast["prediction"].is_between(5, 120).all()


def test_scoring_a_golden_set_answers_row_by_row(runs: Runs) -> None:
    """Keys come back in the order asked, and every answer lies within its tolerance."""
    asked = pl.read_csv(EXAMPLE / "golden" / "jfk-mainline-slow.csv")
    keys = ["origin", "carrier", "destination", "week"]
    assert runs.golden.select(keys).equals(asked.select(keys))
    assert ((runs.golden["prediction"] - asked["expected"]).abs() <= asked["tolerance"]).all()


def test_a_version_is_judged_by_the_rows_that_its_training_was_judged_by(runs: Runs) -> None:
    """Scored over the test period, the same model gives the very same evaluation, the champion beside it."""
    assert runs.judged.equals(runs.evaluation("slow-again"))


def test_a_baseline_stands_in_for_the_model_that_it_is_asked_for(runs: Runs) -> None:
    """The slow model's routes of the next week, each with its average of the training period."""
    assert runs.stand_in.columns == ["origin", "carrier", "destination", "week", "prediction"]
    assert runs.stand_in["week"].unique().to_list() == ["2014-01-20"]
    routes = ["carrier", "destination"]
    assert runs.stand_in.join(runs.forecast, on=routes).is_empty(), "those are the fast model's"
    judged = pl.read_csv(runs.averages["evaluation"]).unique([*routes]).select(*routes, average="prediction")
    known = runs.stand_in.join(judged, on=routes)
    assert known.height > 30
    assert ((known["prediction"] - known["average"]).abs() < 1e-3).all()


def test_a_failing_step_says_why(tmp_path: Path) -> None:
    """A dataset without its files ends the pipeline at its first step, with the cause in the message."""
    with pytest.raises(StepError, match=r"(?s)step prepare ended with code 1.*flights\.csv"):
        run_pipeline(TRAIN, {"dataset": tmp_path}, tmp_path / "work")


def test_an_unknown_input_is_refused(tmp_path: Path) -> None:
    """A misspelt input would silently train with the default."""
    with pytest.raises(KeyError, match="has no input movment"):
        run_pipeline(TRAIN, {"movment": "slow"}, tmp_path)
