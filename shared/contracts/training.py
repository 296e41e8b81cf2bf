"""Training a model, from the interlock's order to its verdict."""

from typing import Final, Literal

from pydantic import Field

from shared.contracts.base import Contract, Instant, absent
from shared.contracts.datasets import DatasetRef
from shared.contracts.evaluation import ChampionRef, Evaluation, Verdict
from shared.contracts.policy import ModelPolicy

#: How a training ends that did not fail, and whose job was cancelled all the same.
NOT_WANTED: Final = frozenset({"superseded", "unwanted"})
#: The input of a training pipeline that is given the version in production, where a gate compares with it.
CHAMPION_INPUT: Final = "champion"


class TrainModelInput(Contract):
    """Input of `train_model`.

    Attributes:
        attempt: The interlock's number of this training; job name and results carry it.
        champion: The version in production, where a gate compares with it.
        requested_by: Who asked for it; absent where data alone led to it. They do not approve its release.
    """

    model: str
    attempt: int
    policy: ModelPolicy
    dataset: DatasetRef
    at: Instant
    trace: str | None = None
    # Left out where they are absent, as in older histories.
    champion: ChampionRef | None = Field(default=None, exclude_if=absent)
    requested_by: str | None = Field(default=None, exclude_if=absent)


class TrainingOutcome(Contract):
    """Result of `train_model`.

    `rejected` is said of a model that failed its gates; `failed` of a run whose infrastructure failed; `superseded` of
    one whose job had not begun to run when newer data came; `unwanted` of one whose model is being retired.
    """

    model: str
    attempt: int
    outcome: Literal["passed", "rejected", "failed", "superseded", "unwanted"]
    reason: str
    version: str | None = None
    evaluation: Evaluation | None = None
    verdict: Verdict | None = None


class TrainingProgress(Contract):
    """Answer to the question how an attempt of a training stands.

    Attributes:
        outcome: Absent while it runs.
    """

    attempt: int
    outcome: TrainingOutcome | None


class TrainOnRequestInput(Contract):
    """Input of `train_on_request`: somebody asks for a training, and wants to know how it ends.

    Attributes:
        dataset: The dataset version to train on; the newest when absent.
        requested_by: Who asks: `data-factory:RUN_ID`, `operator:NAME`.
        request_id: Makes a repeated request the same request.
        followed: Whether somebody waits to be told how it ends.
    """

    policy: ModelPolicy
    dataset: str | None
    requested_by: str
    request_id: str
    at: Instant
    trace: str | None = None
    # Left out where nobody does, as in older histories.
    followed: bool = Field(default=False, exclude_if=lambda one: not one)


class EvaluateVersionInput(Contract):
    """Input of `evaluate_version`: a version that a person registered is held against the gates before anything else.

    Attributes:
        attempt: The interlock's number of it, among the trainings.
        dataset: The newest dataset version; absent while there is none, and then it cannot be evaluated.
        champion: The version in production, where a gate compares with it.
    """

    model: str
    version: str
    attempt: int
    policy: ModelPolicy
    dataset: DatasetRef | None = None
    at: Instant
    trace: str | None = None
    champion: ChampionRef | None = Field(default=None, exclude_if=absent)


class EvaluationOutcome(Contract):
    """Result of `evaluate_version`."""

    model: str
    version: str
    attempt: int
    outcome: Literal["passed", "rejected", "failed"]
    reason: str
    evaluation: Evaluation | None = None
    verdict: Verdict | None = None
