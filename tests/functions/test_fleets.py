"""What `GET /api/fleets` tells."""

from pathlib import Path

import pytest

from functions.triggers.fleets import describe
from shared.contracts.read_model import ModelRow, RunInFlight
from shared.fleet.fleet import Fleet
from shared.fleet.loader import load_fleet
from tests.shared.interlock.builders import at

_FLEET = """\
fleet: demand
timezone: America/Chicago
matrix: {region: [a, b, c]}
sources: {sales: {files: "raw/{year}.csv", recipe: sales.yaml}}
datasets: {yearly: {from: [sales], per: [year]}}
models:
  demand-{region}: {train: {pipeline: train.yml, data: yearly}, serve: {batch: score.yml}, golden: golden.csv}
gates: {accuracy: {metric: mape, max: 45%}}
retrain: {at_once: 1}
schedule: {train: "Mon 10:00"}
"""


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    """Three models that train one at a time, on Mondays."""
    for name in ("sales.yaml", "train.yml", "score.yml", "golden.csv"):
        (tmp_path / name).touch()
    (tmp_path / "fleet.yaml").write_text(_FLEET)
    return load_fleet(tmp_path / "fleet.yaml")


def _row(model: str, state: str, *runs: RunInFlight, fleet: str = "demand") -> ModelRow:
    return ModelRow(
        fleet=fleet, model=model, labels={}, revision=1, state=state, reason="", updated_at=at(), in_flight=runs
    )


def _training(*, waits: bool) -> RunInFlight:
    return RunInFlight(kind="training", instance="t", attempt=1, waits_for_slot=waits)


def test_running_and_waiting_models_are_told_apart(fleet: Fleet) -> None:
    """One has the fleet's only place, one waits for it, one has nothing to do; other fleets' rows do not count."""
    rows = [
        _row("demand-a", "training", _training(waits=False)),
        _row("demand-b", "queued", _training(waits=True)),
        _row("other", "training", _training(waits=False), fleet="other"),
    ]
    told = describe(fleet, rows, at())
    assert told["models"] == {"queued": 1, "training": 1, "waiting": 1}
    assert told["at_once"] == 1
    assert told["running"] == [{"model": "demand-a", "kind": "training", "attempt": 1}]
    assert told["waiting"] == [{"model": "demand-b", "kind": "training", "attempt": 1}]


def test_the_next_start_is_in_the_fleets_own_time(fleet: Fleet) -> None:
    """Monday ten o'clock in Chicago is four in the afternoon in winter, as UTC has it."""
    assert describe(fleet, [], at())["next"] == {"train": "2026-01-05T16:00:00+00:00"}
