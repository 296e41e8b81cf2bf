"""In vain: how often an item of work failed, kept in the database, so that a restart gives it no further tries."""

import logging
import sqlite3
from collections.abc import Hashable

from local.durable.clock import to_datetime
from local.durable.commits import Commits
from local.durable.errors import StorageError
from local.durable.records import Parked
from local.durable.transaction import Transaction
from local.durable.wire import Message

log = logging.getLogger(__name__)

POISON_LIMIT = 5
"""Times that an item is tried before it is parked."""
HANG_WEIGHT = 3
"""What a lease that ran out counts: two of them are enough, because each costs the worker a thread."""


class Failures:
    """Counts of one lane."""

    def __init__(self, connection: sqlite3.Connection, commits: Commits, lane: str) -> None:
        rows = connection.execute("SELECT item, count FROM failures WHERE lane = ?", (lane,))
        self._counts: dict[str, int] = dict(rows.fetchall())
        self._commits = commits
        self._lane = lane

    def __getitem__(self, key: Hashable) -> int:
        """How often an item failed since it last succeeded."""
        return self._counts.get(str(key), 0) if self._counts else 0

    async def add(self, key: Hashable, reason: str, weight: int = 1) -> int:
        """Count a failure, and give how many there are now."""
        item, count = str(key), self[key] + weight
        self._counts[item] = count
        sql = "INSERT OR REPLACE INTO failures(lane, item, count, reason) VALUES (?, ?, ?, ?)"
        await self._store(lambda tx: tx.run(sql, self._lane, item, count, reason))
        return count

    async def forget(self, key: Hashable) -> None:
        """An item succeeded, or is out of the way."""
        if self._counts and self._counts.pop(str(key), 0):
            sql = "DELETE FROM failures WHERE lane = ? AND item = ?"
            await self._store(lambda tx: tx.run(sql, self._lane, str(key)))

    def absolve(self, key: Hashable) -> None:
        """What an item failed was deleted (see the function `absolve`)."""
        self._counts.pop(str(key), None)

    async def _store(self, change: object) -> None:
        try:
            await self._commits.run(change)  # type: ignore[arg-type] # a change whose result nobody wants
        except StorageError:
            log.debug("A count of failures is kept in memory only, for the storage is in trouble.")


def absolve(tx: Transaction, lane: str, item: str) -> None:
    """Forget the failures of an item that is gone: another that gets its id has all its tries."""
    tx.run("DELETE FROM failures WHERE lane = ? AND item = ?", lane, item)
    tx.wakes.absolved.add((lane, item))


def keep(tx: Transaction, *, lane: str, owner: str, name: str, reason: str, event: Message = None) -> None:
    """Keep what was given up, for a person to look at."""
    encoded = event.SerializeToString() if event is not None else b""
    sql = "INSERT INTO parked(at, lane, owner, name, reason, event) VALUES (?, ?, ?, ?, ?, ?)"
    tx.run(sql, tx.now, lane, owner, name, reason, encoded)


def parked(connection: sqlite3.Connection) -> list[Parked]:
    """All that was given up, the oldest first."""
    rows = connection.execute("SELECT at, lane, owner, name, reason FROM parked ORDER BY seq")
    return [Parked(to_datetime(at), lane, owner, name, reason) for at, lane, owner, name, reason in rows]
