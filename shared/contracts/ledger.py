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


class LedgerHead(Contract):
    """How far a chain had come when somebody looked: kept apart from it, it shows that newer rows are missing.

    Attributes:
        sequence: Of its newest row.
        hash: Of that row.
    """

    sequence: int
    hash: str


class AnchorLink(Contract):
    """The anchor before an anchor.

    Attributes:
        path: Its blob, in the container of the anchors.
        sha256: Of that blob's bytes.
    """

    path: str
    sha256: str


class LedgerAnchor(Contract):
    """The heads of all chains at one moment: a blob that is written once.

    Attributes:
        form: Version of this form.
        at: When the heads were read.
        previous: The anchor before; absent in the first.
        heads: By model. Of a chain that does not continue what was anchored before, the head of before: it stays until
            somebody has looked.
        findings: One sentence for each such chain.
    """

    form: int = 1
    at: Instant
    previous: AnchorLink | None = None
    heads: dict[str, LedgerHead]
    findings: tuple[str, ...] = ()


class AnchorLedgersInput(Contract):
    """Input of `anchor_ledgers` and `write_anchor`; `at` names the anchor, so that a repeat finds it written.

    Attributes:
        page: Of the heads that interlocks are told of; those of earlier pages have been told.
    """

    at: Instant
    page: int = 0
    trace: str | None = None


class AdvancedHeadsInput(Contract):
    """Input of `read_advanced_heads`: a page, since the heads of a large fleet do not fit into one payload.

    Attributes:
        path: The anchor.
    """

    path: str
    page: int = 0
    trace: str | None = None


class AdvancedHeads(Contract):
    """Heads that are others than in the anchor before, a page of them.

    Attributes:
        heads: By model.
        more: Whether there is another page.
    """

    heads: dict[str, LedgerHead]
    more: bool


class LedgersAnchored(Contract):
    """Result of `anchor_ledgers`.

    Attributes:
        path: The anchor that was written; absent when no chain had moved since the last one.
        models: How many chains there are.
        findings: How many chains do not continue what was anchored before.
    """

    path: str | None
    models: int
    findings: int
