"""How jobs behave: as a test plans it, by reads or by seconds."""

import fnmatch
from collections.abc import Mapping
from dataclasses import dataclass, field

FINAL = frozenset({"Completed", "Failed", "Canceled"})
_CAN_END = "Completed, Failed or Canceled"


@dataclass(frozen=True)
class JobPlan:
    """What jobs of some names do.

    Attributes:
        pattern: Which jobs: a name, or a pattern with `*`.
        statuses: One per read of the job; the last one stays. Instead of `queue`, `run` and `end`.
        queue: Reads that see it `Queued`.
        run: Reads that see it `Running`, after that.
        queue_seconds: Seconds that it is `Queued`, by the clock and not by reads.
        run_seconds: Seconds that it is `Running`, after that.
        end: How it ends.
        error: Why it failed, for run history.
        vanish_after: Reads after which there is no job any more.
        hang: The status in which it stays for good, instead of its end: `NotResponding`, `Running`.
        cancel: Reads that see it `CancelRequested` before it is `Canceled`.
        stubborn: It goes on when it is asked to stop.
        metrics: What it has logged to MLflow.
        outputs: The files that it has written when it is completed, by output and name in it.
    """

    pattern: str
    statuses: tuple[str, ...] = ()
    queue: int = 0
    run: int = 1
    queue_seconds: float | None = None
    run_seconds: float | None = None
    end: str = "Completed"
    error: str = "The step failed: see its log."
    vanish_after: int | None = None
    hang: str | None = None
    cancel: int = 0
    stubborn: bool = False
    metrics: Mapping[str, float] = field(default_factory=dict)
    outputs: Mapping[str, Mapping[str, bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.end not in FINAL:
            raise ValueError(f"a job ends {_CAN_END}, not {self.end!r}")

    @property
    def timed(self) -> bool:
        """Whether it goes by the clock."""
        return self.queue_seconds is not None or self.run_seconds is not None

    @property
    def completes(self) -> bool:
        """Whether a job ends as it should, however long that takes."""
        return self.end == "Completed" and self.hang is None and self.vanish_after is None

    def fits(self, name: str) -> bool:
        """Whether it is about a job."""
        return fnmatch.fnmatchcase(name, self.pattern)

    def status(self, reads: int, seconds: float) -> str:
        """Where a job stands at its n-th read, so many seconds after it was submitted."""
        last = self.hang or self.end
        if self.statuses:
            return self.statuses[min(reads, len(self.statuses)) - 1] if reads else "NotStarted"
        if self.timed:
            started = self.queue_seconds or 0.0
            if seconds < started:
                return "Queued"
            return "Running" if seconds < started + (self.run_seconds or 0.0) else last
        if not reads:
            return "NotStarted"
        if reads <= self.queue:
            return "Queued"
        return "Running" if reads <= self.queue + self.run else last


@dataclass(frozen=True)
class ProvisioningPlan:
    """What endpoints (`NAME`) and deployments (`ENDPOINT/NAME`) of some names do when they are made or changed.

    Attributes:
        pattern: Which: a name, or a pattern with `*`.
        reads: Reads, of the resource or of the operation, that see it in the making.
        end: `Succeeded` or `Failed`.
        error: Why it failed.
        hang: It stays in the making.
        keeps_traffic: An endpoint that fails in a change keeps the traffic that it had before.
    """

    pattern: str
    reads: int = 1
    end: str = "Succeeded"
    error: str = "ResourceNotReady: User container has crashed or terminated."
    hang: bool = False
    keeps_traffic: bool = False

    def __post_init__(self) -> None:
        if self.end not in ("Succeeded", "Failed"):
            raise ValueError(f"what is made ends Succeeded or Failed, not {self.end!r}")

    def fits(self, name: str) -> bool:
        """Whether it is about an endpoint or deployment."""
        return fnmatch.fnmatchcase(name, self.pattern)
