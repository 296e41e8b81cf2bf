"""Runs of fleets: a row each in a table, and their documents as JSON in the data container."""

import json
from datetime import UTC, datetime
from typing import Final

from pydantic import ValidationError

from shared.contracts.base import Contract
from shared.contracts.fleet_runs import RunRow
from shared.errors import PermanentError, TransientError
from shared.storage.base import BlobStore
from shared.storage.tables import Change, Row, Table, packed, table_key, unpacked

_TABLE: Final = "runs"
#: One partition for all: a fleet runs a few times a week, and retention takes old runs away.
_PARTITION: Final = "run"
#: All keys that `table_key` can make lie between these two.
_FIRST, _END = "-", "\u00ff"
_ATTEMPTS: Final = 20
_JSON: Final = "application/json"


class StoredRuns:
    """Implements `Runs`.

    Args:
        storage: A connection string, or the blob endpoint's https URL to use the managed identity.
        documents: Where the documents are kept.
        table: The table's name.
    """

    def __init__(self, storage: str, documents: BlobStore, table: str = _TABLE) -> None:
        self._table = Table(storage, table)
        self._documents = documents

    def put(self, row: RunRow) -> bool:
        """Write a row unless one is there that has ended or is newer; whether it was written."""
        key = table_key(row.run)
        for _ in range(_ATTEMPTS):
            there = self._table.get(_PARTITION, key)
            if there and _stays(there, row):
                return False
            change = Change(key, {**packed(row), **_order(row)}, etag=there.etag if there else None)
            if self._table.change(_PARTITION, [change]):
                return True
        msg = f"the row of the run {row.run!r} was written by others in each of {_ATTEMPTS} attempts"
        raise TransientError(msg)

    def get(self, run: str) -> RunRow | None:
        """One run."""
        row = self._table.get(_PARTITION, table_key(run))
        return unpacked(RunRow, row.columns) if row else None

    def recent(self, limit: int = 100) -> list[RunRow]:
        """Newest first."""
        rows = self._table.between(_PARTITION, _FIRST, _END)
        newest = sorted(rows, key=lambda row: str(row.columns["started"]), reverse=True)[:limit]
        return [unpacked(RunRow, row.columns) for row in newest]

    def keep[D: Contract](self, path: str, document: D) -> D:
        """Write a document once; the one that is there afterwards, which may be somebody else's."""
        if self._documents.write_once(path, _json(document), content_type=_JSON):
            return document
        return self.read(path, type(document)) or document

    def replace(self, path: str, document: Contract) -> None:
        """Write a document in place of the one before."""
        self._documents.write(path, _json(document), content_type=_JSON)

    def read[D: Contract](self, path: str, kind: type[D]) -> D | None:
        """A document, or `None`.

        Raises:
            PermanentError: `DocumentUnreadable`: somebody else wrote it, or its contract has changed incompatibly.
        """
        try:
            content = self._documents.read(path)
        except PermanentError as error:
            if error.code != "BlobNotFound":
                raise
            return None
        try:
            return kind.model_validate_json(content)
        except ValidationError as error:
            raise PermanentError("DocumentUnreadable", f"{path} is no {kind.__name__}: {error}") from error

    def forget(self, run: str, folder: str) -> None:
        """Remove a run's documents, all in one folder, and then its row; nothing happens when they are absent."""
        for document in self._documents.list(folder):
            self._documents.delete(document.path)
        self._table.remove(_PARTITION, table_key(run))


def _order(row: RunRow) -> dict[str, str | int]:
    """Columns of their own, so that a row of an older contract can still be compared."""
    return {
        "started": _sortable(row.started_at),
        "updated": _sortable(row.updated_at),
        "ended": int(row.ended_at is not None),
    }


def _stays(there: Row, row: RunRow) -> bool:
    return bool(there.columns["ended"]) or str(there.columns["updated"]) > _sortable(row.updated_at)


def _sortable(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _json(document: Contract) -> bytes:
    return json.dumps(document.to_wire(), indent=1, ensure_ascii=False).encode()
