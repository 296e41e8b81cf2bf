"""The inbox in a table: every delivery once, by channel and key, and the newest first for a person.

Rows of a channel's partition: `key:HASH` makes a key unique, tells its outcome and names the row of its delivery;
`at:TIME:HASH` is the delivery, under a time that counts down, since a table lists by key only. One transaction writes
both. What replaces a delivery is a row of its own: the one before stays in the listing.

`unusable:HASH` is the last delivery about a subject that could not be used, without its body. The transaction of the
next one about that subject that can be used removes it, so what waits for a person is read without a search.
"""

import hashlib
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from shared.contracts.deliveries import CHANNELS, UNUSABLE, Channel, Delivery
from shared.errors import TransientError
from shared.storage.tables import Change, Columns, Row, Table, packed, unpacked

_TABLE: Final = "deliveries"
_BODY_LIMIT_BYTES: Final = 16 * 1024
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_END_OF_TIME: Final = 10**17  # microseconds; the year 5138
#: The smallest key after all that begin with `at:`.
_FIRST, _END = "at:", "at;"
_FIRST_KEY, _END_KEY = "key:", "key;"
_FIRST_UNUSABLE, _END_UNUSABLE = "unusable:", "unusable;"
_TRIES: Final = 5
#: All channels but `starts`, which tells a person nothing.
_TOLD: Final = tuple(one for one in CHANNELS if one != "starts")


class TableInbox:
    """The record of deliveries, by channel and key; implements `Inbox`.

    Args:
        storage: A connection string, or the blob endpoint's https URL to use the managed identity.
        table: The table's name.
    """

    def __init__(self, storage: str, table: str = _TABLE) -> None:
        self._table = Table(storage, table)

    def record(self, delivery: Delivery) -> bool:
        """Keep a delivery; `False` when one of that channel and key is there (the first one stays).

        One that was ignored is replaced: the fleet file may want now what it did not want then. The body is cut to
        16 KB.
        """
        writer = uuid.uuid4().hex
        if self._insert(delivery, writer):
            return True
        # When the answer to our own insert is lost, the SDK's second try finds it there: that is still a first time.
        there = self._table.get(delivery.channel, _marker(delivery.key))
        if there is None or there.columns["writer"] == writer:
            return there is not None
        return there.columns["outcome"] == "ignored" and self._replace(delivery, there)

    def conclude(self, delivery: Delivery) -> None:
        """Keep how something ended, in place of what was known of that channel and key before.

        Raises:
            TransientError: Somebody else writes the same key again and again.
        """
        for _ in range(_TRIES):
            there = self._table.get(delivery.channel, _marker(delivery.key))
            if there is None:
                done = self._insert(delivery, uuid.uuid4().hex)
            else:
                done = there.columns["row"] == _row_key(delivery) or self._replace(delivery, there)
            if done:
                return
        msg = f"the delivery {delivery.key!r} is written by somebody else at the same time"
        raise TransientError(msg)

    def outcomes(self, channel: Channel) -> dict[str, str]:
        """Every key of a channel with its outcome."""
        markers = self._table.between(channel, _FIRST_KEY, _END_KEY)
        return {str(marker.columns["key"]): str(marker.columns["outcome"]) for marker in markers}

    def get(self, channel: Channel, key: str) -> Delivery | None:
        """The first delivery of that key."""
        marker = self._table.get(channel, _marker(key))
        row = self._table.get(channel, str(marker.columns["row"])) if marker else None
        return unpacked(Delivery, row.columns) if row else None

    def recent(self, channel: Channel | None = None, limit: int = 100) -> list[Delivery]:
        """Newest first: of a channel, or of all that tell a person something."""
        channels = (channel,) if channel else _TOLD
        rows = [row for one in channels for row in self._table.between(one, _FIRST, _END, limit)]
        newest = sorted(rows, key=lambda row: row.key)[:limit]
        return [unpacked(Delivery, row.columns) for row in newest]

    def unusable(self, limit: int = 1000) -> list[Delivery]:
        """What could not be used and has not come again since, newest first; of each subject the last, without body.

        Of a channel of which more than `limit` wait, some are left out, whichever they are.
        """
        rows = [row for one in _TOLD for row in self._table.between(one, _FIRST_UNUSABLE, _END_UNUSABLE, limit)]
        found = (unpacked(Delivery, row.columns) for row in rows)
        return sorted(found, key=lambda one: one.received_at, reverse=True)[:limit]

    def _insert(self, delivery: Delivery, writer: str) -> bool:
        row = _row_key(delivery)
        changes = [Change(_marker(delivery.key), _columns(delivery, writer)), Change(row, packed(_kept(delivery)))]
        return self._write(delivery, changes)

    def _replace(self, delivery: Delivery, there: Row) -> bool:
        marker = Change(there.key, _columns(delivery, uuid.uuid4().hex), there.etag)
        return self._write(delivery, [marker, Change(_row_key(delivery), packed(_kept(delivery)))])

    def _write(self, delivery: Delivery, changes: Sequence[Change]) -> bool:
        """Write a delivery, and what that means for its subject; `False` when somebody else has written its key.

        Raises:
            TransientError: Somebody else writes about the same subject again and again.
        """
        subject = self._subject(delivery)
        for _ in range(_TRIES):
            if self._table.change(delivery.channel, [*changes, *subject]):
                return True
            before, subject = subject, self._subject(delivery)
            if subject == before:
                return False
        msg = f"what is told of {delivery.subject!r} is written by others at the same time"
        raise TransientError(msg)

    def _subject(self, delivery: Delivery) -> list[Change]:
        """What a delivery changes in what waits for a person; one that is older than what waits changes nothing."""
        if delivery.channel not in _TOLD:
            return []
        key = f"{_FIRST_UNUSABLE}{hashlib.sha256(delivery.subject.encode(errors='replace')).hexdigest()}"
        there = self._table.get(delivery.channel, key)
        if there is not None and unpacked(Delivery, there.columns).received_at >= delivery.received_at:
            return []
        if delivery.outcome in UNUSABLE:
            kept = packed(delivery.model_copy(update={"body": ""}))
            return [Change(key, kept, there.etag if there is not None else None)]
        return [Change(key, None, there.etag)] if there is not None else []


def _columns(delivery: Delivery, writer: str) -> Columns:
    return {"row": _row_key(delivery), "writer": writer, "key": delivery.key, "outcome": delivery.outcome}


def _kept(delivery: Delivery) -> Delivery:
    return delivery.model_copy(update={"body": _capped(delivery.body)})


def _capped(body: str) -> str:
    return body.encode(errors="replace")[:_BODY_LIMIT_BYTES].decode(errors="ignore")


def _marker(key: str) -> str:
    return f"key:{hashlib.sha256(key.encode()).hexdigest()}"


def _row_key(delivery: Delivery) -> str:
    age = (delivery.received_at - _EPOCH) // timedelta(microseconds=1)
    unique = hashlib.sha256(f"{delivery.channel}\n{delivery.key}".encode()).hexdigest()[:16]
    return f"at:{_END_OF_TIME - age:018}:{unique}"
