"""An input of data without a path is optional where the steps say so: Azure ML's YAML knows no other way."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from shared.contracts.jobs import FolderInput, JobInput, ModelInput
from shared.platforms.azureml.pipelines import load_pipeline, read_pipeline
from shared.settings import APP_ROOT

TRAIN = APP_ROOT / "examples/flights/pipelines/train.yml"
CHAMPION = ModelInput(model="departures-jfk-mainline-fast", version="3")


def _sent(file: Path, **inputs: JobInput) -> Any:
    """The body of the request, made without a workspace."""
    connection: Any = SimpleNamespace(datastore="signalbox")
    given: dict[str, JobInput] = {"dataset": FolderInput(type="uri_folder", path="datasets/d1"), **inputs}
    job = load_pipeline(connection, file, read_pipeline(file), "job-1", given)
    return job._to_rest_object().properties


def test_a_champion_is_given_to_the_step() -> None:
    """As the registered model of that version, whose id the SDK puts in when it submits."""
    body = _sent(TRAIN, champion=CHAMPION)
    assert body.inputs["champion"]["uri"].endswith("departures-jfk-mainline-fast:3")
    assert body.jobs["ensemble"]["inputs"]["champion"]["value"] == "${{parent.inputs.champion}}"


def test_without_a_champion_nothing_of_it_is_sent() -> None:
    """Neither the input, which the service would refuse without a value, nor the binding to it."""
    body = _sent(TRAIN)
    assert "champion" not in body.inputs
    assert "champion" not in body.jobs["ensemble"]["inputs"]
    assert set(body.inputs) >= {"dataset", "origin"}


@pytest.mark.parametrize("required", ["optional: false", "description: needed"])
def test_what_a_step_needs_is_not_left_out(required: str, tmp_path: Path) -> None:
    """The service says that it has no value: silence would train something else."""
    (tmp_path / "needs.yml").write_text(
        "type: command\nname: needs\nversion: '1'\nenvironment: azureml:any:1\ncommand: echo ${{inputs.champion}}\n"
        f"inputs: {{champion: {{type: mlflow_model, {required}}}}}\n"
    )
    file = tmp_path / "p.yml"
    file.write_text(
        "type: pipeline\ninputs: {dataset: {type: uri_folder}, champion: {type: mlflow_model}}\n"
        "jobs: {s: {type: command, component: ./needs.yml, compute: azureml:cpu,\n"
        "  inputs: {champion: '${{parent.inputs.champion}}'}}}\n"
    )
    assert "champion" in _sent(file).inputs
