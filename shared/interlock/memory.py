"""What is remembered of versions, requests and orders, and of events that nobody could use."""

from datetime import datetime
from typing import Any, Literal

from shared.contracts.base import Contract, Instant
from shared.contracts.datasets import DatasetRef
from shared.contracts.evaluation import Evaluation, Verdict
from shared.contracts.read_model import Override
from shared.contracts.release import ReleaseEnd, Serving


class Candidate(Contract):
    """A version that may be released: needs a verdict and a registration.

    Attributes:
        registered: Whether the registry has told of it; only that can start a release.
        verdict: Absent while nobody has evaluated it.
        attempt: Of the training or evaluation that it came of; absent for what a person has registered.
        released: `None` while undecided.
        trace: Traceparent of what led to it, so that the release goes on in the trace of the file that arrived.
        barred: Why it is not released by itself any more; empty when it may be.
        ended: How its release ended, where that was no failure.
        ordered: Who wants it in production, whatever the level and the champion; absent while nobody does.
        wanted: Whether a person wants it evaluated, whatever the level.
        overrides: Gates that a person lets it pass.
    """

    version: str
    registered: bool = False
    verdict: Verdict | None = None
    evaluation: Evaluation | None = None
    attempt: int | None = None
    dataset: DatasetRef | None = None
    released: bool | None = None
    trace: str | None = None
    barred: str = ""
    ended: ReleaseEnd | None = None
    ordered: str | None = None
    wanted: bool = False
    overrides: tuple[Override, ...] = ()

    def overridden(self, now: datetime | None) -> tuple[str, ...]:
        """The gates that it failed and that a person lets it pass now."""
        if not self.overrides or self.verdict is None or now is None:
            return ()
        allowed = {one.gate for one in self.overrides if now < one.until}
        return tuple(gate.gate for gate in self.verdict.gates if not gate.passed and gate.gate in allowed)

    def passes(self, now: datetime | None) -> bool:
        """Whether its gates hold, or every one that does not is overridden."""
        if self.verdict is None or self.verdict.passed:
            return self.verdict is not None
        failed = sum(not gate.passed for gate in self.verdict.gates)
        return 0 < failed == len(self.overridden(now))

    def ready(self, now: datetime | None) -> bool:
        """Whether a release may start."""
        return self.registered and self.released is None and not self.barred and self.passes(now)

    def summary(self, now: datetime | None) -> str:
        """How far it came, in one word of `ModelRow.state`."""
        if self.released:  # an override that has expired meanwhile does not take it out of production
            return "rolled_back" if self.barred else "released"
        if not self.passes(now):
            return "rejected"
        if self.barred:
            return "rolled_back"
        if self.ended is not None and self.released is False:
            return self.ended
        return "registered" if self.released is None else "release_failed"


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
        previous: The one before.
        dataset: The last period that it has scored, or was released on, for batch.
        stands_in: The registered model that the version is of, where that is the baseline's.
    """

    version: str
    since: Instant
    serving: Serving | None
    previous: str | None
    dataset: DatasetRef | None = None
    stands_in: str | None = None


class Adopting(Contract):
    """An adoption of which the registry is still being told: nothing else may move its alias meanwhile.

    Attributes:
        request_id: Of the order.
    """

    version: str
    request_id: str
    at: Instant


class OrderNote(Contract):
    """What became of an order, so that it is answered alike when it comes again.

    Attributes:
        at: When it was given.
        scope: Of a hold or its end.
        approved: Of an answer to a release that waits: yes and no are two orders, whatever their ids.
    """

    kind: str
    request_id: str
    at: Instant
    decision: Literal["started", "joined", "waiting", "unchanged", "refused", "accepted"]
    attempt: int | None
    reason: str
    scope: str | None = None
    approved: bool | None = None


class HealthNote(Contract):
    """How the champion did in a period.

    Attributes:
        at: When that was told; what is told later of the same period counts instead.
        worse: The metrics that are watched and in which it was worse than its reference.
        silent: The metrics that are watched and of which nothing was told, of the model or of its reference.
    """

    period: str
    at: Instant
    worse: tuple[str, ...]
    silent: tuple[str, ...] = ()


class DeadLetter(Contract):
    """An event that could not be used, kept with its reason."""

    at: Instant | None
    reason: str
    event: dict[str, Any]
