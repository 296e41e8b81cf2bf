"""The index of dataset versions in a table: which version of each cell is the present one, and all that ever were.

Rows of the partition of a fleet's dataset: `cell:DAYS:HASH` is the present version of a cell, under the end of its
period as days that count down, since a table lists by key only; `version:NAME` is a version. One transaction writes
both, so a version that is present is also listed.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Final

from shared.contracts.datasets import DatasetRef, IndexedDataset, IndexPage
from shared.errors import TransientError
from shared.names import content_hash
from shared.storage.tables import Change, Row, Table, packed, table_key, unpacked

_TABLE: Final = "datasets"
_CELLS, _CELLS_END = "cell:", "cell;"
_VERSIONS, _VERSIONS_END = "version:", "version;"
_LAST_DAY: Final = date.max.toordinal()
_TRIES: Final = 20
#: Rows read at once while the newest version is looked for.
_PAGE: Final = 100


class TableDatasetIndex:
    """Published dataset versions; implements `DatasetIndex`.

    Args:
        storage: A connection string, or the blob endpoint's https URL to use the managed identity.
        table: The table's name.
    """

    def __init__(self, storage: str, table: str = _TABLE) -> None:
        self._table = Table(storage, table)

    def put(self, entry: IndexedDataset) -> None:
        """Enter a version. Of its cell it is the present one unless a later arrival has led to another.

        Raises:
            TransientError: Others write the same cell again and again.
        """
        partition = _partition(entry.fleet, entry.dataset.dataset)
        for _ in range(_TRIES):
            changes = self._changes(partition, entry)
            if not changes or self._table.change(partition, changes):
                return
        msg = f"the cell of {entry.dataset.version} was written by others in each of {_TRIES} attempts"
        raise TransientError(msg)

    def get(self, fleet: str, dataset: str, version: str) -> IndexedDataset | None:
        """One version."""
        row = self._table.get(_partition(fleet, dataset), _version_key(version))
        return _entry(row) if row else None

    def newest(
        self, fleet: str, dataset: str, labels: Mapping[str, str], ends_by: date | None = None
    ) -> DatasetRef | None:
        """The present version of the newest period whose cell does not contradict the labels."""
        found: IndexedDataset | None = None
        for entry in self._present(_partition(fleet, dataset), ends_by):
            if found is not None and entry.dataset.ends != found.dataset.ends:
                break
            agrees = all(labels.get(label, value) == value for label, value in entry.dataset.cell.items())
            if agrees and (found is None or entry.at > found.at):
                found = entry
        return found.dataset if found else None

    def cells(self, fleet: str, dataset: str, after: str | None = None, limit: int = 100) -> IndexPage:
        """The present version of each cell, newest period first."""
        return self._page(_partition(fleet, dataset), after or _CELLS, _CELLS_END, limit)

    def versions(self, fleet: str, dataset: str, after: str | None = None, limit: int = 100) -> IndexPage:
        """Every version, by name."""
        return self._page(_partition(fleet, dataset), after or _VERSIONS, _VERSIONS_END, limit)

    def forget(self, entry: IndexedDataset, *, present: bool = False) -> None:
        """Remove a version; the present one of its cell only with `present`. Nothing happens when it is absent."""
        partition, cell = _partition(entry.fleet, entry.dataset.dataset), _cell_key(entry.dataset)
        there = self._table.get(partition, cell)
        if there is not None and _entry(there).dataset.version == entry.dataset.version:
            if not present:
                return
            self._table.remove(partition, cell)
        self._table.remove(partition, _version_key(entry.dataset.version))

    def _changes(self, partition: str, entry: IndexedDataset) -> list[Change]:
        cell, version = _cell_key(entry.dataset), _version_key(entry.dataset.version)
        changes = []
        if self._table.get(partition, version) is None:
            changes.append(Change(version, packed(entry)))
        there = self._table.get(partition, cell)
        if there is None or _follows(entry, _entry(there)):
            changes.append(Change(cell, packed(entry), etag=there.etag if there else None))
        return changes

    def _present(self, partition: str, ends_by: date | None) -> Iterator[IndexedDataset]:
        after: str | None = _CELLS if ends_by is None else _cells_ending(ends_by)
        while after is not None:
            page = self._page(partition, after, _CELLS_END, _PAGE)
            yield from page.entries
            after = page.next

    def _page(self, partition: str, first: str, end: str, limit: int) -> IndexPage:
        rows = self._table.between(partition, first, end, limit + 1)
        following = rows[limit].key if len(rows) > limit else None
        return IndexPage(entries=tuple(_entry(row) for row in rows[:limit]), next=following)


def _follows(entry: IndexedDataset, there: IndexedDataset) -> bool:
    """Whether an entry takes the place of the one that is there; of the same moment the one whose name is greater."""
    return (entry.at, entry.dataset.version) > (there.at, there.dataset.version)


def _partition(fleet: str, dataset: str) -> str:
    return table_key(f"{fleet}/{dataset}")


def _cell_key(dataset: DatasetRef) -> str:
    return f"{_cells_ending(dataset.ends)}:{content_hash(dataset.cell)}"


def _cells_ending(day: date | None) -> str:
    return f"{_CELLS}{_LAST_DAY - (day.toordinal() if day else 0):07}"


def _version_key(version: str) -> str:
    return f"{_VERSIONS}{table_key(version)}"


def _entry(row: Row) -> IndexedDataset:
    return unpacked(IndexedDataset, row.columns)
