"""Azure Monitor's autoscale settings, by which the managed deployments of Azure ML scale.

Source: "Autoscale online endpoints" of Azure Machine Learning; REST reference "Autoscale Settings", 2022-10-01. The SDK
of Azure ML does not do it, so the calls are made here. None of them has been tried on Azure yet.
"""

from typing import Any, Final
from urllib.parse import quote

from shared.names import content_hash
from shared.platforms.azureml.connection import Connection
from shared.platforms.azureml.errors import azureml_errors
from shared.platforms.azureml.scale_settings import ScaleSettings

#: What Azure must allow: one autoscale setting per deployment that scales.
PERMISSIONS: Final = (
    "Microsoft.Insights/autoscaleSettings/write",
    "Microsoft.Insights/autoscaleSettings/delete",
)
_SERVICE: Final = "Azure Monitor"
_API: Final = {"api-version": "2022-10-01"}
_METRIC: Final = "CpuUtilizationPercentage"
_NAMESPACE: Final = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/deployments"
#: How long the load is averaged before a rule decides. Azure Monitor allows no shorter time than five minutes.
_WINDOW: Final = "PT5M"
#: How long the next decision waits, so that an instance has come up before another one is asked for.
_COOLDOWN: Final = "PT5M"
_GRAIN: Final = "PT1M"


class Autoscale:
    """One setting per deployment, in the workspace's resource group. Instances are thread-safe.

    Errors as in `azureml_errors`; where the identity may not, they name the role that it needs.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def ensure(self, endpoint: str, deployment: str, target: str, location: str, scale: ScaleSettings) -> None:
        """Let a deployment scale; asked again, nothing changes.

        One instance more when the CPU was above the target for five minutes on average, one less when it was below
        half of it, in whole percent: the load of one that goes, spread over those that stay, must not bring it back.

        Args:
            endpoint: Its endpoint.
            deployment: Its name there.
            target: Resource Manager's id of the deployment.
            location: Its region.
            scale: Between how many instances, and at which load.
        """
        name = setting_name(self._connection.workspace.arm_id, endpoint, deployment)
        operation = f"let the deployment {deployment} of {endpoint} scale"
        self._send("PUT", name, operation, _body(name, target, location, scale))

    def remove(self, endpoint: str, deployment: str) -> None:
        """Let a deployment scale no more; nothing happens when it does not."""
        name = setting_name(self._connection.workspace.arm_id, endpoint, deployment)
        self._send("DELETE", name, f"end the scaling of the deployment {deployment} of {endpoint}")

    def _send(self, method: str, name: str, operation: str, body: dict[str, Any] | None = None) -> None:
        connection, where = self._connection, self._connection.workspace
        group = f"/subscriptions/{where.subscription}/resourceGroups/{where.resource_group}"
        url = f"{connection.url}{group}/providers/Microsoft.Insights/autoscaleSettings/{quote(name, safe='')}"
        role = (
            "let the app's managed identity change autoscale settings in the resource group "
            f"{where.resource_group}: WITH_ENDPOINT_SCALING of the deployment gives it a role for that"
        )
        with azureml_errors(operation, service=_SERVICE, role=role):
            headers = {"Authorization": f"Bearer {connection.token(connection.arm_scope)}"}
            answer = connection.http.request(method, url, params=_API, headers=headers, json=body)
            if method == "DELETE" and answer.status_code == 404:
                return
            answer.raise_for_status()


def setting_name(workspace: str, endpoint: str, deployment: str) -> str:
    """Of a deployment's setting: a resource group may have several workspaces, and a setting up to 260 characters.

    Args:
        workspace: Resource Manager's id of it, in any case.
        endpoint: The endpoint's name, 32 characters at most.
        deployment: The deployment's, likewise.
    """
    return f"signalbox-{endpoint}-{deployment}-{content_hash(workspace.lower(), endpoint, deployment)}"


def _body(name: str, target: str, location: str, scale: ScaleSettings) -> dict[str, Any]:
    """The setting, as Azure Monitor takes it: it wants counts as texts."""
    least, most = str(scale.min_instances), str(scale.max_instances)
    rules = [
        _rule(target, "GreaterThan", scale.target, "Increase"),
        _rule(target, "LessThan", (scale.target + 1) // 2, "Decrease"),
    ]
    profile = {
        "name": "by CPU",
        "capacity": {"minimum": least, "maximum": most, "default": least},
        "rules": rules,
    }
    properties = {"name": name, "enabled": True, "targetResourceUri": target, "profiles": [profile]}
    return {"location": location, "tags": {"signalbox": "autoscale"}, "properties": properties}


def _rule(target: str, operator: str, threshold: int, direction: str) -> dict[str, Any]:
    return {
        "metricTrigger": {
            "metricName": _METRIC,
            "metricNamespace": _NAMESPACE,
            "metricResourceUri": target,
            "timeGrain": _GRAIN,
            "statistic": "Average",
            "timeWindow": _WINDOW,
            "timeAggregation": "Average",
            "operator": operator,
            "threshold": threshold,
        },
        "scaleAction": {"direction": direction, "type": "ChangeCount", "value": "1", "cooldown": _COOLDOWN},
    }
