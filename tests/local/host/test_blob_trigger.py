"""What a blob trigger makes of a blob, without a storage account."""

import json
from types import SimpleNamespace
from typing import Any, cast

import pytest

from local.host.blob_trigger import BlobTrigger
from local.host.functions import Function
from local.host.host_json import BlobSettings
from local.host.queue_listener import Delivery, QueueWakes
from local.host.storage import StorageAccounts
from local.host.worker import FunctionsWorker


class OneBlob:
    """As much of the storage accounts as the trigger asks for: every blob has this content."""

    url = "http://nowhere/c/b"

    def __init__(self, content: bytes) -> None:
        self._content = content
        settings = SimpleNamespace(content_type="text/plain")
        self.properties = SimpleNamespace(
            etag="1", metadata={}, last_modified=None, size=len(content), content_settings=settings, blob_type="Block"
        )

    def check(self, *_: str) -> None:
        """Every connection can be used."""

    def queue(self, *_: str) -> Any:
        """A queue, which is not used."""
        return SimpleNamespace()

    def blob(self, *_: str) -> "OneBlob":
        """The blob."""
        return self

    async def download_blob(self) -> "OneBlob":
        """Itself, as a stream."""
        return self

    async def readall(self) -> bytes:
        """The content."""
        return self._content


async def test_a_blob_that_is_no_text_is_a_failed_try(caplog: pytest.LogCaptureFixture) -> None:
    """With ``data_type`` STRING: told, and counted towards the poison queue, not an error that escapes."""
    trigger = {"type": "blobTrigger", "name": "b", "path": "c/{name}", "dataType": "STRING"}
    function = Function("on_blob", "1", trigger, ())
    accounts = cast("StorageAccounts", OneBlob(b"caf\xe9!"))
    worker = FunctionsWorker([function])
    listener = BlobTrigger(worker, function, accounts, host_id="h", settings=BlobSettings(), wakes=QueueWakes())
    told = json.dumps({"ContainerName": "c", "BlobName": "b", "ETag": "1"}).encode()
    assert await listener._handle(Delivery(told, cast("Any", None))) is False
    assert "the blob c/b: it is not UTF-8 text" in caplog.text
