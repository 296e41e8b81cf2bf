"""Holds by fleet and label in a table: one row per fleet and scope, which the latest order about it replaces.

What was lifted stays, so that an order to hold which comes late does not hold again.
"""

from typing import Final

from shared.contracts.holds import FleetHold, replacing
from shared.errors import TransientError
from shared.storage.tables import Change, Table, packed, table_key, unpacked

_TABLE: Final = "holds"
_FIRST, _END = "scope:", "scope;"
_TRIES: Final = 10


class TableHolds:
    """The holds of fleets; implements `Holds`.

    Args:
        storage: A connection string, or the blob endpoint's https URL to use the managed identity.
        table: The table's name.
    """

    def __init__(self, storage: str, table: str = _TABLE) -> None:
        self._table = Table(storage, table)

    def put(self, order: FleetHold) -> None:
        """Keep the latest order of its fleet and scope; an earlier one changes nothing.

        Raises:
            TransientError: Others order the same scope again and again.
        """
        partition, key = table_key(order.fleet), _FIRST + table_key(order.scope)
        for _ in range(_TRIES):
            there = self._table.get(partition, key)
            latest = replacing(unpacked(FleetHold, there.columns) if there is not None else None, order)
            if latest is None:
                return
            if self._table.change(partition, [Change(key, packed(latest), there.etag if there else None)]):
                return
        msg = f"the holds of {order.scope} were written by others in each of {_TRIES} attempts"
        raise TransientError(msg)

    def of(self, fleet: str) -> list[FleetHold]:
        """The latest order of each scope, lifted or not."""
        rows = self._table.between(table_key(fleet), _FIRST, _END)
        return [unpacked(FleetHold, row.columns) for row in rows]
