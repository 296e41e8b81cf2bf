"""The storage accounts that bindings name, and their clients, which live as long as the host."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from local.host.errors import HostError

if TYPE_CHECKING:
    from azure.storage.blob.aio import BlobClient, BlobServiceClient, ContainerClient
    from azure.storage.queue.aio import QueueClient, QueueServiceClient

DEFAULT_CONNECTION = "AzureWebJobsStorage"
# Per request: a storage that is down is told within seconds, and the callers try again in their own time.
_OPTIONS: dict[str, Any] = {
    "connection_timeout": 5,
    "read_timeout": 60,
    "retry_total": 2,
    "retry_connect": 1,
    "initial_backoff": 0.4,
    "increment_base": 1,
    "random_jitter_range": 0.2,
}
_DEVELOPMENT = "usedevelopmentstorage=true"


class StorageAccounts:
    """Clients by the name of the setting that holds the connection string; close it at the end.

    Args:
        settings: the application settings.
    """

    def __init__(self, settings: Mapping[str, str]) -> None:
        self._settings = settings
        self._blobs: dict[str, BlobServiceClient] = {}
        self._queues: dict[str, QueueServiceClient] = {}

    def check(self, connection: str, where: str) -> None:
        """Make sure that a connection can be used.

        Raises:
            HostError: the setting does not exist, or does not hold a connection string; ``where`` says who needs it.
        """
        text = self._text(connection)
        if text is None:
            remedy = f'for Azurite on its usual ports, add "{connection}": "UseDevelopmentStorage=true" to the settings'
            raise HostError(f"{where}: the connection {connection} names a setting that does not exist; {remedy}")
        if "AccountName=" not in text and "SharedAccessSignature=" not in text:
            raise HostError(f"{where}: the setting {connection} holds no connection string of a storage account")

    def container(self, connection: str, name: str) -> "ContainerClient":
        """A blob container, which need not exist."""
        return self._blob_service(connection).get_container_client(name)

    def blob(self, connection: str, path: str) -> "BlobClient":
        """The blob at ``container/name``."""
        container, _, name = path.partition("/")
        return self._blob_service(connection).get_blob_client(container, name)

    def queue(self, connection: str, name: str) -> "QueueClient":
        """A queue, which need not exist; messages are passed as the text on the wire."""
        from azure.storage.queue.aio import QueueServiceClient  # noqa: PLC0415 - only apps with queues pay for it

        if connection not in self._queues:
            service = QueueServiceClient.from_connection_string(self._text(connection) or "", **_OPTIONS)
            self._queues[connection] = service
        return self._queues[connection].get_queue_client(name)

    async def close(self) -> None:
        """Close every connection."""
        for blobs in self._blobs.values():
            await blobs.close()
        for queues in self._queues.values():
            await queues.close()

    def _blob_service(self, connection: str) -> "BlobServiceClient":
        from azure.storage.blob.aio import BlobServiceClient  # noqa: PLC0415 - only apps with blobs pay for it

        if connection not in self._blobs:
            service = BlobServiceClient.from_connection_string(self._text(connection) or "", **_OPTIONS)
            self._blobs[connection] = service
        return self._blobs[connection]

    def _text(self, connection: str) -> str | None:
        """The connection string, looked up where the real host looks: with its prefix first."""
        for name in (f"AzureWebJobs{connection}", f"ConnectionStrings:{connection}", connection):
            if text := self._settings.get(name):
                return _development_storage() if text.strip().rstrip(";").lower() == _DEVELOPMENT else text
        return None


def connection_of(binding: Mapping[str, Any]) -> str:
    """Name of the setting that a binding's connection refers to."""
    name = str(binding.get("connection") or "")
    return DEFAULT_CONNECTION if name in {"", "Storage"} else name


def _development_storage() -> str:
    from local.services.azurite import connection_string  # noqa: PLC0415 - only where the short form is used

    return connection_string(10000, 10001, 10002)
