"""Whose an endpoint is, what it was made of, and what a conflict over it means; against the double."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shared.contracts.deployments import DEPLOYMENT_TAKEN, ENDPOINT_TAKEN
from shared.errors import PermanentError, TransientError
from shared.platforms.azureml.connection import Connection
from shared.platforms.azureml.definitions import DEFINITION_TAG
from shared.platforms.azureml.endpoints import AzureMlEndpoints
from tests.doubles.azure_ml import AzureMlDouble
from tests.shared.platforms.azureml.endpoint_calls import deployed, later

pytestmark = pytest.mark.stack

_MANAGED = "instance_type: Standard_DS3_v2\ninstance_count: 1\n"


@pytest.fixture
def theirs(connection: Connection, endpoints: AzureMlEndpoints, name: str) -> str:
    """An endpoint that another team has made with the SDK, with a deployment that answers."""
    from azure.ai.ml.entities import ManagedOnlineEndpoint

    assert endpoints.read_traffic(name) == {}
    client = connection.client
    made = ManagedOnlineEndpoint(name=name, auth_mode="key", tags={"team": "pricing"})
    client.online_endpoints.begin_create_or_update(made)
    later(lambda: _settled(endpoints, name))
    _deploy_beside(connection, endpoints, name, "prod")
    _route_beside(connection, endpoints, name, {"prod": 100})
    return name


def _settled(endpoints: AzureMlEndpoints, name: str) -> None:
    """Read it until it stands still."""
    if endpoints._endpoints.is_changing(name):
        raise TransientError("later")


def _deploy_beside(connection: Connection, endpoints: AzureMlEndpoints, name: str, deployment: str) -> None:
    """Deploy without Signalbox."""
    from azure.ai.ml.entities import ManagedOnlineDeployment

    made = ManagedOnlineDeployment(
        name=deployment,
        endpoint_name=name,
        model="azureml:departures:1",
        instance_type="Standard_DS3_v2",
        instance_count=1,
    )
    connection.client.online_deployments.begin_create_or_update(made)
    while (state := endpoints.read_deployment(name, deployment)) and state.status != "Succeeded":
        continue


def _route_beside(connection: Connection, endpoints: AzureMlEndpoints, name: str, traffic: dict[str, int]) -> None:
    """Set traffic without Signalbox."""
    entity = connection.client.online_endpoints.get(name)
    entity.traffic = traffic
    connection.client.online_endpoints.begin_create_or_update(entity)
    later(lambda: _settled(endpoints, name))


def _hand_over(connection: Connection, endpoints: AzureMlEndpoints, name: str) -> None:
    """Tag it, as the refusal says."""
    entity = connection.client.online_endpoints.get(name)
    entity.tags = {**entity.tags, "signalbox": "managed"}
    connection.client.online_endpoints.begin_create_or_update(entity)
    later(lambda: _settled(endpoints, name))


def test_an_endpoint_of_somebody_else_is_left_alone(
    endpoints: AzureMlEndpoints, theirs: str, asked: Callable[..., list[Any]]
) -> None:
    """Nothing is deployed to it, routed there or deleted, and whose it is is told."""
    calls = (
        lambda: endpoints.create_deployment(theirs, "v1-1", "departures", "1"),
        lambda: endpoints.set_traffic(theirs, {"prod": 0}),
    )
    for call in calls:
        with pytest.raises(
            PermanentError, match=r"its tags are team=pricing\. Name another .* signalbox=managed"
        ) as caught:
            call()
        assert caught.value.code == ENDPOINT_TAKEN
        assert len(caught.value.message) < 500
    with pytest.raises(PermanentError, match="not made by Signalbox") as caught:
        endpoints.delete_deployment(theirs, "prod")
    assert caught.value.code in (DEPLOYMENT_TAKEN, "HasTraffic")
    assert endpoints.read_traffic(theirs) == {"prod": 100}
    assert asked("PUT", ".") == []
    assert asked("DELETE", ".") == []


def test_an_empty_endpoint_of_somebody_else_is_not_deleted(
    connection: Connection, endpoints: AzureMlEndpoints, name: str, asked: Callable[..., list[Any]]
) -> None:
    """It may be waiting for its first deployment."""
    from azure.ai.ml.entities import ManagedOnlineEndpoint

    connection.client.online_endpoints.begin_create_or_update(ManagedOnlineEndpoint(name=name, auth_mode="key"))
    later(lambda: _settled(endpoints, name))
    with pytest.raises(PermanentError, match="it has no tags") as caught:
        endpoints.delete_endpoint(name)
    assert caught.value.code == ENDPOINT_TAKEN
    assert asked("DELETE", ".") == []


def test_an_endpoint_that_is_handed_over_is_served(
    connection: Connection, endpoints: AzureMlEndpoints, theirs: str
) -> None:
    """The tag lets Signalbox deploy there; what its owner had deployed keeps its traffic, and is never deleted."""
    _hand_over(connection, endpoints, theirs)
    deployed(endpoints, theirs, "v1-1")
    with pytest.raises(PermanentError, match=r"'prod' of .* was not made by Signalbox") as caught:
        endpoints.set_traffic(theirs, {"v1-1": 100})
    assert caught.value.code == DEPLOYMENT_TAKEN
    assert endpoints.read_traffic(theirs)["prod"] == 100
    _route_beside(connection, endpoints, theirs, {})
    assert later(lambda: endpoints.set_traffic(theirs, {"v1-1": 100}))
    later(lambda: _settled(endpoints, theirs))
    with pytest.raises(PermanentError, match="was not made by Signalbox, so it stays") as caught:
        later(lambda: endpoints.delete_deployment(theirs, "prod"))
    assert caught.value.code == DEPLOYMENT_TAKEN
    assert [(one.deployment, one.model) for one in endpoints.list_deployments(theirs)] == [
        ("prod", None),
        ("v1-1", "departures"),
    ]


def test_a_changed_endpoint_file_is_told(endpoints: AzureMlEndpoints, name: str, tmp_path: Path) -> None:
    """What the endpoint was made of is kept beside it: another definition is refused, the same one is not."""
    deployment, endpoint = tmp_path / "online.yml", tmp_path / "endpoint.yml"
    deployment.write_text(_MANAGED)
    endpoint.write_text("# a comment is no change\nauth_mode: key\ntraffic: {theirs: 100}\n")
    later(lambda: endpoints.create_deployment(name, "v1-1", "departures", "1", deployment))
    endpoint.unlink()  # a key is what an endpoint without a file has
    later(lambda: endpoints.create_deployment(name, "v2-1", "departures", "2", deployment))
    endpoint.write_text("auth_mode: aml_token\npublic_network_access: disabled\n")
    with pytest.raises(PermanentError, match=r"made of another definition than .*endpoint\.yml: ") as caught:
        endpoints.create_deployment(name, "v3-1", "departures", "2", deployment)
    assert caught.value.code == "EndpointDiffers"
    wanted = re.search(rf"its tag {DEFINITION_TAG} to ([0-9a-f]+)", caught.value.message)
    assert wanted is not None, caught.value.message
    assert len(wanted[1]) == 32


def test_a_broken_endpoint_file_is_told_always(endpoints: AzureMlEndpoints, name: str, tmp_path: Path) -> None:
    """Also where the endpoint is there already, and would not be made of it."""
    deployment, endpoint = tmp_path / "online.yml", tmp_path / "endpoint.yml"
    deployment.write_text(_MANAGED)
    later(lambda: endpoints.create_deployment(name, "v1-1", "departures", "1", deployment))
    for text in ("auth: [key\n", "auth_mood: key\n", "compute: azureml:k8s\n"):
        endpoint.write_text(text)
        with pytest.raises(PermanentError, match=r"endpoint\.yml") as caught:
            endpoints.create_deployment(name, "v2-1", "departures", "2", deployment)
        assert caught.value.code == "InvalidDefinition"


def test_a_refused_deployment_takes_its_endpoint_with_it(
    endpoints: AzureMlEndpoints, double: AzureMlDouble, name: str, tmp_path: Path
) -> None:
    """What only Azure ML knows to be wrong is known once the endpoint is there: it goes again, and may be made anew."""
    file = tmp_path / "online.yml"
    file.write_text(f"{_MANAGED}environment: azureml:absent:1\n")
    with pytest.raises(PermanentError, match="absent"):
        later(lambda: endpoints.create_deployment(name, "v1-1", "departures", "1", file))
    assert len(double.requests("DELETE", f"/onlineEndpoints/{name}")) == 1
    file.write_text(_MANAGED)
    assert later(lambda: endpoints.create_deployment(name, "v1-2", "departures", "1", file)).status == "Creating"


def test_an_endpoint_that_serves_survives_a_refusal(
    endpoints: AzureMlEndpoints, double: AzureMlDouble, name: str
) -> None:
    """The endpoint was made for another deployment, or has another one by now."""
    deployed(endpoints, name, "v1-1", "v2-1")
    later(lambda: endpoints.delete_deployment(name, "v1-1"))
    while len(endpoints.list_deployments(name)) > 1 or double.resource(f"/onlineEndpoints/{name}/deployments/v1-1"):
        continue
    for deployment in ("v9-1", "v1-1"):
        double.fail_once("PUT", f"/{name}/deployments/{deployment}$", 400, code="UserError", message="no room")
        with pytest.raises(PermanentError, match=r"no room$"):
            endpoints.create_deployment(name, deployment, "departures", "1")
    assert [one.deployment for one in endpoints.list_deployments(name)] == ["v2-1"]
    assert double.requests("DELETE", f"/onlineEndpoints/{name}") == []


def test_an_endpoint_that_cannot_be_taken_back_is_told(
    endpoints: AzureMlEndpoints, double: AzureMlDouble, name: str
) -> None:
    """The refusal stays what it was, and says that the endpoint stays."""
    double.fail_once("DELETE", f"/onlineEndpoints/{name}$", 403, code="AuthorizationFailed", message="may not delete")
    with pytest.raises(
        PermanentError, match=rf"departures.*The endpoint {name}, made for it, is still there: .*may not"
    ) as caught:
        later(lambda: endpoints.create_deployment(name, "v9-1", "departures", "9"))
    assert caught.value.code != "AuthorizationFailed"


@pytest.mark.parametrize("text", ["instance_count: 0\n", "instance_count: -1\n"])
def test_what_can_be_known_before_is(
    endpoints: AzureMlEndpoints, name: str, tmp_path: Path, asked: Callable[..., list[Any]], text: str
) -> None:
    """No instance and no scoring script are mistakes for which no endpoint is made."""
    file = tmp_path / "online.yml"
    script = f"{_MANAGED}environment: azureml:any:1\ncode_configuration: {{code: src, scoring_script: score.py}}\n"
    for content in (f"instance_type: Standard_DS3_v2\n{text}", script):
        file.write_text(content)
        with pytest.raises(PermanentError, match=r"instance_count is|src/score\.py") as caught:
            endpoints.create_deployment(name, "v1-1", "departures", "1", file)
        assert caught.value.code == "InvalidDefinition"
    assert asked("PUT", ".") == []


@pytest.mark.parametrize(
    ("code", "message"),
    [("ScopeLocked", "The scope is locked."), ("Conflict", "There is already an endpoint with this name.")],
)
def test_a_conflict_that_no_waiting_ends_is_permanent(
    endpoints: AzureMlEndpoints, double: AzureMlDouble, name: str, code: str, message: str
) -> None:
    """A lock stays, and so does a name that is taken: each call says so in the service's words, after one more try."""
    deployed(endpoints, name, "v1-1")
    path = f"/onlineEndpoints/{name}"
    calls: tuple[tuple[str, str, Callable[[], object]], ...] = (
        ("PUT", f"{path}-b$", lambda: endpoints.create_deployment(f"{name}-b", "v1-1", "departures", "1")),
        ("PUT", f"{path}/deployments/v1-2$", lambda: endpoints.create_deployment(name, "v1-2", "departures", "1")),
        ("PUT", f"{path}$", lambda: endpoints.set_traffic(name, {"v1-1": 100})),
        ("DELETE", f"{path}/deployments/v1-1$", lambda: endpoints.delete_deployment(name, "v1-1")),
    )
    for method, pattern, call in calls:
        for _ in range(2):
            double.fail_once(method, pattern, 409, code=code, message=message)
        with pytest.raises(PermanentError, match=message) as caught:
            call()
        assert caught.value.code == code
        assert double.faults_waiting == 0, pattern


def test_a_conflict_with_a_change_that_has_ended_is_none(
    endpoints: AzureMlEndpoints, double: AzureMlDouble, name: str
) -> None:
    """An earlier change may end between the answer and the look at the resource: then it is asked for once more."""
    deployed(endpoints, name, "v1-1")
    double.fail_once("PUT", f"/onlineEndpoints/{name}$", 409, code="Conflict", message="Not now.")
    assert endpoints.set_traffic(name, {"v1-1": 100})


def test_a_conflict_with_what_is_really_being_changed_is_transient(
    endpoints: AzureMlEndpoints, double: AzureMlDouble, name: str
) -> None:
    """The resource tells, where the answer does not: somebody else has begun to change it since it was read."""
    deployed(endpoints, name, "v1-1", "v2-1")
    resource = double.resource(f"/onlineEndpoints/{name}/deployments/v2-1")
    assert resource is not None
    resource["properties"]["provisioningState"] = "Updating"
    double.fail_once("DELETE", "/deployments/v2-1$", 409, code="Conflict", message="Not now.")
    with pytest.raises(TransientError, match=r"Not now\..*an earlier change is under way"):
        endpoints.delete_deployment(name, "v2-1")
    resource["properties"]["provisioningState"] = "Succeeded"


def test_an_endpoint_of_aml_tokens_answers(
    endpoints: AzureMlEndpoints, double: AzureMlDouble, name: str, tmp_path: Path
) -> None:
    """It has no key: a token is asked for by POST, and shown to the scoring URI."""
    file = tmp_path / "online.yml"
    file.write_text(_MANAGED)
    (tmp_path / "endpoint.yml").write_text("auth_mode: aml_token\n")
    later(lambda: endpoints.create_deployment(name, "v1-1", "departures", "1", file))
    while (state := endpoints.read_deployment(name, "v1-1")) and state.status == "Creating":
        continue
    assert endpoints.score(name, [{"hour": 1}], "v1-1") == [1.0]
    assert len(double.requests("POST", f"/onlineEndpoints/{name}/token")) == 1
    assert double.requests("POST", f"/onlineEndpoints/{name}/listKeys") == []
