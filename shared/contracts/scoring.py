"""Scoring a period with the champion of a batch model."""

from typing import Literal

from shared.contracts.base import Contract, Instant
from shared.contracts.datasets import DatasetRef
from shared.contracts.policy import ModelPolicy


class ScoreModelInput(Contract):
    """Input of `score_model`.

    Attributes:
        attempt: The interlock's number of this scoring; job name and results carry it.
        version: The champion.
        as_of: The moment that the scoring stands for, where that is not now.
    """

    model: str
    attempt: int
    policy: ModelPolicy
    version: str
    dataset: DatasetRef
    at: Instant
    as_of: Instant | None = None
    trace: str | None = None


class ScoringOutcome(Contract):
    """Result of `score_model`.

    Attributes:
        published: The CSV in the data container.
    """

    model: str
    attempt: int
    outcome: Literal["scored", "failed"]
    reason: str
    version: str
    dataset: str
    published: str | None = None
    rows: int | None = None
