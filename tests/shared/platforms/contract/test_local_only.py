"""What the local services really do behind the Platform: seen in places that Azure ML does not show."""

import csv
from pathlib import Path

import httpx
import pytest

from shared.contracts.jobs import FolderInput, JobInput
from shared.errors import PermanentError
from shared.registry.mlflow import MlflowRegistry
from tests.shared.platforms.contract.local_world import LocalWorld
from tests.shared.platforms.contract.world import (
    BATCH,
    DATASET,
    PIPELINES,
    PREDICTIONS,
    ROWS,
    deploy,
    ended,
    new,
    submit,
    until,
)

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def trained(local: LocalWorld) -> str:
    """The name of a completed training."""
    name = new("train")
    submit(local, name)
    local.finish(name)
    return name


@pytest.fixture(scope="module")
def model(local: LocalWorld, trained: str) -> str:
    """A model that a job has made."""
    name = new("multiplies")
    local.platform.register_model(name, "1", trained, "model", {})
    return name


def test_a_batch_endpoint_of_a_model_predicts_every_row(local: LocalWorld, model: str, tmp_path: Path) -> None:
    """One prediction for each row of each file, beside the row's number and the file's name."""
    endpoint, job = new("batch"), new("scores")
    local.add_batch_endpoint(endpoint, "monthly", model, "1")
    local.platform.invoke_batch(endpoint, job, BATCH.path)
    assert ended(local.platform, job).error is None
    local.platform.download_job_folder(job, "score", tmp_path)
    with (tmp_path / "predictions.csv").open() as file:
        rows = [(row["row"], float(row["prediction"]), row["file"]) for row in csv.DictReader(file)]
    assert rows == [("0", PREDICTIONS[0], "rows.csv"), ("1", PREDICTIONS[1], "rows.csv")]


def test_a_batch_endpoint_of_a_pipeline_runs_it(local: LocalWorld) -> None:
    """The folder is the pipeline's only input of that type, whatever its name is."""
    endpoint, job = new("batch"), new("looks")
    url = f"{local.jobs_url}/batch-endpoints/{endpoint}/deployments/looks"
    body = {"pipeline": str(PIPELINES / "look.yml")}
    httpx.put(url, json=body, trust_env=False).raise_for_status()
    local.platform.invoke_batch(endpoint, job, BATCH.path, "looks")
    assert ended(local.platform, job).error is None
    assert local.platform.read_job_file(job, "found") == b"rows.csv\n"


def test_copies_of_requests_are_counted_and_their_answers_dropped(local: LocalWorld, model: str) -> None:
    """The mirrored deployment answers copies only; the other one has answered every request."""
    endpoint, platform = new("e"), local.platform
    for deployment in ("blue", "green"):
        deploy(platform, endpoint, deployment, model)
    platform.set_traffic(endpoint, {"blue": 100}, {"green": 50})

    def counted(name: str) -> tuple[int, int, int]:
        found = httpx.get(f"{local.scoring_url}/endpoints/{endpoint}/deployments/{name}", trust_env=False).json()
        return found["requests"], found["mirrored"], found["mirror_failures"]

    for _ in range(40):
        assert platform.score(endpoint, ROWS) == PREDICTIONS
    requests, mirrored, failed = until(lambda: counted("green"), lambda now: now[1] > 0)  # none: once in 2^40
    assert (requests, 0 < mirrored <= 40, failed) == (0, True, 0)
    assert counted("blue") == (40, 0, 0)


def test_a_data_asset_can_be_a_pipelines_input(local: LocalWorld) -> None:
    """A reference to its version reads the folder; one that nobody registered is refused before anything runs."""
    name, job = new("data"), new("looks")
    data: dict[str, JobInput] = {"data": FolderInput(type="uri_folder", path=DATASET.path)}
    with pytest.raises(PermanentError, match="there is no version 1 of the data 'unknown'"):
        local.platform.submit_job(job, PIPELINES / "look.yml", "contract", {}, {})
    local.platform.register_data(name, "7", DATASET.path, {})
    body = {"pipeline": str(PIPELINES / "look.yml"), "inputs": {"data": _asset(name, "7")}}
    httpx.put(f"{local.jobs_url}/jobs/{job}", json=body, trust_env=False).raise_for_status()
    assert ended(local.platform, job).error is None
    assert local.platform.read_job_file(job, "found") == b"factor.txt\n"
    local.platform.submit_job(f"{job}-2", PIPELINES / "look.yml", "contract", data, {})
    assert ended(local.platform, f"{job}-2").error is None


def _asset(name: str, version: str) -> dict[str, str]:
    return {"type": "uri_folder", "path": f"azureml:{name}:{version}"}


def test_a_version_of_the_registry_can_be_deployed(
    local: LocalWorld, mlflow_server: str, trained: str, tmp_path: Path
) -> None:
    """What the job service does not know under that name comes from MLflow."""
    local.platform.download_job_folder(trained, "model", tmp_path)
    registered = new("registered")
    MlflowRegistry(mlflow_server).register(registered, trained, tmp_path, {}, {})
    endpoint = new("e")
    assert deploy(local.platform, endpoint, "blue", registered).status == "Succeeded"
    assert local.platform.score(endpoint, ROWS, "blue") == PREDICTIONS


def test_a_deployments_yaml_is_part_of_what_it_is(local: LocalWorld, model: str, tmp_path: Path) -> None:
    """Another definition under its name is refused, and so is one that wants what only Azure ML has."""
    endpoint, platform = new("e"), local.platform
    plain, other, custom = (tmp_path / name for name in ("plain.yml", "other.yml", "custom.yml"))
    plain.write_text("instance_type: Standard_DS3_v2\nenvironment_variables: {GREETING: hello}\n")
    other.write_text("instance_type: Standard_DS3_v2\nenvironment_variables: {GREETING: goodbye}\n")
    custom.write_text("code_configuration: {code: ./src, scoring_script: score.py}\n")
    for _ in range(2):
        platform.create_deployment(endpoint, "blue", model, "1", plain)
    with pytest.raises(PermanentError, match="exists with another definition"):
        platform.create_deployment(endpoint, "blue", model, "1", other)
    with pytest.raises(PermanentError, match="scoring script") as caught:
        platform.create_deployment(endpoint, "green", model, "1", custom)
    assert caught.value.code == "UnsupportedDeployment"
