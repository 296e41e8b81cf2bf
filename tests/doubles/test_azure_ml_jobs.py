"""The SDK as it comes, against the double: pipelines with code that is uploaded, and how they end."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from shared.storage.blobs import AzureBlobStore
from tests.doubles.azure_ml import AzureMlDouble
from tests.doubles.conftest import sdk_client

if TYPE_CHECKING:
    from azure.ai.ml import MLClient
    from azure.ai.ml.entities import Job

pytestmark = pytest.mark.stack

_CONTAINER = "azure-ml-double"
_PIPELINE = """
$schema: https://azuremlschemas.azureedge.net/latest/pipelineJob.schema.json
type: pipeline
experiment_name: nightly
inputs:
  data: {type: uri_folder, path: "azureml://datastores/azure-ml-double/paths/raw/"}
  day: "2026-01-01"
outputs:
  model: {type: uri_folder, path: "azureml://datastores/azure-ml-double/paths/jobs/JOB/model/"}
  report: {type: uri_file, path: "azureml://datastores/azure-ml-double/paths/jobs/JOB/report.csv"}
settings: {default_compute: "azureml:cpu-cluster"}
jobs:
  train:
    type: command
    code: ./steps
    command: python train.py --data ${{inputs.data}} --model ${{outputs.model}} --report ${{outputs.report}}
    environment: azureml:any:1
    inputs: {data: "${{parent.inputs.data}}", day: "${{parent.inputs.day}}"}
    outputs: {model: "${{parent.outputs.model}}", report: "${{parent.outputs.report}}"}
"""


@pytest.fixture(scope="module")
def double(azurite: str) -> Iterator[AzureMlDouble]:
    """One with storage."""
    with AzureMlDouble(storage=azurite, data_container=_CONTAINER) as double:
        yield double


@pytest.fixture(scope="module")
def client(double: AzureMlDouble) -> "Iterator[MLClient]":
    """The SDK's client of it."""
    yield from sdk_client(double)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pipeline's folder, with the code of its step."""
    folder = tmp_path_factory.mktemp("pipeline")
    (folder / "steps").mkdir()
    (folder / "steps" / "train.py").write_text("print('trained')\n")
    return folder


def submit(client: "MLClient", folder: Path, name: str, day: str = "2026-05-01") -> "Job":
    """Submit the pipeline."""
    from azure.ai.ml import load_job

    file = folder / f"{name}.yml"
    file.write_text(_PIPELINE.replace("JOB", name))
    job = load_job(file, params_override=[{"inputs.day": day}])
    job.name = name
    return client.jobs.create_or_update(job)


def statuses(client: "MLClient", name: str, reads: int) -> list[str]:
    """What so many reads of a job see."""
    return [str(client.jobs.get(name).status.value) for _ in range(reads)]


def test_a_pipeline_is_submitted_with_its_code(
    client: "MLClient", double: AzureMlDouble, azurite: str, folder: Path
) -> None:
    """The step's code lands in the storage account once, and the job refers to a component that refers to it."""
    assert submit(client, folder, "upload-1").status == "NotStarted"
    submit(client, folder, "upload-2")
    codes = [one for one in double.log if one.method == "PUT" and "/codes/" in one.path]
    assert [code.status for code in codes] == [201]
    container, _, folder_there = codes[0].body["properties"]["codeUri"].partition("devstoreaccount1/")[2].partition("/")
    code = AzureBlobStore(azurite, container).read(f"{folder_there}/train.py")
    assert code == (folder / "steps" / "train.py").read_bytes()
    assert double.requests("PUT", "/jobs/upload-2")[0].status == 201


def test_a_job_is_read_until_it_is_completed(
    client: "MLClient", double: AzureMlDouble, azurite: str, folder: Path
) -> None:
    """It goes the planned way, and leaves its outputs where its definition says."""
    outputs = {"model": {"MLmodel": b"flavors"}, "report": {"report.csv": b"a,b\n"}}
    double.plan("good-*", queue=2, run=1, outputs=outputs, metrics={"mape": 0.25})
    submit(client, folder, "good-1")
    assert statuses(client, "good-1", 4) == ["Queued", "Queued", "Running", "Completed"]
    blobs = AzureBlobStore(azurite, _CONTAINER)
    assert blobs.read("jobs/good-1/model/MLmodel") == b"flavors"
    assert blobs.read("jobs/good-1/report.csv") == b"a,b\n"


def test_a_failed_job_tells_why_in_run_history(client: "MLClient", double: AzureMlDouble, folder: Path) -> None:
    """The job itself only says that it failed; run history has the words."""
    double.plan("bad-*", run=0, end="Failed", error="ValueError: no flights of 2026-05-01")
    submit(client, folder, "bad-1")
    assert statuses(client, "bad-1", 1) == ["Failed"]
    run = client.jobs._runs_operations.get_run("bad-1")
    assert run.error.error.message == "ValueError: no flights of 2026-05-01"


def test_a_job_is_cancelled(client: "MLClient", double: AzureMlDouble, folder: Path) -> None:
    """It is seen to be asked, and then it has stopped."""
    double.plan("long-*", run=100, cancel=1)
    submit(client, folder, "long-1")
    assert statuses(client, "long-1", 1) == ["Running"]
    client.jobs.begin_cancel("long-1", polling=False)
    assert statuses(client, "long-1", 2) == ["CancelRequested", "Canceled"]


def test_a_stubborn_job_does_not_stop(client: "MLClient", double: AzureMlDouble, folder: Path) -> None:
    """A job may be planned to stay in the state of being asked."""
    double.plan("stubborn", run=100, stubborn=True)
    submit(client, folder, "stubborn")
    client.jobs.begin_cancel("stubborn", polling=False)
    assert statuses(client, "stubborn", 3) == ["CancelRequested"] * 3


def test_a_job_vanishes(client: "MLClient", double: AzureMlDouble, folder: Path) -> None:
    """After so many reads there is no such job."""
    from azure.core.exceptions import ResourceNotFoundError

    double.plan("gone", run=100, vanish_after=2)
    submit(client, folder, "gone")
    assert statuses(client, "gone", 2) == ["Running", "Running"]
    with pytest.raises(ResourceNotFoundError):
        client.jobs.get("gone")


def test_a_job_hangs_until_a_test_decides(client: "MLClient", double: AzureMlDouble, folder: Path) -> None:
    """It stays in NotResponding however often it is read."""
    double.plan("hung", run=1, hang="NotResponding")
    submit(client, folder, "hung")
    assert statuses(client, "hung", 3) == ["Running", "NotResponding", "NotResponding"]
    double.set_job("hung", "Completed")
    assert statuses(client, "hung", 1) == ["Completed"]


def test_the_same_job_again_is_the_same_job(client: "MLClient", folder: Path) -> None:
    """A second submission of one definition changes nothing; another definition of that name is refused."""
    from azure.core.exceptions import HttpResponseError

    submit(client, folder, "same-1")
    submit(client, folder, "same-1")
    with pytest.raises(HttpResponseError, match="A job with this name already exists"):
        submit(client, folder, "same-1", day="2026-05-02")


def test_each_change_of_a_job_is_told(client: "MLClient", double: AzureMlDouble, folder: Path) -> None:
    """The callback hears of every status once, with the job's tags."""
    heard: list[tuple[str, str]] = []
    double.on_change = lambda name, status, _tags: heard.append((name, status))
    submit(client, folder, "told")
    statuses(client, "told", 3)
    double.on_change = None
    assert heard == [("told", "NotStarted"), ("told", "Running"), ("told", "Completed")]
