"""The runs that an interlock has ordered: waiting for their slot, in flight, or ended."""

from typing import Final, Literal

from shared.contracts.base import Contract, Instant
from shared.contracts.datasets import DatasetRef
from shared.contracts.orders import Evidence
from shared.contracts.release import ReleasePhase, SlotNeed
from shared.contracts.rollback import GoodVersion

#: While a release is here, production has not changed, and it ends when it is told so.
_BEFORE: Final[frozenset[ReleasePhase]] = frozenset({"testing", "shadowing", "awaiting_approval", "scoring", "ready"})
#: While it is here, it may take long, and the champion goes on.
_ASIDE: Final[frozenset[ReleasePhase]] = frozenset({"shadowing", "awaiting_approval", "scoring", "ready"})


class Training(Contract):
    """A training.

    Attributes:
        dataset: What it is trained on; while it waits for its slot, a newer one may take this place.
        outcome: `queued` while it waits for its slot; how the other words differ, see `TrainingOutcome`.
        data_at: When the dataset was published; where only somebody's asking told of it, no later than `started_at`.
        trace: Traceparent of what led to it.
        commit: Of the training code, as far as anybody has told of it.
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
    commit: str | None = None

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
        ordered: Who ordered it; absent where nobody did.
        phase: Where it stands, as it has said itself.
        stepped_at: When it said so; what was said before that comes late.
        shifted: Whether production may have begun to change: it goes on, unless it is told to go back.
        evidence: What an approval has to name.
        answered: Who has answered its request for an approval.
        told: Why it was told to end.
        back: Who told it to go back, though production had begun to change.
        needs: What it needs of its fleet's slots; before it has begun, `queued` says that.
        turn: How often it has asked for a slot since it began.
    """

    attempt: int
    version: str
    instance: str
    started_at: Instant
    queued: bool = False
    trace: str | None = None
    ordered: str | None = None
    phase: ReleasePhase | None = None
    stepped_at: Instant | None = None
    shifted: bool = False
    evidence: Evidence | None = None
    answered: str | None = None
    told: str | None = None
    back: str | None = None
    needs: SlotNeed = "job"
    turn: int = 0

    @property
    def gives_way(self) -> bool:
        """Whether it ends when it is told so, and has not been told."""
        return not self.queued and not self.shifted and self.told is None and self.phase in _BEFORE

    @property
    def aside(self) -> bool:
        """Whether the champion may score meanwhile."""
        return not self.shifted and self.phase in _ASIDE

    @property
    def waits_for_slot(self) -> bool:
        """Whether it waits for its turn: to begin, or to run its next job."""
        return self.queued or self.needs == "slot"


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


class Rollback(Contract):
    """The way back from the version in production.

    Attributes:
        leaves: That version.
        back_to: The recorded last good version; absent where the baseline stands in.
        by: Who ordered it; `policy` where nobody did.
        stage: `asked` until no release and no scoring is in flight.
    """

    attempt: int
    leaves: str
    back_to: GoodVersion | None
    by: str
    reason: str
    stage: Literal["asked", "running"]
    at: Instant
    instance: str = ""
    trace: str | None = None


class Evaluating(Contract):
    """The evaluation of a version that a person has registered.

    Attributes:
        queued: Whether it waits for its slot.
    """

    attempt: int
    version: str
    dataset: DatasetRef
    instance: str
    started_at: Instant
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
