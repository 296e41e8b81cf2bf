"""All that an app has to do with storage accounts: its bindings, and its queue and blob triggers."""

import asyncio
import hashlib
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from local.host.bindings import StorageBindings
from local.host.blob_trigger import BlobTrigger
from local.host.errors import HostError
from local.host.functions import Function
from local.host.host_json import HostSettings
from local.host.queue_listener import QueueWakes
from local.host.queue_trigger import queue_listener
from local.host.storage import StorageAccounts, connection_of
from local.host.worker import FunctionsWorker

log = logging.getLogger("local.host")


class Listener(Protocol):
    """Something that waits for work until it is stopped."""

    def start(self) -> None:
        """Begin."""

    async def stop(self, patience: float) -> None:
        """Take no more work, and wait at most ``patience`` seconds for what runs."""


class StorageTriggers:
    """The queue and blob triggers of an app, and its storage bindings.

    A function whose connection cannot be used is told in the log and left out; the others run, as in the real host.

    Args:
        worker: the app's functions.
        settings: from host.json.
        values: the application settings.
        app: the app's directory; it keeps the receipts of two apps apart.
    """

    def __init__(self, worker: FunctionsWorker, settings: HostSettings, values: Mapping[str, str], app: Path) -> None:
        self._worker = worker
        self._settings = settings
        self._accounts = StorageAccounts(values)
        self._host_id = values.get("AzureFunctionsWebHost__hostid") or _host_id(app)
        self._wakes = QueueWakes()
        self._listeners: list[Listener] = []
        self.blobs: list[BlobTrigger] = []
        worker.bind_storage(StorageBindings(self._accounts, settings.queues.encoding, self._wakes))
        for function in worker.functions:
            if not function.disabled and function.uses_storage:
                self._add(function)

    def start(self) -> None:
        """Begin to listen."""
        for listener in self._listeners:
            listener.start()

    async def stop(self, patience: float) -> None:
        """Take no more work, and wait at most ``patience`` seconds for what runs."""
        await asyncio.gather(*(listener.stop(patience) for listener in self._listeners))

    async def close(self) -> None:
        """Let go of the connections."""
        await self._accounts.close()

    def _add(self, function: Function) -> None:
        try:
            for binding in (*function.storage_inputs, *function.storage_outputs):
                self._accounts.check(connection_of(binding), f"function {function.name}, binding {binding['name']}")
            if function.kind == "queueTrigger":
                settings = self._settings.queues
                self._listeners.append(queue_listener(self._worker, function, self._accounts, settings, self._wakes))
            elif function.kind == "blobTrigger":
                self.blobs.append(self._blob_trigger(function))
                self._listeners.append(self.blobs[-1])
        except HostError as error:
            log.error("%s. The function does not run until then.", error)  # noqa: TRY400 - no traceback for a setting
            self._worker.refuse(function, str(error))

    def _blob_trigger(self, function: Function) -> BlobTrigger:
        settings = self._settings.blobs
        return BlobTrigger(
            self._worker, function, self._accounts, host_id=self._host_id, settings=settings, wakes=self._wakes
        )


def _host_id(app: Path) -> str:
    """Like the real host's: the same for one app at one place, and fit for the name of a queue."""
    return hashlib.sha256(str(app).encode()).hexdigest()[:16]
