"""The double over the local job service: what is submitted is really run."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from shared.storage.blobs import AzureBlobStore
from tests.doubles.azure_ml import AzureMlDouble
from tests.doubles.azure_ml.local_backends import LocalJobs, LocalScoring
from tests.doubles.conftest import sdk_client

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

pytestmark = pytest.mark.stack

_CONTAINER = "azure-ml-driven"
_PIPELINE = """
$schema: https://azuremlschemas.azureedge.net/latest/pipelineJob.schema.json
type: pipeline
experiment_name: driven
inputs:
  times: 2
  factor: 0.5
  word: "7"
outputs:
  report: {type: uri_file, path: "azureml://datastores/azure-ml-driven/paths/jobs/JOB/report/"}
settings: {default_compute: "azureml:cpu-cluster"}
jobs:
  write:
    type: command
    code: ./steps
    command: python write.py ${{inputs.times}} ${{inputs.factor}} ${{inputs.word}} ${{outputs.report}}
    environment: azureml:any:1
    inputs: {times: "${{parent.inputs.times}}", factor: "${{parent.inputs.factor}}", word: "${{parent.inputs.word}}"}
    outputs: {report: "${{parent.outputs.report}}"}
"""
_STEP = """
import pathlib, sys
times, factor, word, report = sys.argv[1:]
if float(factor) < 0:
    sys.exit("the factor is negative")
pathlib.Path(report).write_text(word * int(times))
"""


@pytest.fixture(scope="module")
def double(azurite: str, job_service: str, scoring_service: str) -> Iterator[AzureMlDouble]:
    """One whose jobs are run by the local job service."""
    jobs = LocalJobs(job_service)
    scoring = LocalScoring(scoring_service, jobs)
    with AzureMlDouble(storage=azurite, data_container=_CONTAINER, engine=jobs, serving=scoring) as double:
        yield double
    jobs.close()
    scoring.close()


@pytest.fixture(scope="module")
def client(double: AzureMlDouble) -> "Iterator[MLClient]":
    """The SDK's client of it."""
    yield from sdk_client(double)


def run(client: "MLClient", folder: Path, name: str, factor: float) -> str:
    """Submit the pipeline and read it until it has ended; its last status."""
    from azure.ai.ml import load_job

    (folder / "steps").mkdir(exist_ok=True)
    (folder / "steps" / "write.py").write_text(_STEP)
    file = folder / f"{name}.yml"
    file.write_text(_PIPELINE.replace("JOB", name))
    job = load_job(file, params_override=[{"inputs.factor": factor}])
    job.name, job.tags = name, {"signalbox.pipeline": str(file)}
    client.jobs.create_or_update(job)
    for _ in range(600):
        status = str(client.jobs.get(name).status.value)
        if status in ("Completed", "Failed", "Canceled"):
            return status
        time.sleep(0.1)
    return status


def test_a_pipeline_is_really_run(client: "MLClient", azurite: str, tmp_path: Path) -> None:
    """Its inputs have the types that its file gives them, and its output lands in the data container."""
    assert run(client, tmp_path, "driven-1", 0.5) == "Completed"
    assert AzureBlobStore(azurite, _CONTAINER).read("jobs/driven-1/report/report") == b"77"


def test_a_real_failure_has_its_own_words(client: "MLClient", tmp_path: Path) -> None:
    """What the step wrote at its end is what run history tells."""
    assert run(client, tmp_path, "driven-2", -1.0) == "Failed"
    assert "the factor is negative" in client.jobs._runs_operations.get_run("driven-2").error.error.message


def test_an_input_of_another_type_is_refused(client: "MLClient", tmp_path: Path) -> None:
    """It is the caller's mistake, and no fault of the double, whose callers would try again."""
    from azure.ai.ml import load_job
    from azure.core.exceptions import HttpResponseError

    file = tmp_path / "typed.yml"
    (tmp_path / "steps").mkdir()
    (tmp_path / "steps" / "write.py").write_text(_STEP)
    file.write_text(_PIPELINE.replace("times: 2", "times: {type: integer}").replace("JOB", "typed"))
    job = load_job(file, params_override=[{"inputs.times": "abc"}])
    job.name, job.tags = "typed", {"signalbox.pipeline": str(file)}
    with pytest.raises(HttpResponseError) as caught:
        client.jobs.create_or_update(job)
    assert caught.value.status_code == 400


def test_a_model_that_cannot_be_loaded_fails_to_deploy(client: "MLClient", double: AzureMlDouble) -> None:
    """The scoring service makes the deployment, and its error is the operation's."""
    from azure.ai.ml.entities import ManagedOnlineDeployment, ManagedOnlineEndpoint, Model
    from azure.core.exceptions import HttpResponseError

    place = f"azureml://datastores/{_CONTAINER}/paths/nothing/"
    client.models.create_or_update(Model(name="unknown-to-mlflow", version="1", path=place, type="mlflow_model"))
    client.online_endpoints.begin_create_or_update(ManagedOnlineEndpoint(name="driven", auth_mode="key")).result()
    wanted = ManagedOnlineDeployment(
        name="blue",
        endpoint_name="driven",
        model="azureml:unknown-to-mlflow:1",
        instance_type="Standard_DS3_v2",
        instance_count=1,
    )
    with pytest.raises(HttpResponseError, match="unknown-to-mlflow"):
        client.online_deployments.begin_create_or_update(wanted).result()
    client.online_endpoints.begin_delete("driven").result()
