"""What the interlock orders: each command starts one orchestration of a deterministic id."""

from typing import ClassVar

from shared import names
from shared.contracts.base import Contract
from shared.contracts.interlock import RecordModelInput
from shared.contracts.release import ReleaseModelInput
from shared.contracts.training import TrainModelInput


class StartTraining(Contract):
    """Train the model."""

    orchestrator: ClassVar[str] = names.TRAIN_MODEL
    instance: str
    input: TrainModelInput


class StartRelease(Contract):
    """Bring a version into production."""

    orchestrator: ClassVar[str] = names.RELEASE_MODEL
    instance: str
    input: ReleaseModelInput


class RecordModel(Contract):
    """Bring the read model up to date."""

    orchestrator: ClassVar[str] = names.RECORD_MODEL
    instance: str
    input: RecordModelInput


Command = StartTraining | StartRelease | RecordModel
