"""Autoscale settings: what the double keeps of them, and what it refuses as Azure Monitor would."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.doubles.azure_ml import AzureMlDouble
from tests.doubles.wire import DEPLOYMENT, ENDPOINT, MODEL, WS, Wire, changed, with_properties

PLACE = "/providers/microsoft.insights/autoscalesettings"
TARGET = f"{WS}/onlineEndpoints/flights/deployments/blue"
SETTING = {
    "location": "westeurope",
    "properties": {
        "name": "blue",
        "enabled": True,
        "targetResourceUri": TARGET,
        "profiles": [
            {
                "name": "by CPU",
                "capacity": {"minimum": "1", "maximum": "4", "default": "2"},
                "rules": [
                    {
                        "metricTrigger": {
                            "metricName": "CpuUtilizationPercentage",
                            "metricResourceUri": TARGET,
                            "timeGrain": "PT1M",
                            "statistic": "Average",
                            "timeWindow": "PT5M",
                            "timeAggregation": "Average",
                            "operator": "GreaterThan",
                            "threshold": 70,
                        },
                        "scaleAction": {
                            "direction": "Increase",
                            "type": "ChangeCount",
                            "value": "1",
                            "cooldown": "PT5M",
                        },
                    }
                ],
            }
        ],
    },
}

type Sent = Callable[..., httpx.Response]


@pytest.fixture(scope="module")
def wire(double: AzureMlDouble) -> Iterator[Wire]:
    """A way to the double, with a managed deployment and one on Kubernetes."""
    wire = Wire(double)
    wire.put("/models/m/versions/1", MODEL)
    on_k8s = changed(ENDPOINT, with_properties(compute=f"{WS}/computes/k8s"))
    kubernetes = changed(DEPLOYMENT, with_properties(endpointComputeType="Kubernetes"))
    for endpoint, body, deployment in (("flights", ENDPOINT, DEPLOYMENT), ("on-k8s", on_k8s, kubernetes)):
        wire.put(f"/onlineEndpoints/{endpoint}", body)
        wire.settle(f"/onlineEndpoints/{endpoint}")
        assert wire.put(f"/onlineEndpoints/{endpoint}/deployments/blue", deployment).status_code == 201
    yield wire
    wire.close()


@pytest.fixture
def sent(wire: Wire) -> Sent:
    """Sends a request about a setting."""

    def send(
        method: str, body: Any = None, name: str = "blue", *, group: str = "signalbox", version: str = "2022-10-01"
    ) -> httpx.Response:
        place = f"{wire.double.workspace_id.partition('/resourceGroups/')[0]}/resourceGroups/{group}{PLACE}"
        return wire.send(method, f"/{name}", body, version=version, inside=place)

    return send


def test_a_setting_is_made_changed_read_and_deleted(sent: Sent) -> None:
    """Each call twice: the second finds what the first left."""
    assert [sent("GET").status_code, sent("DELETE").status_code] == [404, 204]
    assert [sent("PUT", SETTING).status_code for _ in range(2)] == [201, 200]
    found = sent("GET").json()
    assert found["id"].endswith("/resourceGroups/signalbox/providers/Microsoft.Insights/autoscaleSettings/blue")
    assert found["properties"]["profiles"] == sent("PUT", SETTING).json()["properties"]["profiles"]
    assert [sent("DELETE").status_code for _ in range(2)] == [200, 204]


@pytest.mark.parametrize(
    ("where", "value", "words"),
    [
        ("colour", "red", "colour: Extra inputs"),
        ("location", "northeurope", "is not that of the target"),
        ("properties.name", "green", "but the setting is 'blue'"),
        ("properties.colour", "red", "colour: Extra inputs"),
        ("properties.enabled", "true", "valid boolean"),
        ("properties.profiles", [], "at least 1 item"),
        ("properties.profiles.0.capacity.minimum", 1, "valid string"),
        ("properties.profiles.0.capacity.maximum", "0", "match pattern"),
        ("properties.profiles.0.capacity.default", "5", "not minimum <= default <= maximum"),
        ("properties.profiles.0.rules.0.metricTrigger.timeWindow", "5 minutes", "not an ISO 8601 duration"),
        ("properties.profiles.0.rules.0.metricTrigger.timeWindow", "PT1M", "not between 300"),
        ("properties.profiles.0.rules.0.metricTrigger.timeGrain", "PT30S", "not between 60"),
        ("properties.profiles.0.rules.0.metricTrigger.operator", ">", "GreaterThan"),
        ("properties.profiles.0.rules.0.metricTrigger.threshold", "70", "valid number"),
        ("properties.profiles.0.rules.0.metricTrigger.metricName", "Percentage CPU", "has no metric"),
        ("properties.profiles.0.rules.0.metricTrigger.metricNamespace", "Microsoft.Compute", "has no metric"),
        ("properties.profiles.0.rules.0.metricTrigger.metricResourceUri", f"{TARGET}-2", "is not the target"),
        ("properties.profiles.0.rules.0.scaleAction.value", 1, "valid string"),
        ("properties.profiles.0.rules.0.scaleAction.cooldown", "PT0S", "not between 60"),
        ("properties.profiles.0.rules.0.scaleAction.kind", "x", "kind: Extra inputs"),
        ("properties.targetResourceUri", f"{WS}/onlineEndpoints/on-k8s/deployments/blue", "does not support autoscale"),
    ],
)
def test_a_wrong_setting_is_refused(sent: Sent, where: str, value: Any, words: str) -> None:
    """Each is answered 400 for its one change, and nothing is made."""
    answer = sent("PUT", _with(where, value))
    assert (answer.status_code, sent("GET").status_code) == (400, 404)
    assert words in answer.json()["error"]["message"]


@pytest.mark.parametrize("target", ["onlineEndpoints/flights/deployments/grey", "onlineEndpoints/flights", "x"])
def test_only_a_deployment_that_is_there_scales(sent: Sent, target: str) -> None:
    """An unknown target, or one of another kind, is not found."""
    assert sent("PUT", _with("properties.targetResourceUri", f"{WS}/{target}")).status_code == 404


def test_a_deployment_has_one_setting(sent: Sent) -> None:
    """A second one of the same target is a conflict, whatever its name."""
    assert sent("PUT", SETTING).status_code == 201
    assert sent("PUT", _with("properties.name", "other"), "other").status_code == 409
    assert sent("DELETE").status_code == 200


def test_another_version_of_the_api_or_another_group_is_refused(sent: Sent) -> None:
    """The double speaks one version, and has one resource group."""
    assert sent("PUT", SETTING, version="2014-04-01").status_code == 400
    assert sent("PUT", SETTING, group="elsewhere").status_code == 404


def _with(where: str, value: Any) -> dict[str, Any]:
    """The setting, with one value replaced."""
    body: dict[str, Any] = copy.deepcopy(SETTING)
    *path, last = [int(part) if part.isdigit() else part for part in where.split(".")]
    place: Any = body
    for part in path:
        place = place[part]
    place[last] = value
    return body
