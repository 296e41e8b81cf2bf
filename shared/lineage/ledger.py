"""The arithmetic of the ledger: how a row is chained to the one before it, and what a check of a chain finds.

Each row carries the SHA-256 of its entry, its sequence number and the hash of the row before it. Whoever changes,
removes or swaps rows without making all later ones anew is found out. What a chain cannot show by itself is that its
newest rows are missing, or that it was made anew from some row on: for that it is held against heads that were kept
elsewhere.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from shared.contracts.ledger import LedgerEntry, LedgerHead, LedgerRow

#: `previous` of the first row of a chain.
GENESIS: Final = "0" * 64


@dataclass(frozen=True)
class KnownHead:
    """A head that somebody else than the ledger remembers.

    Attributes:
        by: Who, for a person: `the anchor of 2026-11-21 07:00 UTC`.
    """

    head: LedgerHead
    by: str


@dataclass(frozen=True)
class StoredChain:
    """A model's chain with all that a ledger keeps beside it, read at one moment.

    Attributes:
        rows: What can be read, in the order in which it is stored.
        head: The ledger's own copy of the newest row.
        marks: The sequence number that is marked for each effect, by the effect's `mark`.
        problems: What cannot be read, or is stored where it does not belong; a sentence each.
    """

    rows: Sequence[LedgerRow] = ()
    head: LedgerRow | None = None
    marks: Mapping[str, int] = field(default_factory=dict)
    problems: Sequence[str] = ()


def chain(previous: LedgerRow | None, entry: LedgerEntry) -> LedgerRow:
    """The row that follows `previous`, or the first of a chain."""
    sequence = previous.sequence + 1 if previous else 1
    link = previous.hash if previous else GENESIS
    return LedgerRow(sequence=sequence, previous=link, hash=_hash(sequence, link, entry), entry=entry)


def head_of(row: LedgerRow) -> LedgerHead:
    """What is remembered of a chain whose newest row this is."""
    return LedgerHead(sequence=row.sequence, hash=row.hash)


def mark(key: str) -> str:
    """What stands for an effect's key where keys of any text cannot."""
    return hashlib.sha256(key.encode()).hexdigest()


def check(rows: Iterable[LedgerRow], known: Iterable[KnownHead] = ()) -> list[str]:
    """What is wrong with a model's chain, in the order in which its rows were read.

    Args:
        rows: The whole chain, as stored, oldest first.
        known: Heads of it that were kept elsewhere, at any time.

    Returns:
        One sentence per finding, for a person; empty when the chain is whole.
    """
    findings: list[str] = []
    before: LedgerRow | None = None
    seen: dict[str, int] = {}
    for row in rows:
        findings.extend(_findings(before, row, seen))
        seen.setdefault(row.hash, row.sequence)
        before = row
    last = before.sequence if before else 0
    return findings + [told for one in known if (told := _missed(one, seen, last))]


def check_stored(chain: StoredChain, known: Iterable[KnownHead] = ()) -> list[str]:
    """What is wrong with a chain as it is stored: its rows, and what is kept beside them; as `check`."""
    beside = [] if chain.head is None else [KnownHead(head_of(chain.head), "the ledger's own head")]
    findings = [*chain.problems, *check(chain.rows, [*beside, *known])]
    last = chain.rows[-1] if chain.rows else None
    if last is not None and (chain.head is None or chain.head.sequence < last.sequence):
        end = "is missing" if chain.head is None else f"ends at row {chain.head.sequence}"
        findings.append(f"inserted: there is a row {last.sequence}, and the ledger's own head {end}")
    elif last is not None and chain.head is not None and chain.head.hash == last.hash and chain.head != last:
        findings.append("altered: the ledger's own head is not a copy of its newest row")
    return findings + _check_marks(chain)


def hashed(row: LedgerRow) -> dict[str, Any]:
    """What a row's hash is over: its entry, `previous` and `sequence`, as plain JSON.

    Fields at their default are left out: a field that the contract gains later does not make old rows look altered.
    """
    return _content(row.sequence, row.previous, row.entry)


def _findings(before: LedgerRow | None, row: LedgerRow, seen: Mapping[str, int]) -> list[str]:
    found = []
    expected = before.sequence + 1 if before else 1
    if row.sequence > expected:
        missing = f"row {expected} is" if row.sequence == expected + 1 else f"rows {expected} to {row.sequence - 1} are"
        found.append(f"gap: {missing} missing")
    elif row.sequence < expected:
        found.append(f"reordered: row {row.sequence} comes after row {expected - 1}")
    elif row.previous != (before.hash if before else GENESIS):
        if row.previous in seen:
            found.append(f"fork: row {row.sequence} continues row {seen[row.previous]}, as another row does")
        else:
            found.append(f"altered: row {row.sequence} does not continue the row before it")
    if row.hash != _hash(row.sequence, row.previous, row.entry):
        found.append(f"altered: the content of row {row.sequence} does not match its hash")
    if before is not None and row.entry.model != before.entry.model:
        found.append(f"altered: row {row.sequence} is of {row.entry.model!r}, not of {before.entry.model!r}")
    return found


def _missed(known: KnownHead, seen: Mapping[str, int], last: int) -> str | None:
    """What a head that was kept elsewhere has and the chain has not."""
    head = known.head
    if seen.get(head.hash) == head.sequence:
        return None
    if head.sequence > last:
        ends = f"ends at row {last}" if last else "has no rows"
        return f"cut: {known.by} knows row {head.sequence}, and the chain {ends}"
    return f"rewritten: row {head.sequence} is not the one that {known.by} knows"


def _check_marks(chain: StoredChain) -> list[str]:
    """Effects whose mark is missing could happen again; a mark without its row tells of a row that is gone."""
    wanted = {mark(row.entry.key): row.sequence for row in chain.rows}
    times = Counter(row.entry.key for row in chain.rows)
    twice = [f"inserted: the effect {key} is there {count} times" for key, count in times.items() if count > 1]
    bare = [
        f"altered: the key of row {row.sequence} is not marked, so its effect could be repeated"
        for row in chain.rows
        if mark(row.entry.key) not in chain.marks
    ]
    loose = [
        f"altered: an effect is marked as row {sequence}, and no such row has it"
        for name, sequence in sorted(chain.marks.items(), key=lambda one: one[1])
        if wanted.get(name) != sequence
    ]
    return twice + bare + loose


def _hash(sequence: int, previous: str, entry: LedgerEntry) -> str:
    text = json.dumps(_content(sequence, previous, entry), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _content(sequence: int, previous: str, entry: LedgerEntry) -> dict[str, Any]:
    return {
        "entry": entry.model_dump(mode="json", exclude_defaults=True),
        "previous": previous,
        "sequence": sequence,
    }
