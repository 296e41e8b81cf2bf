"""What is answered of what was deleted by policy."""

from shared.contracts.base import Contract
from shared.contracts.deliveries import Outcome
from shared.contracts.retention import Expired, RetentionOutcome


class RetentionRun(Contract):
    """One run of the retention.

    Attributes:
        report: Its figures; null when it failed before it had any.
    """

    outcome: Outcome
    reason: str
    report: RetentionOutcome | None


class RetentionRuns(Contract):
    """What was deleted by policy lately, newest first."""

    runs: tuple[RetentionRun, ...]


class RetentionReport(Contract):
    """One run of the retention, in full.

    Attributes:
        summary: The same in a sentence.
        things: Each thing that goes, and why.
    """

    summary: str
    outcome: RetentionOutcome
    things: tuple[Expired, ...]
