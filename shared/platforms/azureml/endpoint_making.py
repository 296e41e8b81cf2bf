"""Making an online endpoint for the deployment that needs it, and taking it back where that is refused."""

from typing import Any

from shared.errors import PermanentError, TransientError
from shared.platforms.azureml.connection import Connection
from shared.platforms.azureml.deployments import OnlineDeployments
from shared.platforms.azureml.endpoint_definitions import MADE_FOR_TAG, EndpointDefinition, require_ours
from shared.platforms.azureml.endpoint_resources import EndpointResources
from shared.platforms.azureml.endpoint_states import changing, require_ready
from shared.platforms.azureml.provisioning import DELETING, is_leaving, state_of


class EndpointMaking:
    """Endpoints that are made for deployments. Instances are thread-safe."""

    def __init__(self, connection: Connection, endpoints: EndpointResources, deployments: OnlineDeployments) -> None:
        self._connection = connection
        self._endpoints = endpoints
        self._deployments = deployments

    def require(self, wanted: EndpointDefinition) -> None:
        """Make the endpoint when it is absent, and see that it is ours, as wanted, and ready.

        Raises:
            PermanentError: `EndpointTaken`; `EndpointDiffers`; `EndpointFailed`.
            TransientError: It is still being made or changed; ask again.
        """
        name = wanted.deployment.endpoint
        there = self._endpoints.find(name)
        if there is None:
            self._endpoints.put(wanted.entity(), f"create the endpoint {name}")
            there = self._endpoints.find(name)
        if there is None:
            raise TransientError(f"the endpoint {name} is not there yet")
        if is_leaving(there):
            raise changing(name, DELETING)
        require_ours(name, there.tags, there.properties.properties)
        wanted.require_same(there.tags)
        require_ready(self._connection, name, state_of(there.properties), there.properties.properties)

    def start(self, deployment: Any) -> None:
        """Start a deployment; when it is refused, the endpoint that was made for it is of no use any more."""
        try:
            self._deployments.start(deployment)
        except PermanentError as error:
            self._take_back(deployment.endpoint_name, deployment.name, error)
            raise

    def _take_back(self, endpoint: str, deployment: str, refusal: PermanentError) -> None:
        """Delete the endpoint that was made for a deployment that was refused, unless another one has come.

        Raises:
            PermanentError: The refusal, when the endpoint stays.
            TransientError: Another refused deployment has taken it away: there is none that this one could be on.
        """
        there = self._endpoints.find(endpoint)
        if there is None or is_leaving(there):
            raise TransientError(f"the endpoint {endpoint} is being deleted: ask again in a minute") from refusal
        if (there.tags or {}).get(MADE_FOR_TAG) != deployment or self._deployments.all(endpoint):
            return
        try:
            self._endpoints.delete(endpoint)
        except PermanentError as error:
            told = f"{refusal.message}. The endpoint {endpoint}, made for it, is still there: {error.message}"
            raise PermanentError(refusal.code, told) from refusal
