"""What is answered to why a model is, or is not, in production: the ledger as a story."""

from typing import Any

from functions.api.answers.ledger import SealedLedger
from shared.contracts.base import Contract, Instant


class StoryStep(Contract):
    """One thing that was done.

    Attributes:
        row: In the ledger.
        by: The orchestration that did it.
        facts: Figures and references.
    """

    row: int
    at: Instant
    what: str
    reason: str
    by: str
    facts: dict[str, Any]


class StoryRun(Contract):
    """The steps of one orchestration.

    Attributes:
        what: How it came out.
        kind: What it was; null while it has not come out.
        rows: Of the ledger.
    """

    by: str
    what: str
    kind: str | None
    at: Instant
    reason: str
    version: str | None
    rows: tuple[int, ...]


class Why(SealedLedger):
    """Why a model is, or is not, in production.

    Attributes:
        summary: The same in a sentence.
        trail: Where the version came from: dataset, raw files, code, pipeline; null while there is none.
        story: What was done, oldest first.
        verified: Whether the ledger is as it was written.
    """

    model: str
    summary: str
    trail: dict[str, Any] | None
    runs: tuple[StoryRun, ...]
    story: tuple[StoryStep, ...]
    verified: bool
