"""The ``Microsoft.Storage.BlobCreated`` event, in the Event Grid schema.

Source of the format: Azure documentation, "Azure Blob Storage as an Event Grid source" and "Event Grid message
delivery and retry" (dead letters); header names from "Receive events to an HTTP endpoint".
"""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

ACCOUNT_RESOURCE = (
    "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/local"
    "/providers/Microsoft.Storage/storageAccounts/devstoreaccount1"
)
NOTIFICATION_HEADERS = {
    "Content-Type": "application/json; charset=utf-8",
    "aeg-event-type": "Notification",
    "aeg-subscription-name": "BLOB-EVENTS",
    "aeg-metadata-version": "1",
    "aeg-data-version": "",
}


@dataclass(frozen=True)
class Arrival:
    """A blob that was created or replaced. ``etag`` has no quotes; ``api`` is the operation that did it."""

    container: str
    name: str
    url: str
    etag: str
    api: str
    content_type: str
    content_length: int
    blob_type: str
    modified: datetime
    created: str
    content_md5: str


def blob_created(arrival: Arrival, sequence: int) -> dict[str, Any]:
    """The event of an arrival; ``sequence`` grows from event to event, and so does the ``sequencer`` made of it."""
    return {
        "topic": ACCOUNT_RESOURCE,
        "subject": f"/blobServices/default/containers/{arrival.container}/blobs/{arrival.name}",
        "eventType": "Microsoft.Storage.BlobCreated",
        "eventTime": timestamp(arrival.modified),
        "id": str(uuid.uuid4()),
        "data": {
            "api": arrival.api,
            "clientRequestId": str(uuid.uuid4()),
            "requestId": str(uuid.uuid4()),
            "eTag": arrival.etag,
            "contentType": arrival.content_type,
            "contentLength": arrival.content_length,
            "blobType": arrival.blob_type,
            "url": arrival.url,
            "sequencer": f"{sequence:032X}",  # compared as a string
            "storageDiagnostics": {"batchId": str(uuid.uuid4())},
        },
        "dataVersion": "",
        "metadataVersion": "1",
    }


def dead_letter(event: dict[str, Any], reason: str, attempts: int, outcome: str, last_attempt: float) -> dict[str, Any]:
    """An event as Event Grid writes it to a dead-letter container; ``last_attempt`` is a Unix time."""
    return event | {
        "deadLetterReason": reason,
        "deliveryAttempts": attempts,
        "lastDeliveryOutcome": outcome,
        "publishTime": event["eventTime"],
        "lastDeliveryAttemptTime": timestamp(datetime.fromtimestamp(last_attempt, UTC)),
    }


def timestamp(moment: datetime) -> str:
    """A time as Azure writes it: UTC, seven digits of a second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f0Z")
