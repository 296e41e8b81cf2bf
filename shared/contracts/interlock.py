"""Events that reach a model's interlock. Each carries all that the decision needs: the interlock reads nothing else."""

import operator
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, TypeAdapter

from shared.contracts.base import Contract, Instant, absent
from shared.contracts.datasets import DatasetRef
from shared.contracts.events import InterlockEvent
from shared.contracts.health import HealthObserved, ServingLost
from shared.contracts.orders import (
    AdoptOrdered,
    ApprovalAnswered,
    Evidence,
    ForgetOrdered,
    HoldOrdered,
    OverrideOrdered,
    ParkOrdered,
    ReleaseOrdered,
    ResumeOrdered,
    RollbackOrdered,
)
from shared.contracts.policy import ModelPolicy
from shared.contracts.read_model import Hold
from shared.contracts.release import ReleaseOutcome, ReleasePhase, SlotNeed
from shared.contracts.retirement import RetirementOutcome
from shared.contracts.rollback import RollbackOutcome
from shared.contracts.scoring import ScoringOutcome
from shared.contracts.training import EvaluationOutcome, TrainingOutcome


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
    """A tag, an alias or a stage of a version changed in the registry: mostly the echo of our own effect.

    Attributes:
        name: Of the tag or alias; empty for a stage.
        value: Of the tag, or the stage.
    """

    kind: Literal["registry_changed"] = "registry_changed"
    version: str
    change: Literal["alias_set", "alias_removed", "tag_set", "tag_removed", "stage_set"]
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


class CodeChanged(InterlockEvent):
    """The training code of the model's fleet is another one than its last training had.

    Attributes:
        commit: The git commit, as the deployment says it.
        dataset: The newest dataset version, to train on; absent while there is none.
    """

    kind: Literal["code_changed"] = "code_changed"
    policy: ModelPolicy
    commit: str
    dataset: DatasetRef | None = None


class VersionEvaluated(InterlockEvent):
    """A version that a person registered has been evaluated here, or could not be."""

    kind: Literal["version_evaluated"] = "version_evaluated"
    outcome: EvaluationOutcome


class ReleaseStepped(InterlockEvent):
    """Where a release stands.

    Attributes:
        phase: `shifting` once production may have begun to change: from then on it is not superseded.
        evidence: What an approval has to name, while one is awaited.
        needs: What it needs of its fleet's slots from here on.
        turn: How often it has asked for a slot since it began: so nothing that comes late or again counts.
    """

    kind: Literal["release_stepped"] = "release_stepped"
    attempt: int
    phase: ReleasePhase
    reason: str
    evidence: Evidence | None = None
    # Left out at their defaults: histories from before they were there replay.
    needs: SlotNeed = Field(default="job", exclude_if=lambda needs: needs == "job")
    turn: int = Field(default=0, exclude_if=operator.not_)


class RollbackFinished(InterlockEvent):
    """A rollback has ended."""

    kind: Literal["rollback_finished"] = "rollback_finished"
    outcome: RollbackOutcome


class Woken(InterlockEvent):
    """A time has come that the interlock wanted to be woken at: a freeze or a hold has ended.

    Attributes:
        policy: What the fleet file says now; absent where none has the model any more.
    """

    kind: Literal["woken"] = "woken"
    policy: ModelPolicy | None = Field(default=None, exclude_if=absent)


class HoldsFound(InterlockEvent):
    """Who holds the model's fleet, or its models of some labels, by orders that it has not heard itself.

    Attributes:
        at: When the question was asked that this answers; where nobody could look, when that was found out.
        problem: Why nobody could look; absent from an answer.
    """

    kind: Literal["holds_found"] = "holds_found"
    holds: tuple[Hold, ...]
    problem: str | None = Field(default=None, exclude_if=absent)


class AdoptionFinished(InterlockEvent):
    """The registry has been told of an adopted version, or cannot be.

    Attributes:
        request_id: Of the order to adopt it.
    """

    kind: Literal["adoption_finished"] = "adoption_finished"
    version: str
    request_id: str


class LedgerAdvanced(InterlockEvent):
    """The head of the model's ledger, as an independent witness of its length.

    Attributes:
        sequence: Of the newest row.
        hash: Its hash.
    """

    kind: Literal["ledger_advanced"] = "ledger_advanced"
    sequence: int
    hash: str


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
    | RetirementFinished
    | CodeChanged
    | VersionEvaluated
    | ReleaseStepped
    | RollbackFinished
    | ServingLost
    | HealthObserved
    | Woken
    | HoldsFound
    | AdoptionFinished
    | LedgerAdvanced
    | HoldOrdered
    | ResumeOrdered
    | ParkOrdered
    | ReleaseOrdered
    | RollbackOrdered
    | OverrideOrdered
    | ApprovalAnswered
    | ForgetOrdered
    | AdoptOrdered,
    Field(discriminator="kind"),
]

#: Reads any event by its `kind`; its schema is built at first use.
INTERLOCK_EVENT: TypeAdapter[AnyInterlockEvent] = TypeAdapter(AnyInterlockEvent, config=ConfigDict(defer_build=True))


class RequestAnswer(Contract):
    """What a model answers to requests and orders when it is called and not signalled.

    Attributes:
        decision: `started` and `joined` have an attempt to wait for, which may itself wait for a slot; `waiting` starts
            when the running one has ended; `unchanged` names the past attempt on the same dataset version, or says that
            an order changes nothing; `accepted` is an order that is carried out and has no attempt to wait for.
    """

    decision: Literal["started", "joined", "waiting", "unchanged", "refused", "accepted"]
    attempt: int | None
    reason: str
