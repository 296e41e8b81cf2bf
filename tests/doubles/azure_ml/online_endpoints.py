"""Online endpoints and their deployments, managed and on Kubernetes."""

import copy
import time
from typing import Any, Final

from tests.doubles.azure_ml.backends import Serving
from tests.doubles.azure_ml.endpoint_rules import (
    DEPLOYMENTS,
    ENDPOINTS,
    require_mirror,
    require_name,
    require_room,
    require_traffic,
)
from tests.doubles.azure_ml.messages import Answer, Request, UnknownRoute, absent, wrong
from tests.doubles.azure_ml.provisioning import Provisioning
from tests.doubles.azure_ml.references import model_of, require_asset
from tests.doubles.azure_ml.tokens import LIFETIME_SECONDS, make_token
from tests.doubles.azure_ml.validation import require_fit
from tests.doubles.azure_ml.world import World

_COLLECTION: Final = "/onlineEndpoints"
_PROBE: Final = {
    "failureThreshold": 30,
    "initialDelay": "PT10S",
    "period": "PT10S",
    "successThreshold": 1,
    "timeout": "PT2S",
}
#: What the service fills in of a deployment; the SDK reads some of it without asking whether it is there.
_DEFAULTS: Final[dict[str, Any]] = {
    "scaleSettings": {"scaleType": "Default"},
    "egressPublicNetworkAccess": "Enabled",
    "requestSettings": {"maxConcurrentRequestsPerInstance": 1, "maxQueueWait": "PT0.5S", "requestTimeout": "PT5S"},
    "livenessProbe": _PROBE,
    "readinessProbe": _PROBE,
}
#: And of one on Kubernetes, of its default instance type.
_DEFAULTS_ON_KUBERNETES: Final[dict[str, Any]] = {
    "containerResourceRequirements": {
        "containerResourceRequests": {"cpu": "100m", "memory": "2Gi"},
        "containerResourceLimits": {"cpu": "2", "memory": "2Gi"},
    }
}
#: As the service spells them, whatever the case that they were sent in.
_MODES: Final = {mode.lower(): mode for mode in ("Key", "AMLToken", "AADToken")}
#: Kinds of models that bring their own server.
_NO_CODE: Final = frozenset({"mlflow_model", "triton_model"})


class OnlineEndpoints:
    """`/onlineEndpoints/{endpoint}` and `/onlineEndpoints/{endpoint}/deployments/{deployment}`."""

    def __init__(self, world: World, provisioning: Provisioning, serving: Serving | None = None) -> None:
        self._world = world
        self._provisioning = provisioning
        self._serving = serving

    def answer(self, request: Request, names: list[str]) -> Answer:  # noqa: PLR0911 - one per route
        """Serve a request; `names` are the parts of its path inside the workspace."""
        match (request.method, names):
            case ("GET", [_]):
                return Answer(200, {"value": self._world.children(_COLLECTION)})
            case ("GET", [_, endpoint]):
                return Answer(200, self._provisioning.read(endpoint_path(endpoint)))
            case ("PUT", [_, endpoint]):
                return self._put_endpoint(request, endpoint)
            case ("DELETE", [_, endpoint]):
                return self._delete_endpoint(endpoint)
            case ("POST", [_, endpoint, "listKeys"]):
                self._require_mode(endpoint, "Key", "has no keys")
                return Answer(200, keys(endpoint))
            case ("POST", [_, endpoint, "token"]):
                self._require_mode(endpoint, "AMLToken", "gives no tokens")
                return Answer(200, _token(endpoint))
            case (_, [_, endpoint, "deployments", *rest]):
                return self._deployments(request, endpoint, rest)
        raise UnknownRoute

    def _require_mode(self, endpoint: str, mode: str, otherwise: str) -> None:
        """Refuse to give away what an endpoint of another mode is not asked with."""
        has = self._world.get(endpoint_path(endpoint))["properties"]["authMode"]
        if has != mode:
            raise wrong(f"The authMode of the endpoint {endpoint} is {has}: it {otherwise}.")

    def _deployments(self, request: Request, endpoint: str, rest: list[str]) -> Answer:
        if request.method != "DELETE":
            self._world.get(endpoint_path(endpoint))
        match (request.method, rest):
            case ("GET", []):
                for one in self._of(endpoint):
                    self._provisioning.advance(deployment_path(endpoint, one["name"]))
                return Answer(200, {"value": self._of(endpoint)})
            case ("GET", [deployment]):
                return Answer(200, self._provisioning.read(deployment_path(endpoint, deployment)))
            case ("PUT", [deployment]):
                return self._put_deployment(request, endpoint, deployment)
            case ("DELETE", [deployment]):
                return self._delete_deployment(endpoint, deployment)
            case ("POST", [deployment, "getLogs"]):
                return self._logs(request, endpoint, deployment)
        raise UnknownRoute

    def _of(self, endpoint: str) -> list[dict[str, Any]]:
        return self._world.children(f"{endpoint_path(endpoint)}/deployments")

    def _put_endpoint(self, request: Request, endpoint: str) -> Answer:
        require_fit("OnlineEndpoint", request.body)
        require_name(endpoint, "an endpoint")
        path = endpoint_path(endpoint)
        before = self._world.find(path)
        if before is None:
            require_room(len(self._world.children(_COLLECTION)), ENDPOINTS, "online endpoints in this region")
        self._provisioning.require_settled(path, f"The endpoint {endpoint}")
        body = copy.deepcopy(request.body)
        properties = body["properties"]
        properties["authMode"] = _MODES[properties["authMode"].lower()]
        if properties.get("compute"):
            require_asset(self._world, "compute", properties["compute"], "compute")
        if before is not None and before["properties"].get("compute") != properties.get("compute"):
            raise wrong("An endpoint cannot be moved to another compute.")
        if before is not None and before["properties"]["authMode"] != properties["authMode"]:
            raise wrong("The authMode of an endpoint cannot be changed.")
        self._fill(endpoint, properties)
        if self._serving is not None:
            self._serving.put_endpoint(endpoint, properties["traffic"], properties["mirrorTraffic"])
        return self._provisioning.put(path, endpoint, body)

    def _fill(self, endpoint: str, properties: dict[str, Any]) -> None:
        """Check the traffic, and add what the service fills in."""
        ready = {
            one["name"]
            for one in self._of(endpoint)
            if one["properties"]["provisioningState"] in ("Succeeded", "Updating")
        }
        traffic = properties.get("traffic") or {}
        mirror = properties.get("mirrorTraffic") or {}
        require_traffic(traffic, ready)
        require_mirror(mirror, traffic, ready, on_kubernetes=bool(properties.get("compute")))
        score = f"{self._world.base}/score/{endpoint}/score"
        properties |= {
            "traffic": traffic,
            "mirrorTraffic": mirror,
            "scoringUri": score,
            "swaggerUri": f"{self._world.base}/score/{endpoint}/swagger.json",
            "properties": properties.get("properties") or {},
        }
        properties.setdefault("publicNetworkAccess", "Enabled")

    def _put_deployment(self, request: Request, endpoint: str, deployment: str) -> Answer:
        require_fit("OnlineDeployment", request.body)
        require_name(deployment, "a deployment")
        owner, path = self._world.get(endpoint_path(endpoint)), deployment_path(endpoint, deployment)
        self._provisioning.require_settled(endpoint_path(endpoint), f"The endpoint {endpoint}")
        if owner["properties"]["provisioningState"] == "Failed":
            raise wrong(f"The endpoint {endpoint} is Failed: nothing can be deployed to it.")
        if self._world.find(path) is None:
            require_room(len(self._of(endpoint)), DEPLOYMENTS, f"deployments of {endpoint}")
        self._provisioning.require_settled(path, f"The deployment {deployment}")
        body = copy.deepcopy(request.body)
        self._require_deployable(body, owner["properties"])
        on_kubernetes = _DEFAULTS_ON_KUBERNETES if owner["properties"].get("compute") else {}
        body["properties"] = copy.deepcopy(_DEFAULTS | on_kubernetes) | body["properties"]
        serving = self._serving
        if serving is None:
            return self._provisioning.put(path, f"{endpoint}/{deployment}", body)
        serving.deploy(endpoint, deployment, *model_of(body["properties"]["model"]))
        return self._provisioning.put(
            path, f"{endpoint}/{deployment}", body, lambda: serving.state(endpoint, deployment)
        )

    def _require_deployable(self, body: dict[str, Any], owner: dict[str, Any]) -> None:
        properties = body["properties"]
        kind = properties["endpointComputeType"]
        if (kind == "Kubernetes") != bool(owner.get("compute")):
            place = "on Kubernetes" if owner.get("compute") else "managed"
            raise wrong(f"A {kind} deployment cannot be made on an endpoint that is {place}.")
        if kind == "Managed" and not properties.get("instanceType"):
            raise wrong("instanceType is required of a managed deployment.")
        if (body.get("sku") or {}).get("capacity", 1) < 1:
            raise wrong("sku.capacity must be 1 at least.")
        require_asset(self._world, "model", properties.get("model"), "model")
        environment, code = properties.get("environmentId"), (properties.get("codeConfiguration") or {}).get("codeId")
        if environment:
            require_asset(self._world, "environment", environment, "environmentId")
        if code:
            require_asset(self._world, "code", code, "codeConfiguration.codeId")
        model = self._model(properties["model"])
        if model.get("modelType", "custom_model") not in _NO_CODE and not environment:
            raise wrong("A model that is not MLflow's needs an environment, and a scoring script where it has none.")

    def _model(self, reference: str) -> dict[str, Any]:
        found = self._world.find(reference.removeprefix("azureml:")[len(self._world.workspace_id) :])
        return found["properties"] if found else {"modelType": "mlflow_model"}

    def _delete_deployment(self, endpoint: str, deployment: str) -> Answer:
        owner, path = self._world.find(endpoint_path(endpoint)), deployment_path(endpoint, deployment)
        if owner is None or self._world.find(path) is None:
            return Answer(204)
        self._provisioning.require_settled(path, f"The deployment {deployment}")
        for shares in (owner["properties"]["traffic"], owner["properties"]["mirrorTraffic"]):
            if shares.get(deployment):
                raise wrong(f"{deployment} carries {shares[deployment]} % of the traffic: it cannot be deleted.")
        if self._serving is not None:
            self._serving.delete(endpoint, deployment)
        return self._provisioning.delete(path)

    def _delete_endpoint(self, endpoint: str) -> Answer:
        self._provisioning.require_settled(endpoint_path(endpoint), f"The endpoint {endpoint}")
        if self._serving is not None:
            self._serving.delete(endpoint, None)
        return self._provisioning.delete(endpoint_path(endpoint))

    def _logs(self, request: Request, endpoint: str, deployment: str) -> Answer:
        require_fit("DeploymentLogsRequest", request.body)
        path = deployment_path(endpoint, deployment)
        if self._world.find(path) is None:
            raise absent(f"The deployment {deployment}")
        return Answer(200, {"content": self._provisioning.error(path) or "Instance status: Ready\n"})


def endpoint_path(endpoint: str) -> str:
    """Of an online endpoint, inside the workspace."""
    return f"{_COLLECTION}/{endpoint}"


def deployment_path(endpoint: str, deployment: str) -> str:
    """Of an online deployment."""
    return f"{_COLLECTION}/{endpoint}/deployments/{deployment}"


def _token(endpoint: str) -> dict[str, Any]:
    """A token of an endpoint, as `EndpointAuthToken` has it: moments in seconds since 1970."""
    now = int(time.time())
    return {
        "accessToken": make_token(endpoint),
        "expiryTimeUtc": now + LIFETIME_SECONDS,
        "refreshAfterTimeUtc": now + LIFETIME_SECONDS // 2,
        "tokenType": "Bearer",
    }


def keys(endpoint: str) -> dict[str, str]:
    """Both keys of an endpoint."""
    return {"primaryKey": f"primary-key-of-{endpoint}", "secondaryKey": f"secondary-key-of-{endpoint}"}
