"""The whole example: twelve models and six baselines, from raw files through the recipes to the gates' verdicts.

The figures are those measured before there was a line of Signalbox. The historical average and the naive forecast are
arithmetic and must come out exactly. The ensemble may differ a little from what was measured then (its members are
averaged before rounding here) and from platform to platform: by 0.5 points of MAPE, 0.05 of RMSE, and 0.1 of RMSE
where the actual is 0, where there are few rows.
"""

from pathlib import Path
from typing import NamedTuple

import polars as pl
import pytest

from examples.flights.dry_fleet import BASELINES, MODELS, MOVEMENTS, Cell
from examples.flights.dry_run import EXAMPLE
from shared.contracts.evaluation import ChampionRef, Evaluation, Figures, Verdict
from shared.evaluation.evaluate import BaselineOutput, evaluate
from shared.evaluation.gates import judge
from shared.fleet.fleet import Fleet
from shared.fleet.loader import load_fleet
from tests.examples.probes import probe

Trained = dict[Cell, dict[str, Path]]
Triple = tuple[float, float, float]

KEYS = ["origin", "carrier", "destination", "week"]
ARITHMETIC: Triple = (0.05, 0.005, 0.005)
LEARNED: Triple = (0.5, 0.05, 0.1)


class Measured(NamedTuple):
    """What was measured beforehand of one airport and format: rows, those of them with 0, and three forecasts."""

    rows: int
    zeros: int
    average: Triple
    naive: Triple
    ensemble: Triple


FACTS = {
    ("EWR", "mainline"): Measured(884, 30, (20.0, 4.67, 1.58), (12.6, 4.23, 1.49), (12.7, 4.34, 1.57)),
    ("EWR", "regional"): Measured(829, 45, (43.2, 6.80, 7.26), (34.8, 5.41, 2.56), (33.3, 5.11, 2.80)),
    ("JFK", "mainline"): Measured(1342, 38, (16.6, 3.93, 5.30), (10.5, 3.37, 4.21), (10.6, 3.39, 4.39)),
    ("JFK", "regional"): Measured(592, 75, (57.2, 4.69, 6.08), (31.7, 3.57, 4.14), (31.4, 3.54, 4.01)),
    ("LGA", "mainline"): Measured(645, 32, (16.1, 7.22, 9.68), (9.3, 5.91, 7.36), (9.9, 5.88, 7.51)),
    ("LGA", "regional"): Measured(931, 188, (61.6, 5.61, 2.34), (41.2, 3.59, 3.31), (38.5, 3.48, 3.10)),
}

pytestmark = pytest.mark.timeout(300)  # all trainings run inside the first test that asks for them


def table(trained: Trained, *cells: Cell) -> bytes:
    """The evaluations of these models as one."""
    rows = pl.concat(pl.read_csv(trained[cell]["evaluation"]) for cell in cells)
    return rows.write_csv().encode()


def evaluated(trained: Trained, origin: str, flight_format: str, *movements: str) -> Evaluation:
    """The figures of models of one airport and format, with their baseline's, as the app computes them."""
    output = trained[Cell(origin, flight_format, "baseline")]["evaluation"].read_bytes()
    cells = (Cell(origin, flight_format, movement) for movement in movements)
    return evaluate(table(trained, *cells), baseline=BaselineOutput("the baseline", output))


def verdict(fleet: Fleet, trained: Trained, cell: Cell) -> Verdict:
    """What the fleet file's gates say of the first version of one model."""
    policy = fleet.model(f"departures-{cell}")
    assert policy is not None
    first = evaluated(trained, *cell).model_copy(update={"champion_ref": ChampionRef(version=None)})
    return judge(first, policy.gates)


def assert_near(found: Figures | None, expected: Triple, tolerance: Triple) -> None:
    """MAPE in %, RMSE, and RMSE where the actual is 0."""
    assert found is not None
    assert found.mape is not None
    assert found.rmse is not None
    assert found.rmse_zero is not None
    got = (found.mape * 100, found.rmse, found.rmse_zero)
    for value, wanted, within in zip(got, expected, tolerance, strict=True):
        assert value == pytest.approx(wanted, abs=within), (got, expected)


@pytest.mark.parametrize("group", FACTS, ids=" ".join)
def test_the_figures_of_each_airport_and_format_are_reproduced(group: tuple[str, str], trained: Trained) -> None:
    """Both movements together: the historical average, the naive forecast and the ensemble."""
    found, expected = evaluated(trained, *group, *MOVEMENTS), FACTS[group]
    assert (found.model.rows, found.model.zeros) == (expected.rows, expected.zeros)
    assert_near(found.baseline, expected.average, ARITHMETIC)
    assert_near(found.naive, expected.naive, ARITHMETIC)
    assert_near(found.model, expected.ensemble, LEARNED)


def test_over_all_the_ensemble_is_little_better_than_the_naive_forecast(trained: Trained) -> None:
    """21.1 % against 21.7 %: the schedule says most of it. Against the historical average, 32.8 %, it is a lot."""
    found = evaluate(table(trained, *MODELS), baseline=BaselineOutput("all six", table(trained, *BASELINES)))
    assert found.model.rows == 5223
    assert_near(found.baseline, (32.8, 5.43, 5.03), ARITHMETIC)
    assert_near(found.naive, (21.7, 4.32, 3.87), ARITHMETIC)
    assert_near(found.model, (21.1, 4.26, 3.86), (0.2, 0.02, 0.05))


@pytest.mark.parametrize(
    ("cell", "rows", "model", "average"),
    [
        (Cell("EWR", "mainline", "fast"), 544, 12.1, 18.7),
        (Cell("EWR", "mainline", "slow"), 340, 13.8, 22.3),
        (Cell("EWR", "regional", "fast"), 430, 22.4, 31.3),
        (Cell("EWR", "regional", "slow"), 399, 46.6, 57.4),
        (Cell("JFK", "mainline", "fast"), 672, 9.6, 14.3),
        (Cell("JFK", "mainline", "slow"), 670, 11.7, 19.0),
        (Cell("JFK", "regional", "fast"), 175, 35.6, 74.9),
        (Cell("JFK", "regional", "slow"), 417, 28.8, 48.3),
        (Cell("LGA", "mainline", "fast"), 421, 9.8, 12.1),
        (Cell("LGA", "mainline", "slow"), 224, 10.0, 24.8),
        (Cell("LGA", "regional", "fast"), 160, 8.7, 8.1),
        (Cell("LGA", "regional", "slow"), 771, 46.8, 76.3),
    ],
    ids=str,
)
def test_the_figures_of_each_model(cell: Cell, rows: int, model: float, average: float, trained: Trained) -> None:
    """MAPE of the model and of the historical average on the very same rows."""
    found = evaluated(trained, *cell)
    assert found.baseline is not None
    assert found.model.rows == found.baseline.rows == rows
    assert found.model.mape == pytest.approx(model / 100, abs=0.005)
    assert found.baseline.mape == pytest.approx(average / 100, abs=0.0005)


def test_three_models_are_rejected_and_nine_pass(fleet: Fleet, trained: Trained) -> None:
    """Two miss the bound of 45 %; the third is accurate, and yet no better than the plain average."""
    verdicts = {cell: verdict(fleet, trained, cell) for cell in MODELS}
    failed = {
        str(cell): tuple(gate.gate for gate in one.gates if not gate.passed)
        for cell, one in verdicts.items()
        if not one.passed
    }
    assert failed == {
        "ewr-regional-slow": ("accuracy",),
        "lga-regional-slow": ("accuracy",),
        "lga-regional-fast": ("beats_average",),
    }
    assert len(verdicts) - len(failed) == 9


def test_what_is_trained_here_is_what_the_fleet_file_says(fleet: Fleet) -> None:
    """Twelve models with the inputs of their cells, two of them to a baseline; in `dev` the two of JFK mainline."""
    assert {policy.model for policy in fleet.models} == {f"departures-{cell}" for cell in MODELS}
    for policy in fleet.models:
        cell = Cell(**policy.labels)
        assert policy.model == f"departures-{cell}"
        assert policy.train.parameters == policy.labels
        assert policy.golden == f"golden/{cell}.csv"
        assert policy.serve.endpoint == (policy.model if cell.movement == "fast" else None)
        assert policy.serve.parameters == ({} if cell.movement == "fast" else {**policy.labels, "as_of": "{as_of}"})
        assert policy.baseline is not None
        assert policy.baseline.model == f"departures-{cell._replace(movement='baseline')}"
        assert policy.baseline.parameters == {"origin": cell.origin, "format": cell.format}
    dev = load_fleet(fleet.path, "dev")
    assert [policy.model for policy in dev.models] == ["departures-jfk-mainline-fast", "departures-jfk-mainline-slow"]


def test_a_baseline_covers_both_movements(trained: Trained) -> None:
    """Its rows are those of the fast and of the slow model, no more, with the same actual values."""
    for cell in BASELINES:
        movements = [pl.read_csv(trained[cell._replace(movement=one)]["evaluation"]) for one in MOVEMENTS]
        baseline = pl.read_csv(trained[cell]["evaluation"])
        assert baseline.columns == [*KEYS, "actual", "prediction"]
        both = pl.concat(movements).select(*KEYS, "actual").sort(KEYS)
        assert baseline.select(*KEYS, "actual").sort(KEYS).equals(both)


def test_a_baseline_answers_for_any_route_as_a_deployed_model(trained: Trained, tmp_path: Path) -> None:
    """A route's average, with no code of the example at hand; the mean of all for a route that it never saw."""
    outputs = trained[Cell("JFK", "mainline", "baseline")]
    known = pl.read_csv(outputs["evaluation"]).select("carrier", "destination", "prediction")
    unknown = pl.DataFrame({"carrier": ["ZZ"], "destination": ["BOS"], "prediction": [0.0]})
    pl.concat([known, unknown]).write_csv(tmp_path / "routes.csv")
    *answers, of_unknown = probe("average_probe.py", outputs["model"], tmp_path / "routes.csv")
    assert answers == pytest.approx(known["prediction"].to_list(), abs=0.0001)
    assert min(answers) < of_unknown < max(answers)


@pytest.mark.parametrize("cell", MODELS, ids=str)
def test_the_committed_golden_sets_are_what_training_makes(cell: Cell, trained: Trained) -> None:
    """A change to features or models that moves a golden set is noticed: `python -m examples.flights.golden`."""
    made = pl.read_csv(trained[cell]["golden"])
    committed = pl.read_csv(EXAMPLE / "golden" / f"{cell}.csv")
    assert committed.height == 12
    assert committed.drop("expected", "tolerance").equals(made.drop("expected", "tolerance"))
    assert ((committed["expected"] - made["expected"]).abs() <= 1).all()
    assert (committed["tolerance"] >= 2).all()
    assert (committed["tolerance"] >= committed["expected"] * 0.15 - 0.051).all()
