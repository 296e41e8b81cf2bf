"""Chains for tests, and a ledger in memory that keeps them as the table does."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.contracts.ledger import LedgerEntry, LedgerHead, LedgerRow
from shared.lineage.ledger import StoredChain, chain, head_of, mark

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def entry(number: int = 0, **changes: Any) -> LedgerEntry:
    """The entry of a registration; each number has a key and a time of its own."""
    values: dict[str, Any] = {
        "model": "m",
        "effect": "ModelRegistered",
        "key": f"k{number}",
        "at": AT + timedelta(seconds=number),
        "by": "train-1",
        "reason": "it passed",
        "facts": {"mape": 0.125, "rows": number, "größe": "ü"},
    }
    return LedgerEntry.model_validate(values | changes)


def chained(entries: Sequence[LedgerEntry]) -> list[LedgerRow]:
    """Rows of these entries."""
    rows: list[LedgerRow] = []
    for one in entries:
        rows.append(chain(rows[-1] if rows else None, one))
    return rows


def stored(rows: Sequence[LedgerRow]) -> StoredChain:
    """Rows with all that a ledger keeps beside them."""
    marks = {mark(row.entry.key): row.sequence for row in rows}
    return StoredChain(rows=list(rows), head=rows[-1] if rows else None, marks=marks)


class Ledgers:
    """Chains by model; a `Ledger` that only grows."""

    def __init__(self) -> None:
        self.chains: dict[str, list[LedgerRow]] = {}

    def append(self, entry: LedgerEntry) -> LedgerRow:
        """Once per key."""
        rows = self.chains.setdefault(entry.model, [])
        known = next((row for row in rows if row.entry.key == entry.key), None)
        if known is None:
            known = chain(rows[-1] if rows else None, entry)
            rows.append(known)
        return known

    def rows(self, model: str) -> list[LedgerRow]:
        """Oldest first."""
        return list(self.chains.get(model, ()))

    def chain(self, model: str) -> StoredChain:
        """As the table tells it."""
        return stored(self.rows(model))

    def head(self, model: str) -> LedgerHead | None:
        """Of the newest row."""
        rows = self.rows(model)
        return head_of(rows[-1]) if rows else None

    def hash_at(self, model: str, sequence: int) -> str | None:
        """Of one row."""
        return next((row.hash for row in self.rows(model) if row.sequence == sequence), None)
