"""What is answered of ledgers and their anchors: rows, and whether they are as they were written."""

from pydantic import Field

from shared.contracts.base import Contract, Instant
from shared.contracts.ledger import AnchorLink, LedgerHead, LedgerRow


class AnchoredHead(LedgerHead):
    """How far a ledger had come when somebody else wrote it down.

    Attributes:
        by: Who did.
    """

    by: str


class SealedLedger(Contract):
    """Whether a ledger is as it was written.

    Attributes:
        head: Its newest row.
        anchored: The newest row that is known apart from the ledger.
        findings: What is wrong, in sentences; empty when nothing is.
    """

    head: LedgerHead | None
    anchored: AnchoredHead | None
    findings: tuple[str, ...]


class LedgerRows(SealedLedger):
    """A model's ledger, oldest row first."""

    rows: tuple[LedgerRow, ...]


class CheckedLedger(SealedLedger):
    """One ledger that was checked.

    Attributes:
        rows: How many it has.
    """

    model: str
    rows: int


class VerifiedLedger(CheckedLedger):
    """One ledger, held against itself, the anchors, and what the model remembers of it.

    Attributes:
        anchors: What is wrong with the anchors themselves.
    """

    anchors: tuple[str, ...]


class VerifiedLedgers(Contract):
    """A page of ledgers that were checked.

    Attributes:
        anchors: What is wrong with the anchors themselves.
        next: What to give as `after` for the next page; null at the end.
    """

    models: tuple[CheckedLedger, ...]
    anchors: tuple[str, ...]
    next: str | None


class KeptAnchor(Contract):
    """The heads of all ledgers at one moment; those that cannot be read have a path and a hash alone."""

    path: str
    sha256: str
    form: int = 1
    at: Instant | None = None
    previous: AnchorLink | None = None
    heads: dict[str, LedgerHead] = Field(default={})
    findings: tuple[str, ...] = ()


class Anchors(Contract):
    """The newest anchors, newest first.

    Attributes:
        findings: What is wrong with them.
    """

    anchors: tuple[KeptAnchor, ...]
    findings: tuple[str, ...]
