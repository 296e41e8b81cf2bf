"""Group commit: the changes of a few passes of the event loop share one transaction, and one wait for the disk."""

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from local.durable.clock import Clock
from local.durable.errors import StorageError
from local.durable.storage import storage_error, telling_trouble
from local.durable.transaction import Transaction, Wakes

log = logging.getLogger(__name__)

FIRST_RETRY, LONGEST_RETRY = 0.05, 5.0
"""Seconds between the tries of a commit that must not be lost; each wait is twice as long as the one before."""

GATHERING_PASSES = 16
"""Passes of the event loop before a commit: 460 commits became 61 for 200 runs of 3 activities, and each costs a wait
for the disk; with nothing else to do, 16 passes take about 0.3 ms (benchmarks/engine)."""

type Change[T] = Callable[[Transaction], T]
type _Pending = tuple[Change[Any], asyncio.Future[Any]]


class Commits:
    """Runs changes. A caller's answer comes after the commit, so what it was told survives a kill."""

    def __init__(self, connection: sqlite3.Connection, clock: Clock, wake: Callable[[Wakes], None], path: Path) -> None:
        self._connection = connection
        self._clock = clock
        self._wake = wake
        self._path = path
        self._pending: list[_Pending] = []
        self._in_trouble = False

    @property
    def idle(self) -> bool:
        """Whether no change waits for its commit."""
        return not self._pending

    def run[T](self, change: Change[T]) -> asyncio.Future[T]:
        """Commit a change and give its result.

        When another change of the same transaction fails, all are rolled back and run again one by one: a change may
        run twice, and fails alone. When the storage fails, all of the transaction fail with a StorageError.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._pending.append((change, future))
        if len(self._pending) == 1:
            loop.call_soon(self._gather, GATHERING_PASSES)
        return future

    async def persist[T](self, change: Change[T]) -> T:
        """Commit a change, and when the storage does not take it, try again until it does.

        For what was worked out and would be worked out again: an activity's effect must not be repeated for every try.
        """
        wait = FIRST_RETRY
        while True:
            try:
                return await self.run(change)
            except StorageError:
                await asyncio.sleep(wait)
                wait = min(2 * wait, LONGEST_RETRY)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The connection for a read outside of a change; trouble with the storage is logged, and is a StorageError."""
        try:
            with telling_trouble(self._path):
                yield self._connection
        except StorageError as trouble:
            self._tell_of(trouble)
            raise

    async def flushed(self) -> None:
        """Wait until all that was asked for is committed."""
        await asyncio.gather(*(future for _, future in self._pending), return_exceptions=True)

    def _gather(self, passes: int) -> None:
        """Let the loop pass a few times, so that what threads and calls are about to bring in joins the group."""
        if passes:
            asyncio.get_running_loop().call_soon(self._gather, passes - 1)
        else:
            self._flush()

    def _flush(self) -> None:
        batch, self._pending = self._pending, []
        try:
            self._commit(batch)
        except Exception as error:  # noqa: BLE001 - any change's error goes to the caller that asked for it
            self._refuse(batch, error)
            self._wake(Wakes())  # nothing is ready, but whoever waits until all is idle may have waited for this

    def _refuse(self, batch: list[_Pending], error: Exception) -> None:
        if trouble := storage_error(error, self._path):
            self._tell_of(trouble)
            for _, future in batch:
                _fail(future, StorageError(str(trouble), full=trouble.full))
        elif len(batch) == 1:
            _fail(batch[0][1], error)
        else:
            log.debug("A change failed; %d changes are committed one by one.", len(batch))
            self._commit_singly(batch)

    def _commit_singly(self, batch: list[_Pending]) -> None:
        for single in batch:
            try:
                self._commit([single])
            except Exception as error:  # noqa: BLE001 - as in _flush
                if trouble := storage_error(error, self._path):
                    self._tell_of(trouble)
                _fail(single[1], trouble or error)

    def _commit(self, batch: list[_Pending]) -> None:
        transaction = Transaction(self._connection, self._clock.now())
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            results = [change(transaction) for change, _ in batch]
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:  # a full disk makes SQLite roll back by itself
                self._connection.execute("ROLLBACK")
            raise
        if self._in_trouble:
            self._in_trouble = False
            log.warning("The durable database %s takes data again.", self._path)
        for (_, future), result in zip(batch, results, strict=True):
            if not future.cancelled():
                future.set_result(result)
        self._wake(transaction.wakes)

    def _tell_of(self, trouble: StorageError) -> None:
        # Once: everything that runs meets the same trouble, again and again.
        log.log(logging.DEBUG if self._in_trouble else logging.ERROR, "%s", trouble)
        self._in_trouble = True


def _fail(future: asyncio.Future[Any], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
