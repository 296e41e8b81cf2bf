"""What is remembered of versions, of requests, and of events that nobody could use."""

from typing import Any, Literal

from shared.contracts.base import Contract, Instant
from shared.contracts.datasets import DatasetRef
from shared.contracts.evaluation import Evaluation, Verdict
from shared.contracts.release import Serving


class Candidate(Contract):
    """A version that may be released: needs a verdict and a registration.

    Attributes:
        registered: Whether the registry has told of it; only that can start a release.
        verdict: Absent while nobody has evaluated it.
        released: `None` while undecided.
        trace: Traceparent of what led to it, so that the release goes on in the trace of the file that arrived.
    """

    version: str
    registered: bool = False
    verdict: Verdict | None = None
    evaluation: Evaluation | None = None
    attempt: int | None = None
    dataset: DatasetRef | None = None
    released: bool | None = None
    trace: str | None = None

    @property
    def summary(self) -> str:
        """How far it came: `rejected`, `registered`, `released` or `release_failed`."""
        if self.verdict is None or not self.verdict.passed:
            return "rejected"
        return {None: "registered", True: "released", False: "release_failed"}[self.released]

    @property
    def ready(self) -> bool:
        """Whether a release may start."""
        return self.registered and self.verdict is not None and self.verdict.passed and self.released is None


class Request(Contract):
    """A training or scoring that somebody asked for.

    Attributes:
        attempt: What answers it; absent while it waits for another run to end.
        outcome: How it ended; absent while it is open.
    """

    request_id: str
    kind: Literal["training", "scoring"] = "training"
    dataset: DatasetRef
    requested_by: str
    as_of: Instant | None = None
    at: Instant | None = None
    trace: str | None = None
    attempt: int | None = None
    outcome: Literal["passed", "rejected", "scored", "failed", "unchanged", "refused"] | None = None
    reason: str = ""

    @property
    def waits(self) -> bool:
        """Whether nothing has been started for it yet."""
        return self.attempt is None and self.outcome is None


class Champion(Contract):
    """The version in production.

    Attributes:
        previous: The one before: the last good version to go back to.
    """

    version: str
    since: Instant
    serving: Serving | None
    previous: str | None


class DeadLetter(Contract):
    """An event that could not be used, kept with its reason."""

    at: Instant | None
    reason: str
    event: dict[str, Any]
