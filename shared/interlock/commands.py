"""What the interlock orders: orchestrations of a deterministic id, and signals to the fleet's slots."""

from typing import ClassVar

from shared import names
from shared.contracts.base import Contract
from shared.contracts.holds import LookForHoldsInput
from shared.contracts.jobs import WithdrawJobInput
from shared.contracts.read_model import RecordModelInput
from shared.contracts.release import ReleaseModelInput, TellReleaseInput
from shared.contracts.retirement import RetireModelInput
from shared.contracts.rollback import RollbackModelInput
from shared.contracts.scoring import ScoreModelInput
from shared.contracts.slots import SlotAsk, SlotReturn
from shared.contracts.training import EvaluateVersionInput, TrainModelInput
from shared.contracts.waking import WakeModelInput


class StartTraining(Contract):
    """Train the model."""

    orchestrator: ClassVar[str] = names.TRAIN_MODEL
    instance: str
    input: TrainModelInput


class WithdrawTraining(Contract):
    """Tell a training in flight that it is not wanted any more, or only while its job waits in the queue."""

    orchestrator: ClassVar[str] = names.WITHDRAW_JOB
    instance: str
    input: WithdrawJobInput


class StartRelease(Contract):
    """Bring a version into production."""

    orchestrator: ClassVar[str] = names.RELEASE_MODEL
    instance: str
    input: ReleaseModelInput


class TellRelease(Contract):
    """Tell a release in flight to end, to go on, or what a person has answered."""

    orchestrator: ClassVar[str] = names.TELL_RELEASE
    instance: str
    input: TellReleaseInput


class StartRollback(Contract):
    """Go back from the version in production."""

    orchestrator: ClassVar[str] = names.ROLLBACK_MODEL
    instance: str
    input: RollbackModelInput


class StartEvaluation(Contract):
    """Hold a version that a person has registered against the gates."""

    orchestrator: ClassVar[str] = names.EVALUATE_VERSION
    instance: str
    input: EvaluateVersionInput


class StartScoring(Contract):
    """Score a period with the champion."""

    orchestrator: ClassVar[str] = names.SCORE_MODEL
    instance: str
    input: ScoreModelInput


class StartRetirement(Contract):
    """Take the model out of service."""

    orchestrator: ClassVar[str] = names.RETIRE_MODEL
    instance: str
    input: RetireModelInput


class RecordModel(Contract):
    """Bring the read model up to date."""

    orchestrator: ClassVar[str] = names.RECORD_MODEL
    instance: str
    input: RecordModelInput


class AskForSlot(Contract):
    """Ask the fleet for a slot."""

    operation: ClassVar[str] = names.SLOTS_ASK
    input: SlotAsk


class ReturnSlot(Contract):
    """Give a slot back, or take back the ask for one."""

    operation: ClassVar[str] = names.SLOTS_GIVE_BACK
    input: SlotReturn


class Wake(Contract):
    """Come back at a time, when something has ended that keeps other things waiting."""

    orchestrator: ClassVar[str] = names.WAKE_MODEL
    instance: str
    input: WakeModelInput


class LookForHolds(Contract):
    """Look who holds the model's fleet, by orders from before the model was there."""

    orchestrator: ClassVar[str] = names.LOOK_FOR_HOLDS
    instance: str
    input: LookForHoldsInput


Command = (
    StartTraining
    | WithdrawTraining
    | StartEvaluation
    | StartRelease
    | TellRelease
    | StartRollback
    | StartScoring
    | StartRetirement
    | RecordModel
    | AskForSlot
    | ReturnSlot
    | Wake
    | LookForHolds
)
