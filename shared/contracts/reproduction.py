"""Making a version again from what is known of it, and seeing what differs."""

from typing import Literal

from shared.contracts.base import Contract, Instant
from shared.contracts.evaluation import Evaluation
from shared.contracts.policy import ModelPolicy


class ReproduceVersionInput(Contract):
    """Input of `reproduce_version`.

    Attributes:
        policy: As the fleet file is now: pipeline and parameters are taken from it.
    """

    policy: ModelPolicy
    version: str
    requested_by: str
    at: Instant
    trace: str | None = None


class RecordedVersionKey(Contract):
    """Input of `find_recorded_version`."""

    model: str
    version: str
    trace: str | None = None


class RecordedTraining(Contract):
    """Result of `find_recorded_version`: what the ledger says a version was made of.

    Attributes:
        job: That made it.
        fleet_revision: Hash of the fleet file then.
        git_commit: Of the fleet files then, where it was known.
    """

    job: str
    dataset: str
    fleet_revision: str
    git_commit: str | None = None
    evaluation: Evaluation


class CompareReproductionInput(Contract):
    """Input of `compare_reproduction`: a version beside a job that was to make the same.

    Attributes:
        job: The one that made it again.
    """

    model: str
    version: str
    job: str
    recorded: RecordedTraining
    trace: str | None = None


class FileComparison(Contract):
    """A file of the model, then and now."""

    path: str
    outcome: Literal["same", "differs", "missing", "new"]


class FigureComparison(Contract):
    """A figure of the model, then and now; absent where it could not be computed."""

    metric: str
    recorded: float | None
    again: float | None


class Reproduction(Contract):
    """Result of `compare_reproduction` and `reproduce_version`.

    Attributes:
        figures_same: Whether every figure is the same to nine digits.
        bytes_same: Whether every file is.
        files: Those that are not the same, at most fifty.
        caveats: What could not be as it was then.
        job: The one that made it again; its outputs stay.
    """

    model: str
    version: str
    job: str
    figures_same: bool
    bytes_same: bool
    files: tuple[FileComparison, ...]
    figures: tuple[FigureComparison, ...]
    caveats: tuple[str, ...] = ()
