"""The arithmetic of the ledger: how a row is chained to the one before it, and what a check of a chain finds.

Each row carries the SHA-256 of its entry, its sequence number and the hash of the row before it. Whoever changes,
removes or swaps rows without making all later ones anew is found out. What a chain cannot show by itself is that its
newest rows are missing.
"""

import hashlib
import json
from collections.abc import Iterable
from typing import Final

from shared.contracts.ledger import LedgerEntry, LedgerRow

#: `previous` of the first row of a chain.
GENESIS: Final = "0" * 64


def chain(previous: LedgerRow | None, entry: LedgerEntry) -> LedgerRow:
    """The row that follows `previous`, or the first of a chain."""
    sequence = previous.sequence + 1 if previous else 1
    link = previous.hash if previous else GENESIS
    return LedgerRow(sequence=sequence, previous=link, hash=_hash(sequence, link, entry), entry=entry)


def check(rows: Iterable[LedgerRow]) -> list[str]:
    """What is wrong with a model's chain, in the order in which its rows were read.

    Args:
        rows: The whole chain, as stored, oldest first.

    Returns:
        One sentence per finding, for a person; empty when the chain is whole.
    """
    findings: list[str] = []
    before: LedgerRow | None = None
    for row in rows:
        findings.extend(_findings(before, row))
        before = row
    return findings


def _findings(before: LedgerRow | None, row: LedgerRow) -> list[str]:
    found = []
    expected = before.sequence + 1 if before else 1
    if row.sequence > expected:
        missing = f"row {expected} is" if row.sequence == expected + 1 else f"rows {expected} to {row.sequence - 1} are"
        found.append(f"gap: {missing} missing")
    elif row.sequence < expected:
        found.append(f"reordered: row {row.sequence} comes after row {expected - 1}")
    elif row.previous != (before.hash if before else GENESIS):
        found.append(f"altered: row {row.sequence} does not continue the row before it")
    if row.hash != _hash(row.sequence, row.previous, row.entry):
        found.append(f"altered: the content of row {row.sequence} does not match its hash")
    if before is not None and row.entry.model != before.entry.model:
        found.append(f"altered: row {row.sequence} is of {row.entry.model!r}, not of {before.entry.model!r}")
    return found


def _hash(sequence: int, previous: str, entry: LedgerEntry) -> str:
    """Hash of a row's content.

    Fields at their default are left out: a field that the contract gains later does not make old rows look altered.
    """
    content = {
        "entry": entry.model_dump(mode="json", exclude_defaults=True),
        "previous": previous,
        "sequence": sequence,
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
