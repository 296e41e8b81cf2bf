"""An Azure ML workspace as a platform."""

from shared.platforms.azureml.connection import Connection
from shared.platforms.azureml.endpoints import AzureMlEndpoints
from shared.platforms.azureml.jobs import AzureMlJobs


class AzureMlPlatform(AzureMlJobs, AzureMlEndpoints):
    """Implements `Platform`. Instances are thread-safe.

    Args:
        connection: To the workspace.
    """

    def __init__(self, connection: Connection) -> None:
        AzureMlJobs.__init__(self, connection)
        AzureMlEndpoints.__init__(self, connection)

    def close(self) -> None:
        """Close the connections; the next call opens new ones."""
        self._connection.close()
