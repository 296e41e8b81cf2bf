"""The read model in a table: one row per model, never older than what was there."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from pydantic import ValidationError

from shared.contracts.read_model import ModelRow
from shared.errors import TransientError
from shared.storage.tables import Change, Row, Table, packed, table_key, unpacked

_TABLE: Final = "models"
#: One partition for all: the fleet is read as a whole, and it is small.
_PARTITION: Final = "model"
#: All keys that `table_key` can make lie between these two.
_FIRST, _END = "-", "\u00ff"
_ATTEMPTS: Final = 20
_UNTOLD: Final = datetime.min.replace(tzinfo=UTC)
#: Columns of the row in brief; one that needs more of them is read as a whole.
_BRIEF: Final = "brief{:02}"
_BRIEF_COLUMNS: Final = tuple(_BRIEF.format(number) for number in range(2))
#: Rows without a brief that are read one by one; where there are more, all rows are read as a whole, at once.
_ONE_BY_ONE: Final = 5


class TableReadModel:
    """One row per model, for reading; implements `ReadModel`.

    Args:
        storage: A connection string, or the blob endpoint's https URL to use the managed identity.
        table: The table's name.
    """

    def __init__(self, storage: str, table: str = _TABLE) -> None:
        self._table = Table(storage, table)

    def put(self, row: ModelRow) -> bool:
        """Write a row unless one as new or newer is there, by its birth and its revision; whether it was written."""
        key = table_key(row.model)
        # What a row's age is known by has columns of its own, so that a row of an older contract can still be replaced.
        age = {"revision": f"{row.revision:020}", "born": row.born.astimezone(UTC).isoformat() if row.born else ""}
        columns = {**packed(row), **packed(row.brief(), _BRIEF, short=True), **age}
        for _ in range(_ATTEMPTS):
            there = self._table.get(_PARTITION, key)
            if there and _age(there.columns) >= _age(columns):
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

    def briefs(self) -> list[ModelRow]:
        """Every model in brief, by name; a row of before there were briefs is read as a whole."""
        rows = self._table.between(_PARTITION, _FIRST, _END, columns=_BRIEF_COLUMNS)
        found = [_in_brief(row) for row in rows]
        without = [row.key for row, brief in zip(rows, found, strict=True) if brief is None]
        if len(without) > _ONE_BY_ONE:  # as after an update of the app: a read for each would take minutes
            return [row.brief() for row in self.all()]
        found += [self._whole(key) for key in without]
        return sorted((row for row in found if row is not None), key=lambda row: row.model)

    def _whole(self, key: str) -> ModelRow | None:
        """A row that may have been removed meanwhile."""
        row = self._table.get(_PARTITION, key)
        return unpacked(ModelRow, row.columns).brief() if row else None


def _age(columns: Mapping[str, Any]) -> tuple[datetime, int]:
    """When the counting of revisions began, and how far it is; a row of before it was said counts as the oldest."""
    born = columns.get("born")
    return datetime.fromisoformat(born) if born else _UNTOLD, int(columns["revision"])


def _in_brief(row: Row) -> ModelRow | None:
    """`None` where there is no brief, or none that is whole. A thousand are read at once, so it is done quickly."""
    text = "".join(str(row.columns.get(name) or "") for name in _BRIEF_COLUMNS)
    try:
        return ModelRow.model_validate_json(text)
    except ValidationError:
        return None
