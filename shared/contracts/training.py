"""Training a model, from the interlock's order to its verdict."""

from typing import Final, Literal

from shared.contracts.base import Contract, Instant
from shared.contracts.datasets import DatasetRef
from shared.contracts.evaluation import Evaluation, Verdict
from shared.contracts.policy import ModelPolicy

#: How a training ends that did not fail, and whose job was cancelled all the same.
NOT_WANTED: Final = frozenset({"superseded", "unwanted"})


class TrainModelInput(Contract):
    """Input of `train_model`.

    Attributes:
        attempt: The interlock's number of this training; job name and results carry it.
    """

    model: str
    attempt: int
    policy: ModelPolicy
    dataset: DatasetRef
    at: Instant
    trace: str | None = None


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


class TrainOnRequestInput(Contract):
    """Input of `train_on_request`: somebody asks for a training, and wants to know how it ends.

    Attributes:
        dataset: The dataset version to train on; the newest when absent.
        requested_by: Who asks: `data-factory:RUN_ID`, `operator:NAME`.
        request_id: Makes a repeated request the same request.
    """

    policy: ModelPolicy
    dataset: str | None
    requested_by: str
    request_id: str
    at: Instant
    trace: str | None = None
