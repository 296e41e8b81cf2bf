"""The ledger in a table: one partition per model, insert-only, each effect once.

Rows of a partition: the chain under its 12-digit sequence number; `key:HASH` per effect key, which makes the key unique
and tells its sequence number; `head`, a copy of the newest row. One transaction writes all three, so a row cannot exist
without its marker, and two writers cannot both append: one of them finds the head changed and looks again.
"""

import random
import time
from typing import Final

from shared.contracts.ledger import LedgerEntry, LedgerHead, LedgerRow
from shared.errors import PermanentError, TransientError
from shared.lineage.ledger import StoredChain, chain, head_of, mark
from shared.storage.tables import Change, Row, Table, packed, table_key, unpacked

_TABLE: Final = "ledger"
_HEAD: Final = "head"
#: Digits only lie between these two keys: the chain without markers and head.
_FIRST, _END = "0", ":"
#: All keys of a partition lie between these two: digits, `head`, `key:`.
_ALL_END: Final = "l"
_KEY: Final = "key:"
#: Times that a chain is read again because somebody appended to it meanwhile.
_LOOKS: Final = 5
_ATTEMPTS: Final = 40
_BACKOFF_SECONDS: Final = 0.05


class TableLedger:
    """Insert-only, hash-chained rows per model; implements `Ledger`.

    Args:
        storage: A connection string, or the blob endpoint's https URL to use the managed identity.
        table: The table's name.
    """

    def __init__(self, storage: str, table: str = _TABLE) -> None:
        self._table = Table(storage, table)

    def append(self, entry: LedgerEntry) -> LedgerRow:
        """Append an entry; an entry whose key exists is not appended again, and its row is returned.

        Raises:
            TransientError: Too many others wrote to the same model's chain at the same time.
        """
        partition, marker = table_key(entry.model), _marker(entry.key)
        for attempt in range(_ATTEMPTS):
            head = self._table.get(partition, _HEAD)
            row = chain(unpacked(LedgerRow, head.columns) if head else None, entry)
            if self._table.change(partition, _changes(row, marker, head)):
                return row
            known = self._known(partition, marker)
            if known:
                return known
            # Whoever lost the race looks again at a time of its own, so that the same two do not meet for ever.
            time.sleep(random.uniform(0, _BACKOFF_SECONDS * min(attempt + 1, 4)))  # noqa: S311 - no secret depends on it
        msg = f"the ledger of {entry.model!r} was written by others in each of {_ATTEMPTS} attempts to append to it"
        raise TransientError(msg)

    def rows(self, model: str) -> list[LedgerRow]:
        """A model's chain, oldest first."""
        return [unpacked(LedgerRow, row.columns) for row in self._table.between(table_key(model), _FIRST, _END)]

    def chain(self, model: str) -> StoredChain:
        """A model's chain with what is kept beside it, all of one moment; what cannot be read is told, not raised.

        Raises:
            TransientError: Others append to it all the time.
        """
        partition = table_key(model)
        for _ in range(_LOOKS):
            before = self._table.get(partition, _HEAD)
            found = {row.key: row for row in self._table.between(partition, _FIRST, _ALL_END)}
            # Asked once more: a long chain comes in pages, and the head stands in one that is read before the last.
            after = self._table.get(partition, _HEAD)
            if (before.etag if before else None) == (after.etag if after else None):
                return _stored(found)
        msg = f"the ledger of {model!r} was written by others each of {_LOOKS} times that it was read"
        raise TransientError(msg)

    def head(self, model: str) -> LedgerHead | None:
        """How far a model's chain has come; `None` where no head can be read."""
        row = self._read(model, _HEAD)
        return head_of(row) if row else None

    def hash_at(self, model: str, sequence: int) -> str | None:
        """The hash of one row; `None` where no row can be read."""
        row = self._read(model, _row_key(sequence))
        return row.hash if row else None

    def _read(self, model: str, key: str) -> LedgerRow | None:
        found = self._table.get(table_key(model), key)
        try:
            return unpacked(LedgerRow, found.columns) if found else None
        except PermanentError:  # `chain` tells what is wrong with it
            return None

    def _known(self, partition: str, marker: str) -> LedgerRow | None:
        found = self._table.get(partition, marker)
        if found is None:
            return None
        key = str(found.columns["row"])
        row = self._table.get(partition, key)
        if row is None:
            msg = f"row {key} of the ledger partition {partition} is gone, but its effect key is still marked"
            raise PermanentError("LedgerRowMissing", msg)
        return unpacked(LedgerRow, row.columns)


def _changes(row: LedgerRow, marker: str, head: Row | None) -> list[Change]:
    key, columns = _row_key(row.sequence), packed(row)
    return [
        Change(marker, {"row": key}),
        Change(key, columns),
        Change(_HEAD, columns, etag=head.etag if head else None),
    ]


def _marker(key: str) -> str:
    return f"{_KEY}{mark(key)}"


def _row_key(sequence: int) -> str:
    return f"{sequence:012}"


def _stored(found: dict[str, Row]) -> StoredChain:
    """What the rows of a partition say."""
    rows: list[LedgerRow] = []
    marks: dict[str, int] = {}
    problems: list[str] = []
    head: LedgerRow | None = None
    for key in sorted(found):
        if key.startswith(_KEY):
            told = str(found[key].columns.get("row", ""))
            marks[key.removeprefix(_KEY)] = int(told) if told.isdecimal() else 0
            continue
        try:
            row = unpacked(LedgerRow, found[key].columns)
        except PermanentError as error:
            problems.append(f"altered: row {key} of the table cannot be read: {error.message.splitlines()[0]}")
            continue
        if key == _HEAD:
            head = row
            continue
        if key != _row_key(row.sequence):
            problems.append(f"moved: row {row.sequence} is stored as {key}")
        rows.append(row)
    return StoredChain(rows=rows, head=head, marks=marks, problems=problems)
