"""What Signalbox asks of storage: blobs for data, tables for what it remembers."""

from typing import Protocol

from shared.contracts.datasets import BlobArrival
from shared.contracts.deliveries import Channel, Delivery
from shared.contracts.interlock import ModelRow
from shared.contracts.ledger import LedgerEntry, LedgerRow


class BlobStore(Protocol):
    """One container of blobs. Every call is blocking and has a deadline.

    Raises:
        PermanentError: The blob does not exist (`BlobNotFound`), or has changed since (`BlobChanged`).
        TransientError: Storage is down, busy or slow.
    """

    def list(self, prefix: str) -> list[BlobArrival]:
        """Blobs under a prefix, by path."""
        ...

    def read(self, path: str, etag: str | None = None) -> bytes:
        """A blob's bytes; with an ETag, only if it is still that one."""
        ...

    def write(self, path: str, content: bytes, *, content_type: str = "application/octet-stream") -> None:
        """Write or replace a blob as a whole."""
        ...

    def write_once(self, path: str, content: bytes, *, content_type: str = "application/octet-stream") -> bool:
        """Write a blob unless one is there; whether it was written."""
        ...


class Inbox(Protocol):
    """The record of deliveries, by channel and key."""

    def record(self, delivery: Delivery) -> bool:
        """Keep a delivery; `False` when one of that channel and key is there, unless that one was ignored."""
        ...

    def conclude(self, delivery: Delivery) -> None:
        """Keep how something ended, in place of what was known of that channel and key before."""
        ...

    def outcomes(self, channel: Channel) -> dict[str, str]:
        """Every key of a channel with its outcome."""
        ...

    def get(self, channel: Channel, key: str) -> Delivery | None:
        """What is known of that key."""
        ...

    def recent(self, channel: Channel | None = None, limit: int = 100) -> list[Delivery]:
        """Newest first."""
        ...


class ReadModel(Protocol):
    """One row per model, for reading."""

    def put(self, row: ModelRow) -> bool:
        """Write a row unless a row of the same or a newer revision is there; whether it was written."""
        ...

    def get(self, model: str) -> ModelRow | None:
        """One model's row."""
        ...

    def all(self) -> list[ModelRow]:
        """Every model, by name."""
        ...


class Ledger(Protocol):
    """Insert-only, hash-chained rows per model."""

    def append(self, entry: LedgerEntry) -> LedgerRow:
        """Append an entry; an entry whose key exists is not appended again, and its row is returned."""
        ...

    def rows(self, model: str) -> list[LedgerRow]:
        """A model's chain, oldest first."""
        ...
