"""Storage in memory: containers of blobs, the index of datasets, the inbox. As the real ones, but for one process."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime

from shared.contracts.conditioning import BlobArrival, BlobPlace
from shared.contracts.datasets import DatasetRef, IndexedDataset, IndexPage
from shared.contracts.deliveries import UNUSABLE, Channel, Delivery
from shared.errors import PermanentError


class Blobs:
    """A container; a `BlobStore`."""

    def __init__(self, container: str) -> None:
        self._container = container
        self._content: dict[str, bytes] = {}
        self._at: dict[str, datetime] = {}
        self._staged: dict[str, dict[str, bytes]] = {}
        self._runs: dict[str, str] = {}
        self.listed: list[str] = []
        self.written: list[str] = []

    def land(self, path: str, content: str | bytes, at: datetime = datetime(2013, 1, 1, tzinfo=UTC)) -> BlobArrival:
        """A file lands; its arrival."""
        self._content[path] = content.encode() if isinstance(content, str) else content
        self._at[path] = at
        return self._arrival(path)

    def list(self, prefix: str) -> list[BlobArrival]:
        """Blobs under a prefix, by path."""
        self.listed.append(prefix)
        return [self._arrival(path) for path in sorted(self._content) if path.startswith(prefix)]

    def locate(self, path: str, etag: str) -> BlobPlace:
        """An address; the version is absent of what was replaced since."""
        same = path in self._content and self._arrival(path).etag == etag
        return BlobPlace(url=f"https://account/{self._container}/{path}", version=f"of {etag}" if same else None)

    def read(self, path: str, etag: str | None = None) -> bytes:
        """A blob's bytes, if it is still that one."""
        if path not in self._content:
            raise PermanentError("BlobNotFound", path)
        if etag not in (None, self._arrival(path).etag):
            raise PermanentError("BlobChanged", path)
        return self._content[path]

    def write(self, path: str, content: bytes, *, content_type: str = "application/octet-stream") -> None:
        """Write or replace a blob."""
        self.written.append(path)
        self.land(path, content)

    def write_once(self, path: str, content: bytes, *, content_type: str = "application/octet-stream") -> bool:
        """Write a blob unless one is there."""
        if path in self._content:
            return False
        self.write(path, content)
        return True

    def read_tagged(self, path: str) -> tuple[bytes, str]:
        """A blob's bytes and its ETag."""
        return self.read(path), self._arrival(path).etag

    def replace(self, path: str, content: bytes, etag: str, *, content_type: str = "application/octet-stream") -> bool:
        """Write over a blob if it is still that one."""
        if path not in self._content or self._arrival(path).etag != etag:
            return False
        self.write(path, content)
        return True

    def read_range(self, path: str, offset: int, length: int, etag: str | None = None) -> bytes:
        """Some of a blob's bytes, if it is still that one."""
        return self.read(path, etag)[offset : offset + length]

    def stage(self, path: str, block: str, content: bytes) -> None:
        """Keep a block."""
        self._staged.setdefault(path, {})[block] = content

    def commit(self, path: str, blocks: Sequence[str], *, run: str, content_type: str) -> bool:
        """Make a blob of blocks unless one is there; whether the one there is this run's."""
        if path not in self._content:
            staged = self._staged.pop(path, {})
            if not set(blocks) <= set(staged):
                raise PermanentError("BlocksLost", path)
            self._runs[path] = run
            self.write(path, b"".join(staged[block] for block in blocks))
        return self._runs.get(path) == run

    def delete(self, path: str) -> None:
        """Remove a blob."""
        self._content.pop(path, None)

    def forget_blocks(self, path: str) -> None:
        """What was staged for a blob expires."""
        self._staged.pop(path, None)

    def _arrival(self, path: str) -> BlobArrival:
        content = self._content[path]
        etag = hashlib.sha256(content + str(self._at[path]).encode()).hexdigest()[:8]
        return BlobArrival(container=self._container, path=path, etag=etag, size=len(content), at=self._at[path])


class Index:
    """Published versions; a `DatasetIndex`."""

    def __init__(self) -> None:
        self._versions: dict[tuple[str, str, str], IndexedDataset] = {}
        self._present: dict[tuple[str, str, frozenset[tuple[str, str]]], IndexedDataset] = {}

    def put(self, entry: IndexedDataset) -> None:
        """Enter a version; of its cell the latest is the present one."""
        ref = entry.dataset
        self._versions.setdefault((entry.fleet, ref.dataset, ref.version), entry)
        cell = (entry.fleet, ref.dataset, frozenset(ref.cell.items()))
        if cell not in self._present or self._present[cell].at < entry.at:
            self._present[cell] = entry

    def get(self, fleet: str, dataset: str, version: str) -> IndexedDataset | None:
        """What is known under that key."""
        return self._versions.get((fleet, dataset, version))

    def newest(
        self, fleet: str, dataset: str, labels: Mapping[str, str], ends_by: date | None = None
    ) -> DatasetRef | None:
        """The present version of the newest period that agrees with the labels."""
        found = [
            entry
            for entry in self._of(self._present, fleet, dataset)
            if all(labels.get(label, value) == value for label, value in entry.dataset.cell.items())
            and (ends_by is None or entry.dataset.ends is None or entry.dataset.ends <= ends_by)
        ]
        newest = max(found, key=lambda entry: (entry.dataset.ends or date.min, entry.at), default=None)
        return newest.dataset if newest else None

    def cells(self, fleet: str, dataset: str, after: str | None = None, limit: int = 100) -> IndexPage:
        """All present versions, on one page."""
        return IndexPage(entries=tuple(self._of(self._present, fleet, dataset)))

    def versions(self, fleet: str, dataset: str, after: str | None = None, limit: int = 100) -> IndexPage:
        """All versions, on one page."""
        return IndexPage(entries=tuple(self._of(self._versions, fleet, dataset)))

    def forget(self, entry: IndexedDataset, *, present: bool = False) -> None:
        """Remove a version."""
        self._versions.pop((entry.fleet, entry.dataset.dataset, entry.dataset.version), None)

    @staticmethod
    def _of[K](entries: dict[K, IndexedDataset], fleet: str, dataset: str) -> list[IndexedDataset]:
        return [entry for entry in entries.values() if (entry.fleet, entry.dataset.dataset) == (fleet, dataset)]


class Deliveries:
    """What came in; an `Inbox`."""

    def __init__(self) -> None:
        self.kept: dict[tuple[Channel, str], Delivery] = {}

    def record(self, delivery: Delivery) -> bool:
        """Keep the first delivery of a key."""
        new = (delivery.channel, delivery.key) not in self.kept
        self.kept.setdefault((delivery.channel, delivery.key), delivery)
        return new

    def conclude(self, delivery: Delivery) -> None:
        """Keep the last delivery of a key."""
        self.kept[delivery.channel, delivery.key] = delivery

    def outcomes(self, channel: Channel) -> dict[str, str]:
        """Every key with its outcome."""
        return {key: one.outcome for (of, key), one in self.kept.items() if of == channel}

    def get(self, channel: Channel, key: str) -> Delivery | None:
        """What is known under that key."""
        return self.kept.get((channel, key))

    def recent(self, channel: Channel | None = None, limit: int = 100) -> list[Delivery]:
        """Oldest first, so that a test reads it as it happened."""
        return [one for (of, _), one in self.kept.items() if channel in (None, of)][-limit:]

    def unusable(self, limit: int = 1000) -> list[Delivery]:
        """What could not be used, likewise."""
        return [one for one in self.kept.values() if one.outcome in UNUSABLE][-limit:]
