"""Scoring a period with the champion of a batch model, and what is published of it."""

import operator
from datetime import date
from typing import Literal

from pydantic import Field

from shared.contracts.base import Contract, Instant, absent
from shared.contracts.datasets import DatasetRef
from shared.contracts.policy import ModelPolicy


class ScoreModelInput(Contract):
    """Input of `score_model`.

    Attributes:
        attempt: The interlock's number of this scoring; job name and results carry it.
        version: The champion.
        champion_since: When it became champion: its age shows whether it is stale.
        stands_in: The registered model that the version is of, where the baseline stands in.
        as_of: The moment that the scoring stands for, where that is not now.
    """

    model: str
    attempt: int
    policy: ModelPolicy
    version: str
    champion_since: Instant | None = None
    dataset: DatasetRef
    at: Instant
    as_of: Instant | None = None
    trace: str | None = None
    # Left out at its default: histories from before it was there replay.
    stands_in: str | None = Field(default=None, exclude_if=absent)

    @property
    def stands_for(self) -> Instant:
        """The moment that the predictions are made for."""
        return self.as_of or self.at


class ScoringOutcome(Contract):
    """Result of `score_model`.

    Attributes:
        published: The CSV in the data container.
        current: Whether readers are pointed to it; not when a later period is published already.
        stale: Whether the champion is older than its policy allows.
        job_failed: Whether it failed because the job itself did, or ran for too long: only that tells of the version.
    """

    model: str
    attempt: int
    outcome: Literal["scored", "failed"]
    reason: str
    version: str
    dataset: str
    published: str | None = None
    rows: int | None = None
    current: bool = True
    stale: bool = False
    job_failed: bool = Field(default=False, exclude_if=operator.not_)  # histories from before it was there replay


class Publication(Contract):
    """What is published, as the pointer `predictions/MODEL/current.json` tells it, and the JSON file beside each CSV.

    Attributes:
        path: The CSV in the data container; absent when nothing is current.
        dataset: The dataset version that was scored; absent in what was published before there was such a file.
        ends: Last day of its period, where it has one.
        as_of: The moment that it was scored for, where that was not the present.
        sha256: Hash of the CSV.
        retired: What was current when the model was retired; absent while it is in service.
        job: The scoring job by whose publication readers came here; the pointer alone tells that.
        before: Where they were until then, for whoever undoes it; likewise.
    """

    model: str
    path: str | None
    version: str | None = None
    dataset: str | None = None
    ends: date | None = None
    as_of: Instant | None = None
    rows: int | None = None
    sha256: str | None = None
    retired: str | None = None
    job: str | None = Field(default=None, exclude_if=absent)
    before: str | None = Field(default=None, exclude_if=absent)

    def is_older_than(self, other: "Publication") -> bool:
        """Whether the other one is of a later period, or of the same one and made for a later moment."""
        if other.path is None or self.ends is None or other.ends is None:
            return False
        if self.ends != other.ends:
            return self.ends < other.ends
        return self.as_of is not None and other.as_of is not None and self.as_of < other.as_of
