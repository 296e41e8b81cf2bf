"""The inbox in a table: every delivery once, by channel and key, and the newest first for a person.

Rows of a channel's partition: `key:HASH` makes a key unique and names the row of its delivery; `at:TIME:HASH` is the
delivery, under a time that counts down, since a table lists by key only. One transaction writes both.
"""

import hashlib
import uuid
from datetime import UTC, datetime, timedelta
from typing import Final, get_args

from shared.contracts.deliveries import Channel, Delivery
from shared.storage.tables import Change, Table, packed, unpacked

_TABLE: Final = "deliveries"
_BODY_LIMIT_BYTES: Final = 16 * 1024
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_END_OF_TIME: Final = 10**17  # microseconds; the year 5138
#: The smallest key after all that begin with `at:`.
_FIRST, _END = "at:", "at;"


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

        The body is cut to 16 KB.
        """
        kept = delivery.model_copy(update={"body": _capped(delivery.body)})
        marker, row = _marker(delivery.key), _row_key(delivery)
        writer = uuid.uuid4().hex
        changes = [Change(marker, {"row": row, "writer": writer}), Change(row, packed(kept))]
        if self._table.change(delivery.channel, changes):
            return True
        # When the answer to our own insert is lost, the SDK's second try finds it there: that is still a first time.
        there = self._table.get(delivery.channel, marker)
        return there is not None and there.columns["writer"] == writer

    def get(self, channel: Channel, key: str) -> Delivery | None:
        """The first delivery of that key."""
        marker = self._table.get(channel, _marker(key))
        row = self._table.get(channel, str(marker.columns["row"])) if marker else None
        return unpacked(Delivery, row.columns) if row else None

    def recent(self, channel: Channel | None = None, limit: int = 100) -> list[Delivery]:
        """Newest first."""
        channels: tuple[Channel, ...] = (channel,) if channel else get_args(Channel)
        rows = [row for one in channels for row in self._table.between(one, _FIRST, _END, limit)]
        newest = sorted(rows, key=lambda row: row.key)[:limit]
        return [unpacked(Delivery, row.columns) for row in newest]


def _capped(body: str) -> str:
    return body.encode(errors="replace")[:_BODY_LIMIT_BYTES].decode(errors="ignore")


def _marker(key: str) -> str:
    return f"key:{hashlib.sha256(key.encode()).hexdigest()}"


def _row_key(delivery: Delivery) -> str:
    age = (delivery.received_at - _EPOCH) // timedelta(microseconds=1)
    unique = hashlib.sha256(f"{delivery.channel}\n{delivery.key}".encode()).hexdigest()[:16]
    return f"at:{_END_OF_TIME - age:018}:{unique}"
