"""The read model in a table: one row per model, never older than what was there."""

from typing import Final

from shared.contracts.read_model import ModelRow
from shared.errors import TransientError
from shared.storage.tables import Change, Table, packed, table_key, unpacked

_TABLE: Final = "models"
#: One partition for all: the fleet is read as a whole, and it is small.
_PARTITION: Final = "model"
#: All keys that `table_key` can make lie between these two.
_FIRST, _END = "-", "\u00ff"
_ATTEMPTS: Final = 20


class TableReadModel:
    """One row per model, for reading; implements `ReadModel`.

    Args:
        storage: A connection string, or the blob endpoint's https URL to use the managed identity.
        table: The table's name.
    """

    def __init__(self, storage: str, table: str = _TABLE) -> None:
        self._table = Table(storage, table)

    def put(self, row: ModelRow) -> bool:
        """Write a row unless a row of the same or a newer revision is there; whether it was written."""
        key = table_key(row.model)
        # The revision has a column of its own, so that a row of an older contract can still be replaced.
        columns = {**packed(row), "revision": f"{row.revision:020}"}
        for _ in range(_ATTEMPTS):
            there = self._table.get(_PARTITION, key)
            if there and int(there.columns["revision"]) >= row.revision:
                return False
            if self._table.change(_PARTITION, [Change(key, columns, etag=there.etag if there else None)]):
                return True
        msg = f"the row of {row.model!r} was written by others in each of {_ATTEMPTS} attempts"
        raise TransientError(msg)

    def get(self, model: str) -> ModelRow | None:
        """One model's row."""
        row = self._table.get(_PARTITION, table_key(model))
        return unpacked(ModelRow, row.columns) if row else None

    def all(self) -> list[ModelRow]:
        """Every model, by name."""
        rows = self._table.between(_PARTITION, _FIRST, _END)
        return sorted((unpacked(ModelRow, row.columns) for row in rows), key=lambda row: row.model)
