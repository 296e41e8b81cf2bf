"""Blob triggers, both sources: a scan of the container, and Event Grid's events at a webhook.

As in the storage extension (azure-sdk-for-net, WebJobs.Extensions.Storage.Blobs), either source only writes a message
to an internal queue; a listener of that queue runs the function, tries a blob five times, and then writes it to
``webjobs-blobtrigger-poison``. A scan leaves a receipt for each blob and ETag in the container
``azure-webjobs-hosts``, so that no blob comes twice, also after a restart. A blob that changed or vanished since is
passed over.
"""

import asyncio
import hashlib
import json
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from local.durable.worker import FunctionFailed
from local.host.bindings import blob_data
from local.host.blob_paths import BlobPath, parse_path
from local.host.calls import Call
from local.host.functions import Function
from local.host.host_json import BlobSettings, QueueSettings
from local.host.queue_listener import Delivery, QueueListener, QueueWakes, tell_end
from local.host.queue_messages import encode, send
from local.host.storage import DEFAULT_CONNECTION, StorageAccounts, connection_of
from local.host.wire import TypedData
from local.host.worker import FunctionsWorker

if TYPE_CHECKING:
    from azure.storage.blob import BlobProperties

POISON_QUEUE = "webjobs-blobtrigger-poison"
RECEIPTS = "azure-webjobs-hosts"
SCAN_SECONDS = 2.0
EVENT_GRID_SOURCE = "EventGrid"

log = logging.getLogger("local.host.blobs")


class BlobTrigger:
    """One function with a blob trigger.

    Args:
        worker: runs it.
        function: what to run.
        accounts: where the blobs are; receipts and messages are in AzureWebJobsStorage.
        host_id: keeps the receipts of two apps apart.
        settings: the rules.
        wakes: tells the listener of what was written to the internal queue.

    Raises:
        HostError: a connection cannot be used, or the path cannot be read.
    """

    def __init__(
        self,
        worker: FunctionsWorker,
        function: Function,
        accounts: StorageAccounts,
        *,
        host_id: str,
        settings: BlobSettings,
        wakes: QueueWakes,
    ) -> None:
        where = f"function {function.name}"
        self.function = function
        self._connection = connection_of(function.trigger)
        for connection in (self._connection, DEFAULT_CONNECTION):
            accounts.check(connection, where)
        self._path: BlobPath = parse_path(str(function.trigger["path"]), where)
        self._worker = worker
        self._accounts = accounts
        self._host_id = host_id
        self._wakes = wakes
        self._queue_name = f"azure-webjobs-blobtrigger-{host_id}-{_queue_part(function.name)}"
        self._seen: dict[str, str] = {}
        self._scan_loop: asyncio.Task[None] | None = None
        self._in_trouble = False
        size = min(settings.max_degree_of_parallelism, 32)
        rules = QueueSettings(batch_size=size, new_batch_threshold=0, max_dequeue_count=settings.poison_blob_threshold)
        self._listener = QueueListener(
            queue=accounts.queue(DEFAULT_CONNECTION, self._queue_name),
            poison=accounts.queue(DEFAULT_CONNECTION, POISON_QUEUE),
            handle=self._handle,
            settings=replace(rules, encoding="base64"),
            owner=where,
            wake=wakes.register(DEFAULT_CONNECTION, self._queue_name),
        )

    @property
    def by_events(self) -> bool:
        """Whether Event Grid tells of blobs, so that there is nothing to scan."""
        return str(self.function.trigger.get("source", "")) == EVENT_GRID_SOURCE

    def start(self) -> None:
        """Begin to listen, and to scan."""
        self._listener.start()
        if not self.by_events:
            self._scan_loop = asyncio.create_task(self._scan_for_ever())
            self._scan_loop.add_done_callback(lambda loop: tell_end(loop, f"function {self.function.name}"))

    async def stop(self, patience: float) -> None:
        """Look for no more blobs, and wait for what runs."""
        if self._scan_loop is not None:
            self._scan_loop.cancel()
            await asyncio.wait({self._scan_loop})
        await self._listener.stop(patience)

    async def enqueue(self, container: str, name: str, etag: str) -> bool:
        """Have the function run for a blob; False when it is not one of its blobs.

        Raises:
            AzureError: the internal queue cannot be written.
        """
        if container.lower() != self._path.container or self._path.match(name) is None:
            return False
        message = {
            "Type": "BlobTrigger",
            "FunctionId": f"Host.Functions.{self.function.name}",
            "BlobType": "BlockBlob",
            "ContainerName": container,
            "BlobName": name,
            "ETag": f'"{etag.strip(chr(34))}"',
        }
        queue = self._accounts.queue(DEFAULT_CONNECTION, self._queue_name)
        await send(queue, encode(json.dumps(message).encode(), "base64"))
        self._wakes.wake(DEFAULT_CONNECTION, self._queue_name)
        return True

    async def _scan_for_ever(self) -> None:
        from azure.core.exceptions import AzureError, ResourceNotFoundError  # noqa: PLC0415 - loaded with the accounts

        while True:
            try:
                await self._scan()
                self._in_trouble = False
            except ResourceNotFoundError:
                log.debug("%s: the container %s does not exist yet", self.function.name, self._path.container)
            except AzureError as error:
                self._tell_trouble(error)
            await asyncio.sleep(SCAN_SECONDS)

    def _tell_trouble(self, error: Exception) -> None:
        if not self._in_trouble:
            log.error(
                "function %s: the container %s cannot be read: %s. Is the storage (Azurite) running? It is read again.",
                self.function.name, self._path.container, str(error).splitlines()[0],
            )  # fmt: skip
        self._in_trouble = True

    async def _scan(self) -> None:
        container = self._accounts.container(self._connection, self._path.container)
        async for blob in container.list_blobs(name_starts_with=self._path.prefix or None):
            etag = str(blob.etag).strip('"')
            if self._seen.get(blob.name) == etag or self._path.match(blob.name) is None:
                continue
            if not await self._has_receipt(blob.name, etag):
                await self.enqueue(self._path.container, blob.name, etag)
                # Written last: a crash in between runs a blob twice rather than never.
                await self._write_receipt(blob.name, etag)
            self._seen[blob.name] = etag

    async def _has_receipt(self, name: str, etag: str) -> bool:
        return await self._accounts.blob(DEFAULT_CONNECTION, self._receipt(name, etag)).exists()

    async def _write_receipt(self, name: str, etag: str) -> None:
        from azure.core.exceptions import ResourceNotFoundError  # noqa: PLC0415 - loaded with the accounts

        receipt = self._accounts.blob(DEFAULT_CONNECTION, self._receipt(name, etag))
        try:
            await receipt.upload_blob(b"", overwrite=True)
        except ResourceNotFoundError:
            await self._accounts.container(DEFAULT_CONNECTION, RECEIPTS).create_container()
            await receipt.upload_blob(b"", overwrite=True)

    def _receipt(self, name: str, etag: str) -> str:
        function = f"Host.Functions.{self.function.name}"
        return f'{RECEIPTS}/blobreceipts/{self._host_id}/{function}/"{etag}"/{self._path.container}/{name}'

    async def _handle(self, delivery: Delivery) -> bool:
        from azure.core.exceptions import AzureError, ResourceNotFoundError  # noqa: PLC0415 - loaded with the accounts

        try:
            told = json.loads(delivery.body)
            path = f"{told['ContainerName']}/{told['BlobName']}"
            stream = await self._accounts.blob(self._connection, path).download_blob()
            if str(stream.properties.etag).strip('"') != str(told["ETag"]).strip('"'):
                log.info("%s: the blob %s has changed since; its new version comes by itself", self.function.name, path)
                return True
            content = await stream.readall()
        except ResourceNotFoundError:
            log.info("%s: the blob %s is gone", self.function.name, path)
            return True
        except AzureError as error:
            log.warning("%s: a blob cannot be read, and is tried again: %s", self.function.name, error)
            return False
        except (ValueError, KeyError, TypeError):
            log.warning("Invalid message in the blob trigger queue %s, and passed over", self._queue_name)
            return True
        return await self._run(path, content, stream.properties)

    async def _run(self, path: str, content: bytes, properties: "BlobProperties") -> bool:
        try:
            await self._worker.invoke(self.function, self._call(path, content, properties))
        except FunctionFailed:
            return False  # the worker told why
        except ValueError as error:
            log.warning("function %s: the blob %s: %s", self.function.name, path, error)
            return False
        return True

    def _call(self, path: str, content: bytes, properties: "BlobProperties") -> Call:
        name = path.partition("/")[2]
        uri = self._accounts.blob(self._connection, path).url
        metadata = dict(properties.metadata or {})
        return Call(
            data=blob_data(self.function.trigger, content),
            reason=f"New blob detected: {path}",
            metadata={
                "BlobTrigger": TypedData(string=path),
                "Uri": TypedData(string=uri),
                "Properties": TypedData(json=json.dumps(_shown(properties))),
                "Metadata": TypedData(json=json.dumps(metadata)),
            },
            values={"blobTrigger": path, "uri": uri, "metadata": metadata, **(self._path.match(name) or {})},
        )


def _shown(properties: "BlobProperties") -> dict[str, Any]:
    """What the function sees of a blob's properties, under the names of .NET's BlobProperties."""
    modified = properties.last_modified
    return {
        "ContentLength": properties.size,
        "ContentType": properties.content_settings.content_type,
        "ETag": properties.etag,
        "LastModified": modified.isoformat() if modified else None,
        "BlobType": str(properties.blob_type),
    }


def _queue_part(name: str) -> str:
    """A function's name as a part of a queue's name, which has room for 63 characters, none of them a capital."""
    return hashlib.sha256(name.casefold().encode()).hexdigest()[:10]
