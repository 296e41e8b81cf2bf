"""Blobs in Azure Storage, or in Azurite on a laptop."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from shared.contracts.conditioning import BlobArrival, BlobPlace
from shared.errors import PermanentError, TransientError
from shared.storage.account import blob_service, error_code, storage_errors

if TYPE_CHECKING:
    from azure.storage.blob import BlobProperties, ContainerClient

#: What Azure must allow: a container is made at its first use; retention and half-written blobs are what is deleted.
PERMISSIONS: Final = (
    "Microsoft.Storage/storageAccounts/blobServices/containers/write",
    "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read",
    "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write",
    "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/delete",
)
_NOT_FOUND: Final = "BlobNotFound"
_INVALID_BLOCKS: Final = "InvalidBlockList"
#: What the service answers to a commit of which it takes nothing.
_NOT_COMMITTED: Final = frozenset({"BlobAlreadyExists", "ConditionNotMet", _INVALID_BLOCKS})
#: Metadata: whose commit made the blob.
_RUN: Final = "signalbox_run"


class AzureBlobStore:
    """One container of an account; implements `BlobStore`.

    The container is made at its first use. Instances are cheap and thread-safe: they share the account's client.

    Args:
        storage: A connection string, or the blob endpoint's https URL to use the managed identity.
        container: The container's name.
    """

    def __init__(self, storage: str, container: str) -> None:
        self._storage = storage
        self._container = container

    def list(self, prefix: str) -> list[BlobArrival]:
        """Blobs under a prefix, by path; folders of a hierarchical account are left out."""

        def call(client: "ContainerClient") -> list[BlobArrival]:
            found = client.list_blobs(name_starts_with=prefix, include=["metadata"])
            return [self._arrival(blob) for blob in found if not _is_folder(blob)]

        return sorted(self._do(f"list {prefix!r}", call), key=lambda arrival: arrival.path)

    def locate(self, path: str, etag: str) -> BlobPlace:
        """Where a blob is, and which of its versions has this ETag; also of one that is gone."""
        from azure.core.exceptions import ResourceNotFoundError  # noqa: PLC0415 - vendor SDKs are loaded at first use

        def call(client: "ContainerClient") -> BlobPlace:
            blob = client.get_blob_client(path)
            url = urlsplit(blob.url)._replace(query="").geturl()  # a shared access signature is nobody's to read
            try:
                found = blob.get_blob_properties()
            except ResourceNotFoundError as error:
                if error_code(error) != _NOT_FOUND:
                    raise
                return BlobPlace(url=url)
            return BlobPlace(url=url, version=found.version_id if found.etag.strip('"') == etag else None)

        return self._do(f"locate {path}", call)

    def read(self, path: str, etag: str | None = None) -> bytes:
        """A blob's bytes; with an ETag, only if it is still that one.

        Raises:
            PermanentError: `BlobNotFound`, or `BlobChanged` when the ETag is another one by now.
        """
        return self._read(path, etag)[0]

    def read_tagged(self, path: str) -> tuple[bytes, str]:
        """A blob's bytes, and the ETag that they have: what is decided of them is written by `replace`.

        Raises:
            PermanentError: `BlobNotFound`.
        """
        return self._read(path, None)

    def read_range(self, path: str, offset: int, length: int, etag: str | None = None) -> bytes:
        """At most `length` bytes from an offset; fewer at the blob's end, and none after it.

        Raises:
            PermanentError: As `read`.
        """
        try:
            return self._read(path, etag, offset=offset, length=length)[0]
        except PermanentError as error:
            if error.code != "InvalidRange":  # it begins after the end
                raise
            return b""

    def write(self, path: str, content: bytes, *, content_type: str = "application/octet-stream") -> None:
        """Write or replace a blob as a whole."""
        self._do(f"write {path}", lambda client: _upload(client, path, content, content_type, overwrite=True))

    def write_once(self, path: str, content: bytes, *, content_type: str = "application/octet-stream") -> bool:
        """Write a blob unless one is there; whether it was written.

        A write whose answer was lost on the way counts as one that was there already: `False` means "it exists", not
        "somebody else made it".
        """
        from azure.core.exceptions import ResourceExistsError  # noqa: PLC0415 - vendor SDKs are loaded at first use

        def call(client: "ContainerClient") -> bool:
            try:
                _upload(client, path, content, content_type, overwrite=False)
            except ResourceExistsError as error:
                if error_code(error) != "BlobAlreadyExists":
                    raise
                return False
            return True

        return self._do(f"write {path} once", call)

    def replace(self, path: str, content: bytes, etag: str, *, content_type: str = "application/octet-stream") -> bool:
        """Write over a blob if it is still the one with this ETag; whether it was written.

        `If-Match` lets the service decide between two that write at once. A write whose answer was lost on the way
        counts as somebody else's: `False` means "read again", and what is read then may be one's own.
        """
        from azure.core.exceptions import ResourceModifiedError, ResourceNotFoundError  # noqa: PLC0415 - at first use

        def call(client: "ContainerClient") -> bool:
            try:
                _upload(client, path, content, content_type, overwrite=True, etag=etag)
            except ResourceModifiedError:
                return False
            except ResourceNotFoundError as error:
                if error_code(error) != _NOT_FOUND:
                    raise
                return False
            return True

        return self._do(f"replace {path}", call)

    def stage(self, path: str, block: str, content: bytes) -> None:
        """Keep a block for a blob that is committed later; the same block again replaces it.

        The service keeps at most 100,000 of them per blob, for a week. (Source: Microsoft, "Put Block".)
        """
        self._do(f"stage a block of {path}", lambda client: client.get_blob_client(path).stage_block(block, content))

    def commit(self, path: str, blocks: Sequence[str], *, run: str, content_type: str) -> bool:
        """Make a blob of staged blocks, in their order, unless one is there; whether the one there is this run's.

        `If-None-Match: *` lets the service decide between two that commit at once: ids alone would mix them, or let
        both win. The blocks of the other one are dropped by the first commit.

        Raises:
            PermanentError: `BlocksLost`: a block was never staged, or has expired.
        """
        from azure.core import MatchConditions  # noqa: PLC0415 - vendor SDKs are loaded at first use
        from azure.core.exceptions import HttpResponseError  # noqa: PLC0415 - likewise
        from azure.storage.blob import BlobBlock, ContentSettings  # noqa: PLC0415 - likewise

        def call(client: "ContainerClient") -> bool:
            blob = client.get_blob_client(path)
            try:
                blob.commit_block_list(
                    [BlobBlock(block) for block in blocks],
                    metadata={_RUN: run},
                    content_settings=ContentSettings(content_type=content_type),
                    match_condition=MatchConditions.IfMissing,
                )
            except HttpResponseError as error:
                code = error_code(error)
                if code not in _NOT_COMMITTED:
                    raise
                if blob.exists():
                    return (blob.get_blob_properties().metadata or {}).get(_RUN) == run
                if code == _INVALID_BLOCKS:
                    msg = f"{self._container}/{path}: a staged block is gone; condition the file again"
                    raise PermanentError("BlocksLost", msg) from error
                raise
            return True

        return self._do(f"commit {path}", call)

    def delete(self, path: str) -> None:
        """Remove a blob; nothing happens when it is absent."""
        from azure.core.exceptions import ResourceNotFoundError  # noqa: PLC0415 - vendor SDKs are loaded at first use

        def call(client: "ContainerClient") -> None:
            try:
                client.delete_blob(path)
            except ResourceNotFoundError as error:
                if error_code(error) != _NOT_FOUND:
                    raise

        self._do(f"delete {path}", call)

    def _do[T](self, operation: str, call: Callable[["ContainerClient"], T]) -> T:
        from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError  # noqa: PLC0415 - first use

        with storage_errors(f"{operation} in container {self._container!r}", _NOT_FOUND):
            client = blob_service(self._storage).get_container_client(self._container)
            try:
                return call(client)
            except ResourceNotFoundError as error:
                if error_code(error) != "ContainerNotFound":
                    raise
            try:
                client.create_container()
            except ResourceExistsError as error:  # somebody else was faster
                if error_code(error) != "ContainerAlreadyExists":
                    raise
            return call(client)

    def _read(self, path: str, etag: str | None, **part: Any) -> tuple[bytes, str]:
        from azure.core.exceptions import ResourceModifiedError  # noqa: PLC0415 - vendor SDKs are loaded at first use

        def call(client: "ContainerClient") -> tuple[bytes, str]:
            try:
                found = client.download_blob(path, **part, **_only(etag))
                # `readall` would copy all of it twice; most of what is read comes in one piece
                return b"".join(found.chunks()), found.properties.etag.strip('"')
            except ResourceModifiedError as error:
                raise self._changed(path, etag) from error

        return self._do(f"read {path}", call)

    def _changed(self, path: str, etag: str | None) -> PermanentError | TransientError:
        if etag is None:
            return TransientError(f"{self._container}/{path} was replaced while it was read")
        msg = f"{self._container}/{path} is no longer the one with ETag {etag}: it was replaced"
        return PermanentError("BlobChanged", msg)

    def _arrival(self, blob: "BlobProperties") -> BlobArrival:
        return BlobArrival(
            container=self._container,
            path=blob.name,
            etag=blob.etag.strip('"'),
            size=blob.size,
            at=blob.last_modified,
        )


def _upload(
    client: "ContainerClient",
    path: str,
    content: bytes,
    content_type: str,
    *,
    overwrite: bool,
    etag: str | None = None,
) -> None:
    """Upload a blob; without `overwrite` the SDK sends `If-None-Match: *`, so that the service decides, not we."""
    from azure.storage.blob import ContentSettings  # noqa: PLC0415 - vendor SDKs are loaded at first use

    settings = ContentSettings(content_type=content_type)
    client.upload_blob(path, content, overwrite=overwrite, content_settings=settings, **_only(etag))


def _only(etag: str | None) -> dict[str, Any]:
    """The condition of a request that is about one version of a blob: `If-Match`."""
    if etag is None:
        return {}
    from azure.core import MatchConditions  # noqa: PLC0415 - vendor SDKs are loaded at first use

    return {"etag": f'"{etag}"', "match_condition": MatchConditions.IfNotModified}


def _is_folder(blob: "BlobProperties") -> bool:
    """Whether this is a folder of an account with a hierarchical namespace, which lists folders as empty blobs."""
    return (blob.metadata or {}).get("hdi_isfolder") == "true"
