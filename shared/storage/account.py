"""The storage account behind both blobs and tables: its clients, its deadlines, its errors.

Azure's clients are thread-safe, so there is one of each per account and process. A service that is down is reported
within a few seconds: the activity's retry rule knows better than the SDK how long to go on trying.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from shared.errors import ConfigurationError, PermanentError, TransientError

if TYPE_CHECKING:
    from azure.core.exceptions import AzureError
    from azure.data.tables import TableServiceClient
    from azure.identity import DefaultAzureCredential
    from azure.storage.blob import BlobServiceClient

#: Seconds; per request, not per operation.
_TIMEOUTS: Final = {"connection_timeout": 3, "read_timeout": 20}
#: What blobs and tables call the same thing. One retry for a dropped connection, two in all.
_RETRIES: Final = {"retry_total": 2, "retry_connect": 1, "retry_read": 1, "retry_status": 2}
_BLOB_BACKOFF: Final = {"initial_backoff": 0.4, "increment_base": 1, "random_jitter_range": 0.2}
_TABLE_BACKOFF: Final = {"retry_backoff_factor": 0.4, "retry_backoff_max": 2}
#: Bytes of one answer, of those after the first one too: less would cut the first one to pieces, to be joined again.
#: What breaks off is asked for again, as a whole.
_BLOB_SIZES: Final = {"max_single_get_size": 32 << 20, "max_chunk_get_size": 32 << 20}
_MESSAGE_LIMIT: Final = 500
#: Answers of storage that a later attempt may turn into another; conflicts of the kind "is being deleted" among them.
_TRANSIENT_STATUS: Final = frozenset({408, 429})
_TRANSIENT_CODES: Final = frozenset({"ContainerBeingDeleted", "TableBeingDeleted", "ServerBusy", "OperationTimedOut"})


@cache
def blob_service(storage: str) -> "BlobServiceClient":
    """The client of an account's blobs.

    Args:
        storage: A connection string, or the blob endpoint's https URL to use the managed identity.

    Raises:
        ConfigurationError: It is neither.
    """
    from azure.storage.blob import BlobServiceClient  # noqa: PLC0415 - vendor SDKs are loaded at first use

    options: dict[str, Any] = {**_TIMEOUTS, **_RETRIES, **_BLOB_BACKOFF, **_BLOB_SIZES}
    with _configuration_checked(storage):
        if _is_url(storage):
            return BlobServiceClient(storage, credential=_credential(), **options)
        return BlobServiceClient.from_connection_string(storage, **options)


@cache
def table_service(storage: str) -> "TableServiceClient":
    """The client of an account's tables; `storage` and errors as in `blob_service`."""
    from azure.data.tables import TableServiceClient  # noqa: PLC0415 - vendor SDKs are loaded at first use

    options: dict[str, Any] = {**_TIMEOUTS, **_RETRIES, **_TABLE_BACKOFF}
    with _configuration_checked(storage):
        if _is_url(storage):
            return TableServiceClient(table_endpoint(storage), credential=_credential(), **options)
        return TableServiceClient.from_connection_string(storage, **options)


def table_endpoint(blob_endpoint: str) -> str:
    """The table endpoint that belongs to a blob endpoint, in any Azure cloud.

    Raises:
        ConfigurationError: The URL is not `https://ACCOUNT.blob.SUFFIX`, so nothing can be derived from it.
    """
    parts = urlsplit(blob_endpoint)
    account, separator, suffix = (parts.hostname or "").partition(".blob.")
    if parts.scheme != "https" or not account or not separator:
        msg = (
            f"the storage URL {blob_endpoint!r} is not of the form https://ACCOUNT.blob.core.windows.net: "
            "give that URL, or a connection string with BlobEndpoint and TableEndpoint"
        )
        raise ConfigurationError(msg)
    return f"https://{account}.table.{suffix}"


@contextmanager
def storage_errors(operation: str, not_found: str) -> Iterator[None]:
    """Map what Azure raises to our errors; the only place where that is done for storage.

    Args:
        operation: What was tried, for the message: `read raw/a.csv`.
        not_found: Code of the `PermanentError` when the thing itself is missing.
    """
    from azure.core.exceptions import AzureError  # noqa: PLC0415 - vendor SDKs are loaded at first use

    try:
        yield
    except AzureError as error:
        raise _translated(error, operation, not_found) from error


def error_code(error: "AzureError") -> str:
    """Azure's own code of an error, such as `ContainerNotFound`; empty where there is none."""
    code = getattr(error, "error_code", None)
    return str(getattr(code, "value", code) or "")


def _translated(error: "AzureError", operation: str, not_found: str) -> PermanentError | TransientError:
    status = getattr(error, "status_code", None)
    code = error_code(error)
    what = f"storage refused to {operation}: {_first_line(error)}"
    if status is None or status >= 500 or status in _TRANSIENT_STATUS or code in _TRANSIENT_CODES:
        return TransientError(f"storage could not {operation}: {_first_line(error)}")
    if status == 404:
        return PermanentError(not_found, f"storage could not {operation}: it does not exist")
    if status in (401, 403):
        remedy = "check the connection string, or the roles of the managed identity"
        return PermanentError("StorageForbidden", f"{what}; {remedy}")
    return PermanentError(code or "StorageRefused", what)


def _first_line(error: Exception) -> str:
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0][:_MESSAGE_LIMIT]


def _is_url(storage: str) -> bool:
    return storage.lower().startswith(("https://", "http://"))


@cache
def _credential() -> "DefaultAzureCredential":
    from azure.identity import DefaultAzureCredential  # noqa: PLC0415 - vendor SDKs are loaded at first use

    return DefaultAzureCredential()


@contextmanager
def _configuration_checked(storage: str) -> Iterator[None]:
    """Turn the SDK's complaint about an unusable setting into ours, without repeating the secret in it."""
    try:
        yield
    except ValueError as error:
        kind = "URL" if _is_url(storage) else "connection string"
        msg = f"the storage {kind} cannot be used: {error}. Give a connection string, or https://ACCOUNT.blob.SUFFIX"
        raise ConfigurationError(msg) from error
