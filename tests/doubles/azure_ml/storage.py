"""The storage account behind the workspace: an Azurite, where code is uploaded to and outputs are written."""

import contextlib
import datetime as dt
import threading
import uuid
from collections.abc import Iterable
from typing import Any

_SAS_HOURS = 2


class Storage:
    """One account.

    Args:
        connection: Its connection string.
    """

    def __init__(self, connection: str) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._made: Any = None

    def start_upload(self) -> tuple[str, str]:
        """A new container to upload to: its URL, and the URL with a signature that lets anybody write."""
        from azure.storage.blob import generate_container_sas

        service = self._service()
        name = str(uuid.uuid4())
        service.create_container(name)
        signature = generate_container_sas(
            service.account_name,
            name,
            account_key=service.credential.account_key,
            permission="rcwl",
            expiry=dt.datetime.now(dt.UTC) + dt.timedelta(hours=_SAS_HOURS),
        )
        url = f"{service.url.rstrip('/')}/{name}"
        return url, f"{url}?{signature}"

    def write(self, container: str, path: str, content: bytes | Iterable[bytes]) -> None:
        """Write a blob; its container is made when absent."""
        from azure.core.exceptions import ResourceExistsError

        client = self._service().get_container_client(container)
        with contextlib.suppress(ResourceExistsError):
            client.create_container()
        client.upload_blob(path, content, overwrite=True)

    def close(self) -> None:
        """Close the connections."""
        with self._lock:
            made, self._made = self._made, None
        if made is not None:
            made.close()

    def _service(self) -> Any:
        from azure.storage.blob import BlobServiceClient

        with self._lock:
            if self._made is None:
                options: dict[str, Any] = {"connection_timeout": 5, "read_timeout": 15, "retry_total": 3}
                self._made = BlobServiceClient.from_connection_string(self._connection, **options)
            return self._made
