"""`make models`: what is asked of the example's models, with all epochs and with few."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from examples.flights import dry_fleet, validate
from examples.flights.dry_fleet import Cell
from examples.flights.dry_run import EXAMPLE

GOOD, REJECTED = Cell("JFK", "mainline", "slow"), Cell("EWR", "regional", "slow")
_HEAD = "origin,carrier,destination,week,actual,prediction,naive"


def _outputs(folder: Path, error: float) -> dict[str, Path]:
    """Outputs of a training whose predictions are wrong by a share."""
    folder.mkdir(parents=True)
    rows = [f"JFK,AA,BOS,2013-09-{day:02},100,{100 * (1 + error):.0f},100" for day in (9, 16, 23)]
    found = {name: folder / name for name in ("model", "evaluation", "golden", "training")}
    for path in found.values():
        path.write_text("\n".join([_HEAD, *rows]) + "\n")
    return found


def _trained(folder: Path, cell: Cell, error: float) -> Mapping[Cell, Mapping[str, Path]]:
    average = Cell(cell.origin, cell.format, "baseline")
    return {cell: _outputs(folder / "model", error), average: _outputs(folder / "average", 0.4)}


@pytest.mark.parametrize(
    ("cell", "error", "told"),
    [
        (GOOD, 0.1, []),
        (GOOD, 0.5, ["jfk-mainline-slow should pass its gates"]),
        (REJECTED, 0.5, []),
        (REJECTED, 0.1, ["ewr-regional-slow passes its gates, and the README says that it does not"]),
    ],
)
def test_with_all_epochs_the_gates_say_what_the_readme_tells(
    cell: Cell, error: float, told: list[str], tmp_path: Path
) -> None:
    """A model that fails and should pass is wrong, and so is the reverse."""
    found = list(validate.problems(_trained(tmp_path, cell, error), max_mape=None))
    assert [one.partition(":")[0] for one in found] == told


def test_with_few_epochs_only_what_is_far_off_is_wrong(tmp_path: Path) -> None:
    """Models that have learned less may fail their gates."""
    trained = _trained(tmp_path, GOOD, 0.5)
    assert not list(validate.problems(trained, max_mape=0.6))
    assert list(validate.problems(trained, max_mape=0.4)) == ["jfk-mainline-slow should have a MAPE of at most 40.0%"]


def test_an_output_that_is_missing_is_told(tmp_path: Path) -> None:
    """By its name."""
    trained = _trained(tmp_path, GOOD, 0.1)
    trained[GOOD]["golden"].unlink()
    assert list(validate.problems(trained, max_mape=None)) == ["jfk-mainline-slow has no golden"]


def test_no_epoch_at_all_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """With what would be right."""
    with pytest.raises(SystemExit):
        validate.main(["--epochs", "0"])
    assert "at least 1" in capsys.readouterr().err


def test_epochs_reach_the_step_that_trains(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """From the command through the pipeline's input to the component's command."""
    given: dict[str, Any] = {}
    monkeypatch.setattr(dry_fleet, "run_pipeline", lambda file, inputs, folder, here: given.update(inputs))
    dry_fleet._train(GOOD, tmp_path, tmp_path, 7)
    assert given["epochs"] == "7"
    pipeline = yaml.safe_load((EXAMPLE / "pipelines" / "train.yml").read_text())
    job = pipeline["jobs"]["train_neural_network"]
    assert job["inputs"]["epochs"] == "${{parent.inputs.epochs}}"
    component = yaml.safe_load((EXAMPLE / "pipelines" / job["component"]).read_text())
    assert "--epochs ${{inputs.epochs}}" in component["command"]
