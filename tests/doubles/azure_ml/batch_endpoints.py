"""Batch endpoints, their deployments, and the jobs that are started by calling them."""

import copy
import uuid
from typing import Any, Final

from tests.doubles.azure_ml.backends import JobEngine
from tests.doubles.azure_ml.endpoint_rules import DEPLOYMENTS, ENDPOINTS, require_name, require_room
from tests.doubles.azure_ml.jobs import Jobs
from tests.doubles.azure_ml.messages import Answer, Request, UnknownRoute, wrong
from tests.doubles.azure_ml.provisioning import Provisioning
from tests.doubles.azure_ml.references import model_of, require_asset, require_uri
from tests.doubles.azure_ml.tokens import AML_AUDIENCE, bearer, require_token
from tests.doubles.azure_ml.validation import require_fit
from tests.doubles.azure_ml.world import World

_COLLECTION: Final = "/batchEndpoints"
_HEADER: Final = "azureml-model-deployment"
#: Of a call's body, under `properties`: what the SDK's schema of a batch job writes.
_FIELDS: Final = frozenset(
    {
        "inputData",
        "outputData",
        "outputDataset",
        "outputFileName",
        "name",
        "properties",
        "compute",
        "retrySettings",
        "errorThreshold",
        "miniBatchSize",
        "dataset",
    }
)
_INPUTS: Final = {
    "Literal": "literal",
    "UriFile": "uri_file",
    "UriFolder": "uri_folder",
    "MLTable": "mltable",
    "MLFlowModel": "mlflow_model",
    "CustomModel": "custom_model",
    "TritonModel": "triton_model",
}


class BatchEndpoints:
    """`/batchEndpoints/...` of Resource Manager, and `POST /batch/{endpoint}/jobs`."""

    def __init__(self, world: World, provisioning: Provisioning, jobs: Jobs, engine: JobEngine | None = None) -> None:
        self._world = world
        self._provisioning = provisioning
        self._jobs = jobs
        self._engine = engine

    def answer(self, request: Request, names: list[str]) -> Answer:  # noqa: PLR0911 - one per route
        """Serve a request to Resource Manager; `names` are the parts of its path inside the workspace."""
        match (request.method, names):
            case ("GET", [_]):
                return Answer(200, {"value": self._world.children(_COLLECTION)})
            case ("GET", [_, endpoint]):
                return Answer(200, self._provisioning.read(_endpoint(endpoint)))
            case ("PUT", [_, endpoint]):
                return self._put_endpoint(request, endpoint)
            case ("GET", [_, endpoint, "deployments"]):
                self._world.get(_endpoint(endpoint))
                return Answer(200, {"value": self._world.children(f"{_endpoint(endpoint)}/deployments")})
            case ("GET", [_, endpoint, "deployments", deployment]):
                return Answer(200, self._provisioning.read(_deployment(endpoint, deployment)))
            case ("PUT", [_, endpoint, "deployments", deployment]):
                return self._put_deployment(request, endpoint, deployment)
            case ("DELETE", [_, endpoint]):
                return self._provisioning.delete(_endpoint(endpoint))
            case ("DELETE", [_, endpoint, "deployments", deployment]):
                return self._provisioning.delete(_deployment(endpoint, deployment))
        raise UnknownRoute

    def invoke(self, request: Request) -> Answer:
        """Serve a call of an endpoint: it starts a job."""
        parts = request.path.strip("/").split("/")
        if request.method != "POST" or len(parts) != 3 or parts[2] != "jobs":
            raise UnknownRoute
        require_token(bearer(request.headers.get("authorization")), frozenset({AML_AUDIENCE}), "Authorization")
        endpoint = parts[1]
        resource = self._world.get(_endpoint(endpoint))
        default = (resource["properties"].get("defaults") or {}).get("deploymentName")
        deployment = request.headers.get(_HEADER) or default
        if deployment is None or self._world.find(_deployment(endpoint, deployment)) is None:
            raise wrong(f"The endpoint {endpoint} has no deployment {deployment!r}.", inner="NotFoundError")
        properties = self._invocation(request.body)
        name = properties.get("name") or f"batchjob-{uuid.uuid4()}"
        self._jobs.submit(name, {"properties": self._pipeline(endpoint, deployment, properties)})
        body = {"status": "Preparing", "inputData": properties.get("inputData"), "name": name}
        identity = {"id": f"{self._world.workspace_id}/jobs/{name}", "name": name, "type": "batchJob"}
        return Answer(201, {**identity, "properties": body})

    def _invocation(self, body: Any) -> dict[str, Any]:
        properties = body.get("properties") if isinstance(body, dict) and set(body) == {"properties"} else None
        if not isinstance(properties, dict) or not set(properties) <= _FIELDS:
            raise wrong(f"The body must be an object with properties of {', '.join(sorted(_FIELDS))}.")
        for name, value in (properties.get("inputData") or {}).items():
            kind = value.get("jobInputType") if isinstance(value, dict) else None
            if kind not in _INPUTS:
                raise wrong(f"inputData.{name}.jobInputType is {kind!r}, not one of {', '.join(_INPUTS)}.")
            if kind != "Literal":
                require_uri(self._world, value.get("uri"), f"inputData.{name}.uri")
        return properties

    def _pipeline(self, endpoint: str, deployment: str, properties: dict[str, Any]) -> dict[str, Any]:
        """The job that a call becomes."""
        inputs = {}
        for name, value in (properties.get("inputData") or {}).items():
            inputs[name] = {**value, "jobInputType": _INPUTS[value["jobInputType"]]}
        outputs = {}
        for name, value in (properties.get("outputData") or {"score": {"jobOutputType": "UriFile"}}).items():
            outputs[name] = {**value, "jobOutputType": _INPUTS.get(value.get("jobOutputType"), "uri_folder")}
        return {
            "jobType": "Pipeline",
            "experimentName": (properties.get("properties") or {}).get("experimentName", endpoint),
            "inputs": inputs,
            "outputs": outputs,
            "jobs": {},  # the SDK cannot read the step that the service puts here
            "properties": {"azureml.endpointname": endpoint, "azureml.deploymentname": deployment},
        }

    def _put_endpoint(self, request: Request, endpoint: str) -> Answer:
        require_fit("BatchEndpoint", request.body)
        require_name(endpoint, "an endpoint")
        path = _endpoint(endpoint)
        if self._world.find(path) is None:
            require_room(len(self._world.children(_COLLECTION)), ENDPOINTS, "batch endpoints in this region")
        self._provisioning.require_settled(path, f"The endpoint {endpoint}")
        body = copy.deepcopy(request.body)
        default = (body["properties"].get("defaults") or {}).get("deploymentName")
        if default and self._world.find(_deployment(endpoint, default)) is None:
            raise wrong(f"defaults.deploymentName: {endpoint} has no deployment {default}.", inner="NotFoundError")
        body["properties"]["scoringUri"] = f"{self._world.base}/batch/{endpoint}/jobs"
        return self._provisioning.put(path, endpoint, body)

    def _put_deployment(self, request: Request, endpoint: str, deployment: str) -> Answer:
        require_fit("BatchDeployment", request.body)
        require_name(deployment, "a deployment")
        self._world.get(_endpoint(endpoint))
        self._provisioning.require_settled(_endpoint(endpoint), f"The endpoint {endpoint}")
        path = _deployment(endpoint, deployment)
        if self._world.find(path) is None:
            count = len(self._world.children(f"{_endpoint(endpoint)}/deployments"))
            require_room(count, DEPLOYMENTS, f"deployments of {endpoint}")
        self._provisioning.require_settled(path, f"The deployment {deployment}")
        properties = request.body["properties"]
        self._require_references(properties)
        if self._engine is not None and properties.get("model"):
            self._engine.deploy_batch(endpoint, deployment, *model_of(properties["model"]["assetId"]))
        return self._provisioning.put(path, f"{endpoint}/{deployment}", copy.deepcopy(request.body))

    def _require_references(self, properties: dict[str, Any]) -> None:
        component = (properties.get("deploymentConfiguration") or {}).get("componentId") or {}
        if component:
            require_asset(self._world, "component", component.get("assetId"), "deploymentConfiguration.componentId")
        else:
            require_asset(self._world, "model", (properties.get("model") or {}).get("assetId"), "model.assetId")
            require_asset(self._world, "compute", properties.get("compute"), "compute")
        if properties.get("environmentId"):
            require_asset(self._world, "environment", properties["environmentId"], "environmentId")
        code = (properties.get("codeConfiguration") or {}).get("codeId")
        if code:
            require_asset(self._world, "code", code, "codeConfiguration.codeId")


def _endpoint(endpoint: str) -> str:
    return f"{_COLLECTION}/{endpoint}"


def _deployment(endpoint: str, deployment: str) -> str:
    return f"{_COLLECTION}/{endpoint}/deployments/{deployment}"
