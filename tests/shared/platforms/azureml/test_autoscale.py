"""Managed deployments that scale: what Azure Monitor is asked, through the adapter, against the double."""

from itertools import count
from pathlib import Path
from typing import Any

import pytest

from shared.errors import PermanentError, TransientError
from shared.platforms.azureml.autoscale import setting_name
from shared.platforms.azureml.connection import Connection
from shared.platforms.azureml.endpoints import AzureMlEndpoints
from tests.doubles.azure_ml import AzureMlDouble
from tests.shared.platforms.azureml.golden_bodies import compare_golden

pytestmark = pytest.mark.stack

_NUMBERS = count(1)
_SCALED = (
    "instance_type: Standard_F4s_v2\n"
    "scale_settings: {type: target_utilization, min_instances: 2, max_instances: 5, "
    "target_utilization_percentage: 65, polling_interval: 10}\n"
)


@pytest.fixture(scope="module")
def endpoints(double: AzureMlDouble, connection: Connection) -> AzureMlEndpoints:
    """The adapter, in a workspace with a model."""
    from azure.ai.ml.entities import Model

    path = "azureml://datastores/signalbox/paths/jobs/train-1/model/"
    connection.client.models.create_or_update(Model(name="departures", version="1", path=path, type="mlflow_model"))
    return AzureMlEndpoints(connection)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The YAML of a deployment that scales."""
    file = tmp_path / "online.yml"
    file.write_text(_SCALED)
    return file


@pytest.fixture
def name(endpoints: AzureMlEndpoints, file: Path) -> str:
    """An endpoint with the deployment `v1-1`, which may scale, and `plain`, which may not."""
    name = f"scaling-{next(_NUMBERS)}"
    _deploy(endpoints, name, "v1-1", file)
    _deploy(endpoints, name, "plain", None)
    return name


def _deploy(endpoints: AzureMlEndpoints, name: str, deployment: str, file: Path | None, *, scales: bool = True) -> None:
    for _ in range(9):
        try:
            endpoints.create_deployment(name, deployment, "departures", "1", file, scales=scales)
            break
        except TransientError:
            continue
    while (state := endpoints.read_deployment(name, deployment)) and state.status != "Succeeded":
        continue


def _setting(double: AzureMlDouble, name: str, deployment: str = "v1-1") -> dict[str, Any] | None:
    return double.resource(f"/autoscaleSettings/{setting_name(double.workspace_id, name, deployment)}")


def _asked(double: AzureMlDouble, method: str, name: str, deployment: str = "v1-1") -> list[Any]:
    ending = setting_name(double.workspace_id, name, deployment)
    return [one.body for one in double.requests(method, ending)]


def test_azure_monitor_is_told_once(endpoints: AzureMlEndpoints, double: AzureMlDouble, name: str, file: Path) -> None:
    """One setting, however often it is asked for; its target is the deployment, which began with the least number."""
    for _ in range(2):
        endpoints.scale_deployment(name, "v1-1", file)
    asked = _asked(double, "PUT", name)
    assert asked[0] == asked[1]
    compare_golden("autoscale", asked[0], (rf"{name}-v1-1-[0-9a-f]{{12}}", "{setting}"), (name, "{endpoint}"))
    deployment = double.resource(f"/onlineEndpoints/{name}/deployments/v1-1")
    assert deployment is not None
    assert deployment["sku"]["capacity"] == 2
    assert deployment["properties"]["scaleSettings"] == {"scaleType": "Default"}
    setting = _setting(double, name)
    assert setting is not None
    assert setting["properties"]["targetResourceUri"] == deployment["id"]


def test_it_goes_with_its_deployment(endpoints: AzureMlEndpoints, double: AzureMlDouble, name: str, file: Path) -> None:
    """Deleting the one deletes the other; where it is gone already, that is fine."""
    endpoints.scale_deployment(name, "v1-1", file)
    endpoints.delete_deployment(name, "v1-1")
    endpoints.delete_deployment(name, "v1-1")
    assert _setting(double, name) is None
    assert endpoints.read_deployment(name, "v1-1") is None
    _deploy(endpoints, name, "v1-2", file)
    double.fail_once("DELETE", f"autoscaleSettings/signalbox-{name}-", 404, code="ResourceNotFound")
    endpoints.delete_deployment(name, "v1-2")
    assert endpoints.read_deployment(name, "v1-2") is None


def test_nothing_is_asked_of_azure_monitor_by_what_does_not_scale(
    endpoints: AzureMlEndpoints, double: AzureMlDouble, name: str, tmp_path: Path
) -> None:
    """An app whose models do not scale needs no right to settings."""
    plain, kubernetes = tmp_path / "plain.yml", tmp_path / "kubernetes.yml"
    plain.write_text("instance_type: Standard_F4s_v2\ninstance_count: 2\n")
    kubernetes.write_text(f"type: kubernetes\n{_SCALED}")
    for definition in (None, plain, kubernetes):
        endpoints.scale_deployment(name, "plain", definition)
    endpoints.delete_deployment(name, "plain")
    assert not [one for one in double.log if name in one.path and "autoscale" in one.path.lower()]


def test_nothing_is_asked_of_azure_monitor_by_what_is_for_tests(
    endpoints: AzureMlEndpoints, double: AzureMlDouble, name: str, file: Path
) -> None:
    """It has the definition of one that scales, and no tag: it goes without a right to settings."""
    _deploy(endpoints, name, "qa-v1-1", file, scales=False)
    there = double.resource(f"/onlineEndpoints/{name}/deployments/qa-v1-1")
    assert there is not None
    assert (there["sku"]["capacity"], [tag for tag in there["tags"] if "scale" in tag]) == (2, [])
    with pytest.raises(PermanentError, match="or for tests: deploy it anew"):
        endpoints.scale_deployment(name, "qa-v1-1", file)
    endpoints.delete_deployment(name, "qa-v1-1")
    assert endpoints.read_deployment(name, "qa-v1-1") is None
    assert _asked(double, "DELETE", name, "qa-v1-1") == []


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_the_right_that_is_missing_is_named(
    endpoints: AzureMlEndpoints, double: AzureMlDouble, name: str, file: Path, method: str
) -> None:
    """Azure ML's own role does not include settings; without the right, nothing scales."""
    double.fail_once(method, f"autoscaleSettings/signalbox-{name}-", 403, code="AuthorizationFailed", message="may not")
    calls = {
        "PUT": lambda: endpoints.scale_deployment(name, "v1-1", file),
        "DELETE": lambda: endpoints.delete_deployment(name, "v1-1"),
    }
    with pytest.raises(PermanentError, match=r"Azure Monitor could not .* may not; .*WITH_ENDPOINT_SCALING") as caught:
        calls[method]()
    assert caught.value.code == "AzureMlForbidden"
    assert "change autoscale settings in the resource group signalbox" in caught.value.message


def test_a_deployment_goes_without_the_right_to_its_setting(
    endpoints: AzureMlEndpoints, double: AzureMlDouble, name: str, file: Path
) -> None:
    """Whoever may neither make nor delete settings is left with no deployment that runs, and is told of the setting."""
    for method in ("PUT", "DELETE"):
        double.fail_once(method, f"autoscaleSettings/signalbox-{name}-", 403, code="AuthorizationFailed")
    with pytest.raises(PermanentError):
        endpoints.scale_deployment(name, "v1-1", file)
    with pytest.raises(PermanentError, match="goes nevertheless") as caught:
        endpoints.delete_deployment(name, "v1-1")
    assert caught.value.code == "AzureMlForbidden"
    assert setting_name(double.workspace_id, name, "v1-1") in caught.value.message
    assert endpoints.read_deployment(name, "v1-1") is None
    endpoints.delete_deployment(name, "v1-1")


@pytest.mark.parametrize("fault", [{"status": 429}, {"status": 503}, {"drop": "before"}, {"drop": "after"}])
def test_an_outage_is_transient(
    endpoints: AzureMlEndpoints, double: AzureMlDouble, name: str, file: Path, fault: dict[str, Any]
) -> None:
    """Asked again, the same setting is there."""
    double.fail_once("PUT", f"autoscaleSettings/signalbox-{name}-", **fault)
    with pytest.raises(TransientError, match="Azure Monitor"):
        endpoints.scale_deployment(name, "v1-1", file)
    endpoints.scale_deployment(name, "v1-1", file)
    assert _setting(double, name) is not None


def test_what_is_not_there_cannot_scale(endpoints: AzureMlEndpoints, name: str, file: Path) -> None:
    """Neither an unknown deployment nor an unknown endpoint."""
    for endpoint, deployment in ((name, "grey"), ("nowhere", "v1-1")):
        with pytest.raises(PermanentError, match="could scale") as caught:
            endpoints.scale_deployment(endpoint, deployment, file)
        assert caught.value.code == "NotFound"


def test_another_definition_lets_nothing_scale(
    endpoints: AzureMlEndpoints, double: AzureMlDouble, name: str, file: Path
) -> None:
    """A deployment that was made without scaling gets no setting, for none would be deleted with it."""
    with pytest.raises(
        PermanentError, match=r"online\.yml lets 'plain' .* scale, but it was made of another"
    ) as caught:
        endpoints.scale_deployment(name, "plain", file)
    assert caught.value.code == "InvalidDefinition"
    assert _setting(double, name, "plain") is None


def test_a_settings_name_is_its_deployments_own() -> None:
    """Hyphens do not make two of them alike, two workspaces of a group do not share one, and the longest fits."""
    workspace = "/subscriptions/s/resourceGroups/g/providers/p/workspaces/w"
    names = {
        setting_name(workspace, "a-b", "c-d"),
        setting_name(workspace, "a", "b-c-d"),
        setting_name(f"{workspace}2", "a-b", "c-d"),
    }
    assert len(names) == 3
    assert setting_name(workspace.upper(), "a-b", "c-d") in names
    assert len(setting_name(workspace, "e" * 32, "d" * 32)) <= 260
