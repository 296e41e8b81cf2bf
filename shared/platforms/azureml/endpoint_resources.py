"""Azure ML's online endpoints themselves: read as the service has them, made, changed and deleted."""

from typing import Any, Final

from shared.platforms.azureml.connection import Connection
from shared.platforms.azureml.errors import azureml_errors, found
from shared.platforms.azureml.provisioning import BUSY, state_of, unless_busy
from shared.platforms.azureml.starting import start_only

#: What Azure must allow: online endpoints are made, given traffic and deleted.
PERMISSIONS: Final = (
    "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/read",
    "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/write",
    "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/delete",
)


class EndpointResources:
    """The endpoints of a workspace. Instances are thread-safe."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find(self, endpoint: str) -> Any | None:
        """The service's own resource: the SDK's entity adds deployments without traffic and properties of its own."""
        where = self._connection.workspace
        generated = self._operations()._online_operation  # noqa: SLF001 - as said
        scope = {"resource_group_name": where.resource_group, "workspace_name": where.name, "endpoint_name": endpoint}
        return found(f"read the endpoint {endpoint}", lambda: generated.get(**scope))

    def find_entity(self, endpoint: str) -> Any | None:
        """The SDK's entity, which can be changed and put again."""
        endpoints = self._operations()
        return found(f"read the endpoint {endpoint}", lambda: endpoints.get(endpoint))

    def is_changing(self, endpoint: str) -> bool:
        """Whether it is being made, changed or deleted."""
        there = self.find(endpoint)
        return there is not None and state_of(there.properties) in BUSY

    def put(self, entity: Any, operation: str) -> None:
        """Start to make or change one.

        Args:
            entity: The SDK's.
            operation: What that is, for messages: `create the endpoint departures`.

        Raises:
            TransientError: An earlier change is under way.
        """
        endpoints = self._operations()

        def start() -> None:
            with azureml_errors(operation):
                endpoints.begin_create_or_update(entity)

        unless_busy(start, lambda: self.is_changing(str(entity.name)))

    def delete(self, endpoint: str) -> None:
        """Start to delete; nothing happens when it is absent.

        Raises:
            TransientError: An earlier change is under way.
        """
        endpoints = self._operations()
        operation = f"delete the endpoint {endpoint}"
        unless_busy(
            lambda: found(operation, lambda: endpoints.begin_delete(endpoint)), lambda: self.is_changing(endpoint)
        )

    def _operations(self) -> Any:
        return start_only(self._connection.client).online_endpoints
