"""What the interlock orders: each command starts one orchestration of a deterministic id."""

from shared import names
from shared.contracts.base import Contract
from shared.contracts.interlock import RecordModelInput
from shared.contracts.release import ReleaseModelInput
from shared.contracts.training import TrainModelInput


class StartTraining(Contract):
    """Train the model."""

    instance: str
    input: TrainModelInput

    @property
    def orchestrator(self) -> str:
        """The registered name."""
        return names.TRAIN_MODEL


class StartRelease(Contract):
    """Bring a version into production."""

    instance: str
    input: ReleaseModelInput

    @property
    def orchestrator(self) -> str:
        """The registered name."""
        return names.RELEASE_MODEL


class RecordModel(Contract):
    """Bring the read model up to date."""

    instance: str
    input: RecordModelInput

    @property
    def orchestrator(self) -> str:
        """The registered name."""
        return names.RECORD_MODEL


Command = StartTraining | StartRelease | RecordModel
