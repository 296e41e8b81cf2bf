"""Entries of the ledger: what was done to a model, by which run, and why."""

from typing import Any

from shared.contracts.base import Contract, Instant


class LedgerEntry(Contract):
    """Input of `append_ledger`: one effect that has happened.

    Attributes:
        model: The chain that it belongs to.
        effect: Past tense: `ModelRegistered`, `TrafficShifted`.
        key: Makes the effect unique: a second append with the same key does nothing.
        at: When, by the orchestrator's clock.
        by: The orchestration that did it.
        reason: Why, for a person.
        facts: Figures and references, plain JSON.
    """

    model: str
    effect: str
    key: str
    at: Instant
    by: str
    reason: str
    facts: dict[str, Any] = {}
    trace: str | None = None


class LedgerRow(Contract):
    """An entry in its chain.

    Attributes:
        sequence: From 1, without gaps, per model.
        previous: Hash of the row before; 64 zeros for the first.
        hash: SHA-256 over the entry, its sequence and `previous`.
    """

    sequence: int
    previous: str
    hash: str
    entry: LedgerEntry
