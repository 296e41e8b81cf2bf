"""See which blobs of a container were created or replaced.

Azurite has no change feed, so its listing is compared with what was last seen: another ETag is another version. An
ETag also changes when only metadata are set, for which Event Grid sends nothing. Azurite's listing tells the two apart
for blobs that have a content hash (those of ``Put Blob``): hash and creation time stay, and only the time of the last
change moves. For a blob committed from blocks a change of metadata is reported as a replacement; that errs on the safe
side.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Protocol

from azure.storage.blob import BlobProperties, BlobServiceClient

from local.services.blob_events.event import Arrival
from local.services.blob_events.outbox import Seen

if TYPE_CHECKING:
    from azure.storage.blob import ContainerClient

CONNECT_TIMEOUT_SECONDS = 3.0
READ_TIMEOUT_SECONDS = 15.0


class Source(Protocol):
    """Where arrivals are looked for."""

    def arrivals(self, seen: Mapping[str, Seen]) -> list[Arrival]:
        """The blobs whose present version has not been seen; raises the storage SDK's ``AzureError``."""
        ...


class AzuriteContainer:
    """One container of an Azurite."""

    def __init__(self, connection: str, container: str) -> None:
        service = BlobServiceClient.from_connection_string(
            connection,
            connection_timeout=CONNECT_TIMEOUT_SECONDS,
            read_timeout=READ_TIMEOUT_SECONDS,
            retry_total=0,  # the next poll is the retry
        )
        self._container: ContainerClient = service.get_container_client(container)

    def arrivals(self, seen: Mapping[str, Seen]) -> list[Arrival]:
        """The blobs whose present version has not been seen."""
        return list(self._arrivals(seen))

    def _arrivals(self, seen: Mapping[str, Seen]) -> Iterator[Arrival]:
        for blob in self._container.list_blobs(include=["copy"]):
            if is_arrival(blob, seen.get(blob.name)):
                yield self._arrival(blob)

    def _arrival(self, blob: BlobProperties) -> Arrival:
        client = self._container.get_blob_client(blob.name)
        return Arrival(
            container=str(blob.container),
            name=blob.name,
            url=client.url,
            etag=blob.etag.strip('"'),
            api=self._operation(blob),
            content_type=blob.content_settings.content_type or "application/octet-stream",
            content_length=blob.size,
            blob_type=str(blob.blob_type.value),
            modified=blob.last_modified,
            created=_created(blob),
            content_md5=_md5(blob),
        )

    def _operation(self, blob: BlobProperties) -> str:
        """The call of the Blob REST API that made this version."""
        if blob.copy.id:
            return "CopyBlob"
        if _md5(blob) or blob.blob_type.value != "BlockBlob":
            return "PutBlob"
        committed, _ = self._container.get_blob_client(blob.name).get_block_list("committed")
        return "PutBlockList" if committed else "PutBlob"


def is_arrival(blob: BlobProperties, seen: Seen | None) -> bool:
    """Whether a listed blob is a version not yet seen, rather than a seen one with other metadata."""
    if seen is None:
        return True
    if blob.etag.strip('"') == seen.etag:
        return False
    if blob.blob_type.value != "BlockBlob":  # each append changes the ETag; the creation was the event
        return _created(blob) != seen.created
    same_content = bool(seen.md5) and _md5(blob) == seen.md5 and _created(blob) == seen.created
    return not (same_content and blob.last_modified > blob.creation_time)


def _created(blob: BlobProperties) -> str:
    return str(blob.creation_time.isoformat())


def _md5(blob: BlobProperties) -> str:
    md5 = blob.content_settings.content_md5
    return bytes(md5).hex() if md5 else ""
