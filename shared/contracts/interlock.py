"""Events that reach a model's interlock. Each carries all that the decision needs: the interlock reads nothing else."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, TypeAdapter

from shared.contracts.base import Contract, Instant
from shared.contracts.datasets import DatasetRef
from shared.contracts.policy import ModelPolicy
from shared.contracts.release import ReleaseOutcome
from shared.contracts.retirement import RetirementOutcome
from shared.contracts.scoring import ScoringOutcome
from shared.contracts.training import TrainingOutcome


class InterlockEvent(Contract):
    """What every event carries.

    Attributes:
        at: Stamped by the trigger or orchestrator that sent it: the interlock has no clock of its own.
        trace: W3C traceparent of the delivery that it came from.
    """

    model: str
    at: Instant
    trace: str | None = None


class DatasetPublished(InterlockEvent):
    """A dataset version that the model is trained on is there."""

    kind: Literal["dataset_published"] = "dataset_published"
    policy: ModelPolicy
    dataset: DatasetRef


class TrainingRequested(InterlockEvent):
    """A person or another system asks for a training.

    Attributes:
        again: Whether a dataset version that the model is trained on already is trained on once more.
    """

    kind: Literal["training_requested"] = "training_requested"
    policy: ModelPolicy
    dataset: DatasetRef
    requested_by: str
    request_id: str
    again: bool = True


class TrainingFinished(InterlockEvent):
    """A training has ended, with its verdict."""

    kind: Literal["training_finished"] = "training_finished"
    outcome: TrainingOutcome


class VersionRegistered(InterlockEvent):
    """The registry says that a version exists; only this can lead to a release."""

    kind: Literal["version_registered"] = "version_registered"
    policy: ModelPolicy
    version: str
    seen_by: Literal["webhook", "reconciliation"]


class RegistryChanged(InterlockEvent):
    """A tag, an alias or a stage of a version changed in the registry: mostly the echo of our own effect."""

    kind: Literal["registry_changed"] = "registry_changed"
    version: str
    change: Literal["alias_set", "alias_removed", "tag_set", "tag_removed"]
    name: str
    value: str | None = None


class ReleaseFinished(InterlockEvent):
    """A release has ended: the version serves, or nothing changed."""

    kind: Literal["release_finished"] = "release_finished"
    outcome: ReleaseOutcome


class SlotGranted(InterlockEvent):
    """The fleet has a slot for a run that asked for one.

    Attributes:
        fleet: Where the slot has to be given back.
        key: The run, as it asked.
    """

    kind: Literal["slot_granted"] = "slot_granted"
    fleet: str
    key: str


class ScoringRequested(InterlockEvent):
    """The period's predictions are wanted from the champion.

    Attributes:
        as_of: The moment that the scoring stands for, where that is not now.
    """

    kind: Literal["scoring_requested"] = "scoring_requested"
    policy: ModelPolicy
    dataset: DatasetRef
    requested_by: str
    request_id: str
    as_of: Instant | None = None


class ScoringFinished(InterlockEvent):
    """A scoring has ended."""

    kind: Literal["scoring_finished"] = "scoring_finished"
    outcome: ScoringOutcome


class RetirementRequested(InterlockEvent):
    """Somebody confirmed that a model which its fleet file does not have any more goes out of service."""

    kind: Literal["retirement_requested"] = "retirement_requested"
    requested_by: str
    request_id: str


class RetirementFinished(InterlockEvent):
    """The model is out of service, or some of it could not be taken away."""

    kind: Literal["retirement_finished"] = "retirement_finished"
    outcome: RetirementOutcome


AnyInterlockEvent = Annotated[
    DatasetPublished
    | TrainingRequested
    | TrainingFinished
    | VersionRegistered
    | RegistryChanged
    | ReleaseFinished
    | SlotGranted
    | ScoringRequested
    | ScoringFinished
    | RetirementRequested
    | RetirementFinished,
    Field(discriminator="kind"),
]

#: Reads any event by its `kind`; its schema is built at first use.
INTERLOCK_EVENT: TypeAdapter[AnyInterlockEvent] = TypeAdapter(AnyInterlockEvent, config=ConfigDict(defer_build=True))


class RequestAnswer(Contract):
    """What the interlock answers to `TrainingRequested` and `ScoringRequested` when it is called and not signalled.

    Attributes:
        decision: `started` and `joined` have an attempt to wait for, which may itself wait for a slot; `waiting` starts
            when the running one has ended; `unchanged` names the past attempt on the same dataset version.
    """

    decision: Literal["started", "joined", "waiting", "unchanged", "refused"]
    attempt: int | None
    reason: str


class TrainingProgress(Contract):
    """Answer to the question how an attempt stands.

    Attributes:
        outcome: Absent while it runs.
    """

    attempt: int
    outcome: TrainingOutcome | None
