"""Deployments behind Azure ML's online endpoints."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from shared.contracts.deployments import DeploymentState
from shared.platforms.azureml.connection import Connection
from shared.platforms.azureml.definitions import DEFINITION_TAG
from shared.platforms.azureml.endpoint_resources import EndpointResources
from shared.platforms.azureml.errors import azureml_errors, found, shown
from shared.platforms.azureml.provisioning import BUSY, FAILED, state_of, unless_busy
from shared.platforms.azureml.starting import start_only

#: What Azure must allow: deployments of an online endpoint are made, read and deleted.
PERMISSIONS: Final = (
    "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/deployments/read",
    "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/deployments/write",
    "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/deployments/delete",
)
#: Property in which the service keeps the URL of the last operation, where the reason of a failure is.
OPERATION: Final = "AzureAsyncOperationUri"


class OnlineDeployments:
    """Reads, starts and deletes deployments, as the service's own resources. Instances are thread-safe.

    The SDK's entities are not used to read: they drop when a deployment was made.

    Args:
        connection: The workspace.
        endpoints: Its endpoints: a deployment waits for a change of its endpoint, too.
    """

    def __init__(self, connection: Connection, endpoints: EndpointResources) -> None:
        self._connection = connection
        self._endpoints = endpoints

    def find(self, endpoint: str, deployment: str) -> Any | None:
        """The resource; `None` when there is none, or no endpoint."""
        scope = self._scope(endpoint)
        operation = f"read the deployment {deployment} of {endpoint}"
        return found(operation, lambda: self._generated().get(**scope, deployment_name=deployment))

    def all(self, endpoint: str) -> list[Any]:
        """Every resource, by name; empty when there is no endpoint."""
        scope = self._scope(endpoint)
        all_of_it = found(f"list the deployments of {endpoint}", lambda: list(self._generated().list(**scope)))
        return sorted(all_of_it or [], key=lambda one: str(one.name))

    def start(self, deployment: Any) -> None:
        """Start to create what the SDK's entity says; its code and its environment are uploaded first."""
        deployments = start_only(self._connection.client).online_deployments
        operation = f"create the deployment {deployment.name} of {deployment.endpoint_name}"

        def start() -> None:
            with azureml_errors(operation):
                deployments.begin_create_or_update(deployment)

        unless_busy(start, lambda: self._is_changing(deployment.endpoint_name, deployment.name))

    def delete(self, endpoint: str, deployment: str) -> None:
        """Start to delete; nothing happens when it is absent."""
        deployments = start_only(self._connection.client).online_deployments
        operation = f"delete the deployment {deployment} of {endpoint}"
        unless_busy(
            lambda: found(operation, lambda: deployments.begin_delete(deployment, endpoint)),
            lambda: self._is_changing(endpoint, deployment),
        )

    def state(self, endpoint: str, resource: Any) -> DeploymentState:
        """Where a deployment stands, with the reason if it has failed.

        The model of one that somebody else made is not told: what is done to a model's deployments is not done to it.
        """
        properties = resource.properties
        model, version = model_version(properties.model) if is_ours(resource) else (None, None)
        status = state_of(properties)
        return DeploymentState(
            endpoint=endpoint,
            deployment=resource.name,
            status=status,
            model=model,
            version=version,
            error=self._failure(endpoint, resource) if status == FAILED else None,
            created_at=_created_at(resource),
        )

    def _is_changing(self, endpoint: str, deployment: str) -> bool:
        there = self.find(endpoint, deployment)
        return self._endpoints.is_changing(endpoint) or (there is not None and state_of(there.properties) in BUSY)

    def _failure(self, endpoint: str, resource: Any) -> str:
        told = failure(self._connection, resource.name, resource.properties.properties)
        if told is not None:
            return told
        logs = f"az ml online-deployment get-logs --name {resource.name} --endpoint-name {endpoint}"
        return f"Azure ML keeps no reason any more; what its containers wrote is shown by `{logs}`"

    def _generated(self) -> Any:
        return start_only(self._connection.client).online_deployments._online_deployment  # noqa: SLF001 - see the class

    def _scope(self, endpoint: str) -> dict[str, str]:
        where = self._connection.workspace
        return {
            "resource_group_name": where.resource_group,
            "workspace_name": where.name,
            "endpoint_name": endpoint,
        }


def is_ours(resource: Any) -> bool:
    """Whether Signalbox has made a deployment."""
    return DEFINITION_TAG in (resource.tags or {})


def failure(connection: Connection, name: str, properties: Mapping[str, str] | None) -> str | None:
    """Why the last operation on an endpoint or a deployment failed, in the service's words, capped; `None` if unknown.

    The resource itself does not say. Its operation does, as long as the service keeps it.

    Args:
        connection: The workspace.
        name: Of the endpoint or the deployment, for messages.
        properties: What the service keeps beside it.
    """
    url = (properties or {}).get(OPERATION)
    # our token goes to Resource Manager, whatever a property says
    if not url or urlsplit(url)[:2] != urlsplit(connection.url)[:2]:
        return None
    with azureml_errors(f"read why {name} failed"):
        answer = connection.http.get(url, headers={"Authorization": f"Bearer {connection.token(connection.arm_scope)}"})
        if answer.status_code in (404, 410):
            return None
        answer.raise_for_status()
    try:
        body = answer.json()
    except ValueError:
        return None
    return _error_text(body.get("error")) if isinstance(body, dict) else None


def model_version(reference: str | None) -> tuple[str | None, str | None]:
    """Name and version of a registered model: of its id, or of `azureml:NAME:VERSION`."""
    text = reference or ""
    if "/models/" in text and "/versions/" in text:
        model, _, version = text.rpartition("/models/")[2].partition("/versions/")
        return model, version
    if text.startswith("azureml:"):
        model, _, version = text.removeprefix("azureml:").rpartition(":")
        return model or None, version or None
    return None, None


def _error_text(error: Any) -> str | None:
    """`Code: message`, and what is inside: Azure ML's outermost message is often no more than «it failed»."""
    if not isinstance(error, dict):
        return None
    inner = [one for one in error.get("details") or [] if isinstance(one, dict)]
    told = [f"{one.get('code')}: {one.get('message')}" for one in (error, *inner) if one.get("message")]
    return shown("; ".join(dict.fromkeys(told))) or None


def _created_at(resource: Any) -> datetime | None:
    created = resource.system_data.created_at if resource.system_data else None
    return created.astimezone(UTC) if isinstance(created, datetime) and created.tzinfo is not None else None
