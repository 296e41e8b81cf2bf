"""Batch endpoints: a folder is scored once, as a job of our name."""

from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from shared.contracts.jobs import NAME_TAKEN
from shared.errors import PermanentError, TransientError
from shared.platforms.azureml.connection import Connection
from shared.platforms.azureml.endpoints import AzureMlEndpoints
from shared.platforms.azureml.jobs import AzureMlJobs
from tests.doubles.azure_ml import AzureMlDouble, Request
from tests.shared.platforms.azureml.golden_bodies import compare_golden

pytestmark = pytest.mark.stack

_NUMBERS = count(1)
_POST = "/batch/scoring/jobs"


@pytest.fixture(scope="module")
def endpoints(double: AzureMlDouble, connection: Connection) -> AzureMlEndpoints:
    """The adapter, in a workspace with a batch endpoint of two deployments; the first is the default."""
    from azure.ai.ml.entities import BatchEndpoint, Model, ModelBatchDeployment, ModelBatchDeploymentSettings

    client = connection.client
    path = "azureml://datastores/workspaceblobstore/paths/jobs/train-1/model/"
    client.models.create_or_update(Model(name="departures", version="1", path=path, type="mlflow_model"))
    client.batch_endpoints.begin_create_or_update(BatchEndpoint(name="scoring")).result()
    for name in ("first", "second"):
        deployment = ModelBatchDeployment(
            name=name,
            endpoint_name="scoring",
            model="azureml:departures:1",
            compute="batch-cluster",
            settings=ModelBatchDeploymentSettings(instance_count=1, mini_batch_size=10),
        )
        client.batch_deployments.begin_create_or_update(deployment).result()
    with_default = client.batch_endpoints.get("scoring")
    with_default.defaults = {"deployment_name": "first"}
    client.batch_endpoints.begin_create_or_update(with_default).result()
    return AzureMlEndpoints(connection)


@pytest.fixture
def name() -> str:
    """A job that no other test uses."""
    return f"score-{next(_NUMBERS)}"


@pytest.fixture
def posts(double: AzureMlDouble) -> Callable[[], list[Request]]:
    """The calls of the endpoint in this test."""
    start = len(double.log)
    return lambda: [one for one in double.log[start:] if one.method == "POST" and one.path == _POST]


def test_a_folder_is_scored_as_a_job(
    endpoints: AzureMlEndpoints, name: str, posts: Callable[[], list[Request]], connection: Connection
) -> None:
    """The folder is an address in our datastore, and the job has our name."""
    state = endpoints.invoke_batch("scoring", name, "datasets/v1/")
    assert (state.name, state.final) == (name, False)
    compare_golden("batch_invoke", posts()[0].body, (name, "{job}"), (connection.datastore, "{datastore}"))
    assert "azureml-model-deployment" not in posts()[0].headers


def test_the_same_job_is_adopted(endpoints: AzureMlEndpoints, name: str, posts: Callable[[], list[Request]]) -> None:
    """Asked twice, it is started once."""
    endpoints.invoke_batch("scoring", name, "datasets/v1/")
    assert endpoints.invoke_batch("scoring", name, "datasets/v1/").name == name
    assert len(posts()) == 1


def test_another_folder_under_the_name_is_refused(endpoints: AzureMlEndpoints, name: str) -> None:
    """A job that scores something else is not taken for this one."""
    endpoints.invoke_batch("scoring", name, "datasets/v1/")
    with pytest.raises(PermanentError, match="exists already") as caught:
        endpoints.invoke_batch("scoring", name, "datasets/v2/")
    assert caught.value.code == NAME_TAKEN


def test_an_answer_that_was_lost_is_asked_for_under_the_same_id(
    endpoints: AzureMlEndpoints, double: AzureMlDouble, name: str, posts: Callable[[], list[Request]]
) -> None:
    """The service can tell a repeated request from a second one, even where it names the job itself."""
    double.fail_once("POST", _POST, 503)
    with pytest.raises(TransientError):
        endpoints.invoke_batch("scoring", name, "datasets/v1/")
    endpoints.invoke_batch("scoring", name, "datasets/v1/")
    first, second = (one.headers["repeatability_request-id"] for one in posts())
    assert first == second
    endpoints.invoke_batch("scoring", f"{name}-other", "datasets/v1/")
    assert posts()[-1].headers["repeatability_request-id"] != first


def test_a_deployment_can_be_picked(endpoints: AzureMlEndpoints, name: str, posts: Callable[[], list[Request]]) -> None:
    """The header names it, for one call only."""
    endpoints.invoke_batch("scoring", name, "datasets/v1/", "second")
    endpoints.invoke_batch("scoring", f"{name}-other", "datasets/v1/")
    picked, free = posts()
    assert picked.headers["azureml-model-deployment"] == "second"
    assert "azureml-model-deployment" not in free.headers


def test_predictions_are_where_other_jobs_leave_theirs(
    endpoints: AzureMlEndpoints, double: AzureMlDouble, connection: Connection, name: str, tmp_path: Path
) -> None:
    """The output `score` is a file in the data container, and read as any job's output."""
    endpoints.invoke_batch("scoring", name, "datasets/v1/")
    double.plan(name, outputs={"score": {"predictions.csv": b"1.0\n"}})
    double.set_job(name, "Completed")
    jobs = AzureMlJobs(connection)
    assert jobs.read_job_file(name, "score") == b"1.0\n"
    jobs.download_job_folder(name, "score", tmp_path)
    assert (tmp_path / "predictions.csv").read_bytes() == b"1.0\n"
    assert endpoints.invoke_batch("scoring", name, "datasets/v1/") == jobs.read_job(name)


def test_an_absent_endpoint_is_told(endpoints: AzureMlEndpoints, name: str) -> None:
    """A batch endpoint is made by whoever owns it, not by a call."""
    with pytest.raises(PermanentError, match="there is no batch endpoint absent") as caught:
        endpoints.invoke_batch("absent", name, "datasets/v1/")
    assert caught.value.code == "NotFound"


def test_an_absent_deployment_is_refused_in_the_services_words(endpoints: AzureMlEndpoints, name: str) -> None:
    """The service's message says which deployment it has not."""
    with pytest.raises(PermanentError, match="no deployment 'third'"):
        endpoints.invoke_batch("scoring", name, "datasets/v1/", "third")


@pytest.mark.parametrize("answer", [{"id": "x", "name": "batchjob-7", "properties": {"status": "Preparing"}}])
def test_a_name_that_the_service_gives_is_the_jobs(answer: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the service does not take our name, the state says which job is waited for."""
    from types import SimpleNamespace

    import httpx

    from shared.platforms.azureml.batch_endpoints import BatchEndpoints

    connection: Any = SimpleNamespace(
        datastore="signalbox",
        workspace=SimpleNamespace(arm_id="/workspaces/w"),
        token=lambda scope: "token",
        http=httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(201, json=answer))),
        client=SimpleNamespace(
            batch_endpoints=SimpleNamespace(get=lambda name: SimpleNamespace(scoring_uri="https://b.example/jobs"))
        ),
    )
    monkeypatch.setattr(BatchEndpoints, "_find", lambda self, name: None)
    state = BatchEndpoints(connection).invoke("scoring", "score-1", "datasets/v1/", None)
    assert (state.name, state.status) == ("batchjob-7", "Preparing")
