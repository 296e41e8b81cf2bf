"""The SDK as it comes, against the double: models, online and batch endpoints."""

import ssl
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.doubles.azure_ml import AzureMlDouble

if TYPE_CHECKING:
    from azure.ai.ml import MLClient
    from azure.ai.ml.entities import ManagedOnlineDeployment

_ROWS = {"input_data": {"columns": ["weeks"], "index": [0, 1], "data": [[1], [2]]}}


@pytest.fixture(scope="module")
def model(client: "MLClient") -> str:
    """A model that is there: NAME:VERSION."""
    from azure.ai.ml.entities import Model

    place = "azureml://datastores/signalbox/paths/models/1/"
    client.models.create_or_update(Model(name="departures", version="1", path=place, type="mlflow_model"))
    return "departures:1"


@pytest.fixture(scope="module")
def endpoint(client: "MLClient", model: str) -> str:
    """An endpoint with two deployments that are ready, `blue` with all of the traffic."""
    from azure.ai.ml.entities import ManagedOnlineEndpoint

    client.online_endpoints.begin_create_or_update(ManagedOnlineEndpoint(name="flights", auth_mode="key")).result()
    for name in ("blue", "green"):
        made = client.online_deployments.begin_create_or_update(deployment("flights", name, model)).result()
        assert made.provisioning_state == "Succeeded"
    route(client, "flights", {"blue": 100}, {})
    return "flights"


def deployment(endpoint: str, name: str, model: str) -> "ManagedOnlineDeployment":
    """A deployment of one common instance."""
    from azure.ai.ml.entities import ManagedOnlineDeployment

    return ManagedOnlineDeployment(
        name=name,
        endpoint_name=endpoint,
        model=f"azureml:{model}",
        instance_type="Standard_DS3_v2",
        instance_count=1,
    )


def route(client: "MLClient", name: str, traffic: dict[str, int], mirror: dict[str, int]) -> Any:
    """Read, modify, write: the way to set an endpoint's traffic."""
    endpoint = client.online_endpoints.get(name)
    endpoint.traffic, endpoint.mirror_traffic = traffic, mirror
    return client.online_endpoints.begin_create_or_update(endpoint).result()


def score(double: AzureMlDouble, endpoint: str, headers: dict[str, str]) -> httpx.Response:
    """Ask an endpoint, without the SDK: its own call leaks headers."""
    found = double.resource(f"/onlineEndpoints/{endpoint}")
    assert found is not None
    trusted = ssl.create_default_context(cafile=double.ca)
    return httpx.post(found["properties"]["scoringUri"], json=_ROWS, headers=headers, verify=trusted)


def test_an_endpoint_of_tokens_takes_its_own_only(client: "MLClient", double: AzureMlDouble, model: str) -> None:
    """It has no keys; its token is asked for by POST, is good for an hour, and opens no other endpoint."""
    from azure.ai.ml.entities import ManagedOnlineEndpoint
    from azure.core.exceptions import HttpResponseError

    for name in ("tokens", "tokens-too"):
        client.online_endpoints.begin_create_or_update(ManagedOnlineEndpoint(name=name, auth_mode="aml_token")).result()
        client.online_deployments.begin_create_or_update(deployment(name, "blue", model)).result()
    token = client.online_endpoints.get_keys("tokens")
    assert 3500 < token.expiry_time_utc - time.time() <= 3600
    headers = {"Authorization": f"Bearer {token.access_token}", "azureml-model-deployment": "blue"}
    assert score(double, "tokens", headers).json() == [1.0, 1.0]
    assert score(double, "tokens-too", headers).status_code == 401
    assert score(double, "tokens", {"Authorization": "Bearer primary-key-of-tokens"}).status_code == 401
    with pytest.raises(HttpResponseError, match="AMLToken: it has no keys"):
        client.online_endpoints._get_online_credentials("tokens", "key")


def test_a_model_keeps_its_files_and_changes_its_tags(client: "MLClient", model: str) -> None:
    """A version's tags may change, the place of its files may not."""
    from azure.ai.ml.entities import Model
    from azure.core.exceptions import ResourceExistsError

    found = client.models.get("departures", "1")
    found.tags["signalbox.champion"] = "true"
    client.models.create_or_update(found)
    assert [dict(one.tags) for one in client.models.list("departures")] == [{"signalbox.champion": "true"}]
    elsewhere = Model(name="departures", version="1", path="azureml://datastores/signalbox/paths/other/")
    elsewhere.type = "mlflow_model"
    with pytest.raises(ResourceExistsError, match="modelUri cannot be changed"):
        client.models.create_or_update(elsewhere)


def test_the_next_version_of_a_model_is_counted(client: "MLClient", model: str) -> None:
    """A model without a version gets the number after the highest."""
    from azure.ai.ml.entities import Model

    place = "azureml://datastores/signalbox/paths/models/next/"
    for expected in ("1", "2"):
        made = client.models.create_or_update(Model(name="counted", path=place, type="mlflow_model"))
        assert made.version == expected


def test_traffic_is_shifted_and_mirrored(client: "MLClient", double: AzureMlDouble, endpoint: str) -> None:
    """Blue and green share requests as the traffic says, and the mirror gets its part of copies."""
    routed = route(client, endpoint, {"blue": 100}, {"green": 50})
    assert (routed.traffic, routed.mirror_traffic) == ({"blue": 100}, {"green": 50})
    key = {"Authorization": f"Bearer {client.online_endpoints.get_keys(endpoint).primary_key}"}
    before = double.scoring.scored.copy(), double.scoring.mirrored.copy()
    for _ in range(10):
        assert score(double, endpoint, key).json() == [1.0, 1.0]
    assert double.scoring.scored - before[0] == {(endpoint, "blue"): 10}
    assert double.scoring.mirrored - before[1] == {(endpoint, "green"): 5}
    route(client, endpoint, {"blue": 70, "green": 30}, {})
    before = double.scoring.scored.copy(), before[1]
    for _ in range(100):
        score(double, endpoint, key)
    assert double.scoring.scored - before[0] == {(endpoint, "blue"): 70, (endpoint, "green"): 30}


def test_a_header_picks_the_deployment(client: "MLClient", double: AzureMlDouble, endpoint: str) -> None:
    """The header wins over the traffic, and the answer says who answered."""
    route(client, endpoint, {"blue": 100}, {})
    key = client.online_endpoints.get_keys(endpoint).secondary_key
    headers = {"Authorization": f"Bearer {key}", "azureml-model-deployment": "green"}
    assert score(double, endpoint, headers).headers["azureml-model-deployment"] == "green"


def test_scoring_wants_the_key(double: AzureMlDouble, endpoint: str) -> None:
    """A request without the endpoint's key is refused."""
    assert score(double, endpoint, {"Authorization": "Bearer guessed"}).status_code == 401


def test_a_deployment_fails_with_the_services_words(
    client: "MLClient", double: AzureMlDouble, endpoint: str, model: str
) -> None:
    """The operation ends with the error, the deployment stays as failed, and its log tells why."""
    from azure.core.exceptions import HttpResponseError

    double.plan_provisioning(f"{endpoint}/broken", end="Failed", error="ImportError: no module named lasso")
    with pytest.raises(HttpResponseError, match="no module named lasso"):
        client.online_deployments.begin_create_or_update(deployment(endpoint, "broken", model)).result()
    assert client.online_deployments.get("broken", endpoint).provisioning_state == "Failed"
    assert "no module named lasso" in client.online_deployments.get_logs("broken", endpoint, lines=10)
    client.online_deployments.begin_delete("broken", endpoint).result()
    assert {one.name for one in client.online_deployments.list(endpoint)} == {"blue", "green"}


def test_an_endpoint_on_kubernetes_takes_its_own_deployments(client: "MLClient", model: str) -> None:
    """A Kubernetes endpoint and deployment are made on an attached cluster."""
    from azure.ai.ml.entities import KubernetesOnlineDeployment, KubernetesOnlineEndpoint

    made = KubernetesOnlineEndpoint(name="on-k8s", compute="k8s", auth_mode="key")
    client.online_endpoints.begin_create_or_update(made).result()
    blue = KubernetesOnlineDeployment(
        name="blue", endpoint_name="on-k8s", model=f"azureml:{model}", instance_count=1, instance_type="small"
    )
    assert client.online_deployments.begin_create_or_update(blue).result().provisioning_state == "Succeeded"


def test_a_batch_endpoint_starts_jobs(client: "MLClient", double: AzureMlDouble, model: str) -> None:
    """A call of a batch endpoint is a job that goes its planned way."""
    from azure.ai.ml import Input
    from azure.ai.ml.entities import BatchEndpoint, ModelBatchDeployment, ModelBatchDeploymentSettings

    client.batch_endpoints.begin_create_or_update(BatchEndpoint(name="nightly")).result()
    settings = ModelBatchDeploymentSettings(instance_count=1, mini_batch_size=10, output_action="append_row")
    blue = ModelBatchDeployment(
        name="blue", endpoint_name="nightly", model=f"azureml:{model}", compute="batch-cluster", settings=settings
    )
    client.batch_deployments.begin_create_or_update(blue).result()
    endpoint = client.batch_endpoints.get("nightly")
    endpoint.defaults = {"deployment_name": "blue"}
    client.batch_endpoints.begin_create_or_update(endpoint).result()
    folder = Input(type="uri_folder", path="azureml://datastores/signalbox/paths/week/")
    double.plan("nightly-1", statuses=["Queued", "Completed"])
    assert client.batch_endpoints.invoke("nightly", inputs={"data": folder}, job_name="nightly-1").name == "nightly-1"
    assert [client.jobs.get("nightly-1").status for _ in range(2)] == ["Queued", "Completed"]
