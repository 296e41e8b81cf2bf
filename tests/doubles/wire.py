"""Requests to the double as they go over the wire, without the SDK, which would not send the wrong ones."""

import copy
import json
import ssl
from collections.abc import Callable
from typing import Any

import httpx

from tests.doubles.azure_ml import AzureMlDouble
from tests.doubles.azure_ml.tokens import make_token

type Change = Callable[[dict[str, Any]], object]

#: Stands for the workspace's id in a body.
WS = "WORKSPACE"
JOB = {
    "properties": {
        "jobType": "Pipeline",
        "experimentName": "nightly",
        "tags": {},
        "inputs": {"day": {"jobInputType": "literal", "value": "2026-05-01"}},
        "outputs": {},
        "settings": {"default_compute": f"{WS}/computes/cpu-cluster"},
        "jobs": {"train": {"type": "command", "componentId": f"{WS}/components/train/versions/1"}},
    }
}
COMPONENT = {
    "properties": {"componentSpec": {"type": "command", "environment": f"azureml:{WS}/environments/any/versions/1"}}
}
MODEL = {"properties": {"modelType": "mlflow_model", "modelUri": "azureml://datastores/signalbox/paths/m/"}}
ENDPOINT = {"location": "westeurope", "properties": {"authMode": "Key"}}
DEPLOYMENT = {
    "location": "westeurope",
    "sku": {"name": "Default", "capacity": 1},
    "properties": {
        "endpointComputeType": "Managed",
        "instanceType": "Standard_DS3_v2",
        "model": f"{WS}/models/m/versions/1",
    },
}


class Wire:
    """A connection to the double."""

    def __init__(self, double: AzureMlDouble) -> None:
        self.double = double
        trusted = ssl.create_default_context(cafile=double.ca)
        self._http = httpx.Client(base_url=double.url, verify=trusted, timeout=10)

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        version: str | None = "2024-01-01-preview",
        token: str | None = None,
        job_token: str | None = "https://ml.azure.com",
        inside: str | None = None,
    ) -> httpx.Response:
        """Send one request to a path inside the workspace, or another place; texts in the body know the workspace."""
        headers = {"Authorization": f"Bearer {token or make_token(self.double.url)}"} if token != "" else {}
        if job_token is not None:
            headers["x-azureml-token"] = make_token(job_token)
        content = None if body is None else json.dumps(body).replace(WS, self.double.workspace_id)
        query = {} if version is None else {"api-version": version}
        place = self.double.workspace_id if inside is None else inside
        return self._http.request(method, place + path, params=query, headers=headers, content=content)

    def put(self, path: str, body: Any, **options: Any) -> httpx.Response:
        """PUT."""
        return self.send("PUT", path, body, **options)

    def settle(self, path: str) -> None:
        """Read a resource until it is made."""
        while self.send("GET", path).json()["properties"]["provisioningState"] in ("Creating", "Updating"):
            pass

    def close(self) -> None:
        """Close the connections."""
        self._http.close()


def changed(body: dict[str, Any], change: Change) -> dict[str, Any]:
    """A copy of a body with one change."""
    copied = copy.deepcopy(body)
    change(copied)
    return copied


def with_properties(**fields: Any) -> Change:
    """Set some of its properties."""
    return lambda body: body["properties"].update(fields)


def without(field: str) -> Change:
    """Take one of its properties away."""
    return lambda body: body["properties"].pop(field)
