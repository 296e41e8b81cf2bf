"""Callbacks in a table, each until it is done: the one place where their addresses are."""

import logging
from collections.abc import Iterable, Iterator
from typing import Final

from shared.contracts.callbacks import Callback
from shared.errors import PermanentError
from shared.storage.tables import Change, Row, Table, packed, table_key, unpacked

_LOG: Final = logging.getLogger(__name__)
_TABLE: Final = "callbacks"
#: One partition for all: there are as many as activities wait.
_PARTITION: Final = "callback"
#: All keys that `table_key` can make lie between these two.
_FIRST, _END = "-", "\u00ff"


class TableCallbacks:
    """Implements `CallbackStore`.

    Args:
        storage: A connection string, or the blob endpoint's https URL to use the managed identity.
        table: The table's name.
    """

    def __init__(self, storage: str, table: str = _TABLE) -> None:
        self._table = Table(storage, table)

    def add(self, callback: Callback) -> bool:
        """Keep a callback unless it is there; whether it was not."""
        follower = callback.follower
        return self._table.change(_PARTITION, [Change(_key(follower.run, follower.callback), packed(callback))])

    def get(self, run: str, callback: str) -> Callback | None:
        """One of a run."""
        row = self._row(run, callback)
        return unpacked(Callback, row.columns) if row else None

    def replace(self, callback: Callback) -> None:
        """Write over one that is there; nothing happens when it is absent, or somebody else writes it now."""
        follower = callback.follower
        row = self._row(follower.run, follower.callback)
        if row is not None:
            self._table.change(_PARTITION, [Change(row.key, packed(callback), row.etag)])

    def of(self, run: str) -> list[Callback]:
        """All of a run that can be read."""
        start = table_key(run)
        return list(_readable(self._table.between(_PARTITION, f"{start}=3A", f"{start}=3B")))

    def all(self) -> list[Callback]:
        """All that are kept and can be read."""
        return list(_readable(self._table.between(_PARTITION, _FIRST, _END)))

    def remove(self, run: str, callback: str) -> None:
        """Forget one; nothing happens when it is absent."""
        self._table.remove(_PARTITION, _key(run, callback))

    def _row(self, run: str, callback: str) -> Row | None:
        return self._table.get(_PARTITION, _key(run, callback))


def _readable(rows: Iterable[Row]) -> Iterator[Callback]:
    """Callbacks of rows; one that cannot be read, as of another version of the app, keeps no other one from its end."""
    for row in rows:
        try:
            yield unpacked(Callback, row.columns)
        except PermanentError as error:
            _LOG.warning("the callback %s is passed over: %s", row.key, error.message)


def _key(run: str, callback: str) -> str:
    return table_key(f"{run}:{callback}")
