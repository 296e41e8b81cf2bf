"""What Signalbox asks of storage: blobs for data, tables for what it remembers."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Protocol

from shared.contracts.base import Contract
from shared.contracts.callbacks import Callback
from shared.contracts.conditioning import BlobArrival, BlobPlace
from shared.contracts.datasets import DatasetRef, IndexedDataset, IndexPage
from shared.contracts.deliveries import Channel, Delivery
from shared.contracts.fleet_runs import RunRow
from shared.contracts.holds import FleetHold
from shared.contracts.ledger import LedgerAnchor, LedgerEntry, LedgerHead, LedgerRow
from shared.contracts.read_model import ModelRow
from shared.lineage.anchors import KeptAnchor
from shared.lineage.ledger import StoredChain


class BlobStore(Protocol):
    """One container of blobs. Every call is blocking and has a deadline.

    Raises:
        PermanentError: The blob does not exist (`BlobNotFound`), has changed since (`BlobChanged`), or is committed of
            blocks that are not there any more (`BlocksLost`).
        TransientError: Storage is down, busy or slow.
    """

    def list(self, prefix: str) -> list[BlobArrival]:
        """Blobs under a prefix, by path."""
        ...

    def locate(self, path: str, etag: str) -> BlobPlace:
        """Where a blob is, and which of its versions has this ETag; also of one that is gone."""
        ...

    def read(self, path: str, etag: str | None = None) -> bytes:
        """A blob's bytes; with an ETag, only if it is still that one."""
        ...

    def read_tagged(self, path: str) -> tuple[bytes, str]:
        """A blob's bytes, and the ETag that they have."""
        ...

    def read_range(self, path: str, offset: int, length: int, etag: str | None = None) -> bytes:
        """At most `length` bytes from an offset; fewer at the blob's end, and none after it."""
        ...

    def write(self, path: str, content: bytes, *, content_type: str = "application/octet-stream") -> None:
        """Write or replace a blob as a whole."""
        ...

    def write_once(self, path: str, content: bytes, *, content_type: str = "application/octet-stream") -> bool:
        """Write a blob unless one is there; whether it was written."""
        ...

    def replace(self, path: str, content: bytes, etag: str, *, content_type: str = "application/octet-stream") -> bool:
        """Write over a blob if it is still the one with this ETag; whether it was written."""
        ...

    def stage(self, path: str, block: str, content: bytes) -> None:
        """Keep a block for a blob that is committed later; the same block again replaces it.

        All ids of a blob have one length, of at most 64 ASCII characters.
        """
        ...

    def commit(self, path: str, blocks: Sequence[str], *, run: str, content_type: str) -> bool:
        """Make a blob of staged blocks, in their order, unless one is there.

        Args:
            path: The blob's path.
            blocks: Ids, at most 50,000.
            run: Who commits: kept with the blob, so that a commit whose answer was lost recognizes its own.
            content_type: As in `write`.

        Returns:
            Whether the blob that is there now is this run's.
        """
        ...

    def delete(self, path: str) -> None:
        """Remove a blob; nothing happens when it is absent."""
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

    def unusable(self, limit: int = 1000) -> list[Delivery]:
        """What could not be used and has not come again since, newest first; of each subject the last, without body."""
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

    def briefs(self) -> list[ModelRow]:
        """Every model by name, as `ModelRow.brief` gives it: read quickly, also where there are a thousand."""
        ...


class Holds(Protocol):
    """What holds whole fleets, or their models of some labels, and what has lifted that."""

    def put(self, order: FleetHold) -> None:
        """Keep the latest order of its fleet and scope; an earlier one changes nothing."""
        ...

    def of(self, fleet: str) -> list[FleetHold]:
        """The latest order of each scope, lifted or not."""
        ...


class CallbackStore(Protocol):
    """Callbacks, each until it is done; the one place where their addresses are."""

    def add(self, callback: Callback) -> bool:
        """Keep a callback unless it is there; whether it was not."""
        ...

    def get(self, run: str, callback: str) -> Callback | None:
        """One of a run."""
        ...

    def replace(self, callback: Callback) -> None:
        """Write over one that is there; nothing happens when it is absent."""
        ...

    def of(self, run: str) -> list[Callback]:
        """All of a run that can be read."""
        ...

    def all(self) -> list[Callback]:
        """All that are kept and can be read."""
        ...

    def remove(self, run: str, callback: str) -> None:
        """Forget one; nothing happens when it is absent."""
        ...


class Runs(Protocol):
    """Runs of fleets: a row each, for a list, and documents that are too large for a row."""

    def put(self, row: RunRow) -> bool:
        """Write a row unless one is there that has ended or is newer; whether it was written."""
        ...

    def get(self, run: str) -> RunRow | None:
        """One run."""
        ...

    def recent(self, limit: int = 100) -> list[RunRow]:
        """Newest first."""
        ...

    def keep[D: Contract](self, path: str, document: D) -> D:
        """Write a document once; the one that is there afterwards, which may be somebody else's."""
        ...

    def replace(self, path: str, document: Contract) -> None:
        """Write a document in place of the one before."""
        ...

    def read[D: Contract](self, path: str, kind: type[D]) -> D | None:
        """A document, or `None`."""
        ...

    def forget(self, run: str, folder: str) -> None:
        """Remove a run's documents, all in one folder, and then its row; nothing happens when they are absent."""
        ...


class DatasetIndex(Protocol):
    """Published dataset versions, by fleet and dataset: the present one of each cell, and all that ever were."""

    def put(self, entry: IndexedDataset) -> None:
        """Enter a version. Of its cell it is the present one unless a later arrival has led to another."""
        ...

    def get(self, fleet: str, dataset: str, version: str) -> IndexedDataset | None:
        """One version."""
        ...

    def newest(
        self, fleet: str, dataset: str, labels: Mapping[str, str], ends_by: date | None = None
    ) -> DatasetRef | None:
        """The present version of the newest period whose cell does not contradict the labels.

        Args:
            fleet: The fleet's name.
            dataset: The dataset's name in its file.
            labels: A model's labels, or a cell.
            ends_by: Periods that end later are not seen.
        """
        ...

    def cells(self, fleet: str, dataset: str, after: str | None = None, limit: int = 100) -> IndexPage:
        """The present version of each cell, newest period first."""
        ...

    def versions(self, fleet: str, dataset: str, after: str | None = None, limit: int = 100) -> IndexPage:
        """Every version, by name."""
        ...

    def forget(self, entry: IndexedDataset, *, present: bool = False) -> None:
        """Remove a version; the present one of its cell only with `present`. Nothing happens when it is absent."""
        ...


def present_versions(index: DatasetIndex, fleet: str, dataset: str) -> Iterator[IndexedDataset]:
    """The present version of every cell, newest period first; a page is read when its first entry is wanted."""
    page = index.cells(fleet, dataset)
    yield from page.entries
    while page.next is not None:
        page = index.cells(fleet, dataset, page.next)
        yield from page.entries


class Ledger(Protocol):
    """Insert-only, hash-chained rows per model."""

    def append(self, entry: LedgerEntry) -> LedgerRow:
        """Append an entry; an entry whose key exists is not appended again, and its row is returned."""
        ...

    def rows(self, model: str) -> list[LedgerRow]:
        """A model's chain, oldest first."""
        ...

    def chain(self, model: str) -> StoredChain:
        """A model's chain with what is kept beside it, all of one moment; what cannot be read is told, not raised."""
        ...

    def head(self, model: str) -> LedgerHead | None:
        """How far a model's chain has come; `None` where no head can be read."""
        ...

    def hash_at(self, model: str, sequence: int) -> str | None:
        """The hash of one row; `None` where no row can be read."""
        ...


class Anchors(Protocol):
    """Heads of all chains, kept apart from the ledger; what was written once is never changed."""

    def newest(self, limit: int) -> list[KeptAnchor]:
        """The newest anchors, newest first; one whose bytes are none is among them."""
        ...

    def read(self, path: str) -> KeptAnchor | None:
        """One anchor."""
        ...

    def write(self, path: str, anchor: LedgerAnchor) -> KeptAnchor:
        """Write an anchor; the one that is there afterwards, which may be an earlier attempt's."""
        ...
