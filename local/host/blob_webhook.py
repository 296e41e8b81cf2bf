"""The storage extension's webhook: POST /runtime/webhooks/blobs?functionName=Host.Functions.NAME.

Event Grid tells it of blobs, for functions whose blob trigger has ``source=EventGrid``
(https://learn.microsoft.com/azure/azure-functions/functions-event-grid-blob-trigger). An event only becomes a message
in the trigger's internal queue, so 202 does not mean that the function ran.
"""

import re
from collections.abc import Iterable
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from local.host.blob_trigger import BlobTrigger
from local.host.event_grid import Events, answer
from local.host.keys import BLOBS, HostKeys

PATH = "/runtime/webhooks/blobs"
PREFIX = "Host.Functions."
_CREATED = "Microsoft.Storage.BlobCreated"
_SUBJECT = re.compile(r"/?blobServices/default/containers/([^/]+)/blobs/(.+)", re.DOTALL)


class BlobWebhook:
    """The webhook of all functions with a blob trigger that Event Grid tells of blobs.

    Args:
        triggers: those functions.
        body_limit: in bytes.
        keys: the system key that a caller needs; None asks for none.
    """

    def __init__(self, triggers: Iterable[BlobTrigger], body_limit: int, keys: HostKeys | None = None) -> None:
        self._triggers = {t.function.name.casefold(): t for t in triggers if t.by_events}
        self._body_limit = body_limit
        self._keys = keys

    async def handle(self, request: Request) -> Response:
        """Serve one request."""
        if self._keys is not None and not self._keys.allow_extension(request, BLOBS):
            return Response(status_code=401)
        name = request.query_params.get("functionName", "")
        trigger = self._triggers.get(name.removeprefix(PREFIX).casefold())
        if trigger is None:
            return PlainTextResponse(f"cannot find function: '{name}'", status_code=404)
        return await answer(request, self._body_limit, lambda events: _enqueue(trigger, events))


async def _enqueue(trigger: BlobTrigger, events: Events) -> str | None:
    from azure.core.exceptions import AzureError  # noqa: PLC0415 - loaded with the storage accounts

    try:
        for event in events:
            if (blob := _blob_of(event)) is not None:
                await trigger.enqueue(*blob)
    except AzureError as error:
        return f"the blob trigger's queue cannot be written: {error}"
    return None


def _blob_of(event: dict[str, Any]) -> tuple[str, str, str] | None:
    """Container, name and ETag of the blob that an event tells of; None when it tells of none."""
    data = event.get("data")
    found = _SUBJECT.fullmatch(str(event.get("subject", "")))
    kind = event.get("eventType") or event.get("type")  # the Event Grid schema, or CloudEvents
    if kind != _CREATED or found is None or not isinstance(data, dict):
        return None
    return found[1], found[2], str(data.get("eTag") or data.get("etag") or "")
