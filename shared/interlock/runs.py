"""The runs that an interlock has ordered: waiting for their slot, in flight, or ended."""

from typing import Literal

from shared.contracts.base import Contract, Instant
from shared.contracts.datasets import DatasetRef


class Training(Contract):
    """A training.

    Attributes:
        dataset: What it is trained on; while it waits for its slot, a newer one may take this place.
        outcome: `queued` while it waits for its slot; how the other words differ, see `TrainingOutcome`.
        data_at: When the dataset was published; where only somebody's asking told of it, no later than `started_at`.
        trace: Traceparent of what led to it.
    """

    attempt: int
    dataset: DatasetRef
    instance: str
    started_at: Instant
    data_at: Instant | None = None
    outcome: Literal["queued", "running", "passed", "rejected", "failed", "superseded", "unwanted"] = "running"
    reason: str = ""
    version: str | None = None
    trace: str | None = None

    @property
    def in_flight(self) -> bool:
        """Whether it has not ended."""
        return self.outcome in ("queued", "running")

    @property
    def data_by(self) -> Instant:
        """When its dataset was published at the latest."""
        return self.data_at or self.started_at


class Release(Contract):
    """A release that has not ended.

    Attributes:
        queued: Whether it waits for its slot; a newer version may take this place meanwhile.
    """

    attempt: int
    version: str
    instance: str
    started_at: Instant
    queued: bool = False
    trace: str | None = None


class Scoring(Contract):
    """A scoring that has not ended.

    Attributes:
        version: The champion.
        queued: Whether it waits for its slot.
    """

    attempt: int
    version: str
    dataset: DatasetRef
    instance: str
    started_at: Instant
    as_of: Instant | None = None
    queued: bool = False
    trace: str | None = None


class Retirement(Contract):
    """The model's way out of service.

    Attributes:
        stage: `asked` until what runs has ended; `retired` at the end, until the model is back in the fleet file.
        at: When it came to this stage.
    """

    attempt: int
    requested_by: str
    stage: Literal["asked", "running", "retired"]
    at: Instant
    instance: str = ""
    trace: str | None = None


class Slot(Contract):
    """A slot of a fleet for one run, asked for or held."""

    fleet: str
    key: str
